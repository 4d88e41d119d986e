"""Dates of a table in the forms in which they come, and the day that each stands for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.data.ingest.cell_values import plain_column, words_of
from benchmark.errors import DataError

Days = npt.NDArray[np.datetime64]
Times = npt.NDArray[np.datetime64]

SINCE_1970: Final = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (1e8, 1.0))
"""From which number on a date counts nanoseconds, microseconds, milliseconds or seconds since 1970;
10^8 seconds are 3 March 1973, and ``YYYYMMDD`` is below that."""

COMPACT: Final = re.compile(r"(?<!\d)(\d{8})(?:T(\d{6})|(?![\dT]))")
"""``YYYYMMDD`` with an optional ``THHMMSS``, anywhere in an image's index."""

YEAR_FIRST: Final = re.compile(r"(\d{4})([-/._])(\d{1,2})\2(\d{1,2})(?!\d)(.*)", re.S)
YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)(.*)", re.S)
YEAR_MONTH: Final = re.compile(r"(\d{4})[-/](\d{2})")
DAY_OF_YEAR: Final = re.compile(r"(\d{4})-?(\d{3})")

QUARTER: Final = np.timedelta64(15, "m")
"""Every time zone is a whole number of these away from Greenwich."""

NOON: Final = np.timedelta64(12, "h")
HOUR: Final = np.timedelta64(1, "h")
DAY: Final = np.timedelta64(1, "D")

CLOCK_TIMES: Final = (np.timedelta64(9, "h"), np.timedelta64(15, "h"))
"""Hours between which a time of day may be that of midday stamps or of a satellite's pass as well
as the midnight of a time zone in the Pacific."""


@dataclass(frozen=True)
class DateColumn:
    """The dates of a table.

    Attributes:
        days: Day of each row, [R], datetime64[D].
        timed: Whether their time of day shows that they are acquisitions.
        unclear: Whether their time of day may be a time zone's midnight or not.
        note: How they were read, where that needs saying.
    """

    days: Days
    timed: bool
    unclear: bool = False
    note: str | None = None


def read_dates(path: Path, name: str, column: Any) -> DateColumn:
    """Return the day of each row of a column of dates.

    Args:
        path: The table, for messages.
        name: Name of the column.
        column: An arrow column of dates, times, text or numbers.

    Raises:
        DataError: If a row has no date, or one that cannot be read for certain.
    """
    column = plain_column(path, name, column)
    if column.null_count:
        raise DataError(f"{path} has {column.null_count} rows without a date in column {name}.")
    note = None
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        clock, universal = _of_timestamps(path, name, column)
        row = np.arange(len(clock))
    else:
        words = words_of(path, name, column)
        if (words.row < 0).any():
            raise DataError(
                f"{path} has {np.count_nonzero(words.row < 0)} rows without a date in column "
                f"{name}."
            )
        clock, universal, note = parse_dates(path, name, words.values)
        row = words.row
    days = clock.astype("datetime64[D]")
    if (clock == days).all():
        return DateColumn(days[row], timed=False, note=note)
    found = whole_days(universal)
    notes = [text for text in (note, found.note) if text is not None]
    return DateColumn(found.days[row], found.timed, found.unclear, " ".join(notes) or None)


def read_days_of_year(path: Path, year: Any, day: Any, names: tuple[str, str]) -> DateColumn:
    """Return the day of each row of a table that has its year and the day of that year.

    Raises:
        DataError: If they are no such numbers.
    """
    years, days = words_of(path, names[0], year), words_of(path, names[1], day)
    if (years.row < 0).any() or (days.row < 0).any():
        raise DataError(f"{path} has rows without {names[0]} or {names[1]}.")
    try:
        # A column of whole numbers with a gap is written with decimals: 244.0.
        numbers = [
            [int(text.removesuffix(".0")) for text in words.values] for words in (years, days)
        ]
        first = np.array([f"{number:04d}-01-01" for number in numbers[0]], "datetime64[D]")
        after = np.array([number - 1 for number in numbers[1]], dtype="timedelta64[D]")
    except ValueError as error:
        raise DataError(
            f"{path} has values in {names[0]} or {names[1]} that are no year or day of the year."
        ) from error
    if (after.astype(int) < 0).any() or (after.astype(int) > 365).any():
        raise DataError(f"{path} has days of the year in {names[1]} outside 1 to 366.")
    return DateColumn(first[years.row] + after[days.row], timed=False)


