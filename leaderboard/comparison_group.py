"""Comparison groups: methods that may be compared, with scores, intervals, ranks and reference."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from benchmark.errors import UsageError, did_you_mean
from benchmark.task.tracks import Track
from benchmark.task.transfers import RELATIONS
from leaderboard.code_labels import name_of, newest_labels
from leaderboard.machine import machine_of
from leaderboard.results import VERIFICATIONS, Results, Verification, row_key
from leaderboard.score_frames import ComparableRows, comparable_rows, score_frame, transfer_frame
from leaderboard.statistics.intervals import LEVEL, Draws, Interval, interval, mean_of
from leaderboard.statistics.ranking import CriticalDifference, critical_difference, ranks, win_rates

REFERENCE: Final = "median.random-forest"
"""Default method with which others are compared: the paper's simplest baseline."""

RANKED_BY: Final = "macro_f1"
"""The score that ranks methods."""


@dataclass(frozen=True, eq=False)
class ComparisonGroup:
    """Comparable rows with everything that tables show about them.

    Attributes:
        comparable: Comparable rows.
        results: Results that contain them.
        reference: Label of the method with which the others are compared; ``None`` if it does not
            have every transfer.
        oracle: Best mean macro-F1 of the oracle track on the same transfers; ``None`` if there is
            no such track.
    """

    comparable: ComparableRows
    results: Results
    reference: str | None = None
    oracle: float | None = None
    _kept: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of each method's name, one for each code, the newest first."""
        return newest_labels(self.comparable.rows)

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of the method of each label."""
        return {row.method: name_of(row) for row in self.comparable.rows}

    def label(self, name: str) -> str:
        """Return the label of the newest code of a name; the name itself if it has no row."""
        return self.labels.get(name, (name,))[0]

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One line per scored row of a transfer."""
        return score_frame(self.comparable)

    @cached_property
    def transfers(self) -> pd.DataFrame:
        """One line per method and transfer."""
        return transfer_frame(self.scores)

    @cached_property
    def grid(self) -> pd.DataFrame:
        """Macro-F1 by method and transfer, of the methods that have every transfer."""
        names = [name for _, name in self.comparable.transfers]
        table = self.transfers.pivot_table(index="method", columns="transfer", values=RANKED_BY)
        return table.reindex(columns=names).dropna()

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Gap (in-domain minus target) by method and relation, as mean over the transfers.

        It is NaN for a method that lacks one of the transfers. A relation without any value is left
        out.
        """
        cells = self.transfers.pivot_table(
            index="method", columns="transfer", values="gap", dropna=False
        )
        names: dict[str, list[str]] = {}
        for relation, transfer in self.comparable.transfers:
            names.setdefault(relation, []).append(transfer)
        means = {
            relation: cells.reindex(columns=members).mean(axis=1, skipna=False)
            for relation, members in names.items()
        }
        return pd.DataFrame(means, index=cells.index).dropna(axis=1, how="all")

    @cached_property
    def critical(self) -> CriticalDifference | None:
        """The critical difference of the average ranks of the methods in `grid`."""
        return critical_difference(self.grid.to_numpy())

    @cached_property
    def _ranks(self) -> pd.DataFrame:
        values = self.grid.to_numpy()
        return pd.DataFrame(
            {"rank": ranks(values).mean(axis=1), "wins": win_rates(values)}, index=self.grid.index
        )

    @cached_property
    def _confirmed(self) -> dict[str, float]:
        scored = [row for row in self.comparable.rows if row.scores is not None]
        found: dict[str, list[bool]] = {}
        for row in scored:
            found.setdefault(row.method, []).append(row_key(row) in self.results.confirmed)
        return {method: float(np.mean(flags)) for method, flags in found.items()}

    def average_rank(self, method: str) -> float:
        """Return the mean rank over transfers; NaN for a method that lacks a transfer."""
        return float(self._ranks["rank"].get(method, np.nan))

    def win_rate(self, method: str) -> float:
        """Return the share of comparisons won; NaN for a method that lacks a transfer."""
        return float(self._ranks["wins"].get(method, np.nan))

    def confirmed_share(self, method: str) -> float:
        """Return the share of a method's scored rows whose stored predictions give their scores."""
        return self._confirmed[method]

    def verification(self, method: str) -> Verification:
        """Return what another person has checked of a method's rows."""
        return self.results.verification.get(method, VERIFICATIONS[0])

    def origin(self, method: str) -> str:
        """Return the origin of a method's scored rows: ``run``, ``reference`` or both."""
        return self._origins[method]

    def machines(self, method: str) -> tuple[str, ...]:
        """Return the machines on which a method's costs were measured."""
        return self._machines.get(method, ())

    @cached_property
    def _machines(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for row in self.comparable.rows:
            if row.scores is not None:
                found.setdefault(row.method, set()).add(machine_of(row))
        return {method: tuple(sorted(names)) for method, names in found.items()}

    @cached_property
    def _origins(self) -> dict[str, str]:
        found: dict[str, set[str]] = {}
        for row in self.comparable.rows:
            if row.scores is not None:
                origin = "reference" if row_key(row) in self.results.references else "run"
                found.setdefault(row.method, set()).add(origin)
        return {method: " and ".join(sorted(origins)) for method, origins in found.items()}

    def mean(self, method: str, name: str) -> float:
        """Return the mean of a score over transfers, for a method that has all of them."""
        return float(self.transfers.loc[self.transfers["method"] == method, name].mean())

    def draws(self, method: str, transfer: str, name: str) -> Draws | None:
        """Return the resampled values of a metric in one cell; ``None`` without predictions."""
        cell = (*self.comparable.key, self.comparable.track, method, transfer)
        found = self.results.draws.get(cell)
        return None if found is None else found[name]

    def mean_draws(self, method: str, name: str) -> Draws | None:
        """Return the resampled means over all transfers; ``None`` if a transfer has no values."""
        found = [self.draws(method, transfer, name) for _, transfer in self.comparable.transfers]
        known = [values for values in found if values is not None]
        return mean_of(known) if known and len(known) == len(found) else None

    def interval(self, draws: Draws, point: float, level: float = LEVEL) -> Interval:
        """Return the interval of a statistic.

        Args:
            draws: Its resampled values.
            point: Its value on the samples.
            level: Coverage.
        """
        return interval(draws, point, level)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """What was resampled: ``blocks``, ``samples``, both (in different cells) or nothing."""
        key = (*self.comparable.key, self.comparable.track)
        return tuple(
            sorted({unit for cell, unit in self.results.units.items() if cell[: len(key)] == key})
        )


Made = TypeVar("Made")


def once_for_each_group(
    make: Callable[[ComparisonGroup], Made],
) -> Callable[[ComparisonGroup], Made]:
    """Keep what a function makes of a group for as long as the group lives.

    Args:
        make: A function of a group alone; its result is shared, so nobody may change it.

    Returns:
        The function, which computes once for each group.
    """

    @wraps(make)
    def kept(group: ComparisonGroup) -> Made:
        if make not in group._kept:
            group._kept[make] = make(group)
        found: Made = group._kept[make]
        return found

    return kept


def comparison_groups(
    results: Results, reference: str | None = None
) -> tuple[ComparisonGroup, ...]:
    """Divide results into groups of methods that may be compared.

    Args:
        results: Results of runs.
        reference: Name or label of the method with which the others are compared; by default
            `REFERENCE`.

    Returns:
        One group for each dataset, protocol, metrics version and track; kept with the results, so
        that what tables and figures make of a group is made once.

    Raises:
        UsageError: If the named reference has no row.
    """
    names = {name for row in results.rows for name in (row.method, name_of(row))}
    if reference is not None and reference not in names:
        raise UsageError(f"No row of method '{reference}': {did_you_mean(reference, names)}")
    chosen = reference or REFERENCE
    if chosen not in results.kept:
        found = comparable_rows(results.rows, RELATIONS)
        results.kept[chosen] = tuple(_make_group(one, found, results, chosen) for one in found)
    groups: tuple[ComparisonGroup, ...] = results.kept[chosen]
    return groups


def beside(group: ComparisonGroup, track: Track) -> ComparisonGroup | None:
    """Return the group of another track on the same dataset and protocol; ``None`` without one."""
    known = comparison_groups(group.results)
    same = (other for other in known if other.comparable.key == group.comparable.key)
    return next((other for other in same if other.comparable.track == track), None)


def _make_group(
    comparable: ComparableRows, others: Iterable[ComparableRows], results: Results, reference: str
) -> ComparisonGroup:
    bare = ComparisonGroup(comparable, results)
    oracle = next((s for s in others if s.key == comparable.key and s.track == "oracle"), None)
    best = None
    if oracle is not None and oracle.transfers == comparable.transfers:
        grid = ComparisonGroup(oracle, results).grid
        best = float(grid.mean(axis=1).max()) if len(grid) else None
    wanted = (reference, *bare.labels.get(reference, ()))
    label = next((label for label in wanted if label in bare.grid.index), None)
    return ComparisonGroup(comparable, results, label, best)


def base_of(name: str, others: Iterable[str]) -> str | None:
    """Return the name of the method that a method varies, such as ``cropnet`` for ``cropnet.aug``.

    Args:
        name: Name of the method, without a mark of its code.
        others: Names of other methods.

    Returns:
        The longest of the other names that `name` extends by a dot and more; ``None`` without one.
    """
    parts = name.split(".")
    shorter = (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    known = frozenset(others)
    return next((name for name in shorter if name in known), None)
