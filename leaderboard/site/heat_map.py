"""Macro-F1 of methods by transfers on a colour scale, to be read and sorted by any transfer."""

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.site.paired_differences import MEAN, scores_by_transfer
from leaderboard.site.site_table import SiteTable, method_item, shaded
from leaderboard.tables.columns import method_frame
from leaderboard.tables.section_facts import title_of


def heat_map(group: ComparisonGroup, name: str) -> SiteTable:
    """Make the table of a group: a line for each method, best first, a column for each transfer.

    Args:
        group: Methods that may be compared.
        name: Id of the table.

    Returns:
        The table; without lines where nothing has a score.
    """
    scores = scores_by_transfer(group)
    transfers = group.comparable.transfers
    lines = [
        (
            method_item(str(method)),
            *(shaded(scores[str(method)].get(key)) for key in (MEAN, *(t for _, t in transfers))),
        )
        for method in method_frame(group)["method"]
    ]
    return SiteTable(
        name=name,
        caption=f"Macro-F1 (%) by transfer: {title_of(group.comparable)}",
        headings=("method", "mean", *(transfer for _, transfer in transfers)),
        lines=tuple(lines),
        below=tuple((transfer, relation) for relation, transfer in transfers),
    )