def _of_timestamps(path: Path, name: str, column: Any) -> tuple[Times, Times]:
    """Return the time on the clock where it was written, and in UTC, of each row."""
    zone = getattr(column.type, "tz", None)
    try:
        local = pc.local_timestamp(column) if zone is not None else column
        # Exports stamp acquisitions to the microsecond, which a safe cast refuses to cut.
        clock = np.asarray(local.cast(pa.timestamp("ms"), safe=False).to_numpy())
        universal = clock
        if zone is not None:
            naive = column.cast(pa.timestamp("ms", tz="UTC"), safe=False).cast(pa.timestamp("ms"))
            universal = np.asarray(naive.to_numpy())
    except pa.ArrowException as error:
        raise DataError(f"{path} has dates in column {name} that cannot be read: {error}.") from (
            error
        )
    return clock.astype("datetime64[ms]"), universal.astype("datetime64[ms]")


def parse_dates(path: Path, name: str, texts: Sequence[str]) -> tuple[Times, Times, str | None]:
    """Read the different dates of a column of text or numbers.

    Args:
        path: The table, for messages.
        name: Name of the column.
        texts: The different texts.

    Returns:
        Time on the clock where it was written, and in UTC, of each [W]; how they were read, where
        that needs saying.

    Raises:
        DataError: If one of them is no date, or day and month can be exchanged.
    """
    day_first, note = _day_first(path, name, texts)
    moments = [_moment(path, name, text, day_first=day_first) for text in texts]
    clock = [moment.replace(tzinfo=None) for moment in moments]
    universal = [moment.astimezone(UTC).replace(tzinfo=None) for moment in moments]
    return (
        np.array(clock, dtype="datetime64[ms]"),
        np.array(universal, dtype="datetime64[ms]"),
        note,
    )


def _day_first(path: Path, name: str, texts: Sequence[str]) -> tuple[bool, str | None]:
    """Tell whether the day or the month comes first in dates that end with the year."""
    found = [match for text in texts if (match := YEAR_LAST.match(text)) is not None]
    if not found:
        return True, None
    firsts, seconds = {int(match[1]) for match in found}, {int(match[3]) for match in found}
    day_first, month_first = max(firsts) > 12, max(seconds) > 12
    if day_first and month_first:
        raise DataError(
            f"{path} has dates in column {name} with the day first and with the month first: write "
            "them as 2023-06-30."
        )
    if not (day_first or month_first):
        if all(int(match[1]) == int(match[3]) for match in found):
            return True, None
        if all(match[2] == "." for match in found):
            return True, f"Dates in column {name} are read as day.month.year."
        raise DataError(
            f"{path} has dates such as {found[0][0].strip()} in column {name}, whose day and month "
            "can be exchanged: write them as 2023-06-30."
        )
    order = "day, month, year" if day_first else "month, day, year"
    return day_first, f"Dates in column {name} are read as {order}."


def _moment(path: Path, name: str, text: str, *, day_first: bool) -> datetime:
    """Return the moment that a text names; without a time zone it is in UTC."""
    try:
        moment = _dated(text, day_first=day_first) or _counted(text) or _indexed(name, text)
    except (ValueError, OverflowError):
        moment = None  # said below
    if moment is None:
        raise DataError(
            f"{path} has '{text}' in column {name}, which is no date: use 2023-06-30, 20230630 or "
            "milliseconds since 1970."
        )
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _dated(text: str, *, day_first: bool) -> datetime | None:
    """Read a date whose parts are told apart by signs."""
    match = YEAR_FIRST.fullmatch(text)
    if match is not None:
        year, month, day, rest = match[1], match[3], match[4], match[5]
    else:
        match = YEAR_LAST.fullmatch(text)
        if match is None:
            month_of = YEAR_MONTH.fullmatch(text)
            return datetime.fromisoformat(f"{month_of[1]}-{month_of[2]}-01") if month_of else None
        day, month = (match[1], match[3]) if day_first else (match[3], match[1])
        year, rest = match[4], match[5]
    rest = rest.strip().removeprefix("T").strip().replace(" ", "")
    hour = re.match(r"\d:", rest)
    clock = f"T{'0' if hour else ''}{rest}" if rest else ""
    return datetime.fromisoformat(f"{year}-{int(month):02d}-{int(day):02d}{clock}")


