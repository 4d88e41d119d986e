"""The methods that CropNet is compared with."""
