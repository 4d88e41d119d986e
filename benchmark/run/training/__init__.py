"""What trained networks share: the training loop, the augmentation, and wrappers of classifiers.

`training_loop.TorchClassifier` trains every network of the benchmark. `augmentation.Augmentation`
makes changed copies of series, a batch at a time. `target_label_wrappers` and `simulated_target`
show a classifier labels or calendars of a target where its track allows it.
"""
