"""CropNet: a small network that convolves over bands and dates together.

`methods.methods` returns CropNet and its variants as methods of the benchmark. `model.CropNet` is
the network. `views`, `adaptation` and `ensembles` have the parts that the variants add;
`travelling`, `gated` and `checked_self_training` have other methods. The augmentation is part of
the harness (`benchmark.run.training.augmentation`).
"""
