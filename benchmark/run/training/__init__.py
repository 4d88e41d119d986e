"""Training of networks: the training loop, the augmentation, and wrappers of classifiers.

`training_loop.TorchClassifier` trains every network of the benchmark. `augmentation.Augmentation`
makes changed copies of the series of a batch. `target_label_wrappers` and `simulated_target` give
labels or the crop calendar of a target to a classifier whose track allows it.
"""
