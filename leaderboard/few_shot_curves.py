"""Curves of scores against the number of labelled target samples: none, a few per class, all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from leaderboard.comparison_group import RANKED_BY, ComparisonGroup, beside
from leaderboard.statistics.intervals import Interval, mean_of

ORACLE: Final = "oracle."
"""Beginning of the name of a method that is trained on samples of the target."""


@dataclass(frozen=True)
class Point:
    """A point of a curve: a method that uses some number of target labels.

    Attributes:
        labels: Labelled samples of each class; ``None`` means as many as a source may have.
        method: The method.
        mean: Mean macro-F1 over the curve's transfers.
        limits: Interval of the mean; ``None`` without stored predictions.
        by_transfer: Macro-F1 of each of the curve's transfers.
    """

    labels: int | None
    method: str
    mean: float
    limits: Interval | None
    by_transfer: tuple[float, ...]

    @property
    def name(self) -> str:
        """The number of labels as text."""
        return "all" if self.labels is None else str(self.labels)


@dataclass(frozen=True)
class Curve:
    """Scores of a method with more and more labels of the target.

    Attributes:
        method: Name of the method without target labels.
        transfers: Transfers that all points have.
        points: The points, from no labels to all.
    """

    method: str
    transfers: tuple[str, ...]
    points: tuple[Point, ...]


def few_shot_curves(group: ComparisonGroup) -> tuple[Curve, ...]:
    """Return the curve of each method that has variants with target labels.

    For ``cropnet.aug`` the point without labels is ``cropnet.aug`` on the inductive track, those
    with some labels are methods such as ``cropnet.aug.5-shot``, whose name has one part more, and
    the point with all labels is ``oracle.cropnet.aug``.

    Args:
        group: Methods of the oracle track. Groups of other tracks have no curve.

    Returns:
        The curves with two points or more, sorted by method.
    """
    plain = beside(group, "inductive") if group.comparable.track == "oracle" else None
    if plain is None:
        return ()
    budgets: dict[str, dict[str, int]] = {}
    for row in group.comparable.rows:
        name, labels = group.names[row.method], row.target_labels_per_class
        base = name.rpartition(".")[0]  # of `cropnet.aug.5-shot` never `cropnet`
        if base in plain.labels and labels is not None and row.method == group.label(name):
            budgets.setdefault(base, {})[row.method] = labels
    curves = []
    for base, few in sorted(budgets.items()):
        members: list[tuple[int | None, str, ComparisonGroup]] = [(0, plain.label(base), plain)]
        members += [(few[name], name, group) for name in sorted(few, key=few.__getitem__)]
        points, transfers = _points([*members, (None, group.label(ORACLE + base), group)])
        if len(points) > 1:
            curves.append(Curve(base, transfers, points))
    return tuple(curves)


def _points(
    members: Iterable[tuple[int | None, str, ComparisonGroup]],
) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """Return the points of methods with a score, on the transfers that all of these have."""
    found = [(*member, _scores(member[2], member[1])) for member in members]
    scored = [member for member in found if member[3]]
    shared = set.intersection(*(set(scores) for *_, scores in scored)) if scored else set()
    transfers = tuple(name for _, name in found[0][2].comparable.transfers if name in shared)
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


def _scores(group: ComparisonGroup, method: str) -> Mapping[str, float]:
    cells = group.transfers[group.transfers["method"] == method]
    return {
        str(name): float(value)
        for name, value in zip(cells["transfer"], cells[RANKED_BY], strict=True)
    }
