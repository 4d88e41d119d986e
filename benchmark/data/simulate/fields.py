"""The fields of a domain: crop, dates and ground, drawn by year, block, field and pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.simulate.block_locations import Places, draw_places
from benchmark.data.simulate.plants import effects, plants
from benchmark.data.simulate.random_effects import NEVER, FloatArray, IntArray, Levels
from benchmark.data.simulate.regions import Region
from benchmark.data.simulate.soils import Paddies, Soils, draw_paddies, draw_soils
from benchmark.data.simulate.stands import (
    SOUTHERN_START,
    Circumstances,
    Stands,
    draw_second,
    draw_stands,
    season_shift,
)
from benchmark.data.taxonomy import CROPS
from benchmark.randomness import generator


@dataclass(frozen=True)
class Fields:
    """The properties of N samples that are the same on all dates.

    Attributes:
        crop: Index of the class that really grows, before label errors [N].
        block: Spatial block [N].
        field: Field [N]; neighbouring samples may share one.
        longitude: Degrees east [N].
        latitude: Degrees north [N].
        main: The crop that gives the label.
        second: Another crop of the same year, or none.
        soils: The ground.
        paddies: Standing water.
        irrigated: Whether the field is irrigated [N].
        lint: Share of the surface that open bolls cover [N].
        crown: Crown cover of trees and vines, 1 elsewhere [N].
        gaps: Share of the ground inside the stand that no plant covers [N].
        shade: Brightness of the ground between crowns [N].
        hotspot: Hot spot size [N].
    """

    crop: IntArray
    block: IntArray
    field: IntArray
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]
    main: Stands
    second: Stands
    soils: Soils
    paddies: Paddies
    irrigated: npt.NDArray[np.bool_]
    lint: FloatArray
    crown: FloatArray
    gaps: FloatArray
    shade: FloatArray
    hotspot: FloatArray


def draw_fields(
    name: str, seed: int, regions: Sequence[Region], classes: Mapping[str, float], samples: int
) -> tuple[Fields, Places]:
    """Draw the fields of a domain.

    Args:
        name: Domain. The part before the hyphen names the country; all years of a country share
            its blocks.
        seed: Seed of the dataset.
        regions: Regions of the domain.
        classes: Class shares; need not add up to 1.
        samples: Number of samples.

    Returns:
        The fields, and the blocks that contain them.
    """
    rng = generator(seed, name, "fields")
    rows = [row for region in regions for row in region.rows]
    region_of_row = np.repeat(np.arange(len(regions)), [len(region.rows) for region in regions])
    row = _draw_rows(rng, regions, region_of_row, classes, samples)
    region = region_of_row[row]
    places = draw_places(name, seed, regions, np.bincount(region, minlength=len(regions)))
    block = places.assign(rng, region)
    group, field = _group(block, row, len(rows), rng)
    levels = Levels(rng, group, field)
    year = generator(seed, name, "year")
    late = effects()["season_sd"] * year.standard_normal()
    late = late + effects()["planting_sd"] * year.standard_normal(len(rows))
    irrigated = levels.uniform() < np.array([item.irrigated for item in rows])[row]
    around = Circumstances(
        shift=_shifts(regions)[row],
        delay=(late[row] + places.delay[block]).astype(np.float32),
        vigour=_vigour(levels, irrigated, places.vigour[block]),
    )
    main = draw_stands(levels, rows, row, around)
    longitude, latitude = places.locate(rng, block)
    trees = np.array([plant.cover or (1.0, 0.0) for plant in plants().values()], np.float32)
    cover, spread = trees[main.plant].T
    crown = np.clip(cover + spread * levels.normal("field"), 0.1, 0.97)
    drawn = Fields(
        crop=np.array([CROPS.index(item.crop) for item in rows])[row],
        block=block,
        field=field,
        longitude=longitude,
        latitude=latitude,
        main=main,
        second=draw_second(levels, rows, row, around, main),
        soils=draw_soils(levels, regions, row, places, block, main),
        paddies=draw_paddies(levels, regions, row, main),
        irrigated=irrigated,
        lint=np.where(main.defoliate < NEVER, levels.uniform(0.04, 0.20), 0).astype(np.float32),
        crown=np.where(cover < 1, crown, 1).astype(np.float32),
        gaps=_gaps(levels, irrigated),
        shade=levels.uniform(0.70, 0.95),
        hotspot=levels.uniform(0.03, 0.25),
    )
    return drawn, places


def _draw_rows(
    rng: np.random.Generator,
    regions: Sequence[Region],
    region_of_row: IntArray,
    classes: Mapping[str, float],
    samples: int,
) -> IntArray:
    """Draw the calendar row of each sample [N].

    The number of samples of each class is exact. Rows of a class are drawn in proportion to area.
    """
    rows = [row for region in regions for row in region.rows]
    crops = [crop for crop in CROPS if crop in classes]
    shares = np.array([classes[crop] for crop in crops])
    counts = np.floor(shares / shares.sum() * samples).astype(int)
    counts = np.maximum(counts, min(5, samples // (3 * len(crops))))
    counts[np.argmax(counts)] += samples - counts.sum()
    others = np.bincount(region_of_row, [item.area * (item.crop == "other") for item in rows])
    drawn = []
    for crop, count in zip(crops, counts, strict=True):
        weight = np.array([item.area * (item.crop == crop) for item in rows])
        if crop == "other":
            scale = np.array([region.other_area for region in regions]) / np.maximum(others, 1e-9)
            weight = weight * scale[region_of_row]
        drawn.append(rng.choice(len(rows), size=count, p=weight / weight.sum()))
    return rng.permutation(np.concatenate(drawn))


def _group(
    block: IntArray, row: IntArray, rows: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return the group (crop and block) and the field of each sample, as indices [N]."""
    _, group = np.unique(block * rows + row, return_inverse=True)
    count = np.maximum(1, np.bincount(group) // effects()["pixels_per_field"])
    pick = np.floor(rng.random(len(group)) * count[group]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    _, field = np.unique(first[group] + pick, return_inverse=True)
    return group, field


def _shifts(regions: Sequence[Region]) -> npt.NDArray[np.float64]:
    """Return the shift of every calendar row to the stored year, [rows]."""
    return np.array(
        [
            season_shift(row, SOUTHERN_START if region.hemisphere == "south" else 0)
            for region in regions
            for row in region.rows
        ]
    )


def _vigour(levels: Levels, irrigated: npt.NDArray[np.bool_], block: FloatArray) -> FloatArray:
    """Return the factor on the largest leaf area [N]; rain-fed fields vary more."""
    sizes = effects()
    spread = np.where(irrigated, sizes["vigour_irrigated"], sizes["vigour_rainfed"])
    log = spread * levels.normal("field") + sizes["vigour_pixel"] * levels.normal("pixel")
    log = log + np.where(irrigated, 0.5, 1.0) * block
    return np.asarray(np.exp(np.minimum(log, 0.4)), np.float32)


def _gaps(levels: Levels, irrigated: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the share of the ground without plants [N]: most are small, a few are large."""
    sizes = effects()
    mean = np.where(irrigated, sizes["gaps_irrigated"], sizes["gaps_rainfed"])
    return np.asarray(np.minimum(-np.log(levels.uniform(0.01, 1)) * mean, 0.4), np.float32)
