"""Stored band values to reflectance: unit, offset, and what stands for a missing observation."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.ingest.point_table import PointTable
from benchmark.data.official.stored_numbers import (
    DIGITAL_NUMBER,
    HIGHEST_REFLECTANCE,
    LOWEST_REFLECTANCE,
    TYPICAL_DIGITAL_NUMBER,
    TYPICAL_REFLECTANCE,
    Missing,
    typical_value,
)
from benchmark.errors import DataError, UsageError

Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.bool_]

NO_OBSERVATION: Final = 65_535.0
"""The missing-value code of WorldCereal's unsigned 16-bit columns, in whatever band it stands."""

SCALED_NO_OBSERVATION: Final = NO_OBSERVATION / DIGITAL_NUMBER
"""What becomes of that code where a whole table was divided by 10,000."""

CODES: Final = (0.0, 1.0, -1.0, -999.0, -9999.0, 32_767.0, -32_768.0)
"""Numbers that stand for a missing observation where they fill every band of a row: no place on
Earth has one and the same reflectance of 0 or 0.0001 in all bands, and the others are none."""

IMPOSSIBLE_CODES: Final = tuple(code for code in CODES if not -1 <= code <= 1)
"""Those of them that are no reflectance, so that they are codes in a table of one band too."""

MAX_IMPOSSIBLE: Final = 0.01
"""Share of band values that may be no reflectance (saturated cloud, glint) and count as not
observed; above it, the unit or the missing-value code of the table is another than assumed."""

LEAST_REPEATS: Final = 0.005
"""Share of rows from which on one number in every band of a row is no accident."""

BASELINE_DAY: Final = date(2022, 1, 25)
"""Day from which on Sentinel-2 products of processing baseline 04.00 have 1,000 added to every
digital number (Copernicus, Sentinel-2 Products Specification, radiometric offset)."""

BASELINE_OFFSET: Final = 1_000.0

DARK: Final = 900.0
"""Digital number below which the darkest band of vegetation, soil or water lies; none can lie below
it where 1,000 was added."""

VISIBLE: Final = ("B2", "B3", "B4")
"""Bands in which vegetation and most soils are darker than that."""

ENOUGH_ROWS: Final = 10
"""Rows before and after that day below which the offset is not looked for."""

GROUPED: Final = 1_000.0
"""The smallest number that a mark of thousands divides."""


@dataclass(frozen=True)
class StoredForm:
    """What the user says of the stored values.

    Attributes:
        missing: Number that stands for a missing observation, in whatever band it stands; ``nan``
            if empty cells alone do; ``None`` if nothing is said.
        offset: What was added to the digital numbers, or ``None``.
        offset_from: First day on which it was added; ``None`` for all days.
    """

    missing: Missing | None = None
    offset: float | None = None
    offset_from: date | None = None


@dataclass(frozen=True)
class Scaling:
    """How the values of a table became reflectance.

    Attributes:
        impossible: Share of the values that are no reflectance and were blanked.
        unit: Sentence on the unit that was concluded.
        notes: What the user must know.
    """

    impossible: float
    unit: str
    notes: tuple[str, ...]


def to_reflectance(points: PointTable, form: StoredForm) -> Scaling:
    """Scale the values of a table in place, and blank what is no observation.

    Args:
        points: The table.
        form: What the user says of its values.

    Returns:
        What was concluded and blanked.

    Raises:
        DataError: If the unit, or what stands for a missing observation, is not certain.
        UsageError: If an offset is declared for reflectance, or a day without an offset.
    """
    values = points.values
    if form.offset_from is not None and form.offset is None:
        raise UsageError("--offset-from needs the offset: --offset 1000.")
    notes = _blank_codes(points, form.missing)
    present = int(np.count_nonzero(~np.isnan(values)))
    if present == 0:
        raise DataError(f"{points.path} has no observation in any band.")
    if form.missing is None:
        notes += _say_zeros(points)
    typical = typical_value(values)
    if typical >= TYPICAL_DIGITAL_NUMBER:
        notes += _blank_reflectance(points)
        _refuse_two_units(points)
        notes += _take_offset(points, form)
        values /= np.float32(DIGITAL_NUMBER)
    elif points.whole_numbers or typical > TYPICAL_REFLECTANCE:
        raise DataError(
            f"{points.path} has band values that are typically {typical:.3g}, neither reflectance "
            "(0 to 1) nor reflectance x 10,000 for certain: convert them to reflectance."
        )
    elif form.offset is not None:
        raise UsageError(
            f"{points.path} holds reflectance, which has no offset of digital numbers: leave "
            "--offset out, and subtract what was added to the reflectance in the table itself."
        )
    else:
        values[np.abs(values - np.float32(SCALED_NO_OBSERVATION)) < 1e-5] = np.nan
        present = max(int(np.count_nonzero(~np.isnan(values))), 1)
        notes += _look_for_offset(points, DIGITAL_NUMBER)
    digital = typical >= TYPICAL_DIGITAL_NUMBER
    unit = (
        f"{typical:,.0f} and are read as reflectance x 10,000"
        if digital
        else f"{typical:.3f} and are read as reflectance"
    )
    return Scaling(
        _blank_impossible(points, present, digital=digital),
        f"Band values are typically {unit}.",
        tuple(notes),
    )


