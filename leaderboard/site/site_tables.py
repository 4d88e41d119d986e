"""Tables of the site: the leaderboard, scores by transfer, the rows of a method, its confusions."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from benchmark.data.taxonomy import CROPS
from leaderboard.comparison_group import ComparisonGroup, once_for_each_group
from leaderboard.rank_ranges import OPEN_RANKS, RankRange, rank_ranges
from leaderboard.results import row_key
from leaderboard.site.overview import ALL, parts_of
from leaderboard.site.site_table import (
    LAST,
    Item,
    SiteTable,
    lift_constants,
    method_item,
    number,
    transfer_page,
    with_interval,
)
from leaderboard.statistics.ranking import DIGITS
from leaderboard.tables.columns import COLUMNS, MISSING, Column, main_columns, method_frame
from leaderboard.tables.section_facts import dataset_title, protocol_title, title_of
from leaderboard.tables.text_tables import with_limits

RELATION: Final = "relation"

SHORT: Final = 5
"""Lines that a reader takes in at once: a table of a group with no more is not searched."""

OF_THE_GROUP: Final = ("dataset", "protocol", "track")
"""Columns that say which rows may be compared."""

CHECKS: Final = ("predictions agree", "verified")
"""Columns that say what was checked."""


def agreement(share: float) -> str:
    """Say whether stored predictions give the scores of all, some or no rows."""
    return "yes" if share == 1 else "no" if share == 0 else "partly"


def _of_the_group(group: ComparisonGroup) -> tuple[Item, ...]:
    """Return the cells of :data:`OF_THE_GROUP`."""
    known = group.comparable
    return (Item(dataset_title(known)), Item(protocol_title(known)), Item(known.track))


def _first_group(
    headings: Sequence[str], lines: Sequence[Sequence[Item]]
) -> tuple[tuple[str, str], ...]:
    """Return what shows the first group alone: sorted together, groups would be one ranking."""
    if not lines:
        return ()
    return tuple((name, lines[0][headings.index(name)].text) for name in OF_THE_GROUP)


def leaderboard_site_table(groups: Sequence[ComparisonGroup]) -> SiteTable:
    """Make the table of all methods of all groups; ranks hold within a group and its transfers.

    Each method has a line for all transfers together and, where they are of several relations, one
    for each relation. Limits of an interval stand in the cell of their score. Readers find the
    first group alone, and choose others.
    """
    parts = [(group, name, part) for group in groups for name, part in parts_of(group)]
    frames = [method_frame(part) for _, _, part in parts]
    main = {column.name for frame in frames for column in main_columns(frame)}
    left_out = _ELSEWHERE if "origin" in main else _ELSEWHERE | {"origin"}
    shown = [column for column in COLUMNS if column.name not in left_out]
    lines = []
    for (group, transfers, part), frame in zip(parts, frames, strict=True):
        for line in frame.to_dict("records"):
            method = str(line["method"])
            numbers = [_cell(column, line) for column in shown]
            lines.append(
                (
                    method_item(method),
                    number(line["rank"], "{:.0f}", 1),
                    _open_ranks(rank_ranges(part).get(method)),
                    numbers[0],
                    # Beside the first score: what may not be compared with another line says so.
                    *_of_the_group(group),
                    Item(transfers),
                    *numbers[1:],
                    Item(str(line["family"])),
                    Item(agreement(line["confirmed"])),
                    Item(group.verification(method)),
                )
            )
    titles = [column.title for column in shown]
    headings = (
        *("method", "rank", OPEN_RANKS, titles[0], *OF_THE_GROUP, RELATION),
        *(*titles[1:], "family"),
    )
    table = SiteTable(
        name="leaderboard",
        caption="Leaderboard: means over transfers (%)",
        headings=(*headings, *CHECKS),
        lines=tuple(lines),
        filtered=(*OF_THE_GROUP, RELATION, "family", "verified", "rows of"),
        chosen=((RELATION, ALL), *_first_group(headings, lines)),
        extra=frozenset(column.title for column in shown if column.name not in main),
    )
    return lift_constants(table, (*OF_THE_GROUP, RELATION, *CHECKS, *_OFTEN_THE_SAME))


_LIMITS: Final = {
    column.name: (f"{column.name}_low", f"{column.name}_high")
    for column in COLUMNS
    if f"{column.name}_low" in {other.name for other in COLUMNS}
}
"""Columns of the limits of a column that has an interval."""

_ELSEWHERE: Final = frozenset(
    {"rank", "best_rank", "worst_rank", "method", "family", "verification", "confirmed"}
    | {name for pair in _LIMITS.values() for name in pair}
)
"""Columns of the leaderboard that have another place on the site."""

_OFTEN_THE_SAME: Final = (
    OPEN_RANKS,
    "transfers",
    "in-domain",
    "gap",
    "samples/s",
    "rows of",
    "measured on",
)
"""Further columns that stand above a table where they say the same in every line."""


def _open_ranks(found: RankRange | None) -> Item:
    if found is None:
        return Item(MISSING, LAST)
    return Item(str(found), found.best + found.worst / 10_000)


def _cell(column: Column, line: Mapping[Hashable, Any]) -> Item:
    value = line[column.name]
    if isinstance(value, str):
        return Item(value)
    if math.isnan(value):
        return Item(MISSING, LAST)
    item = Item(column.show(value), round(float(value), 9))
    if column.name not in _LIMITS:
        return item
    low, high = (line[name] for name in _LIMITS[column.name])
    return with_interval(item, low, high, "{:+.1f}" if column.name == "difference" else "{:.1f}")


def every_score_site_table(groups: Sequence[ComparisonGroup], name: str) -> SiteTable:
    """Make the table of methods by transfer of all groups; readers find the first, and choose."""
    lines = tuple(line for group in groups for line in _score_lines(group))
    headings = ("method", *_OF_TRANSFER)
    table = SiteTable(
        name=name,
        caption="Scores of every transfer (%)",
        headings=headings,
        lines=lines,
        filtered=(*OF_THE_GROUP, RELATION),
        chosen=_first_group(headings, lines),
    )
    return lift_constants(table, OF_THE_GROUP)


def transfer_site_table(group: ComparisonGroup, name: str, transfer: str) -> SiteTable:
    """Make the table of a group's methods on one transfer; without lines where it has none."""
    lines = tuple(line for line in _score_lines(group) if line[1].text == transfer)
    table = SiteTable(
        name=name,
        caption=f"{title_of(group.comparable)}: scores of {transfer} (%)",
        headings=("method", *_OF_TRANSFER),
        lines=lines,
        sortable=len(lines) > SHORT,
    )
    lifted = lift_constants(table, _OF_TRANSFER_LIFTED)
    said = ("transfer", RELATION, *OF_THE_GROUP)  # by the page's title, its facts and the caption
    kept = tuple(pair for pair in lifted.constants if pair[0] not in said)
    return replace(lifted, constants=kept)


