"""Two methods side by side: differences of all pairs, made before the page is written."""

from collections.abc import Sequence
from typing import Any

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.site.overview import difference_item, lead_of
from leaderboard.site.paired_differences import (
    MEAN,
    VERDICTS,
    Difference,
    all_differences,
    compared_methods,
    mean_difference,
    scores_by_transfer,
    shares,
)
from leaderboard.site.site_table import (
    Item,
    SiteTable,
    method_item,
    method_page,
    number,
    with_interval,
)
from leaderboard.tables.columns import method_frame, percent
from leaderboard.tables.section_facts import title_of


def comparison_data(groups: Sequence[ComparisonGroup]) -> dict[str, Any]:
    """Return what the page's script shows of each group.

    Args:
        groups: Groups of rows.

    Returns:
        The words of verdicts, and for each group its title, methods (name and page), transfers
        (name and relation, the mean first), scores by method and transfer, and differences by pair
        and transfer: the difference, its limits and the number of the verdict. Scores are tenths
        of percent points; what is not known is ``None``. All groups together have
        so many at most as ``MOST_DIFFERENCES`` of `paired_differences` says.
    """
    found = [_group_data(group, most) for group, most in zip(groups, shares(groups), strict=True)]
    return {"verdicts": VERDICTS, "groups": found}


def _group_data(group: ComparisonGroup, most: int) -> dict[str, Any]:
    methods = compared_methods(group, most)
    scores = scores_by_transfer(group)
    transfers = [(MEAN, ""), *((name, relation) for relation, name in group.comparable.transfers)]
    pairs = all_differences(group, methods)
    return {
        "title": title_of(group.comparable),
        "methods": [[method, method_page(method)] for method in methods],
        "left_out": len(method_frame(group)) - len(methods),
        "transfers": transfers,
        "scores": [
            [_tenths(scores[method].get(name)) for name, _ in transfers] for method in methods
        ],
        "pairs": [[_numbers(found.get(name)) for name, _ in transfers] for found in pairs.values()],
    }


def _tenths(share: float | None) -> int | None:
    """Return a share as it is written elsewhere, in tenths of a percent point."""
    return None if share is None else round(10 * float(percent(share)))


def _numbers(found: Difference | None) -> list[int | None] | None:
    if found is None:
        return None
    limits = found.limits
    low, high = (None, None) if limits is None else (_tenths(limits.low), _tenths(limits.high))
    return [_tenths(found.point), low, high, VERDICTS.index(found.verdict)]


def against_leader_table(group: ComparisonGroup, name: str) -> SiteTable:
    """Make the table of how far each ranked method is behind the best.

    Args:
        group: Methods that may be compared.
        name: Id of the table.

    Returns:
        A line for each method, best first; none where fewer than two are ranked.
    """
    lead, frame = lead_of(group), method_frame(group)
    best = "" if lead is None else str(lead.best["method"])
    lines = []
    for line in frame[frame["rank"].notna()].iloc[1:].to_dict("records"):
        found = mean_difference(group, best, str(line["method"]))
        lines.append(
            (
                method_item(str(line["method"])),
                number(line["rank"], "{:.0f}", 1),
                with_interval(
                    number(line["macro_f1"]), line["macro_f1_low"], line["macro_f1_high"]
                ),
                difference_item(found),
                Item(found.verdict),
            )
        )
    return SiteTable(
        name=name,
        caption=f"How far others are behind {best}: {title_of(group.comparable)}",
        headings=(
            "method",
            "rank",
            "macro-F1 (%)",
            "behind by (points)",
            "is it more than chance?",
        ),
        lines=tuple(lines),
        sortable=False,
    )
