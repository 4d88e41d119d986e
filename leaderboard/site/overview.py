"""Who leads: the best method of each group and relation, by how much, and at what cost."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from leaderboard.comparison_group import ComparisonGroup, once_for_each_group
from leaderboard.site.paired_differences import MEAN, Difference, mean_difference
from leaderboard.site.site_table import (
    LAST,
    Item,
    SiteTable,
    drop_empty,
    method_item,
    number,
    with_interval,
)
from leaderboard.tables.columns import (
    MISSING,
    count,
    method_frame,
    percent,
    seconds,
    signed_percent,
)
from leaderboard.tables.section_facts import title_of

ALL: Final = MEAN
"""The relation of a line that is a mean over all transfers."""


@dataclass(frozen=True)
class Lead:
    """The best method of a group.

    Attributes:
        best: Its line of the leaderboard.
        second: That of the next; ``None`` where it stands alone.
        difference: Macro-F1 of the best less that of the next.
    """

    best: "pd.Series[Any]"
    second: "pd.Series[Any] | None"
    difference: Difference | None


def lead_of(group: ComparisonGroup) -> Lead | None:
    """Return who leads a group; ``None`` where no method has every transfer."""
    frame = method_frame(group)
    ranked = frame[frame["rank"].notna()]
    if ranked.empty:
        return None
    best = ranked.iloc[0]
    if len(ranked) == 1:
        return Lead(best, None, None)
    second = ranked.iloc[1]
    return Lead(best, second, mean_difference(group, str(best["method"]), str(second["method"])))


@once_for_each_group
def parts_of(group: ComparisonGroup) -> tuple[tuple[str, ComparisonGroup], ...]:
    """Return a group whole and, where its transfers are of several relations, one part for each.

    Args:
        group: Methods that may be compared.

    Returns:
        Name and group; the whole one is called :data:`ALL`.
    """
    return ((ALL, group), *_by_relation(group))


def _by_relation(group: ComparisonGroup) -> Iterator[tuple[str, ComparisonGroup]]:
    comparable = group.comparable
    relations = list(dict.fromkeys(relation for relation, _ in comparable.transfers))
    for name in relations if len(relations) > 1 else ():
        pairs = tuple(pair for pair in comparable.transfers if pair[0] == name)
        rows = tuple(row for row in comparable.rows if row.relation in {name, "in-domain"})
        part = replace(comparable, transfers=pairs, rows=rows)
        yield name, ComparisonGroup(part, group.results, group.reference)


def leaders_table(group: ComparisonGroup, name: str) -> SiteTable:
    """Make the table of who leads on each relation.

    Args:
        group: Methods that may be compared.
        name: Id of the table.

    Returns:
        A line for all transfers and, where they are of several relations, one for each.
    """
    lines = []
    for relation, part in parts_of(group):
        lead = lead_of(part)
        transfers = number(len(part.comparable.transfers), "{:.0f}", 1)
        known = (Item(MISSING),) * 7 if lead is None else _words(lead)
        lines.append((Item(relation), *known, transfers))
    table = SiteTable(
        name=name,
        caption=f"Who leads on which relation: {title_of(group.comparable)}",
        headings=(
            *("relation", "leads", "macro-F1 (%)", "next", "ahead by (points)"),
            *("is it more than chance?", "fit s", "samples/s", "transfers"),
        ),
        lines=tuple(lines),
        sortable=False,
    )
    return drop_empty(table, ("fit s", "samples/s"))


def _words(lead: Lead) -> tuple[Item, ...]:
    best = lead.best
    score = number(best["macro_f1"])
    return (
        method_item(str(best["method"])),
        with_interval(score, best["macro_f1_low"], best["macro_f1_high"]),
        *_next(lead),
        _written(best["fit_seconds"], seconds),
        _written(best["predict_samples_per_second"], count),
    )


def _written(value: float, show: Callable[[float], str]) -> Item:
    return Item(MISSING, LAST) if pd.isna(value) else Item(show(value), round(float(value), 9))


def _next(lead: Lead) -> tuple[Item, ...]:
    if lead.second is None or lead.difference is None:
        return (Item(MISSING), Item(MISSING, LAST), Item("it stands alone"))
    found = lead.difference
    return (
        method_item(str(lead.second["method"])),
        difference_item(found),
        Item(found.verdict),
    )


def difference_item(found: Difference) -> Item:
    """Return a cell with a difference in percent points and its interval."""
    item = Item(signed_percent(found.point), round(found.point, 9))
    if found.limits is None:
        return item
    return with_interval(item, found.limits.low, found.limits.high, "{:+.1f}")


def lead_sentence(group: ComparisonGroup) -> str:
    """Say in a sentence who leads a group, by how much, and whether that is more than chance."""
    lead = lead_of(group)
    if lead is None:
        return "No method has a score for every transfer, so that none is ranked."
    best = lead.best
    score = f"macro-F1 {percent(best['macro_f1'])} %"
    if not pd.isna(best["macro_f1_low"]):
        limits = f"{percent(best['macro_f1_low'])} to {percent(best['macro_f1_high'])}"
        score += f" (95 % interval {limits})"
    said = f"{best['method']} leads with {score}"
    if lead.second is None or lead.difference is None:
        return f"{said}; no other method is ranked."
    found = lead.difference
    ahead = f"{100 * found.point:.1f} points above {lead.second['method']}"
    if found.limits is None:
        return f"{said}, {ahead}; without stored predictions there is no interval."
    limits = f"{signed_percent(found.limits.low)} to {signed_percent(found.limits.high)}"
    return f"{said}, {ahead} (paired interval {limits}: {found.verdict}).{_also(group, lead)}"


def _also(group: ComparisonGroup, lead: Lead) -> str:
    """Name the other methods that may have rank 1, if that is not the next alone."""
    frame = method_frame(group)
    names = [str(n) for n in frame["method"][frame["best_rank"] == 1] if n != lead.best["method"]]
    if not names or (lead.second is not None and names == [lead.second["method"]]):
        return ""
    listed = ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)} other methods"
    return f" {listed} may have rank 1 as well."


MOST_NAMED: Final = 8
"""Most methods that are named in a sentence."""