@once_for_each_group
def _score_lines(group: ComparisonGroup) -> tuple[tuple[Item, ...], ...]:
    """Return a line per transfer and method, best first."""
    cells = with_limits(group).sort_values(["transfer", "macro_f1"], ascending=[True, False])
    return tuple(
        (method_item(str(line["method"])), *_of_transfer(group, line))
        for line in cells.to_dict("records")
    )


_OF_TRANSFER: Final = (
    *("transfer", "macro-F1", *OF_THE_GROUP, "std", "overall accuracy", "in-domain", "gap"),
    *("samples", "seeds", RELATION),
)
"""Headings of what a transfer says of a method."""

_OF_TRANSFER_LIFTED: Final = (
    *OF_THE_GROUP,
    *("transfer", "std", "in-domain", "gap", "samples", "seeds", RELATION),
)


def _of_transfer(group: ComparisonGroup, line: Mapping[Hashable, Any]) -> tuple[Item, ...]:
    pair = str(line["transfer"])
    return (
        Item(pair, link=transfer_page(pair)),
        with_interval(number(line["macro_f1"]), line["macro_f1_low"], line["macro_f1_high"]),
        *_of_the_group(group),
        number(line["macro_f1_std"]),
        with_interval(
            number(line["overall_accuracy"]),
            line["overall_accuracy_low"],
            line["overall_accuracy_high"],
        ),
        number(line["in_domain_macro_f1"]),
        number(line["gap"]),
        number(line["n_test"], "{:,.0f}", 1),
        number(line["seeds"], "{:.0f}", 1),
        Item(str(line["relation"])),
    )


