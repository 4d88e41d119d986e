"""From the rows of a point table to samples, and from their dates to gap-free years."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.compositing import CHUNK, observed_steps, to_year_grid
from benchmark.data.ingest.point_table import PointTable, Words
from benchmark.data.observation_calendar import Calendar, Season, make_calendar
from benchmark.data.season import DAYS_PER_YEAR, STEPS_PER_YEAR, FloatArray
from benchmark.errors import DataError

MIN_BAND_COVER: Final = 0.5
"""A band that is observed on less than this share of the dates of the best-observed band is left
out: a date counts only if every band has it, so that such a band would cost most dates."""

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Samples:
    """The samples of a table and what is constant in each.

    Attributes:
        names: Id of each sample [S].
        label: Word number of its label code [S], -1 without one.
        region: Word number of its region [S], or ``None``.
        year: Year of its label [S], or ``None``.
        longitude: Degrees east [S], or ``None``.
        latitude: Degrees north [S], or ``None``.
        order: Row numbers of the table sorted by sample and date [R].
        starts: Where each sample starts in `order` [S + 1].
    """

    names: npt.NDArray[np.str_]
    label: Index
    region: Index | None
    year: Index | None
    longitude: npt.NDArray[np.float64] | None
    latitude: npt.NDArray[np.float64] | None
    order: Index
    starts: Index

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.names)

    def rows_of(self, members: Index) -> tuple[Index, Index]:
        """Return the table rows of some samples, by date, and which of the samples each is of."""
        counts = self.starts[members + 1] - self.starts[members]
        owner = np.repeat(np.arange(len(members)), counts)
        first = np.cumsum(counts) - counts
        within = np.arange(len(owner)) - first[owner]
        return self.order[self.starts[members][owner] + within], owner

    def place(
        self, members: Index
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
        """Return longitude and latitude of some samples if all of them have both."""
        if self.longitude is None or self.latitude is None:
            return None
        east, north = self.longitude[members], self.latitude[members]
        return (east, north) if np.isfinite(east + north).all() else None


def gather_samples(points: PointTable) -> Samples:
    """Group the rows of a table by sample.

    Raises:
        DataError: If a sample has a date twice, or two labels or regions.
    """
    sample = points.sample.row
    order = np.lexsort((points.days, sample))
    ordered, days = sample[order], points.days[order]
    twice = (ordered[1:] == ordered[:-1]) & (days[1:] == days[:-1])
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise DataError(
            f"{points.path} has the date {days[row]} twice for sample "
            f"{points.sample.values[ordered[row]]}: keep one row per sample and date."
        )
    starts = np.searchsorted(ordered, np.arange(len(points.sample.values) + 1))
    first = order[starts[:-1]]
    longitude = None if points.longitude is None else points.longitude[first]
    latitude = None if points.latitude is None else points.latitude[first]
    return Samples(
        names=np.array(points.sample.values),
        label=_constant(points, points.label, first, points.columns.label),
        region=(
            None
            if points.region is None
            else _constant(points, points.region, first, points.columns.region or "region")
        ),
        year=_label_years(points, first),
        longitude=longitude,
        latitude=latitude,
        order=order,
        starts=starts,
    )


def _constant(points: PointTable, words: Words, first: Index, column: str) -> Index:
    value = words.row[first]
    differs = words.row != value[points.sample.row]
    if differs.any():
        row = int(np.flatnonzero(differs)[0])
        sample = points.sample.values[points.sample.row[row]]
        raise DataError(f"{points.path} has two values of {column} for sample {sample}: give one.")
    return value


def _label_years(points: PointTable, first: Index) -> Index | None:
    """Return the years of the labels; a year that differs within a sample is that of the date."""
    if points.year is None or (points.year.row < 0).any():
        return None
    value = points.year.row[first]
    if (points.year.row != value[points.sample.row]).any():
        return None
    try:
        # A column of whole numbers with a gap is written with decimals: 2021.0.
        years = np.array([int(text.removesuffix(".0")) for text in points.year.values], np.int64)
    except ValueError as error:
        raise DataError(
            f"{points.path} has {', '.join(points.year.values[:3])} in column "
            f"{points.columns.year} where years belong."
        ) from error
    return years[value]


def cadence_of(points: PointTable, rows: Index, owner: Index) -> float:
    """Return the median days between two dates of one sample; 0 if none has two dates."""
    days = points.days[rows]
    spacing = np.diff(days).astype(np.int64)[owner[1:] == owner[:-1]]
    return float(np.median(spacing)) if len(spacing) else 0.0


@dataclass(frozen=True)
class Observations:
    """What one domain has of a season.

    Attributes:
        points: The table.
        samples: Its samples.
        season: The year.
        calendar: The dates in and around the season.
        bands: Names of the bands that are kept.
        left_out: Bands that the table has but that are nearly empty.
        band_columns: Their columns in ``points.values``.
    """

    points: PointTable
    samples: Samples
    season: Season
    calendar: Calendar
    bands: tuple[str, ...]
    left_out: tuple[str, ...]
    band_columns: Index

    def counts(self, members: Index) -> Index:
        """Return how many dates of the season each sample is observed on in every band, [N]."""
        rows, owner = self.samples.rows_of(members)
        after = self.season.days_after_start(self.points.days[rows])
        clear = ~np.isnan(self.points.values[rows][:, self.band_columns]).any(axis=1)
        clear &= len(self.bands) > 0
        clear &= (after >= 0) & (after < DAYS_PER_YEAR)
        return np.bincount(owner[clear], minlength=len(members))

    def composite(
        self, members: Index, done: Callable[[int], None]
    ) -> tuple[FloatArray, float, tuple[float, ...]]:
        """Fill the 73 steps of some samples.

        Args:
            members: Numbers of the samples [N].
            done: Called with the number of samples filled so far.

        Returns:
            Series [N, B, 73]; the share of missing observations in the season; that share by step.
        """
        positions = self.calendar.positions(self.season)
        by_step = self.calendar.columns_by_step(self.season)
        after = self.season.days_after_start(self.calendar.days)
        in_season = np.flatnonzero((after >= 0) & (after < DAYS_PER_YEAR))
        series = np.empty((len(members), len(self.bands), STEPS_PER_YEAR), dtype=np.float32)
        seen_dates, seen_steps = 0, np.zeros(STEPS_PER_YEAR)
        for start in range(0, len(members), CHUNK):
            chunk = members[start : start + CHUNK]
            cube = self._cube(chunk)
            series[start : start + CHUNK] = to_year_grid(cube, positions)
            seen = observed_steps(cube)
            seen_dates += int(seen[:, in_season].sum())
            seen_steps += [int(seen[:, columns].any(axis=1).sum()) for columns in by_step]
            done(start + len(chunk))
        missing = 1 - seen_steps / len(members)
        share = (
            1 - seen_dates / (len(members) * len(in_season))
            if self.calendar.composites
            else float(missing.mean())
        )
        return series, share, tuple(round(float(value), 4) for value in missing)

    def _cube(self, members: Index) -> FloatArray:
        """Return the observations of some samples on the calendar, [N, B, T], NaN where none is."""
        cube = np.full(
            (len(members), len(self.bands), len(self.calendar.days)), np.nan, dtype=np.float32
        )
        rows, owner = self.samples.rows_of(members)
        column = np.searchsorted(self.calendar.days, self.points.days[rows])
        column = np.minimum(column, len(self.calendar.days) - 1)
        inside = self.calendar.days[column] == self.points.days[rows]
        values = self.points.values[rows[inside]][:, self.band_columns]
        cube[owner[inside], :, column[inside]] = values
        return cube


def observe(
    points: PointTable, samples: Samples, members: Index, season: Season, window: float | None
) -> Observations:
    """Find the dates and the bands that one domain has of a season.

    Args:
        points: The table, its values already reflectance.
        samples: Its samples.
        members: Numbers of the domain's samples [N].
        season: The year.
        window: Days of each composite as the user states it, or ``None``.

    Returns:
        Its observations; a domain without any date in the season has an empty calendar.
    """
    rows, owner = samples.rows_of(members)
    days = points.days[rows]
    calendar = make_calendar(
        np.unique(days),
        cadence_of(points, rows, owner),
        declared=points.columns.level is not None,
        timed=points.timed,
        window=window,
    ).within(season)
    around = np.isin(days, calendar.days)
    seen = np.count_nonzero(~np.isnan(points.values[rows[around]]), axis=0)
    kept = (seen > 0) & (seen >= MIN_BAND_COVER * seen.max(initial=0))
    names = np.array(list(points.columns.bands))
    return Observations(
        points=points,
        samples=samples,
        season=season,
        calendar=calendar,
        bands=tuple(names[kept].tolist()),
        left_out=tuple(names[~kept].tolist()),
        band_columns=np.flatnonzero(kept),
    )
