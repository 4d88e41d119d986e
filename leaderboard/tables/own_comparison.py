"""One's own method beside all others: its rank, and the paired difference to each."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

import pandas as pd

from benchmark.errors import UsageError, did_you_mean
from leaderboard.code_labels import Code, code_of, name_of
from leaderboard.comparison_group import RANKED_BY, ComparisonGroup, comparison_groups
from leaderboard.rank_ranges import rank_ranges
from leaderboard.results import Results, row_key
from leaderboard.statistics.intervals import SHORTAGES
from leaderboard.tables.column_choice import column_named
from leaderboard.tables.columns import (
    MISSING,
    method_frame,
    percent,
    shown,
    signed_percent,
)
from leaderboard.tables.screen_tables import fitted_table
from leaderboard.tables.section_facts import facts, title_of
from leaderboard.tables.table_content import Cell, Table

if TYPE_CHECKING:
    from rich.table import Table as ScreenTable

_FIRST: Final = ("method", "rank", "origin", "macro_f1", "macro_f1_low", "macro_f1_high")
_LAST: Final = ("in_domain_macro_f1", "fit_seconds", "predict_samples_per_second", "machine")


def own_comparisons(
    results: Results, references: Collection[tuple[str, Code]], names: Collection[str] = ()
) -> tuple[Table, ...]:
    """Make the table of each of one's own methods in each group that may be compared.

    Args:
        results: Rows of runs and reference results.
        references: Name and code of the methods of the reference results.
        names: Names or labels of one's own methods; where none is given, the methods of runs that
            are no reference results, or all methods of runs if each is.

    Returns:
        The tables.

    Raises:
        UsageError: If no row of a run is of a named method.
    """
    in_runs = [row for row in results.rows if row_key(row) not in results.references]
    if names:
        known = {name for row in in_runs for name in (row.method, name_of(row))}
        for name in names:
            if name not in known:
                raise UsageError(f"No row of '{name}' in the runs: {did_you_mean(name, known)}")
        chosen = [row for row in in_runs if {row.method, name_of(row)} & set(names)]
    else:
        new = [row for row in in_runs if (name_of(row), code_of(row)) not in references]
        chosen = new or in_runs
    labels = {(row.comparability_key, row.track, row.method) for row in chosen}
    return tuple(
        own_comparison(group, label)
        for group in comparison_groups(results)
        for key, track, label in sorted(labels)
        if (key, track) == (group.comparable.key, group.comparable.track)
    )


def screen_table(table: Table, width: int) -> "ScreenTable":
    """Return a table for a terminal of a width in characters."""
    return fitted_table(
        table.title,
        table.headings,
        [[cell.text for cell in line] for line in table.body],
        width=width,
        first=_FIRST_SHOWN,
        elsewhere="a wider terminal or --format shows them.",
    )


_FIRST_SHOWN: Final = (
    *("rank", "method", "macro-F1", "difference", "from", "to", "better"),
    *("rows of", "95% low", "95% high", "fit s", "in-domain", "samples/s"),
)
"""Headings of the columns that matter most, in that order."""


def own_comparison(group: ComparisonGroup, own: str) -> Table:
    """Make the table of a ranking with the difference of one method to each of the others.

    Args:
        group: Methods that may be compared.
        own: Label of the method.

    Returns:
        A line for each method, best first.
    """
    frame = method_frame(group)
    first, last = ([column_named(name) for name in names] for names in (_FIRST, _LAST))
    body = []
    for method, left, right in zip(
        frame["method"], shown(frame, first), shown(frame, last), strict=True
    ):
        texts = (*left, *_difference(group, own, method), *right)
        body.append(tuple(map(Cell, texts)))
    return Table(
        title=f"{own} and others, {title_of(group.comparable)}",
        notes=(
            place_of(group, own),
            f"Difference: macro-F1 of {own} less that of the other method, in percent points, with "
            "the limits of its paired 95 % bootstrap interval. Better: whether the interval lies "
            f"above zero; undecided with {' or '.join(SHORTAGES)}.",
            *facts(group),
        ),
        groups=(),
        headings=(
            *(column.title for column in first),
            *("difference", "from", "to", "better"),
            *(column.title for column in last),
        ),
        body=tuple(body),
        names=2,
    )


def place_of(group: ComparisonGroup, own: str) -> str:
    """Say in a sentence where a method stands."""
    frame = method_frame(group).set_index("method")
    if own not in frame.index:
        return f"{own} has no score: `cropglobe status` says why."
    ranks = frame["rank"].astype(float)
    if pd.isna(ranks[own]):
        return f"{own} is not ranked, since it lacks a transfer that others have."
    ranked, score = int(ranks.notna().sum()), percent(group.mean(own, RANKED_BY))
    known = rank_ranges(group).get(own)
    between = "" if known is None else f" (possible ranks: {known})"
    return f"{own} has rank {ranks[own]:.0f} of {ranked}{between}, macro-F1 {score}."


def _difference(group: ComparisonGroup, own: str, other: str) -> tuple[str, str, str, str]:
    """Return difference, its limits, and whether one's own method is better."""
    complete = {own, other} <= set(group.grid.index)
    if own == other or not complete:
        return (MISSING, MISSING, MISSING, MISSING)
    point = group.mean(own, RANKED_BY) - group.mean(other, RANKED_BY)
    mine, theirs = (group.mean_draws(method, RANKED_BY) for method in (own, other))
    if mine is None or theirs is None:
        return (signed_percent(point), MISSING, MISSING, MISSING)
    draws = mine - theirs
    limits = group.interval(draws, point)
    verdict = "undecided"
    if limits.excludes_zero and draws.shortage is None:
        verdict = "yes" if point > 0 else "no, worse"
    return (
        signed_percent(point),
        signed_percent(limits.low),
        signed_percent(limits.high),
        verdict,
    )
