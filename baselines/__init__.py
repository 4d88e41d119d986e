"""The methods with which CropNet is compared.

Each module returns its methods from a function named ``methods``, which the package metadata
registers. `heads` has the classifiers and `networks` the functions that several modules share. If a
method differs from its reference, its card says so.
"""
