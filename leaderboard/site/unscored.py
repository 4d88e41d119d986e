"""What has no score, and why: each method and reason once."""

from collections.abc import Iterable, Sequence
from typing import Final

from benchmark.results.rows import Row
from leaderboard.comparison_group import ComparisonGroup
from leaderboard.site.site_table import Item, SiteTable, lift_constants, method_item
from leaderboard.tables.section_facts import title_of

MOST_NAMED: Final = 3
"""Transfers that a line names; the others are counted."""


def unscored_table(
    groups: Sequence[ComparisonGroup], name: str, transfer: str | None = None
) -> SiteTable:
    """Make the table of methods without a score.

    Args:
        groups: Groups of rows.
        name: Id of the table.
        transfer: The transfer to keep to; all where ``None``.

    Returns:
        A line for each method, status and reason of a group; without lines where all is scored.
    """
    lines = []
    for group in groups:
        missing: dict[tuple[str, str, str], list[Row]] = {}
        for row in group.comparable.rows:
            wanted = transfer in {None, row.transfer}
            if row.scores is None and wanted:
                key = (row.method, row.status, row.reason or "no reason is stored")
                missing.setdefault(key, []).append(row)
        for (method, status, reason), rows in sorted(missing.items()):
            lines.append(
                (
                    method_item(method),
                    Item(title_of(group.comparable)),
                    Item(_named(rows)),
                    Item(status),
                    Item(reason),
                )
            )
    table = SiteTable(
        name=name,
        caption="Without a score, and why",
        headings=("method", "group", "transfers", "status", "reason"),
        lines=tuple(lines),
        sortable=False,
    )
    return lift_constants(table, ("group", "transfers", "status"))


def _named(rows: Iterable[Row]) -> str:
    names = sorted({row.transfer for row in rows})
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"
