"""Reflectance of fields on the dates of observation: canopy, ground, trees, cotton lint, snow."""

from dataclasses import dataclass

import numpy as np

from benchmark.data.shifts.sun import sun_zenith
from benchmark.data.simulate.background import ground, weed_area
from benchmark.data.simulate.canopy import reflectance
from benchmark.data.simulate.fields import Fields
from benchmark.data.simulate.phenology import (
    effective,
    leaf_area,
    logistic,
    senescent_leaf,
)
from benchmark.data.simulate.plants import plant_column, plant_names
from benchmark.data.simulate.random_effects import NEVER, FloatArray, IntArray, take
from benchmark.data.simulate.spectra import spectrum
from benchmark.data.simulate.weather import Weather

BARE = 0.02
"""Leaf area index below which the canopy is ignored."""


@dataclass(frozen=True)
class Geometry:
    """Sun and sensor of M observations, in degrees.

    Attributes:
        sun: Sun zenith [M].
        view: View zenith [M].
        azimuth: Relative azimuth [M].
    """

    sun: FloatArray
    view: FloatArray
    azimuth: FloatArray


def observe(
    fields: Fields, weather: Weather, sample: IntArray, step: IntArray, *, water: bool
) -> FloatArray:
    """Return the surface reflectance of observations.

    Args:
        fields: Fields of the samples [N].
        weather: Weather of the blocks.
        sample: Index of the sample of each observation [M].
        step: Index of its 5-day step [M].
        water: Whether paddies are flooded.

    Returns:
        Reflectance [M, 10].
    """
    own = take(fields, sample)
    block = own.block
    day = weather.day[block, step]
    below = ground(own, day, weather.moisture[block, step], water=water)
    sun = sun_zenith(own.latitude.astype(np.float32), weather.day_of_year[block, step])
    geometry = Geometry(sun, weather.view_zenith[block, step], weather.azimuth[block, step])
    canopy = _canopy(own, day, weather.weeds[block, step])
    out = below.copy()
    trees = np.flatnonzero(own.crown < 1)
    plain = np.flatnonzero((canopy.area > BARE) & (own.crown >= 1))
    closed = _over_ground(
        take(canopy, plain), own.hotspot[plain], take(geometry, plain), below[plain]
    )
    gaps, shade = own.gaps[plain, None], own.shade[plain, None]
    out[plain] = (1 - gaps) * closed + gaps * shade * below[plain]
    out[trees] = _orchard(
        take(own, trees), take(canopy, trees), take(geometry, trees), below[trees]
    )
    picked = np.flatnonzero(own.main.defoliate < NEVER)
    out[picked] = _lint(take(own, picked), day[picked], out[picked])
    cover = weather.snow[block, step] * np.exp(-0.3 * canopy.area)
    white = np.flatnonzero(cover > 0)
    out[white] += cover[white, None] * (spectrum("snow") - out[white])
    return out


@dataclass(frozen=True)
class Canopy:
    """Leaves of M observations; traits are means over the crops of a pixel, weighted by leaf area.

    Attributes:
        area: Leaf area index, weeds included [M].
        active: Optically active leaf area index [M].
        weeds: Leaf area index of the weeds [M].
        traits: Layers, chlorophyll, brown pigment, water, dry matter and leaf angle [M, 6].
    """

    area: FloatArray
    active: FloatArray
    weeds: FloatArray
    traits: FloatArray


def _canopy(own: Fields, day: FloatArray, weed_level: FloatArray) -> Canopy:
    """Return the canopy of main crop, second crop and weeds together."""
    total = np.zeros(len(day), np.float32)
    active = np.zeros(len(day), np.float32)
    traits = np.zeros((len(day), 6), np.float32)
    for stands in (own.main, own.second):
        rows = np.flatnonzero(stands.plant >= 0)
        here = take(stands, rows)
        area, brown = leaf_area(here, day[rows])
        share = plant_column("nongreen")[here.plant]
        brown = share + (1 - share) * brown
        leaf = senescent_leaf(here.leaf, brown, plant_column("cbrown")[here.plant])
        active[rows] += effective(area, plant_column("clumping")[here.plant])
        total[rows] += area
        for column, values in enumerate((*leaf, here.leaf[:, 4])):
            traits[rows, column] += area * values
    weeds = weed_area(own, total, day, weed_level)
    plant = np.array([plant_names().index("weeds")])
    green = np.stack([plant_column("leaf", trait)[plant] for trait in range(5)], axis=1)
    grown = senescent_leaf(green, plant_column("nongreen")[plant], plant_column("cbrown")[plant])
    for column, values in enumerate((*grown, green[:, 4])):
        traits[:, column] += weeds * values
    total += weeds
    active += effective(weeds, plant_column("clumping")[plant])
    traits /= np.maximum(total, 1e-6)[:, None]
    return Canopy(total, active, weeds, traits)


def _over_ground(
    canopy: Canopy, hotspot: FloatArray, geometry: Geometry, below: FloatArray
) -> FloatArray:
    """Return the reflectance of a canopy over its ground, [M, 10]."""
    layers, cab, cbrown, cw, cm, angle = canopy.traits.T
    columns = (layers, cab, cbrown, cw, cm, canopy.active, angle, hotspot)
    inputs = np.stack([*columns, geometry.sun, geometry.view, geometry.azimuth], axis=1)
    return reflectance(inputs.astype(np.float32), below)


def _orchard(own: Fields, canopy: Canopy, geometry: Geometry, below: FloatArray) -> FloatArray:
    """Return the reflectance of trees or vines, with ground between them (facts 6, equation 7)."""
    greened = below + (1 - np.exp(-0.6 * canopy.weeds))[:, None] * (spectrum("sward") - below)
    crowns = _over_ground(canopy, own.hotspot, geometry, greened)
    cover, shade = own.crown[:, None], own.shade[:, None]
    return np.asarray(cover * crowns + (1 - cover) * shade * greened, np.float32)


def _lint(own: Fields, day: FloatArray, surface: FloatArray) -> FloatArray:
    """Add open bolls to the reflectance of cotton, from their opening to the harvest."""
    opened = logistic((day - own.main.fade) / 6) * (day < own.main.harvest)
    share = (own.lint * opened)[:, None]
    return np.asarray(surface + share * (spectrum("lint") - surface), np.float32)
