"""Methods that may be compared: a section's scores, intervals, ranks and reference."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from benchmark.errors import UsageError, did_you_mean
from benchmark.task.methods import Track
from benchmark.task.transfers import RELATIONS
from leaderboard.code_labels import name_of, newest_labels
from leaderboard.machine import machine_of
from leaderboard.results import VERIFICATIONS, Results, Verification, row_key
from leaderboard.score_frames import ComparableRows, comparable_rows, score_frame, transfer_frame
from leaderboard.statistics.bootstrap import LEVEL, Draws, Interval, interval, mean_of
from leaderboard.statistics.ranking import CriticalDifference, critical_difference, ranks, win_rates

REFERENCE: Final = "median.random-forest"
"""What others are compared with unless told otherwise: the paper's simplest baseline."""


@dataclass(frozen=True, eq=False)
class ComparisonGroup:
    """A section with all that its columns need.

    Attributes:
        comparable: Comparable rows.
        results: Where they come from.
        reference: Label of the method that the others are compared with; ``None`` if it has not
            every transfer.
        oracle: Best mean macro-F1 of the oracle track on the same transfers; ``None`` without one.
    """

    comparable: ComparableRows
    results: Results
    reference: str | None = None
    oracle: float | None = None

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Labels of each method's name, one for each code, that of the newest first."""
        return newest_labels(self.comparable.rows)

    @cached_property
    def names(self) -> dict[str, str]:
        """Name of the method that each label stands for."""
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
        table = self.transfers.pivot_table(index="method", columns="transfer", values="macro_f1")
        return table.reindex(columns=names).dropna()

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """In-domain less target by method and relation, means over the relation's transfers.

        NaN for a method that lacks one of them; without the relations where all do.
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
        """Whether average ranks of the grid's methods differ by more than chance."""
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
        """Mean rank over transfers; NaN for a method that lacks one."""
        return float(self._ranks["rank"].get(method, np.nan))

    def win_rate(self, method: str) -> float:
        """Share of comparisons won; NaN for a method that lacks a transfer."""
        return float(self._ranks["wins"].get(method, np.nan))

    def confirmed_share(self, method: str) -> float:
        """Share of a method's scored rows that stored predictions confirm."""
        return self._confirmed[method]

    def verification(self, method: str) -> Verification:
        """What somebody else has checked of a method's rows."""
        return self.results.verification.get(method, VERIFICATIONS[0])

    def origin(self, method: str) -> str:
        """Where a method's scored rows come from: ``run``, ``reference`` or both."""
        return self._origins[method]

    def machines(self, method: str) -> tuple[str, ...]:
        """Machines that a method's costs were measured on."""
        rows = (row for row in self.comparable.rows if row.method == method)
        return tuple(sorted({machine_of(row) for row in rows if row.scores is not None}))

    @cached_property
    def _origins(self) -> dict[str, str]:
        found: dict[str, set[str]] = {}
        for row in self.comparable.rows:
            if row.scores is not None:
                place = "reference" if row_key(row) in self.results.references else "run"
                found.setdefault(row.method, set()).add(place)
        return {method: " and ".join(sorted(places)) for method, places in found.items()}

    def mean(self, method: str, name: str) -> float:
        """Mean over transfers of a method that has all of them."""
        return float(self.transfers.loc[self.transfers["method"] == method, name].mean())

    def draws(self, method: str, transfer: str, name: str) -> Draws | None:
        """Resampled values of a metric in one cell; ``None`` without predictions."""
        cell = (*self.comparable.key, self.comparable.track, method, transfer)
        found = self.results.draws.get(cell)
        return None if found is None else found[name]

    def mean_draws(self, method: str, name: str) -> Draws | None:
        """Resampled means over all transfers; ``None`` if one has none."""
        found = [self.draws(method, transfer, name) for _, transfer in self.comparable.transfers]
        known = [values for values in found if values is not None]
        return mean_of(known) if known and len(known) == len(found) else None

    def interval(self, draws: Draws, point: float, level: float = LEVEL) -> Interval:
        """Return the interval of a statistic.

        Args:
            draws: Its resampled values.
            point: The statistic.
            level: Coverage.
        """
        return interval(draws.values, point, draws.freedom, level)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """What was resampled in any cell: ``blocks``, ``samples``, both or nothing."""
        key = (*self.comparable.key, self.comparable.track)
        return tuple(
            sorted({unit for cell, unit in self.results.units.items() if cell[: len(key)] == key})
        )


def comparison_groups(
    results: Results, reference: str | None = None
) -> tuple[ComparisonGroup, ...]:
    """Part evidence into groups that may be compared.

    Args:
        results: Rows and what is known of them.
        reference: Method that the others are compared with.

    Returns:
        One group per dataset, protocol, metrics version and track.

    Raises:
        UsageError: If the named reference is nowhere among the rows.
    """
    names = {name for row in results.rows for name in (row.method, name_of(row))}
    if reference is not None and reference not in names:
        raise UsageError(f"No row of method '{reference}': {did_you_mean(reference, names)}")
    found = comparable_rows(results.rows, RELATIONS)
    return tuple(
        _make_group(comparable, found, results, reference or REFERENCE) for comparable in found
    )


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
    """Return the longest other name of which a method's is a dotted extension.

    Args:
        name: The method's name, without a mark of its code.
        others: The other names.
    """
    parts = name.split(".")
    shorter = (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    known = frozenset(others)
    return next((name for name in shorter if name in known), None)