def _blank_codes(points: PointTable, missing: Missing | None) -> list[str]:
    """Blank declared and recognised codes; refuse a table that seems to have another one."""
    values = points.values
    values[values == np.float32(NO_OBSERVATION)] = np.nan
    if missing is not None and missing != "nan":
        declared = np.float32(missing)
        values[np.isclose(values, declared, rtol=1e-6, atol=1e-8)] = np.nan
    same: Rows = (values == values[:, :1]).all(axis=1)
    several = values.shape[1] > 1
    notes = []
    for code in CODES if several else IMPOSSIBLE_CODES:
        rows = same & (values[:, 0] == np.float32(code))
        count = int(np.count_nonzero(rows))
        if count:
            values[rows] = np.nan
            notes.append(f"{count} rows are {code:g} in every band and count as not observed.")
            same &= ~rows
    if missing is None:
        _refuse_unknown_code(points, same, several=several)
    return notes


def _refuse_unknown_code(points: PointTable, same: Rows, *, several: bool) -> None:
    """Refuse a table in which one number fills every band of many rows."""
    values = points.values
    if not several:
        rows = np.isin(values[:, 0], np.array([0, 1], np.float32))
    else:
        rows = same
        if np.count_nonzero(rows) > 0.5 * len(values):  # bands that are alike throughout
            return
    numbers, counts = np.unique(values[rows, 0], return_counts=True)
    if not len(numbers):
        return
    most = int(counts.argmax())
    alone = not several or counts[most] >= 0.9 * counts.sum()
    if alone and counts[most] >= max(3, LEAST_REPEATS * len(values)):
        raise DataError(
            f"{points.path} has {counts[most]} rows in which every band is {numbers[most]:g}, "
            "which may stand for missing observations: say so with --missing "
            f"{numbers[most]:g}, or that it does not with --missing nan."
        )


def _blank_reflectance(points: PointTable) -> list[str]:
    """Blank rows of reflectance in a table of digital numbers; refuse a table with many.

    Divided by 10,000 they would be black in every band, which no field is.
    """
    values = points.values
    brightest = np.fmax.reduce(values, axis=1)
    dark = (brightest > 0) & (brightest < HIGHEST_REFLECTANCE)
    rows = np.flatnonzero(dark)
    rows = rows[(np.nan_to_num(values[rows]) % 1 != 0).any(axis=1)]
    if not len(rows):
        return []
    seen = int(np.count_nonzero(~np.isnan(brightest)))
    if len(rows) > MAX_IMPOSSIBLE * seen:
        raise DataError(
            f"{points.path} has {len(rows)} of {seen} rows in reflectance (0 to 1) and the others "
            "in reflectance x 10,000: bring all to one of the two."
        )
    values[rows] = np.nan
    return [
        f"{len(rows)} rows are reflectance among reflectance x 10,000 and count as not observed."
    ]


