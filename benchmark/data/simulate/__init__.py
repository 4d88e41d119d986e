"""The embedded default: a simulated CropGlobe from canopy physics, crop calendars and clouds."""
