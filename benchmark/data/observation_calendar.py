"""When a table was observed: the windows of its dates, and the year they fill."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.season import DAYS_PER_YEAR, STEP_DAYS, STEPS_PER_YEAR, step_centres
from benchmark.errors import UsageError

Days = npt.NDArray[np.datetime64]

LARGEST_GAP: Final = 45
"""Days without any date that a fully covered year may have: one monthly composite and a half."""

MARGIN: Final = 60
"""Days before and after the year whose observations still help to fill its ends; an observation
further off than two months says nothing of a crop."""

MIDYEAR: Final = 7
"""A season that starts in this month or later carries the year in which it ends."""


@dataclass(frozen=True)
class Season:
    """The 365 days that become the 73 steps.

    Attributes:
        year: Year of the label.
        first: First day.
    """

    year: int
    first: date

    @property
    def last(self) -> date:
        """Last day."""
        return date.fromordinal(self.first.toordinal() + DAYS_PER_YEAR - 1)

    def days_after_start(self, days: Days) -> npt.NDArray[np.int64]:
        """Return how many days after the first day each date is."""
        return (days - np.datetime64(self.first)).astype(np.int64)


@dataclass(frozen=True)
class Calendar:
    """The dates of one domain, ascending, and what each stands for.

    Attributes:
        days: Different dates [T].
        windows: Days that each date stands for, [T]; 1 for an acquisition.
        cadence: Median days between two dates of one sample.
        composites: Whether the dates are those of composites instead of acquisitions.
        leads: Days by which each window begins before its date, [T]; ``None`` is 0.
        evidence: A sentence on how this was told.
    """

    days: Days
    windows: npt.NDArray[np.float64]
    cadence: float
    composites: bool
    leads: npt.NDArray[np.float64] | None = None
    evidence: str = ""

    def starts(self, season: Season) -> npt.NDArray[np.float64]:
        """Return the begin of each window in days after the start of the season, [T]."""
        after = season.days_after_start(self.days).astype(np.float64)
        return after if self.leads is None else after - self.leads

    def positions(self, season: Season) -> npt.NDArray[np.float64]:
        """Return the middle of each window in days after the start of the season, [T]."""
        return self.starts(season) + self.windows / 2

    def columns_by_step(self, season: Season) -> list[npt.NDArray[np.intp]]:
        """Return the dates that observe each of the 73 steps.

        A composite observes the steps whose centre its window holds, an acquisition the step that
        it falls in.
        """
        start = self.starts(season)
        if self.composites:
            return [
                np.flatnonzero((start <= centre) & (centre < start + self.windows))
                for centre in step_centres()
            ]
        steps = np.floor(start / STEP_DAYS)
        return [np.flatnonzero(steps == step) for step in range(STEPS_PER_YEAR)]

    def within(self, season: Season, margin: int = MARGIN) -> "Calendar":
        """Return the part of the calendar in and around a season."""
        after = season.days_after_start(self.days)
        keep = (after >= -margin) & (after < DAYS_PER_YEAR + margin)
        leads = None if self.leads is None else self.leads[keep]
        return replace(self, days=self.days[keep], windows=self.windows[keep], leads=leads)


def parse_season_start(text: str) -> tuple[int, int]:
    """Return month and day of ``MM-DD``.

    Raises:
        UsageError: If it is no day of every year.
    """
    match = re.fullmatch(r"(\d{2})-(\d{2})", text)
    if match is not None:
        month, day = int(match[1]), int(match[2])
        try:
            date(2023, month, day)  # no leap year, so that 29 February is refused
        except ValueError:
            pass
        else:
            return month, day
    raise UsageError(
        f"'{text}' is no season start: write month and day of any year, such as 10-01."
    )


def season_of(year: int, start: tuple[int, int]) -> Season:
    """Return the season of a label year.

    A season that starts before July starts in the label's year; one that starts in July or later
    ends in it, so that the year is the year of the harvest: 2023 with start 10-01 runs from
    2022-10-01 to 2023-09-30.
    """
    month, day = start
    return Season(year, date(year - 1 if month >= MIDYEAR else year, month, day))


def covered_years(days: Days, cadence: float, start: tuple[int, int]) -> list[int]:
    """Return the years whose season has dates throughout.

    Args:
        days: Different dates of the table, ascending, [T].
        cadence: Median days between two dates of one sample.
        start: Month and day at which a season starts.
    """
    first = int(days[0].astype("datetime64[Y]").astype(int)) + 1970
    last = int(days[-1].astype("datetime64[Y]").astype(int)) + 1970
    limit = max(LARGEST_GAP, 1.5 * cadence)
    return [
        year
        for year in range(first, last + 2)
        if _largest_gap(season_of(year, start).days_after_start(days)) <= limit
    ]


def _largest_gap(after: npt.NDArray[np.int64]) -> int:
    inside = after[(after >= 0) & (after < DAYS_PER_YEAR)]
    return int(np.diff([0, *inside, DAYS_PER_YEAR]).max())


def choose_year(
    source: str,
    *,
    asked: int | None,
    labels: Sequence[int],
    covered: Sequence[int],
    dates: Days,
) -> int:
    """Choose the year of a table, or say why there is no one choice.

    Args:
        source: Name of the table, for messages.
        asked: Year that the user wants, or ``None``.
        labels: Years of the ``year`` column, empty where there is none.
        covered: Years that the dates cover.
        dates: Different dates of the table, ascending, [T], for messages.

    Raises:
        UsageError: If the year is ambiguous, or not one of the labels' years.
    """
    if asked is not None:
        if labels and asked not in labels:
            raise UsageError(f"{source} has no labels of {asked}: its years are {_list(labels)}.")
        return asked
    candidates = labels or covered
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        what = "labels" if labels else "dates"
        raise UsageError(
            f"{source} has {what} of {_list(candidates)}: choose one with --year or, for a domain "
            f"of each, give each year of a sample an id of its own, such as p1-{candidates[0]}."
        )
    raise UsageError(
        f"{source} has no year with dates throughout, but {len(dates)} dates from {dates[0]} to "
        f"{dates[-1]}{_gap(dates)}: choose where the year starts with --season-start, or the year "
        "with --year."
    )


def _gap(dates: Days) -> str:
    """Say the largest gap between dates, where it is more than a covered year may have."""
    gaps = np.diff(dates).astype(np.int64)
    if not len(gaps) or gaps.max() <= LARGEST_GAP:
        return ""
    place = int(gaps.argmax())
    return f" with none between {dates[place]} and {dates[place + 1]}"


def _list(years: Sequence[int]) -> str:
    return ", ".join(str(year) for year in years)
