"""Reflectance of the ground below a canopy (moist soil, residue, paddy water) and area of weeds."""

import numpy as np
import numpy.typing as npt

from benchmark.data.simulate.fields import Fields
from benchmark.data.simulate.phenology import logistic
from benchmark.data.simulate.plants import effects, plant_column
from benchmark.data.simulate.random_effects import FloatArray
from benchmark.data.simulate.spectra import spectrum
from benchmark.data.simulate.stands import Stands


def ground(fields: Fields, day: FloatArray, moisture: FloatArray, *, water: bool) -> FloatArray:
    """Return the reflectance of the ground.

    Args:
        fields: Fields of M canopies.
        day: Days after the start of the stored year [M].
        moisture: Surface moisture from the weather [M].
        water: Whether paddies are flooded.

    Returns:
        Reflectance [M, 10].
    """
    main = fields.main
    sizes = effects()
    growing = (day > main.emerge + sizes["irrigation_start"]) & (day < main.fade)
    floor = np.where(fields.irrigated & growing, sizes["irrigation_moisture"], 0)
    wet = np.minimum(np.maximum(moisture, floor) * fields.soils.holds, 1) ** sizes["skin"]
    flood = flooded(fields, day) if water else np.zeros(len(day), np.float32)
    cover, level = flood * fields.paddies.cover, fields.paddies.level
    if water:
        wet = wet + np.maximum(flood, _drying(fields, day)) * (1 - wet)
    factor = 1 - wet[:, None] * (1 - spectrum("wet_factor"))
    out = fields.soils.dry * factor
    litter = residue_cover(fields, day)[:, None]
    out += litter * (spectrum("residue") * (1 - 0.35 * wet[:, None]) - out)
    out += cover[:, None] * (spectrum("water") * level[:, None] + 0.12 * out - out)
    return np.asarray(out, np.float32)


def flooded(fields: Fields, day: FloatArray) -> FloatArray:
    """Return the degree of flooding of each field on a day, from 0 (dry) to 1 (flooded) [M]."""
    paddies, main = fields.paddies, fields.main
    rise = logistic((day - paddies.flood[:, 0]) / 1.5)
    summer = rise * logistic((paddies.flood[:, 1] - day) / 2.5)
    start, end = paddies.winter.T
    # A winter flood that crosses the turn of the stored year runs from `start` to `end` after it.
    inside = np.where(start > end, (day > start) | (day < end), (day > start) & (day < end))
    fallow = (day > main.harvest + 5) | (day < main.sow - 40)
    return np.asarray(np.maximum(summer, np.where(inside & fallow, 1, 0)), np.float32)


def _drying(fields: Fields, day: FloatArray) -> FloatArray:
    """Return the wetness of a drained paddy: 1 on the day of draining, then falling to 0 [M]."""
    begin, end = fields.paddies.flood.T
    since = (day - end) / np.float32(effects()["drying_days"])
    return np.where((since > 0) & (begin < end), np.exp(-np.maximum(since, 0)), 0).astype(
        np.float32
    )


def residue_cover(fields: Fields, day: FloatArray) -> FloatArray:
    """Return the share of the ground that residue covers [M].

    Residue of the last harvest decays until the crop is sown. The harvest of the year leaves new
    residue; on tilled fields most of it is buried within weeks.
    """
    main = fields.main
    decay = np.float32(effects()["residue_days"])
    annual = plant_column("base")[main.plant] == 0
    old = fields.soils.residue[:, 1] * np.exp(-np.clip(day, 0, None) / (2 * decay))
    old = np.where(fields.soils.tilled & (day > main.sow - 10), 0.3 * old, old)
    since = day - main.harvest
    fresh = fields.soils.residue[:, 0] * np.exp(-np.clip(since, 0, None) / decay)
    buried = np.where(fields.soils.tilled, 0.25 + 0.75 * logistic((25 - since) / 4), 1)
    return np.where(annual, np.where(since > 0, fresh * buried, old), 0).astype(np.float32)


def weed_area(
    fields: Fields, stand_area: FloatArray, day: FloatArray, level: FloatArray
) -> FloatArray:
    """Return the leaf area index of weeds and volunteers [M].

    Weeds grow on ground without a crop. They are removed when the field is tilled and sown, grow
    again within weeks after the harvest, and decrease with the leaf area of a crop above them.

    Args:
        fields: Fields of M canopies.
        stand_area: Leaf area index of the crops [M].
        day: Days after the start of the stored year [M].
        level: Leaf area index that the region and season allow [M].

    Returns:
        Leaf area index [M].
    """
    area = fields.soils.weeds * level * np.exp(-0.8 * stand_area)
    for stands in (fields.main, fields.second):
        cleared = logistic((day - stands.sow + effects()["burndown"]) / 4) * logistic(
            (stands.harvest + 22 - day) / 6
        )
        cropped = (stands.plant >= 0) & ~_permanent(stands)
        area = area * np.where(cropped, 1 - 0.95 * cleared, 1)
    return np.asarray(area, np.float32)


def _permanent(stands: Stands) -> npt.NDArray[np.bool_]:
    return np.asarray(plant_column("base")[stands.plant] > 0)
