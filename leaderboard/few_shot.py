"""Scores against labelled samples of the target: from none, by a few per class, to all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from leaderboard.columns import RANKED_BY
from leaderboard.field import Field, base_of, beside
from leaderboard.statistics import Floats, Interval, mean_of
from leaderboard.tables import title_of

ORACLE: Final = "oracle."
"""What the name of a method begins with that is trained on the target's own samples."""


@dataclass(frozen=True)
class Point:
    """A method with some labels of the target.

    Attributes:
        labels: Labelled samples per class; ``None`` is all that a source may have.
        method: The method.
        mean: Mean macro-F1 over the curve's transfers.
        limits: Its interval; ``None`` without stored predictions.
        by_transfer: Macro-F1 of each of the curve's transfers.
    """

    labels: int | None
    method: str
    mean: float
    limits: Interval | None
    by_transfer: tuple[float, ...]

    @property
    def name(self) -> str:
        """The number of labels in words."""
        return "all" if self.labels is None else str(self.labels)


@dataclass(frozen=True)
class Curve:
    """What labels of the target are worth to a method.

    Attributes:
        method: The method without any.
        transfers: Transfers that every point has.
        points: From no labels to all.
    """

    method: str
    transfers: tuple[str, ...]
    points: tuple[Point, ...]


def few_shot_curves(field: Field) -> tuple[Curve, ...]:
    """Put together the points of each method that was shown some labels of the target.

    Args:
        field: Methods of the oracle track; others have no curve. What a method's name extends,
            as ``cropnet.aug.5-shot`` does ``cropnet.aug``, is its point without labels, on the
            inductive track, and ``oracle.cropnet.aug`` that with all.

    Returns:
        The curves that have two points or more, by method.
    """
    plain = beside(field, "inductive") if field.section.track == "oracle" else None
    if plain is None:
        return ()
    inductive = {row.method for row in plain.section.rows}
    budgets: dict[str, dict[str, int]] = {}
    for row in field.section.rows:
        base, labels = base_of(row.method, inductive), row.target_labels_per_class
        if base is not None and labels is not None:
            budgets.setdefault(base, {})[row.method] = labels
    curves = []
    for base, few in sorted(budgets.items()):
        members: list[tuple[int | None, str, Field]] = [(0, base, plain)]
        members += [(few[name], name, field) for name in sorted(few, key=few.__getitem__)]
        points, transfers = _points([*members, (None, ORACLE + base, field)])
        if len(points) > 1:
            curves.append(Curve(base, transfers, points))
    return tuple(curves)


def _points(
    members: Iterable[tuple[int | None, str, Field]],
) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """Score methods that have any score, on the transfers that all of these have."""
    found = [(*member, _scores(member[2], member[1])) for member in members]
    scored = [member for member in found if member[3]]
    shared = set.intersection(*(set(scores) for *_, scores in scored)) if scored else set()
    transfers = tuple(name for _, name in found[0][2].section.transfers if name in shared)
    if not transfers:
        return (), ()
    points = []
    for labels, method, group, scores in scored:
        values = tuple(scores[transfer] for transfer in transfers)
        mean = float(np.mean(values))
        draws = [group.draws(method, transfer, RANKED_BY) for transfer in transfers]
        whole = [drawn for drawn in draws if drawn is not None]
        limits = None
        if len(whole) == len(draws):
            limits = group.interval(mean_of(whole), mean)
        points.append(Point(labels, method, mean, limits, values))
    return tuple(points), transfers


def _scores(group: Field, method: str) -> Mapping[str, float]:
    cells = group.transfers[group.transfers["method"] == method]
    return {
        str(name): float(value)
        for name, value in zip(cells["transfer"], cells[RANKED_BY], strict=True)
    }


def draw_few_shot(field: Field) -> Figure | None:
    """Draw macro-F1 by labels per class of the target; thin lines are single transfers."""
    curves = few_shot_curves(field)
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
        axis.set_title(curve.method, fontsize=8, loc="left")
        axis.grid(color="#e5e5e5", lw=0.5, axis="y")
        axis.set_axisbelow(True)
    axes[0].set_ylabel("macro-F1 (%)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    figure.suptitle(f"What labels of the target are worth\n{title_of(field.section)}", fontsize=9)
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
