"""Tables of the site: cells with what they sort by and where they lead, and filters."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from leaderboard.comparison_group import ComparisonGroup
from leaderboard.file_names import slug, transfer_stem
from leaderboard.results import row_key
from leaderboard.tables.columns import COLUMNS, MISSING, Column, main_columns, method_frame
from leaderboard.tables.text_tables import with_limits

LAST: Final = -1e9
"""What a missing number sorts by."""

RELATION: Final = "relation"

ALL: Final = "all transfers"
"""The relation of a line that is a mean over all of them."""


@dataclass(frozen=True)
class Item:
    """A cell.

    Attributes:
        text: What it says.
        order: What it sorts by; ``None`` for text.
        link: Page that it leads to, from the site's root.
    """

    text: str
    order: float | None = None
    link: str | None = None


@dataclass(frozen=True)
class Filter:
    """A selection above a table.

    Attributes:
        name: Heading of its column.
        column: Index of its column.
        options: Values.
        chosen: The one that a reader finds chosen; empty where all are shown.
    """

    name: str
    column: int
    options: tuple[str, ...]
    chosen: str = ""


@dataclass(frozen=True)
class SiteTable:
    """A table of the site.

    Attributes:
        name: Its id in the page.
        caption: What it shows.
        headings: Heading of each column.
        lines: Cells.
        filtered: Headings of the columns that can be filtered by.
        chosen: What they are filtered by at first: heading and value.
        sortable: Whether it is sorted and searched by readers.
    """

    name: str
    caption: str
    headings: tuple[str, ...]
    lines: tuple[tuple[Item, ...], ...]
    filtered: tuple[str, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    sortable: bool = True

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds numbers."""
        count = range(len(self.headings))
        return tuple(any(line[index].order is not None for line in self.lines) for index in count)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Filters with more than one value."""
        found = []
        for name in self.filtered:
            index = self.headings.index(name)
            options = tuple(sorted({line[index].text for line in self.lines}))
            given = Filter(name, index, options, dict(self.chosen).get(name, ""))
            found += [given] if len(options) > 1 else []
        return tuple(found)


def method_page(name: str) -> str:
    """Return the page of a method."""
    return f"methods/{slug(name)}.html"


def transfer_page(name: str) -> str:
    """Return the page of a transfer."""
    return f"transfers/{transfer_stem(name)}.html"


def agreement(share: float) -> str:
    """Say whether stored predictions give the scores of all, some or no rows."""
    return "yes" if share == 1 else "no" if share == 0 else "partly"


def number(value: float | None, show: str = "{:.1f}", scale: float = 100) -> Item:
    """Return a cell with a number, or a dash that sorts last."""
    if value is None or math.isnan(value):
        return Item(MISSING, LAST)
    return Item(show.format(scale * value), round(float(value), 9))


def leaderboard_site_table(groups: Sequence[ComparisonGroup]) -> SiteTable:
    """Make the table of all methods of all groups; ranks hold within a group and its transfers.

    Each method has a line for all transfers together and, where they are of several relations, one
    for each relation.
    """
    parts = [(group, ALL, group) for group in groups]
    parts += [(group, name, part) for group in groups for name, part in by_relation(group)]
    frames = [method_frame(part) for _, _, part in parts]
    named = {column.name for frame in frames for column in main_columns(frame)}
    shown = [c for c in COLUMNS if c.name in named - {"rank", "method", "family", "verification"}]
    lines = []
    for (group, transfers, _), frame in zip(parts, frames, strict=True):
        for line in frame.to_dict("records"):
            method = str(line["method"])
            numbers = [_value(column, line[column.name]) for column in shown]
            lines.append(
                (
                    Item(method, link=method_page(method)),
                    number(line["rank"], "{:.0f}", 1),
                    numbers[0],
                    # Beside the first score: what is simulated or has seen the target says so.
                    Item(_data(group)),
                    Item(group.comparable.track),
                    Item(transfers),
                    *numbers[1:],
                    Item(str(line["family"])),
                    Item(group.comparable.protocol),
                    Item(agreement(line["confirmed"])),
                    Item(group.verification(method)),
                )
            )
    titles = [column.title for column in shown]
    return SiteTable(
        name="leaderboard",
        caption="Leaderboard: means over transfers (%)",
        headings=(
            *("method", "rank", titles[0], "dataset", "track", RELATION, *titles[1:]),
            *("family", "protocol", "predictions agree", "verified"),
        ),
        lines=tuple(lines),
        filtered=(
            *("dataset", "protocol", "track", RELATION, "family", "verified"),
            *(column.title for column in shown if column.name == "origin"),
        ),
        chosen=((RELATION, ALL),),
    )


def by_relation(group: ComparisonGroup) -> Iterator[tuple[str, ComparisonGroup]]:
    """Yield a group's transfers of one relation each, where they are of several."""
    comparable = group.comparable
    relations = list(dict.fromkeys(relation for relation, _ in comparable.transfers))
    for name in relations if len(relations) > 1 else ():
        pairs = tuple(pair for pair in comparable.transfers if pair[0] == name)
        rows = tuple(row for row in comparable.rows if row.relation in {name, "in-domain"})
        yield name, ComparisonGroup(replace(comparable, transfers=pairs, rows=rows), group.results)


