"""Refusal of a year whose season the table did not see, and what to choose instead."""

from pathlib import Path
from typing import Final

import numpy as np

from benchmark.data.ingest.domain_assignment import DomainPlan
from benchmark.data.ingest.sample_series import Observations
from benchmark.data.observation_calendar import Days, season_of
from benchmark.data.season import STEP_DAYS, WINDOW
from benchmark.data.season_coverage import LONGEST_GAP, Gap, describe
from benchmark.errors import DataError

STARTS: Final = tuple((month, 1) for month in range(1, 13))
"""Season starts that are proposed: the first of each month."""


def refuse_unseen_season(path: Path, plan: DomainPlan, observed: Observations, gap: Gap) -> None:
    """Refuse a domain whose season window has too few observations.

    Args:
        path: The table, for messages.
        plan: The domain.
        observed: What it has of the season.
        gap: What it has not.

    Raises:
        DataError: If the season was not seen; the message names the gap, the limit and a season
            start that helps, where there is one.
    """
    if not gap.too_large:
        return
    first = np.datetime64(plan.season.first) + (WINDOW.start + gap.first) * STEP_DAYS
    last = first + gap.days - 1
    where = f" (typically from {first} to {last})" if gap.days else ""
    raise DataError(
        f"{path} has for {plan.name} {describe(gap)}{where}: {_advice(plan, observed)}."
    )


def _advice(plan: DomainPlan, observed: Observations) -> str:
    rows, _ = observed.samples.rows_of(plan.members)
    values = observed.points.values[rows][:, observed.band_columns]
    days = np.unique(observed.points.days[rows][~np.isnan(values).any(axis=1)])
    windows = observed.calendar.windows
    reach = int(windows.max(initial=1)) if observed.calendar.composites else 1
    best = min(STARTS, key=lambda start: _largest_gap(days, plan.season.year, start, reach))
    if _largest_gap(days, plan.season.year, best, reach) < LONGEST_GAP:
        return (
            f"begin the year where its season is covered, with --season-start {best[0]:02d}-"
            f"{best[1]:02d}, or choose another year with --year"
        )
    return (
        f"its observations are from {days[0]} to {days[-1]}, which no start of the season of "
        f"{plan.season.year} makes whole: begin the year elsewhere with --season-start MM-DD, or "
        "choose another year with --year"
    )


def _largest_gap(days: Days, year: int, start: tuple[int, int], reach: int) -> int:
    """Return the days of the season window that pass without a date, at most."""
    season = season_of(year, start)
    begin, end = WINDOW.start * STEP_DAYS, WINDOW.stop * STEP_DAYS
    after = season.days_after_start(days)
    inside = after[(after > begin - reach) & (after < end)]
    return int(np.max(np.diff([begin, *np.clip(inside, begin, end), end])))
