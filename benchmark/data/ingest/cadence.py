"""Composites or acquisitions, and which days each date stands for: told from the spacing."""

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
"""Share of the spacings that must be regular for the dates to be a calendar of composites."""

REVISIT_DAYS: Final = 5
"""Revisit of the two Sentinel-2 satellites; regular dates further apart are composites."""

ORBIT_DAYS: Final = 10
"""Days after which one Sentinel-2 satellite passes again."""

LEAST_DATES: Final = 3
"""Different dates below which a spacing says nothing."""

MANY: Final = 10
"""Spacings from which on a common divisor is no accident, although some dates are absent."""

MONTH: Final = 28
"""Days of the shortest month."""


@dataclass(frozen=True)
class Spacing:
    """How the dates of a domain are spaced.

    Attributes:
        days: Different dates, ascending [T].
        between: Days between two consecutive dates of a sample, of all samples [D].
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
        """Largest number of days of which every spacing within a sample is a multiple."""
        return int(np.gcd.reduce(self.between)) if len(self.between) else 0

    @property
    def year_step(self) -> int:
        """Largest number of days of which every date is a multiple away from 1 January."""
        return int(np.gcd.reduce(_day_of_year(self.days) - 1))


@dataclass(frozen=True)
class Stated:
    """What is known of the dates beside the dates.

    Attributes:
        declared: Whether the format of the table is one of composites.
        timed: Whether the time of day shows acquisitions.
        unclear: Whether the time of day may be a time zone's midnight or not.
        window: Length of the composites in days as the user states it, 0 for acquisitions;
            ``None`` detects it.
        stamp: Which day of its window a date is, as the user states it, or ``None``.
    """

    declared: bool = False
    timed: bool = False
    unclear: bool = False
    window: float | None = None
    stamp: Stamp | None = None


def spacing_of(days: Days, owner: Index) -> Spacing:
    """Return how the dates of some samples are spaced.

    Args:
        days: Date of each row, those of a sample together and ascending [R].
        owner: Number of each row's sample, from 0 on [R].
    """
    within = owner[1:] == owner[:-1]
    between = np.diff(days).astype(np.int64)[within]
    starts = np.concatenate([[True], ~within]) if len(days) else np.zeros(0, bool)
    first = days[starts][owner] if len(days) else days
    offsets = (days - first).astype(np.int64)
    return Spacing(np.unique(days), between[between > 0], offsets)


def conclude_calendar(path: object, spacing: Spacing, stated: Stated) -> Calendar:
    """Tell composites from acquisitions, and the window of each composite.

    Args:
        path: The table, for messages.
        spacing: How the dates are spaced.
        stated: What is known beside that.

    Returns:
        The calendar, with the evidence for it.

    Raises:
        DataError: If the dates fit two readings; the message names the options that settle it.
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
    count = len(spacing.days)
    return Calendar(
        spacing.days, np.ones(count), spacing.cadence, composites=False, evidence=evidence
    )


def _composites(
    spacing: Spacing, windows: Floats, evidence: str, leads: Floats | None = None
) -> Calendar:
    return Calendar(
        spacing.days,
        windows.astype(np.float64),
        spacing.cadence,
        composites=True,
        leads=np.zeros(len(windows)) if leads is None else leads.astype(np.float64),
        evidence=evidence,
    )


def _declared(spacing: Spacing, stated: Stated) -> Calendar:
    """Return the calendar of a window that the user states."""
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
    """Read dates that are named days of the month: months, half months and dekads."""
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
    """Return the calendar of composites of one or several months."""
    first = spacing.days.astype("datetime64[M]")
    months = np.diff(first).astype(np.int64)
    # The months of one composite: what the spacings within a sample have in common.
    several = max(round(float(np.median(spacing.between)) / 30.44), 1)
    count = several if stamp == "first" and (months % several == 0).all() else 1
    begin = first.astype("datetime64[D]")
    windows = ((first + count).astype("datetime64[D]") - begin).astype(np.float64)
    if stamp == "first":
        return _composites(spacing, windows, evidence)
    return _composites(spacing, windows, evidence, (spacing.days - begin).astype(np.float64))


def _regular(path: object, spacing: Spacing, stated: Stated) -> Calendar | None:
    """Read dates that are a fixed number of days apart, or nearly so."""
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
    leads = np.zeros(len(windows))
    if stated.stamp == "middle":
        leads = windows // 2
    elif stated.stamp == "last":
        windows = np.full(len(windows), float(np.median(windows)))
        leads = windows - 1
    return _composites(spacing, windows, evidence, leads)


def _following(spacing: Floats, cadence: float) -> Floats:
    """Return the days from each date to the next, where that is no gap."""
    following = np.append(spacing, cadence)
    return np.where(following <= cadence + CALENDAR_SLACK, following, cadence)


def _to_next(days: Days, grid: list[int]) -> Floats:
    """Return the days from each date to the next day of a grid of days of the month."""
    number = day_of_month(days)
    month = days.astype("datetime64[M]")
    following = (month + 1).astype("datetime64[D]")
    for day in reversed(grid):
        at = month.astype("datetime64[D]") + (day - 1)
        following = np.where(number < day, at, following)
    return (following - days).astype(np.float64)


def _refuse_passes(path: object, spacing: Spacing, step: int) -> None:
    """Refuse dates that fit one satellite's orbit and not windows that begin with a year."""
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
