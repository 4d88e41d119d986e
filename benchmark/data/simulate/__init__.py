"""The embedded default: a simulated CropGlobe from canopy physics, crop calendars and clouds.

Begin with `world.simulate_dataset`. The same seed gives the same bytes. Calendars, soils, spectra
and effect sizes are data files beside the modules, each with its source. Simulated data is marked
as simulated wherever it is shown.
"""
