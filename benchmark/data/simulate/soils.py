"""The ground of each sample, drawn for each field: soil, tillage, residue, weeds, paddy water."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.simulate.block_locations import Places
from benchmark.data.simulate.plants import effects, plant_column
from benchmark.data.simulate.random_effects import NEVER, FloatArray, IntArray, Levels
from benchmark.data.simulate.regions import Region, Water
from benchmark.data.simulate.spectra import dry_soils, soil_names, soil_wetness, wavelengths
from benchmark.data.simulate.stands import SOUTHERN_START, Stands

DRY = Water(share=0, start=0)


@dataclass(frozen=True)
class Soils:
    """The ground of N samples.

    Attributes:
        dry: Reflectance of the dry soil [N, 10].
        holds: Factor of the soil texture on surface moisture [N].
        tilled: Whether the field is tilled [N].
        residue: Ground cover that this year's harvest and the last harvest leave [N, 2].
        weeds: Factor on the leaf area index of weeds in the region [N].
    """

    dry: FloatArray
    holds: FloatArray
    tilled: npt.NDArray[np.bool_]
    residue: FloatArray
    weeds: FloatArray


@dataclass(frozen=True)
class Paddies:
    """Standing water of N samples; days count from the start of the stored year.

    Attributes:
        flood: Days of flooding and draining [N, 2], `NEVER` without a flood.
        winter: Days of flooding and draining in winter [N, 2], `NEVER` without a flood.
        cover: Share of the ground below water when flooded [N].
        level: Brightness of the water [N].
    """

    flood: FloatArray
    winter: FloatArray
    cover: FloatArray
    level: FloatArray


def draw_soils(
    levels: Levels,
    regions: Sequence[Region],
    row: IntArray,
    places: Places,
    block: IntArray,
    main: Stands,
) -> Soils:
    """Draw soil, tillage, residue and weeds of each sample.

    Args:
        levels: Random effects.
        regions: Regions; their rows, one region after the other, are the calendar.
        row: Index of each sample's row [N].
        places: Blocks.
        block: Block of each sample [N].
        main: The crops that give the labels.

    Returns:
        The ground of each sample.
    """
    sizes = effects()
    # A block is mostly one soil, so its crops share the draw; rows with soils of their own differ.
    quantile = np.mod(places.soil_quantile[block] + 0.15 * levels.uniform(), 1.0)
    kind = np.argmax(quantile[:, None] <= _soil_limits(regions)[row], axis=1)
    bright = places.brightness[block] + sizes["brightness_field"] * levels.normal("field")
    bright = bright + 0.04 * levels.normal("pixel")
    tilt = places.tilt[block][:, None] * np.clip(750 / wavelengths() - 1, -0.6, 0.6)
    dry = dry_soils()[kind] * np.exp(bright)[:, None] * np.exp(tilt)
    low, high = plant_column("residue", 0)[main.plant], plant_column("residue", 1)[main.plant]
    after = low + (high - low) * levels.uniform()
    share = np.array([region.tilled for region in regions for _ in region.rows])[row]
    tilled = levels.uniform() < share
    before = after * levels.uniform(0.4, 1.0) * np.where(tilled, 0.25, 0.75)
    return Soils(
        dry=np.asarray(np.clip(dry, 0.01, 0.8), np.float32),
        holds=soil_wetness()[kind],
        tilled=tilled,
        residue=np.asarray(np.stack([after, before], axis=1), np.float32),
        weeds=np.asarray(np.exp(0.6 * levels.normal("field") - 0.18), np.float32),
    )


def _soil_limits(regions: Sequence[Region]) -> npt.NDArray[np.float64]:
    """Return the cumulative shares of the soil types of every calendar row, [rows, soils]."""
    known = soil_names()
    shares = [row.soils or region.soils for region in regions for row in region.rows]
    weight = np.array([[share.get(name, 0.0) for name in known] for share in shares])
    limits = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    limits[:, -1] = 1.0
    return np.asarray(limits)


def draw_paddies(levels: Levels, regions: Sequence[Region], row: IntArray, main: Stands) -> Paddies:
    """Draw the flooding of each sample; samples outside of paddies have none.

    Args:
        levels: Random effects.
        regions: Regions; their rows, one region after the other, are the calendar.
        row: Index of each sample's row [N].
        main: The crops that give the labels.

    Returns:
        The water of each sample.
    """
    water = [item.water or DRY for region in regions for item in region.rows]
    starts = [
        SOUTHERN_START if region.hemisphere == "south" else 0
        for region in regions
        for _ in region.rows
    ]
    start = np.array([item.start for item in water])[row]
    of_sow = np.array([item.start_of == "sow" for item in water])[row]
    begin = np.where(of_sow, main.sow, main.emerge) + start + 5 * levels.normal("field")
    drain = np.array([item.drain for item in water])[row]
    end = main.harvest - drain + 5 * levels.normal("field")
    flooded = levels.uniform() < np.array([item.share for item in water])[row]
    wet_winter = levels.uniform() < np.array([item.winter_share for item in water])[row]
    winter = (np.array([item.winter for item in water]) - 1 - np.array(starts)[:, None])[row]
    winter = winter + 10 * levels.normal("field")[:, None]
    flood = np.where(flooded[:, None], np.stack([begin, end], axis=1), NEVER)
    return Paddies(
        flood=np.asarray(flood, np.float32),
        winter=np.asarray(np.where(wet_winter[:, None], winter, NEVER), np.float32),
        cover=levels.uniform(0.6, 1.0),
        level=levels.uniform(0.7, 1.7),
    )
