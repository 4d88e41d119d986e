"""Means by crop, over the transfers that have it: F1, and by how much its area is off."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from leaderboard.comparison_group import ComparisonGroup


def f1_by_crop(group: ComparisonGroup) -> pd.DataFrame:
    """Return the F1 of each crop, over the transfers whose target has it.

    Args:
        group: Methods that may be compared.

    Returns:
        Methods by crops: means over seeds, then transfers; NaN for a method that lacks one of them.
    """
    return _means(group, _f1, lambda row: frozenset(_f1(row)))


def area_bias_by_crop(group: ComparisonGroup) -> pd.DataFrame:
    """Return the predicted less the true share of each crop.

    Args:
        group: Methods that may be compared.

    Returns:
        Methods by crops: means over seeds, then over the transfers in which some method met or
        named the crop; NaN for a method that lacks one of them.
    """
    return _means(group, _area_bias, _met_or_named)


def _means(
    group: ComparisonGroup,
    values: Callable[[Row], Mapping[str, float]],
    crops_of: Callable[[Row], frozenset[str]],
) -> pd.DataFrame:
    rows = [r for r in group.comparable.rows if r.relation != "in-domain" and r.scores is not None]
    crops: dict[str, set[str]] = {name: set() for _, name in group.comparable.transfers}
    for row in rows:
        crops[row.transfer] |= crops_of(row)
    lines = [(r.method, r.transfer, crop, value) for r in rows for crop, value in values(r).items()]
    frame = pd.DataFrame(lines, columns=["method", "transfer", "crop", "value"])
    cells = frame.pivot_table(index=["crop", "method"], columns="transfer", values="value")
    means = {}
    for crop in CROPS:
        names = [name for name, known in crops.items() if crop in known]
        if names:
            found = pd.DataFrame(cells.xs(crop, level="crop")).reindex(columns=names)
            means[crop] = found.mean(axis=1, skipna=False)
    return pd.DataFrame(means)


def _f1(row: Row) -> dict[str, float]:
    assert row.scores is not None
    crops = row.scores.per_crop
    return {name: crop.f1 for name, crop in crops.items() if crop.f1 is not None}


def _area_bias(row: Row) -> dict[str, float]:
    if row.confusion is None:
        return {}
    matrix = np.array(row.confusion, dtype=np.float64)
    difference = (matrix.sum(axis=0) - matrix.sum(axis=1)) / matrix.sum()
    return dict(zip(CROPS, map(float, difference), strict=True))


def _met_or_named(row: Row) -> frozenset[str]:
    if row.confusion is None:
        return frozenset()
    matrix = np.array(row.confusion)
    used = matrix.sum(axis=0) + matrix.sum(axis=1) > 0
    return frozenset(CROPS[index] for index in np.flatnonzero(used))
