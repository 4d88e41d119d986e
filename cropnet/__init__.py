"""CropNet: a small network that convolves over bands and dates together, and its augmentation."""