def _refuse_two_units(points: PointTable) -> None:
    """Refuse digital numbers with marks of thousands, and bands of reflectance beside them."""
    values = points.values
    if points.whole_numbers:
        return
    mixed, small = [], []
    for band, column in zip(points.columns.bands, values.T, strict=True):
        low = column[(column > 0) & (column < GROUPED / 10)]
        small.append(low[low % 1 != 0])
        parts = np.count_nonzero(small[-1] < HIGHEST_REFLECTANCE)
        if parts > MAX_IMPOSSIBLE * np.count_nonzero(~np.isnan(column)):
            mixed.append(band)
    broken = np.concatenate(small)
    many = broken.size > MAX_IMPOSSIBLE * np.count_nonzero(~np.isnan(values))
    if many and np.fmax.reduce(values, axis=None) < GROUPED:
        thousands = broken * np.float32(GROUPED)
        if np.allclose(thousands, np.rint(thousands), rtol=0, atol=0.01):
            raise DataError(
                f"{points.path} has digital numbers below {GROUPED:,.0f} and others such as "
                f"{broken.max():.3f}, whose point may be a mark of thousands: write them without "
                "marks of thousands."
            )
    if mixed:
        raise DataError(
            f"{points.path} has reflectance (0 to 1) in band {', '.join(mixed)} and reflectance x "
            "10,000 in others: bring all to one of the two."
        )


def _say_zeros(points: PointTable) -> list[str]:
    """Say that a band is often 0 in rows whose other bands are not."""
    values = points.values
    if values.shape[1] == 1:
        return []
    seen = np.maximum(np.count_nonzero(~np.isnan(values), axis=0), 1)
    shares = np.count_nonzero(values == 0, axis=0) / seen
    often = [
        f"{band} ({share:.0%})"
        for band, share in zip(points.columns.bands, shares, strict=True)
        if share > MAX_IMPOSSIBLE
    ]
    if not often:
        return []
    return [
        f"Values of {', '.join(often)} are 0 where other bands are not: if 0 stands for a missing "
        "observation, ingest again with --missing 0."
    ]


def _take_offset(points: PointTable, form: StoredForm) -> list[str]:
    """Subtract a declared offset; look for one that was not declared."""
    values = points.values
    if form.offset is not None:
        added = np.ones(len(values), dtype=bool)
        since = ""
        if form.offset_from is not None:
            added = points.days >= np.datetime64(form.offset_from)
            since = f" from {form.offset_from} on"
        values[added] -= np.float32(form.offset)
        return [f"{form.offset:g} was subtracted from every digital number{since}, as declared."]
    return _look_for_offset(points, 1.0)


def _look_for_offset(points: PointTable, scale: float) -> list[str]:
    """Say that the offset of processing baseline 04.00 seems to be in the values.

    Args:
        points: The table.
        scale: Digital numbers per unit of its values.
    """
    darkest = np.fmin.reduce(points.values, axis=1) * np.float32(scale)
    seen = ~np.isnan(darkest)
    later = points.days >= np.datetime64(BASELINE_DAY)
    before, after = darkest[seen & ~later], darkest[seen & later]
    if len(after) < ENOUGH_ROWS or np.mean(after < DARK) > 0.002:
        return []
    if len(before) >= ENOUGH_ROWS:
        if np.mean(before < DARK) < 0.2:
            return []
        since, when = f" from {BASELINE_DAY} on, and many are before", f" from {BASELINE_DAY} on"
        option = f"--offset {BASELINE_OFFSET:g} --offset-from {BASELINE_DAY}"
    elif len(before) == 0 and any(band in points.columns.bands for band in VISIBLE):
        since, when = ", which is rare over land", ""
        option = f"--offset {BASELINE_OFFSET:g}"
    else:
        return []
    what = "digital number" if scale == 1 else "reflectance"
    mend = f"ingest again with {option}" if scale == 1 else "subtract it in the table"
    return [
        f"No {what} is below {DARK / scale:g}{since}: {BASELINE_OFFSET / scale:g} seems to be "
        f"added to every band{when} (processing baseline 04.00). If so, {mend}."
    ]


def _blank_impossible(points: PointTable, present: int, *, digital: bool) -> float:
    values = points.values
    wrong = (values < LOWEST_REFLECTANCE) | (values > HIGHEST_REFLECTANCE)
    share = float(np.count_nonzero(wrong)) / present
    if share > MAX_IMPOSSIBLE:
        numbers, counts = np.unique(values[wrong], return_counts=True)
        code = float(numbers[counts.argmax()]) * (DIGITAL_NUMBER if digital else 1)
        hint = "check its unit and its missing-value code (65535 or empty)"
        if counts.max() > 0.5 * counts.sum():
            hint += f", and if {code:g} is that code declare it with --missing {code:g}"
        raise DataError(
            f"{points.path} has {share:.1%} band values outside {LOWEST_REFLECTANCE} to "
            f"{HIGHEST_REFLECTANCE}, which is no reflectance: {hint}."
        )
    values[wrong] = np.nan
    return share
