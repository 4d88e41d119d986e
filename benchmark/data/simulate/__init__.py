"""The embedded default: a simulated CropGlobe from canopy physics, crop calendars and clouds.

`world.simulate_dataset` is the one entry; the same seed gives the same bytes. Calendars, soils,
spectra and effect sizes are data files beside the modules, each with its source. What is simulated
says so wherever it is shown.
"""
