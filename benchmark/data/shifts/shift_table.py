"""The registered shifts, and what each makes of a target."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml

from benchmark.data.season import FloatArray
from benchmark.data.shifts.band_loss import without_bands
from benchmark.data.shifts.calendar_shifts import lose_dates, move_season, recomposite
from benchmark.data.shifts.label_mix import mixed_rows
from benchmark.data.shifts.level import aerosol_depths, before_correction
from benchmark.data.shifts.missed_clouds import miss_clouds
from benchmark.errors import UsageError, did_you_mean
from benchmark.randomness import generator

ALL: Final = "all"
"""The word for every registered shift."""

SEED: Final = 0
"""Seed of all shifts: every method and every seed of a run is shown the same copy."""

LATITUDE: Final = 40.0
"""Degrees from the equator of samples whose place is not known."""


@dataclass(frozen=True)
class Shift:
    """One difference between a target and its shifted copy.

    Attributes:
        name: Its name.
        factor: What is other.
        strength: How much, in the factor's unit; 0 is nothing.
        bands: Bands that are kept, where bands are the factor.
    """

    name: str
    factor: str
    strength: float
    bands: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fields:
    """The samples of a target, without their labels.

    Attributes:
        domain: Name of the target.
        series: Reflectance [N, B, 73].
        bands: Names of the bands [B].
        scene: Scene of each sample [N], such as its spatial block.
        latitude: Degrees north [N].
        first_day: Days from 1 January to the first step of the series.
    """

    domain: str
    series: FloatArray
    bands: tuple[str, ...]
    scene: npt.NDArray[np.int64]
    latitude: npt.NDArray[np.float64]
    first_day: int = 0


Change = Callable[[Shift, Fields, np.random.Generator], FloatArray]


def _level(shift: Shift, fields: Fields, rng: np.random.Generator) -> FloatArray:
    return before_correction(
        fields.series,
        fields.bands,
        aerosol_depths(rng, fields.scene),
        fields.latitude,
        first_day=fields.first_day,
        strength=shift.strength,
    )


def _clouds(shift: Shift, fields: Fields, rng: np.random.Generator) -> FloatArray:
    return miss_clouds(rng, fields.series, fields.scene, shift.strength)


def _bands(shift: Shift, fields: Fields, _: np.random.Generator) -> FloatArray:
    return without_bands(fields.series, fields.bands, shift.bands)


def _cadence(shift: Shift, fields: Fields, _: np.random.Generator) -> FloatArray:
    return recomposite(fields.series, round(shift.strength))


def _gaps(shift: Shift, fields: Fields, rng: np.random.Generator) -> FloatArray:
    return lose_dates(rng, fields.series, fields.scene, shift.strength)


def _season(shift: Shift, fields: Fields, _: np.random.Generator) -> FloatArray:
    return move_season(fields.series, round(shift.strength))


def _unchanged(_: Shift, fields: Fields, __: np.random.Generator) -> FloatArray:
    return fields.series


CHANGES: Final[Mapping[str, Change]] = MappingProxyType(
    {
        "level": _level,
        "clouds": _clouds,
        "bands": _bands,
        "cadence": _cadence,
        "gaps": _gaps,
        "season": _season,
        "mix": _unchanged,
    }
)
"""What each factor makes of series; class shares are chosen among samples (`shifted_rows`)."""


@cache
def factors() -> Mapping[str, str]:
    """Return the unit of each factor's strength, in the order of the table."""
    return MappingProxyType(dict(_table()["factors"]))


@cache
def shifts() -> Mapping[str, Shift]:
    """Return the registered shifts by name, in the order of the table."""
    found = {}
    for name, entry in _table()["shifts"].items():
        bands = tuple(entry.get("bands", ()))
        found[name] = Shift(name, entry["factor"], float(entry["strength"]), bands)
    return MappingProxyType(found)


@cache
def _table() -> Mapping[str, Any]:
    text = files("benchmark.data.shifts").joinpath("shifts.yaml").read_text("utf-8")
    content: Mapping[str, Any] = yaml.safe_load(text)
    return content


def select_shifts(words: Sequence[str]) -> tuple[Shift, ...]:
    """Return the shifts that are named.

    Args:
        words: Names of shifts or factors, or ``all``.

    Returns:
        The shifts in the order of the table, each once.

    Raises:
        UsageError: If a word names neither.
    """
    known = shifts()
    for word in words:
        if word != ALL and word not in known and word not in factors():
            names = (*known, *factors(), ALL)
            raise UsageError(f"There is no shift or factor '{word}': {did_you_mean(word, names)}")
    return tuple(
        shift
        for shift in known.values()
        if ALL in words or shift.name in words or shift.factor in words
    )


def apply_shift(shift: Shift, fields: Fields) -> FloatArray:
    """Return the series of a shifted copy of a target.

    Args:
        shift: The shift.
        fields: The samples.

    Returns:
        Reflectance [N, B, 73]; the same for the same target in every run.

    Raises:
        UnavailableError: If none of the bands is left.
    """
    rng = generator(SEED, "shift", shift.name, fields.domain)
    return CHANGES[shift.factor](shift, fields, rng)


def shifted_rows(
    shift: Shift, domain: str, rows: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return which scored samples a shifted copy has.

    Args:
        shift: The shift.
        domain: Name of the target.
        rows: Row numbers of its scored samples [N].
        labels: Their classes [N].

    Returns:
        Row numbers; all of them where class shares are not the factor.
    """
    if shift.factor != "mix":
        return rows
    return rows[mixed_rows(generator(SEED, "shift", shift.name, domain), labels, shift.strength)]