def _counted(text: str) -> datetime | None:
    """Read a date that is a number: ``YYYYMMDD``, ``YYYYDDD``, or a time since 1970."""
    compact = COMPACT.match(text)
    if compact is not None:
        return _compact(compact)
    ordinal = DAY_OF_YEAR.fullmatch(text)
    if ordinal is not None:
        return datetime.strptime(f"{ordinal[1]}{ordinal[2]}", "%Y%j").replace(tzinfo=UTC)
    if not re.fullmatch(r"\d+(\.\d+)?([eE]\+?\d+)?", text):
        return None
    number = float(text)
    for least, unit in SINCE_1970:
        if number >= least:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number * unit)
    return None


def _indexed(name: str, text: str) -> datetime | None:
    """Read the index of an image, which Earth Engine may have given a prefix such as ``1_2_``."""
    if name.lower() != "system:index":
        return None
    for match in COMPACT.finditer(text):
        try:
            return _compact(match)
        except ValueError:
            continue
    return None


def _compact(match: re.Match[str]) -> datetime:
    text = match[1] + (match[2] or "000000")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def whole_days(times: Times) -> DateColumn:
    """Tell the day that each time stands for.

    Times that are all the midnight of one time zone, with or without summer time, name that day.
    Other times of day are those of acquisitions.

    Args:
        times: Times in UTC [W].

    Returns:
        Day of each [W], and what the times of day say.
    """
    floor: Days = times.astype("datetime64[D]")
    clock: npt.NDArray[np.timedelta64] = np.asarray(times - floor)
    different = np.unique(clock)
    whole = (different % QUARTER == np.timedelta64(0, "ms")).all()
    summer_time = len(different) == 2 and (different[1] - different[0]) % DAY in (HOUR, DAY - HOUR)
    if not whole or not (len(different) == 1 or summer_time):
        starts = _all_first_of_month(floor) and len(different) == 1
        return DateColumn(floor, timed=not starts)
    said = " and ".join(_clock(time) for time in different)
    later = clock >= NOON
    if NOON in different and len(different) == 2:  # summer time of New Zealand
        later = np.ones(len(times), dtype=bool)
    nearest: Days = np.asarray(floor + later.astype("timedelta64[D]"))
    next_day: Days = np.asarray(floor + DAY)
    for days in (nearest, floor, next_day):
        if _starts_windows(days):
            note = f"Their time of day, {said} in UTC, is midnight of a time zone."
            return DateColumn(days, timed=False, note=note)
    between = bool(((different >= CLOCK_TIMES[0]) & (different <= CLOCK_TIMES[1])).any())
    if between:
        return DateColumn(
            floor, timed=False, unclear=True, note=f"Their time of day is always {said}."
        )
    note = f"Their time of day, {said} in UTC, is taken for midnight of a time zone."
    return DateColumn(nearest, timed=False, note=note)


def _clock(time: np.timedelta64) -> str:
    minutes = int(time / np.timedelta64(1, "m"))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def day_of_month(days: Days) -> npt.NDArray[np.int64]:
    """Return the day of the month of each date, 1 to 31."""
    months = days.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((days.astype("datetime64[D]") - months).astype(np.int64) + 1)


def _all_first_of_month(days: Days) -> bool:
    return len(days) > 1 and bool((day_of_month(days) == 1).all())


def _starts_windows(days: Days) -> bool:
    """Whether dates are those at which months, half months or dekads begin."""
    numbers = set(day_of_month(days).tolist())
    return len(days) > 1 and any(numbers <= kind for kind in ({1}, {1, 16}, {1, 11, 21}))
