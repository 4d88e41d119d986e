"""Conclude from the spacing of dates whether they are composites, and the window of each one."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.data.ingest.dates import day_of_month
from benchmark.data.observation_calendar import Calendar, Days
from benchmark.errors import DataError

Stamp = Literal["first", "middle", "last"]
Index = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CALENDAR_SLACK: Final = 3
"""Days by which the spacing of composites may differ from its median: dekads have 8 to 11 days and
months 28 to 31."""

CALENDAR_SHARE: Final = 0.9
"""Smallest share of regular spacings at which dates count as composites."""

REVISIT_DAYS: Final = 5
"""Revisit time of the two Sentinel-2 satellites together. Regular dates with a larger spacing count
as composites."""

ORBIT_DAYS: Final = 10
"""Revisit time of one Sentinel-2 satellite."""

LEAST_DATES: Final = 3
"""Smallest number of different dates from which a spacing is concluded. With fewer dates they count
as acquisitions."""

MANY: Final = 10
"""Smallest number of spacings from which their greatest common divisor is used even if it is
smaller than the typical spacing, because dates are missing."""

MONTH: Final = 28
"""Days of the shortest month."""


@dataclass(frozen=True)
class Spacing:
    """The spacing of the dates of a domain.

    Attributes:
        days: Different dates of all samples, ascending [T].
        between: Days between consecutive dates of a sample, for all samples together [D]. Equal
            dates of a sample are left out, so all values are above 0.
        offsets: Days from the first date of its sample to each row [R].
    """

    days: Days
    between: Index
    offsets: Index

    @property
    def cadence(self) -> float:
        """Median days between two dates of one sample; 0 if none has two dates."""
        return float(np.median(self.between)) if len(self.between) else 0.0

    @property
    def step(self) -> int:
        """Greatest common divisor of the spacings within samples, in days; 0 without a spacing."""
        return int(np.gcd.reduce(self.between)) if len(self.between) else 0

    @property
    def year_step(self) -> int:
        """Greatest common divisor of the days from 1 January of its year to each date."""
        return int(np.gcd.reduce(_day_of_year(self.days) - 1))


@dataclass(frozen=True)
class Stated:
    """Information about the dates besides their spacing.

    Attributes:
        declared: Whether the format of the table is a format of composites.
        timed: Whether the times of day show that the dates are acquisitions.
        unclear: Whether the times of day can be midnight in a time zone, or times of acquisitions.
        window: Length of the composites in days, as the user states it. A window of at most 1 day
            means acquisitions; ``None`` means that the length is concluded from the dates.
        stamp: Which day of its window a date is (``first``, ``middle`` or ``last``), as the user
            states it; ``None`` if not stated.
    """

    declared: bool = False
    timed: bool = False
    unclear: bool = False
    window: float | None = None
    stamp: Stamp | None = None


def spacing_of(days: Days, owner: Index) -> Spacing:
    """Return the spacing of the dates of some samples.

    Args:
        days: Date of each row [R]. The rows of a sample follow one another, with ascending dates.
        owner: Index of the sample of each row [R], 0 for the first sample.
    """
    within = owner[1:] == owner[:-1]
    between = np.diff(days).astype(np.int64)[within]
    starts = np.concatenate([[True], ~within]) if len(days) else np.zeros(0, bool)
    first = days[starts][owner] if len(days) else days
    offsets = (days - first).astype(np.int64)
    return Spacing(np.unique(days), between[between > 0], offsets)


def conclude_calendar(path: object, spacing: Spacing, stated: Stated) -> Calendar:
    """Conclude whether dates are composites or acquisitions, and the window of each composite.

    A window that the user states is used. Without one, times of day decide, then days of the month
    (months, half months, dekads), then a regular spacing. All other dates are acquisitions.

    Args:
        path: The table, for messages.
        spacing: Spacing of the dates.
        stated: Information about the dates besides their spacing.

    Returns:
        The calendar, with the evidence for it in words.

    Raises:
        DataError: If the dates can be read in two ways. The message names the options that decide.
    """
    days, cadence = spacing.days, spacing.cadence
    if stated.window is not None:
        return _declared(spacing, stated)
    if stated.timed:
        return _acquisitions(spacing, "Their times of day differ or are those of no time zone.")
    calendar = _named_days(path, spacing, stated) or _regular(path, spacing, stated)
    if calendar is None:
        if stated.declared:
            why = "They are not regular, although the names of the bands are those of composites."
        elif cadence <= REVISIT_DAYS:
            why = (
                f"They are typically {cadence:g} days apart, not more than Sentinel-2's revisit of "
                f"{REVISIT_DAYS} days."
            )
        else:
            why = f"They are typically {cadence:g} days apart and not regular."
        return _acquisitions(spacing, why)
    if stated.unclear:
        raise DataError(
            f"{path} has regular dates from {days[0]} on, as composites have, and a time of day "
            f"as acquisitions have: say which with --window {calendar.windows[0]:.0f} or "
            "--window 0."
        )
    return calendar


def _acquisitions(spacing: Spacing, evidence: str) -> Calendar:
    """Return a calendar of acquisitions: each date has a window of one day."""
    count = len(spacing.days)
    return Calendar(
        spacing.days, np.ones(count), spacing.cadence, composites=False, evidence=evidence
    )


def _composites(
    spacing: Spacing, windows: Floats, evidence: str, leads: Floats | None = None
) -> Calendar:
    """Return a calendar of composites.

    Args:
        spacing: Spacing of the dates.
        windows: Length of the window of each date in days [T].
        evidence: Why the dates are composites, in words.
        leads: Days from the first day of its window to each date [T]; 0 by default.
    """
    return Calendar(
        spacing.days,
        windows.astype(np.float64),
        spacing.cadence,
        composites=True,
        leads=np.zeros(len(windows)) if leads is None else leads.astype(np.float64),
        evidence=evidence,
    )


def _declared(spacing: Spacing, stated: Stated) -> Calendar:
    """Return the calendar for the window and stamp that the user states."""
    window = stated.window or 0.0
    if window <= 1:
        return _acquisitions(spacing, "This was declared with --window.")
    windows = np.full(len(spacing.days), float(window))
    leads = np.zeros(len(windows))
    if stated.stamp == "middle":
        leads = windows // 2
    elif stated.stamp == "last":
        leads = windows - 1
    return _composites(spacing, windows, "This was declared with --window.", leads)


def _named_days(path: object, spacing: Spacing, stated: Stated) -> Calendar | None:
    """Return the calendar of months, half months or dekads; ``None`` for dates on other days.

    Raises:
        DataError: If each date is the same day or the last day of a month, or the last day of a
            dekad, and the user does not state the stamp.
    """
    days = spacing.days
    numbers = set(day_of_month(days).tolist())
    lasts = days.astype("datetime64[M]") != (days + 1).astype("datetime64[M]")
    if len(days) < LEAST_DATES:
        return None
    if numbers == {1}:
        return _months(spacing, stated.stamp or "first", "Every date is the first of a month.")
    for grid, word in (({1, 16}, "half months"), ({1, 11, 21}, "dekads")):
        if numbers == grid and stated.stamp in (None, "first"):
            said = ", ".join(str(number) for number in sorted(grid))
            windows = _to_next(days, sorted(grid))
            return _composites(spacing, windows, f"They are {word}: days {said} of the month.")
    if lasts.all() or (len(numbers) == 1 and spacing.cadence >= MONTH):
        what = "the last days of months" if lasts.all() else f"day {min(numbers)} of each month"
        if stated.stamp is None:
            raise DataError(
                f"{path} has dates that are {what}, so that the months that they stand for may "
                "begin, or end, on them or have them in the middle: say which with --window 30 "
                "(they begin), --stamp last (they end) or --stamp middle; --window 0 if they are "
                "acquisitions."
            )
        return _months(spacing, stated.stamp, f"They are {what}.")
    ends = lasts | np.isin(day_of_month(days), (10, 20))
    if ends.all() and stated.stamp != "first":
        if stated.stamp is None:
            raise DataError(
                f"{path} has dates on the 10th, the 20th and the last day of months, as dekads "
                "that end on them have: say so with --stamp last, or that they begin on them with "
                "--window 10."
            )
        starts = np.where(lasts, 21, day_of_month(days) - 9)
        windows = (day_of_month(days) - starts + 1).astype(np.float64)
        return _composites(spacing, windows, "They are the last days of dekads.", windows - 1)
    return None


def _months(spacing: Spacing, stamp: Stamp, evidence: str) -> Calendar:
    """Return the calendar of composites of one month, or of several months with stamp ``first``."""
    first = spacing.days.astype("datetime64[M]")
    months = np.diff(first).astype(np.int64)
    # The number of months of one composite is the typical spacing within a sample.
    several = max(round(float(np.median(spacing.between)) / 30.44), 1)
    count = several if stamp == "first" and (months % several == 0).all() else 1
    begin = first.astype("datetime64[D]")
    windows = ((first + count).astype("datetime64[D]") - begin).astype(np.float64)
    if stamp == "first":
        return _composites(spacing, windows, evidence)
    return _composites(spacing, windows, evidence, (spacing.days - begin).astype(np.float64))


def _regular(path: object, spacing: Spacing, stated: Stated) -> Calendar | None:
    """Return the calendar of dates with a regular spacing; ``None`` for other dates.

    The typical spacing must be above `REVISIT_DAYS`, or above 1 day if the format of the table is a
    format of composites.

    Raises:
        DataError: If the dates can also be passes of one satellite.
    """
    days, cadence = spacing.days, spacing.cadence
    least = 1 if stated.declared else REVISIT_DAYS
    if len(days) < LEAST_DATES or cadence <= least:
        return None
    union = np.diff(days).astype(np.int64).astype(np.float64)
    year_step, step = spacing.year_step, spacing.step
    many = len(spacing.between) >= MANY
    if year_step > least and year_step >= step and (many or year_step == round(cadence)):
        evidence = f"They are {year_step} days apart, counted from 1 January."
        return _stamped(spacing, _following(union, year_step), evidence, stated)
    if step > least and (many or step >= 0.9 * cadence):
        if not stated.declared:
            _refuse_passes(path, spacing, step)
        evidence = f"Those of a sample are {step} days apart, from {days[0]} on."
        windows = np.full(len(days), float(step))
        return _stamped(spacing, windows, evidence, stated)
    slack = min(CALENDAR_SLACK, cadence / 2)
    alike = float(np.mean(np.abs(spacing.between - cadence) <= slack))
    together = float(np.mean(np.abs(union - cadence) <= slack)) >= CALENDAR_SHARE
    if not together and alike < CALENDAR_SHARE:
        return None
    evidence = f"{alike:.0%} of the spacings within a sample are {cadence:g} days, give or take 3."
    windows = _following(union, cadence) if together else np.full(len(days), cadence)
    return _stamped(spacing, windows, evidence, stated)


def _stamped(spacing: Spacing, windows: Floats, evidence: str, stated: Stated) -> Calendar:
    """Return the calendar of composites whose dates are the stated day of their window.

    With the stamp ``last`` every window has the median length, since `windows` then holds the days
    to the next date and not to the one before.
    """
    leads = np.zeros(len(windows))
    if stated.stamp == "middle":
        leads = windows // 2
    elif stated.stamp == "last":
        windows = np.full(len(windows), float(np.median(windows)))
        leads = windows - 1
    return _composites(spacing, windows, evidence, leads)


def _following(spacing: Floats, cadence: float) -> Floats:
    """Return the days from each date to the next one [T].

    Args:
        spacing: Days between consecutive dates [T - 1].
        cadence: Typical spacing in days. It replaces spacings that are longer by more than
            `CALENDAR_SLACK`, and is the value of the last date.
    """
    following = np.append(spacing, cadence)
    return np.where(following <= cadence + CALENDAR_SLACK, following, cadence)


def _to_next(days: Days, grid: list[int]) -> Floats:
    """Return the days from each date to the next window [T]; windows begin on days of the month.

    Args:
        days: Dates [T].
        grid: Days of the month on which windows begin, ascending; the first is 1.
    """
    number = day_of_month(days)
    month = days.astype("datetime64[M]")
    following = (month + 1).astype("datetime64[D]")
    for day in reversed(grid):
        at = month.astype("datetime64[D]") + (day - 1)
        following = np.where(number < day, at, following)
    return (following - days).astype(np.float64)


def _refuse_passes(path: object, spacing: Spacing, step: int) -> None:
    """Raise an error for dates that can be passes of one satellite as well as composites.

    These are dates with a spacing of a multiple of `ORBIT_DAYS`, unless all dates are on one grid
    that begins on 1 January.
    """
    one_grid = int(np.gcd.reduce((spacing.days - spacing.days[0]).astype(np.int64))) == step
    from_new_year = one_grid and (_day_of_year(spacing.days[:1])[0] - 1) % step == 0
    if step % ORBIT_DAYS == 0 and not from_new_year:
        raise DataError(
            f"{path}: the dates are {step} days apart from {spacing.days[0]} on, as composites are "
            f"and as the passes of one satellite: say which with --window {step} or --window 0."
        )


def _day_of_year(days: Days) -> Index:
    new_year = days.astype("datetime64[Y]").astype("datetime64[D]")
    return np.asarray((days - new_year).astype(np.int64) + 1)
