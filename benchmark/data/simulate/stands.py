"""The crop of each sample, drawn from the calendar: its stages, leaf area and leaf traits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmark.data.season import DAYS_PER_YEAR
from benchmark.data.simulate.plants import effects, plant_column, plant_names, plants
from benchmark.data.simulate.random_effects import NEVER, FloatArray, IntArray, Levels
from benchmark.data.simulate.regions import Row, Stand

SOUTHERN_START = 185
"""Days from 1 January to the start of the stored year in the southern hemisphere: 37 steps."""


@dataclass(frozen=True)
class Stands:
    """One crop per sample; days count from the start of the stored year.

    Attributes:
        plant: Index of the plant, -1 for none [N].
        sow: Day of sowing [N].
        emerge: Day of emergence [N].
        peak: Day of the largest leaf area [N].
        fade: Day of half senescence [N].
        harvest: Day of harvest [N].
        defoliate: Day of defoliation, `NEVER` for none [N].
        first_cut: Day of the first cut of a mown crop [N].
        cut_days: Days between cuts [N].
        last_cut: Day of the last cut [N].
        tillering: Share of a winter cereal's leaf area that grows before winter [N].
        lai: Largest leaf area index [N].
        leaf: Chlorophyll, water, dry matter, layers, mean angle [N, 5].
        repeat: 1 where the same crop is grown again after the harvest, else 0 [N].
    """

    plant: IntArray
    sow: FloatArray
    emerge: FloatArray
    peak: FloatArray
    fade: FloatArray
    harvest: FloatArray
    defoliate: FloatArray
    first_cut: FloatArray
    cut_days: FloatArray
    last_cut: FloatArray
    tillering: FloatArray
    lai: FloatArray
    leaf: FloatArray
    repeat: FloatArray


@dataclass(frozen=True)
class Circumstances:
    """Values that the main crop and the second crop of each sample share.

    Attributes:
        shift: Days to add to a day of the calendar to get a day of the stored year [N].
        delay: Days by which sowing is late because of year, crop and block [N].
        vigour: Factor on the largest leaf area [N].
    """

    shift: npt.NDArray[np.float64]
    delay: FloatArray
    vigour: FloatArray


def season_shift(row: Row, offset: float) -> float:
    """Return the days to add to the days of a row so that its growth ends in the stored year.

    Args:
        row: Calendar row in days of the year.
        offset: Day of the year on which the stored year begins, less 1.

    Returns:
        Shift in days; it is the same for the row's second crop.
    """
    stages = row.stages()
    end = stages[3] if plants()[row.plant].kind in ("perennial", "cut") else stages[4]
    wraps = np.floor((end - 1 - offset) / DAYS_PER_YEAR)
    return float(-1 - offset - DAYS_PER_YEAR * wraps)


def draw_stands(
    levels: Levels, rows: Sequence[Stand], row: IntArray, around: Circumstances
) -> Stands:
    """Draw the stages and leaves of one crop per sample.

    Args:
        levels: Random effects.
        rows: Calendar.
        row: Index of each sample's row [N].
        around: Shift, delay and vigour of each sample.

    Returns:
        The stands [N].
    """
    plant = np.array([plant_names().index(item.plant) for item in rows])[row]
    sow, emerge, peak, fade, harvest, defoliate = _draw_days(levels, rows, row, plant, around)
    cuts = np.array([item.cuts or (0.0, 30.0, 0.0) for item in rows])[row]
    moved = around.shift + 6 * levels.normal("field")
    spread = plant_column("lai", 1) / plant_column("lai", 0)
    area = plant_column("lai", 0)[plant] * around.vigour
    area = area * np.exp(0.5 * spread[plant] * levels.normal("group"))
    repeat = np.array([getattr(item, "repeat", 0.0) for item in rows])[row]
    return Stands(
        plant=plant,
        sow=_float(sow),
        emerge=_float(emerge),
        peak=_float(peak),
        fade=_float(fade),
        harvest=_float(harvest),
        defoliate=_float(defoliate),
        first_cut=_float(cuts[:, 0] + moved),
        cut_days=_float(cuts[:, 1] * np.exp(0.12 * levels.normal("field"))),
        last_cut=_float(cuts[:, 2] + moved),
        tillering=levels.uniform(0.15, 0.45),
        lai=_float(np.clip(area, 0.1, 8)),
        leaf=_draw_leaves(levels, plant),
        repeat=_float(levels.uniform() < repeat),
    )


def draw_second(
    levels: Levels, rows: Sequence[Row], row: IntArray, around: Circumstances, main: Stands
) -> Stands:
    """Draw the second crop of each sample, moved so that it does not overlap the main crop.

    Args:
        levels: Random effects.
        rows: Calendar.
        row: Index of each sample's row [N].
        around: Shift, delay and vigour of each sample.
        main: The crops that give the labels.

    Returns:
        The stands [N]; plant -1 where there is none.
    """
    stands = draw_stands(levels, [item.second or item for item in rows], row, around)
    share = np.array([item.second.share if item.second else 0.0 for item in rows])[row]
    before = np.array([item.second is not None and item.second.sow < item.sow for item in rows])
    early = np.minimum(main.sow - 4 - stands.harvest, 0)
    late = np.maximum(main.harvest + 4 - stands.sow, 0)
    moved = np.where(before[row], early, late)
    return replace(
        stands,
        plant=np.where(levels.uniform() < share, stands.plant, -1),
        sow=stands.sow + moved,
        emerge=stands.emerge + moved,
        peak=stands.peak + moved,
        fade=stands.fade + moved,
        harvest=stands.harvest + moved,
        first_cut=stands.first_cut + moved,
        last_cut=stands.last_cut + moved,
        repeat=np.zeros_like(stands.repeat),
    )


def _draw_days(
    levels: Levels, rows: Sequence[Stand], row: IntArray, plant: IntArray, around: Circumstances
) -> tuple[npt.NDArray[np.float64], ...]:
    """Draw sowing, emergence, peak, senescence, harvest and defoliation, each [N]."""
    sizes = effects()
    median = np.array([item.stages() for item in rows])[row] + around.shift[:, None]
    ripe = np.array([item.fade_is == "maturity" for item in rows])[row]
    follow = [plant_column("follow", index)[plant] for index in range(3)]
    spread = np.array([item.sow_sd for item in rows])[row]
    own = around.delay + spread * levels.normal("field")
    sow = median[:, 0] + own
    emerge = sow + np.maximum(median[:, 1] - median[:, 0] + 2 * levels.normal("field"), 0)
    peak = median[:, 2] + follow[0] * own + sizes["peak_sd"] * levels.normal("field")
    peak = np.maximum(peak, emerge + 25)
    fade = median[:, 3] - sizes["greenness_lead"] * ripe
    fade = fade + follow[1] * own + sizes["fade_sd"] * levels.normal("field")
    fade = np.maximum(fade, peak + 8)
    cutting = np.array([item.harvest_sd or sizes["harvest_sd"] for item in rows])[row]
    harvest = median[:, 4] + follow[2] * own + cutting * levels.normal("field")
    harvest = np.maximum(harvest, emerge + 40)
    lag = np.array([np.nan if item.defoliate is None else item.defoliate for item in rows])[row]
    defoliate = np.where(np.isnan(lag), NEVER, fade + lag + 5 * levels.normal("field"))
    harvest = np.where(np.isnan(lag), harvest, np.maximum(harvest, defoliate + 6))
    return sow, emerge, peak, fade, harvest, defoliate


def _draw_leaves(levels: Levels, plant: IntArray) -> FloatArray:
    """Draw leaf traits [N, 5]; half of the variance is of the field, half of the group."""
    sizes = effects()
    out = np.empty((len(plant), 5), np.float32)
    for trait in range(5):
        mean = 0.5 * plant_column("leaf", trait)[plant] + 0.5 * sizes["trait_prior"][trait]
        noise = np.sqrt(0.5) * (levels.normal("group") + levels.normal("field"))
        noise = np.clip(noise, -2, 2)
        if trait < 4:
            out[:, trait] = mean * np.exp(sizes["trait_cv"][trait] * noise)
        else:
            out[:, trait] = mean + sizes["angle_sd"] * noise
    out[:, 3] = np.maximum(out[:, 3], 1.05)
    return out


def _float(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, np.float32)
