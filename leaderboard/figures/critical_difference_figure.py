"""The critical-difference diagram (Demsar 2006, J. Mach. Learn. Res. 7: 1-30, figure 1)."""

from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leaderboard.statistics.ranking import CriticalDifference

LINE: Final = "#000000"
BAR: Final = "#0072B2"

MOST_RANKS: Final = 15
"""Ranks that have room for a number each; of more, every fifth has one."""

EVERY: Final = 5

TITLE: Final = 0.35
"""Inches of the title's two lines."""


def draw_ranks(found: CriticalDifference, methods: list[str], title: str) -> Figure:
    """Draw average ranks on a scale; a bar joins methods that are not told apart.

    Args:
        found: The comparison.
        methods: Name of each method, in the comparison's order.
        title: What was compared.

    Returns:
        The figure.
    """
    count = len(methods)
    half = -(-count // 2)
    bars = len(found.groups)
    depth = 0.25 * (bars + 1) + 0.28 * half
    figure = Figure(figsize=(6.5, 1.5 + depth))
    figure.set_layout_engine("none")  # it would press the scale together where names are long
    axis = figure.add_axes((0.02, 0.02, 0.96, 0.96 - TITLE / (1.5 + depth)))
    margin = 0.45 * count
    axis.set_xlim(1 - margin, count + margin)
    axis.set_ylim(depth + 0.1, -1.0)
    axis.set_axis_off()
    axis.hlines(0, 1, count, color=LINE, lw=1)
    for rank in range(1, count + 1):
        axis.vlines(rank, -0.08, 0, color=LINE, lw=1)
        if count <= MOST_RANKS or rank == 1 or rank % EVERY == 0:
            axis.text(rank, -0.14, str(rank), ha="center", va="bottom")
    said = f"critical difference {found.difference:.2f}"
    if found.difference > count - 1:
        axis.text((1 + count) / 2, -0.7, f"{said}, longer than the scale", ha="center")
    else:
        axis.hlines(-0.65, 1, 1 + found.difference, color=LINE, lw=2)
        axis.text(1 + found.difference / 2, -0.7, said, ha="center")
    _place(axis, found, methods, half, 0.25 * (bars + 1))
    for level, group in enumerate(found.groups):
        ranks = [found.average_ranks[index] for index in group]
        height = 0.18 + 0.25 * level
        axis.hlines(height, min(ranks) - 0.04, max(ranks) + 0.04, color=BAR, lw=4)
    axis.set_title(
        f"Average rank over {found.transfers} transfers (1 is best), {title}\n"
        f"Friedman p = {found.p_value:.2g}; methods joined by a bar are not told apart at 5 %",
        fontsize=8,
    )
    return figure


def _place(
    axis: Axes, found: CriticalDifference, methods: list[str], half: int, top: float
) -> None:
    """Write the better half on the left and the others on the right, lines not crossing."""
    count = len(methods)
    order = [int(index) for index in np.argsort(found.average_ranks, kind="stable")]
    for place, index in enumerate(order):
        left = place < half
        level = place if left else count - 1 - place
        height = top + 0.28 * level
        edge = 0.9 if left else count + 0.1
        rank = found.average_ranks[index]
        axis.plot([rank, rank, edge], [0, height, height], color="#777777", lw=0.7)
        text = f" {methods[index]} ({rank:.1f}) "
        axis.text(edge, height, text, ha="right" if left else "left", va="center", fontsize=7)