def method_site_table(group: ComparisonGroup, name: str, method: str) -> SiteTable:
    """Make the table of a method's means over seeds in a group, a line for each transfer."""
    cells = with_limits(group)
    values = group.transfers["macro_f1"].round(DIGITS)
    by_transfer = values.groupby(group.transfers["transfer"])
    ranks = by_transfer.rank(ascending=False, method="min")
    rivals = by_transfer.transform("count")
    lines = []
    for index, line in zip(cells.index, cells.to_dict("records"), strict=True):
        if line["method"] == method:
            pair, *others = _of_transfer(group, line)
            place = Item(f"{ranks[index]:.0f} of {rivals[index]}", float(ranks[index]))
            lines.append((pair, place, *others))
    table = SiteTable(
        name=name,
        caption=f"{title_of(group.comparable)}: {method} on each transfer, means over seeds (%)",
        headings=("transfer", "rank", *_OF_TRANSFER[1:]),
        lines=tuple(lines),
        filtered=(RELATION,) if len(lines) > SHORT else (),
        sortable=len(lines) > SHORT,
    )
    lifted = lift_constants(table, (*OF_THE_GROUP, "std", "in-domain", "gap", "seeds", RELATION))
    kept = tuple(pair for pair in lifted.constants if pair[0] not in OF_THE_GROUP)
    return replace(lifted, constants=kept)


def row_site_table(groups: Sequence[ComparisonGroup], method: str) -> SiteTable:
    """Make the table of every row of a method, in-domain and failed ones included."""
    lines = []
    for group in groups:
        for row in (row for row in group.comparable.rows if row.method == method):
            scores = row.scores
            away = row.relation != "in-domain"
            shown = row_key(row) in group.results.confirmed
            lines.append(
                (
                    Item(row.transfer, link=transfer_page(row.transfer) if away else None),
                    Item(row.relation),
                    Item(dataset_title(group.comparable)),
                    Item(protocol_title(group.comparable)),
                    number(row.seed, "{:.0f}", 1),
                    Item(row.status),
                    number(scores.macro_f1 if scores else None),
                    number(scores.overall_accuracy if scores else None),
                    Item("yes" if shown else "no"),
                    Item(group.verification(method)),
                    Item(row.provenance.code_fingerprint[:12]),
                    Item(row.provenance.created[:10]),
                    Item(row.reason or ""),
                    Item("" if row.decision is None else str(row.decision)),
                )
            )
    table = SiteTable(
        name="rows",
        caption=f"Rows of {method}, one for each seed (%)",
        headings=(
            *("transfer", RELATION, "dataset", "protocol", "seed", "status", "macro-F1"),
            *("overall accuracy", *CHECKS, "code", "date", "reason", "decision"),
        ),
        lines=tuple(lines),
        filtered=(RELATION, "dataset", "protocol", "status"),
    )
    same = ("dataset", "protocol", "seed", "status", *CHECKS, "code", "date", "reason", "decision")
    return lift_constants(table, same)


def confusion_site_table(group: ComparisonGroup, method: str, name: str) -> SiteTable | None:
    """Make the table of where a method's samples go, summed over transfers and seeds."""
    rows = [
        row
        for row in group.comparable.rows
        if row.method == method and row.confusion is not None and row.relation != "in-domain"
    ]
    if not rows:
        return None
    total = np.sum([np.array(row.confusion, dtype=np.int64) for row in rows], axis=0)
    known, every = len({row.transfer for row in rows}), len(group.comparable.transfers)
    of = "all transfers" if known == every else f"{known} of {every} transfers"
    used = np.flatnonzero(total.sum(axis=0) + total.sum(axis=1))
    lines = [
        (Item(CROPS[k]), *(number(float(total[k, j]), "{:,.0f}", 1) for j in used)) for k in used
    ]
    return SiteTable(
        name=name,
        caption=f"True crop by predicted crop, {of}, all seeds: "
        f"{dataset_title(group.comparable)}, {protocol_title(group.comparable)}",
        headings=("true crop", *(CROPS[k] for k in used)),
        lines=tuple(lines),
        sortable=False,
    )


def space_facts(groups: Iterable[ComparisonGroup], transfer: str) -> list[str]:
    """Say which crops of a transfer are scored, and how source and target differ otherwise."""
    found = set()
    known = [(g.comparable, row) for g in groups for row in g.comparable.rows]
    for comparable, row in ((each, row) for each, row in known if row.transfer == transfer):
        name = dataset_title(comparable)
        if row.data.labels is not None:
            shared = ", ".join(row.data.labels.shared)
            left = row.data.n_unscored
            out = f"; {left:,} target samples left out" if left else ""
            found.add(f"{name}: scored crops {shared}{out}.")
        found |= {f"{name}: {text}" for text in row.data.warnings}
    return sorted(found)
