"""From the rows of a point table to samples, and from their dates to gap-free years."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.compositing import CHUNK, observed_steps, to_year_grid
from benchmark.data.ingest.cadence import Stamp, Stated, conclude_calendar, spacing_of
from benchmark.data.ingest.cell_values import Words
from benchmark.data.ingest.point_table import PointTable
from benchmark.data.observation_calendar import Calendar, Season
from benchmark.data.season import DAYS_PER_YEAR, STEPS_PER_YEAR, FloatArray
from benchmark.data.season_coverage import Gap, gap_of_samples, spread_by, window_steps
from benchmark.errors import DataError

MIN_BAND_COVER: Final = 0.5
"""A band that is observed on less than this share of the dates of the best-observed band is left
out: a date counts only if every band has it, so that such a band would cost most dates."""

SAME_PLACE: Final = 0.001
"""Degrees, about 100 m, within which two places of a sample are one, written differently."""

Index = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


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


def gather_samples(points: PointTable) -> tuple[PointTable, Samples]:
    """Group the rows of a table by sample.

    Where a sample has several years, each with a label of its own, every year is a sample. A row
    without any observation is left out where another row of its sample has the same date.

    Returns:
        The table with the rows that count, and the samples.

    Raises:
        DataError: If a sample has a date twice, two places, or two labels or regions.
    """
    points = _sample_of_each_year(points)
    points = _without_empty_repeats(points)
    sample = points.sample.row
    order = np.lexsort((points.days, sample))
    ordered, days = sample[order], points.days[order]
    twice = (ordered[1:] == ordered[:-1]) & (days[1:] == days[:-1])
    if twice.any():
        _refuse_repeat(points, order, int(np.flatnonzero(twice)[0]))
    starts = np.searchsorted(ordered, np.arange(len(points.sample.values) + 1))
    first = order[np.minimum(starts[:-1], len(order) - 1)]
    longitude, latitude = _places(points)
    if points.reference is not None:
        _constant(points, points.reference, first, points.columns.reference or "ref_id")
    return points, Samples(
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


def _refuse_repeat(points: PointTable, order: Index, place: int) -> None:
    """Say that a sample has a date twice, or stands at two places."""
    row, other = int(order[place]), int(order[place + 1])
    _places(points)  # rows of two fields with one id are told by that first
    codes = points.label.row[[row, other]]
    advice = "keep one row per sample and date"
    if codes[0] != codes[1] and (codes >= 0).all():
        first, second = (points.label.values[code] for code in codes)
        advice = (
            f"its rows have the {points.columns.label} {first} and {second}: ingest each season "
            "as a domain of its own, from a table that has one of them"
        )
    raise DataError(
        f"{points.path} has the date {points.days[row]} twice for sample "
        f"{points.sample.values[points.sample.row[other]]}: {advice}."
    )


def _sample_of_each_year(points: PointTable) -> PointTable:
    """Make a sample of each year of a sample whose label differs between its years."""
    if points.year is None or (points.year.row < 0).any():
        return points
    sample, year, label = points.sample.row, points.year.row, points.label.row
    pairs, group = np.unique(np.stack([sample, year]), axis=1, return_inverse=True)
    group = group.reshape(-1)
    if pairs.shape[1] == len(np.unique(sample)):
        return points

    def labels_in(members: Index) -> int:
        return int(np.unique(np.stack([members, label]), axis=1).shape[1])

    if labels_in(sample) == len(np.unique(sample)) or labels_in(group) != pairs.shape[1]:
        return points
    names = tuple(
        f"{points.sample.values[s]}-{points.year.values[y].removesuffix('.0')}" for s, y in pairs.T
    )
    if len(set(names)) != len(names):
        return points
    return replace(points, sample=Words(group.astype(np.int64), names))


def _without_empty_repeats(points: PointTable) -> PointTable:
    """Leave out rows without any observation beside another row of the same sample and date."""
    sample, days = points.sample.row, points.days
    order = np.lexsort((days, sample))
    same = (sample[order][1:] == sample[order][:-1]) & (days[order][1:] == days[order][:-1])
    if not same.any():
        return points
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.concatenate([[0], np.cumsum(~same)])
    seen = ~np.isnan(points.values).all(axis=1)
    some_seen = np.bincount(number, weights=seen) > 0
    keep = seen | ~some_seen[number]
    # Of several rows that are all empty, the first stays.
    empty = np.flatnonzero(~seen & keep)
    _, first = np.unique(number[empty], return_index=True)
    keep[empty] = False
    keep[empty[first]] = True
    return points if keep.all() else points.keep(keep)


def _places(points: PointTable) -> tuple[Floats | None, Floats | None]:
    """Return the place of each sample, [S] twice; NaN where none of its rows has one.

    Raises:
        DataError: If a sample stands at two places.
    """
    if points.longitude is None or points.latitude is None:
        return None, None
    sample = points.sample.row
    found = np.isfinite(points.longitude + points.latitude)
    rows = np.flatnonzero(found)
    east, north = np.full((2, len(points.sample.values)), np.nan)
    # The first row of each sample that has a place: later ones are written first.
    east[sample[rows[::-1]]] = points.longitude[rows[::-1]]
    north[sample[rows[::-1]]] = points.latitude[rows[::-1]]
    away_east = np.abs(points.longitude - east[sample])
    away = np.fmax(np.fmin(away_east, 360 - away_east), np.abs(points.latitude - north[sample]))
    apart = found & (away > SAME_PLACE)
    if apart.any():
        row = int(np.flatnonzero(apart)[0])
        which = sample[row]
        raise DataError(
            f"{points.path}: sample {points.sample.values[which]} stands at two places (lon "
            f"{east[which]:g}, lat {north[which]:g} and lon {points.longitude[row]:g}, lat "
            f"{points.latitude[row]:g}): give each place a sample id of its own."
        )
    return east, north


def _constant(points: PointTable, words: Words, first: Index, column: str) -> Index:
    value = words.row[first]
    differs = words.row != value[points.sample.row]
    if differs.any():
        row = int(np.flatnonzero(differs)[0])
        sample = points.sample.values[points.sample.row[row]]
        years = column == points.columns.label and points.year is None
        advice = ", or a column year if its crop changes from year to year" if years else ""
        raise DataError(
            f"{points.path} has two values of {column} for sample {sample}: give one{advice}."
        )
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
    ) -> tuple[FloatArray, tuple[float, ...], Gap]:
        """Fill the 73 steps of some samples.

        Args:
            members: Numbers of the samples [N].
            done: Called with the number of samples filled so far.

        Returns:
            Series [N, B, 73]; the share of samples without observation by step; what is not
            observed of the season window.
        """
        positions = self.calendar.positions(self.season)
        by_step = self.calendar.columns_by_step(self.season)
        series = np.empty((len(members), len(self.bands), STEPS_PER_YEAR), dtype=np.float32)
        seen_steps = np.zeros((len(members), STEPS_PER_YEAR), dtype=np.bool_)
        for start in range(0, len(members), CHUNK):
            chunk = slice(start, min(start + CHUNK, len(members)))
            cube = self._cube(members[chunk])
            series[chunk] = to_year_grid(cube, positions)
            seen = observed_steps(cube)
            for step, columns in enumerate(by_step):
                seen_steps[chunk, step] = seen[:, columns].any(axis=1)
            done(chunk.stop)
        missing = 1 - seen_steps.mean(axis=0)
        # A composite covers the steps of its window; an acquisition those until the next pass.
        reach = 0 if self.calendar.composites else spread_by(self.calendar.cadence)
        return (
            series,
            tuple(round(float(value), 4) for value in missing),
            gap_of_samples(seen_steps[:, window_steps()], reach),
        )

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
    points: PointTable,
    samples: Samples,
    members: Index,
    season: Season,
    *,
    window: float | None,
    stamp: Stamp | None,
) -> Observations:
    """Find the dates and the bands that one domain has of a season.

    Args:
        points: The table, its values already reflectance.
        samples: Its samples.
        members: Numbers of the domain's samples [N].
        season: The year.
        window: Days of each composite as the user states it, or ``None``.
        stamp: Which day of its window a date is as the user states it, or ``None``.

    Returns:
        Its observations; a domain without any date in the season has an empty calendar.

    Raises:
        DataError: If its dates fit two readings.
    """
    rows, owner = samples.rows_of(members)
    stated = Stated(
        declared=points.columns.composites,
        timed=points.timed,
        unclear=points.unclear,
        window=window,
        stamp=stamp,
    )
    spacing = spacing_of(points.days[rows], owner)
    calendar = conclude_calendar(points.path, spacing, stated).within(season)
    around = np.isin(points.days[rows], calendar.days)
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