def _value(column: Column, value: float | str) -> Item:
    if isinstance(value, str):
        return Item(value)
    missing = math.isnan(value)
    return Item(MISSING, LAST) if missing else Item(column.show(value), round(float(value), 9))


def transfer_site_table(
    groups: Sequence[ComparisonGroup], name: str, transfer: str | None = None
) -> SiteTable:
    """Make the table of methods by transfer, of one transfer or all."""
    lines = []
    for group in groups:
        comparable = group.comparable
        cells = with_limits(group).sort_values(["transfer", "macro_f1"], ascending=[True, False])
        for line in cells.to_dict("records"):
            if transfer not in {None, line["transfer"]}:
                continue
            method, pair = str(line["method"]), str(line["transfer"])
            row = (
                Item(method, link=method_page(method)),
                Item(pair, link=transfer_page(pair)),
                number(line["macro_f1"]),
                Item(_data(group)),
                number(line["macro_f1_std"]),
                number(line["macro_f1_low"]),
                number(line["macro_f1_high"]),
                number(line["overall_accuracy"]),
                number(line["gap"]),
                number(line["n_test"], "{:,.0f}", 1),
                number(line["seeds"], "{:.0f}", 1),
                Item(str(line["relation"])),
                Item(comparable.protocol),
                Item(comparable.track),
            )
            lines.append(row)
    return SiteTable(
        name=name,
        caption=f"Scores of {transfer or 'every transfer'} (%)",
        headings=(
            *("method", "transfer", "macro-F1", "dataset", "std", "95% low", "95% high"),
            *("overall accuracy", "gap", "samples", "seeds", "relation", "protocol", "track"),
        ),
        lines=tuple(lines),
        filtered=("relation", "dataset", "protocol", "track"),
    )


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
                    Item(_data(group)),
                    Item(row.protocol),
                    number(row.seed, "{:.0f}", 1),
                    Item(row.status),
                    number(scores.macro_f1 if scores else None),
                    number(scores.overall_accuracy if scores else None),
                    Item("yes" if shown else "no"),
                    Item(group.verification(method)),
                    Item(row.provenance.code_fingerprint[:12]),
                    Item(row.provenance.created[:10]),
                    Item(row.reason or ""),
                )
            )
    return SiteTable(
        name="rows",
        caption=f"Rows of {method} (%)",
        headings=(
            *("transfer", "relation", "dataset", "protocol", "seed", "status", "macro-F1"),
            *("overall accuracy", "predictions agree", "verified", "code", "date", "reason"),
        ),
        lines=tuple(lines),
        filtered=("relation", "dataset", "protocol", "status"),
    )


def confusion_site_table(group: ComparisonGroup, method: str, name: str) -> SiteTable | None:
    """Make the table of where a method's samples go, summed over transfers and seeds."""
    matrices = [
        np.array(row.confusion, dtype=np.int64)
        for row in group.comparable.rows
        if row.method == method and row.confusion is not None and row.relation != "in-domain"
    ]
    if not matrices:
        return None
    total = np.sum(matrices, axis=0)
    used = np.flatnonzero(total.sum(axis=0) + total.sum(axis=1))
    lines = [
        (Item(CROPS[k]), *(number(float(total[k, j]), "{:,.0f}", 1) for j in used)) for k in used
    ]
    return SiteTable(
        name=name,
        caption=f"True crop by predicted crop, all transfers and seeds: {_data(group)}, "
        f"{group.comparable.protocol}",
        headings=("true crop", *(CROPS[k] for k in used)),
        lines=tuple(lines),
        sortable=False,
    )


def space_facts(rows: Iterable[Row]) -> list[str]:
    """Say which crops of a transfer are scored, and how source and target differ otherwise."""
    found = set()
    for row in rows:
        if row.data.labels is not None:
            shared = ", ".join(row.data.labels.shared)
            out = f"; {row.data.n_unscored} target samples left out" if row.data.n_unscored else ""
            found.add(f"{row.data.name}: scored crops {shared}{out}.")
        found |= {f"{row.data.name}: {text}" for text in row.data.warnings}
    return sorted(found)


def _data(group: ComparisonGroup) -> str:
    comparable = group.comparable
    unsaid = comparable.simulated and "simulated" not in comparable.dataset
    return f"{comparable.dataset}{' (simulated)' if unsaid else ''}"
