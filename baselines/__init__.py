"""The methods that CropNet is compared with.

Each module returns its methods from a function named ``methods``, which the package metadata
registers. `heads` and `networks` hold what several of them share. Where a method differs from its
reference, its card says so.
"""
