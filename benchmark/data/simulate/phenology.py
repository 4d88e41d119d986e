"""Leaf area and senescence on a day of the year, for many samples at once."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmark.data.season import DAYS_PER_YEAR
from benchmark.data.simulate.plants import Kind, effects, plant_column, plants
from benchmark.data.simulate.random_effects import FloatArray, take
from benchmark.data.simulate.stands import Stands

STEEPNESS: Final = 10.0
"""Steepness of the logistic growth curve, which rises from 1 to 99 % of the leaf area between
emergence and peak (facts 6, equation 3)."""

DEFOLIATED: Final = 0.82
"""Share of cotton's leaf area lost to defoliation (facts 4, mark P)."""


def logistic(value: npt.NDArray[np.floating[Any]]) -> FloatArray:
    """Return 1 / (1 + exp(-value)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * value), np.float32)


def growth(stands: Stands, day: FloatArray) -> FloatArray:
    """Return the share of the largest leaf area that has grown by a day.

    Args:
        stands: Stands of M canopies.
        day: Days after the start of the stored year [M].

    Returns:
        Share from 0 to 1 [M], 0 before emergence. Source: facts 6, equation 3.
    """
    span = stands.peak - stands.emerge
    middle = stands.emerge + effects()["midpoint"] * span
    grown = logistic((day - middle) * (STEEPNESS / span))
    return np.where(day >= stands.emerge, grown, 0)


def _winter_growth(stands: Stands, day: FloatArray) -> FloatArray:
    """Return `growth` for a cereal that tillers before winter (facts 6, equation 3)."""
    before = logistic((day - stands.emerge - 30) / 9)
    after = logistic((day - stands.peak + 26) / 7.5)
    grown = stands.tillering * before + (1 - stands.tillering) * after
    return np.where(day >= stands.emerge, grown, 0)


def _mowing(stands: Stands, day: FloatArray) -> FloatArray:
    """Return the share of the leaf area that is left or has grown again since the last cut, [M]."""
    stubble = plant_column("stubble")[stands.plant]
    half = plant_column("regrowth")[stands.plant]
    since = day - stands.first_cut
    count = np.floor(since / stands.cut_days)
    last = np.floor((stands.last_cut - stands.first_cut) / stands.cut_days)
    since = since - stands.cut_days * np.minimum(count, last)
    regrown = stubble + (1 - stubble) * logistic((since - 0.6 * half) * (6 / half))
    return np.where(day >= stands.first_cut, regrown, 1)


def _once(stands: Stands, day: FloatArray, grown: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return leaf area and senescence of one growing period from emergence to harvest, [M] each."""
    width = plant_column("width")[stands.plant]
    brown = logistic((day - stands.fade) / width) * plant_column("senescent")[stands.plant]
    area = stands.lai * grown * (1 - plant_column("lost")[stands.plant] * brown)
    area = area * (1 - DEFOLIATED * logistic((day - stands.defoliate) / 2.5))
    return np.where(day < stands.harvest, area, 0), brown


def _annual(stands: Stands, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _once(stands, day, growth(stands, day))


def _winter(stands: Stands, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    return _once(stands, day, _winter_growth(stands, day))


def _cut(stands: Stands, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    area, brown = _once(stands, day, growth(stands, day))
    return area * _mowing(stands, day), brown


KINDS: Final[Mapping[Kind, Callable[[Stands, FloatArray], tuple[FloatArray, FloatArray]]]] = {
    "annual": _annual,
    "winter": _winter,
    "perennial": _annual,
    "cut": _cut,
}


def leaf_area(stands: Stands, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return leaf area index and senescence of a stand on a day.

    Besides the growing period of the year this includes the same crop sown again after the harvest,
    and for perennials the periods of the years before and after. The largest leaf area counts.

    Args:
        stands: Stands of M canopies.
        day: Days after the start of the stored year [M].

    Returns:
        Leaf area index [M] and senescence from 0 to 1 [M].
    """
    area = np.zeros(len(day), np.float32)
    brown = np.zeros(len(day), np.float32)
    for kind, grow in KINDS.items():
        members = [index for index, plant in enumerate(plants().values()) if plant.kind == kind]
        rows = np.flatnonzero(np.isin(stands.plant, members))
        if not len(rows):
            continue
        own = take(stands, rows)
        here, here_brown = grow(own, day[rows])
        for shift, share in _other_years(kind, own):
            more, more_brown = grow(own, day[rows] + np.float32(shift))
            more = more * share
            here_brown = np.where(more > here, more_brown, here_brown)
            here = np.maximum(here, more)
        base = plant_column("base")[own.plant]
        area[rows] = np.maximum(here, base)
        brown[rows] = here_brown * (here / np.maximum(here + base, 1e-6))
    return area, brown


def _other_years(kind: Kind, own: Stands) -> list[tuple[float, FloatArray]]:
    """Return, for each neighbouring year, the days to add and the share of the crop there [M]."""
    if kind in ("perennial", "cut"):
        all_of_it = np.ones(len(own.plant), np.float32)
        return [(-DAYS_PER_YEAR, all_of_it), (DAYS_PER_YEAR, all_of_it)]
    return [(-DAYS_PER_YEAR, own.repeat)]


def effective(area: FloatArray, clumping: FloatArray) -> FloatArray:
    """Return the optically active leaf area index.

    Args:
        area: Leaf area index [M].
        clumping: Clumping of the plant [M], or one value.

    Returns:
        Leaf area index [M]. Source: facts 6, equation 4.
    """
    return np.asarray(clumping * area * (0.88 + 0.12 * np.minimum(area / 3, 1)), np.float32)


def senescent_leaf(
    leaf: FloatArray, brown: FloatArray, cbrown: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the traits of a partly senescent leaf (facts 6, equation 5).

    Args:
        leaf: Chlorophyll, water, dry matter, layers and angle of the green leaf [M, 5].
        brown: Senescent share [M].
        cbrown: Brown pigment at full senescence [M].

    Returns:
        Layers, chlorophyll, brown pigment, water and dry matter, each [M].
    """
    return (
        leaf[:, 3] + np.float32(0.4) * brown,
        leaf[:, 0] * (1 - brown) ** np.float32(effects()["mosaic"]) + 1,
        cbrown * brown,
        leaf[:, 1] * (1 - np.float32(0.78) * brown),
        leaf[:, 2],
    )
