"""CropGlobe Benchmark: which methods recognise crops in a country they were never trained on."""

__version__ = "0.2.0"
