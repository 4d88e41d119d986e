"""CropNet: a small network that convolves over bands and dates together.

`methods.methods` returns CropNet and its relatives as methods of the benchmark. `model.CropNet` is
the network; `views`, `adaptation` and `ensembles` are what its relatives add. The augmentation is
the harness's own (`benchmark.run.training.augmentation`).
"""
