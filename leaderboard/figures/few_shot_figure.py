"""The figure of few-shot curves: macro-F1 by labelled samples of the target per class."""

from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.few_shot_curves import few_shot_curves
from leaderboard.figures.long_texts import short
from leaderboard.statistics.confusion_scores import Floats
from leaderboard.tables.section_facts import title_of


def draw_few_shot(group: ComparisonGroup) -> Figure | None:
    """Draw macro-F1 by labels per class of the target; thin lines are single transfers."""
    curves = few_shot_curves(group)
    if not curves:
        return None
    figure = Figure(figsize=(4.4 * len(curves) + 0.6, 3.6))
    axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axis, curve in zip(axes, curves, strict=True):
        places = np.arange(len(curve.points))
        lines = 100 * np.array([point.by_transfer for point in curve.points])
        axis.plot(places, lines, color="#999999", lw=0.8, zorder=1)
        gap = LABEL_GAP * max(float(np.ptp(lines)), 1.0)
        for name, height in zip(curve.transfers, apart(lines[-1], gap), strict=True):
            axis.annotate(name, (places[-1], height), (8, 0), **_LABEL)
        axis.plot(places, [100 * point.mean for point in curve.points], **_MEAN)
        for place, point in zip(places, curve.points, strict=True):
            if point.limits is not None:
                axis.vlines(place, 100 * point.limits.low, 100 * point.limits.high, **_LIMITS)
        axis.set_xticks(places, [point.name for point in curve.points])
        axis.set_xlim(-0.3, len(places) - 0.3)
        axis.set_xlabel("labelled samples of the target per class")
        axis.set_title(short(curve.method), fontsize=8, loc="left")
        axis.grid(color="#e5e5e5", lw=0.5, axis="y")
        axis.set_axisbelow(True)
    axes[0].set_ylabel("macro-F1 (%)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(
        f"What labels of the target are worth\n{title_of(group.comparable)}", fontsize=9
    )
    return figure


def apart(heights: Floats, gap: float) -> Floats:
    """Move heights apart until neighbours have a gap, all together as little as can be."""
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(order))
    moved = np.empty(len(order))
    moved[order] = isotonic_regression(heights[order] - steps).x + steps
    return moved


LABEL_GAP: Final = 0.05
"""Share of the scores' range between the names at the lines' ends."""

_LABEL: Final[dict[str, Any]] = {
    "textcoords": "offset points",
    "fontsize": 6.5,
    "va": "center",
    "color": "#555555",
}
_MEAN: Final[dict[str, Any]] = {
    "color": "#0072B2",
    "lw": 2,
    "marker": "o",
    "zorder": 3,
    "label": "mean over transfers, 95 % interval",
}
_LIMITS: Final[dict[str, Any]] = {"color": "#0072B2", "lw": 1.2, "zorder": 2}
