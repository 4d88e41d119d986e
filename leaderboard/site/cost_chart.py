"""The chart of accuracy and cost: its points, which a script draws."""

from typing import Any, Final

import numpy as np
import pandas as pd

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.machine import is_one_machine
from leaderboard.site.site_table import method_page
from leaderboard.statistics.ranking import pareto_front
from leaderboard.tables.columns import method_frame

COSTS: Final = {
    "fit": "fit (seconds)",
    "predict": "prediction (seconds per 1,000 samples)",
}
"""Axes of cost, by their name in a point."""


def method_costs(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return seconds of fit and of prediction per 1,000 samples; NaN where nothing was measured.

    Args:
        frame: What :func:`leaderboard.tables.columns.method_frame` returned.
    """
    fit = frame["fit_seconds"].astype(float)
    rate = frame["predict_samples_per_second"].astype(float)
    return {"fit": fit.where(fit > 0), "predict": 1000 / rate.where(rate > 0)}


def cost_chart(group: ComparisonGroup) -> dict[str, Any] | None:
    """Return what the chart shows; ``None`` where no ranked method has a cost.

    Args:
        group: Methods that may be compared.

    Returns:
        Titles of the axes, and a point for each ranked method: name, family, page, macro-F1 with
        its interval in percent, each cost, and on which axis's Pareto front it lies.
    """
    frame = method_frame(group)
    frame = frame[frame["rank"].notna()].reset_index(drop=True)
    costs = method_costs(frame)
    known = [name for name, cost in costs.items() if cost.notna().any()]
    if not known:
        return None
    fronts = {name: on_front(costs[name], frame) for name in known}
    points = [
        {
            "name": str(line["method"]),
            "family": str(line["family"]),
            "page": method_page(str(line["method"])),
            "score": _percent(line["macro_f1"]),
            "low": _percent(line["macro_f1_low"]),
            "high": _percent(line["macro_f1_high"]),
            "costs": {name: _rounded(costs[name].iloc[index]) for name in known},
            "front": [name for name in known if fronts[name][index]],
        }
        for index, line in enumerate(frame.to_dict("records"))
    ]
    return {"axes": {name: COSTS[name] for name in known}, "points": points}


def on_front(cost: pd.Series, frame: pd.DataFrame) -> list[bool | None]:
    """Return whether each method is on the Pareto front; ``None`` where that is not known.

    It is not known of a method without a cost, nor of any if costs are of several machines.

    Args:
        cost: Cost of each method, NaN where it was not measured.
        frame: What :func:`leaderboard.tables.columns.method_frame` returned, these methods alone.
    """
    known = cost.notna().to_numpy()
    found = np.full(len(cost), None, dtype=object)
    if known.any() and is_one_machine(frame["machine"][known]):
        score = frame["macro_f1"].to_numpy(float)
        found[known] = pareto_front(cost.to_numpy(float)[known], score[known])
    return [None if flag is None else bool(flag) for flag in found]


def _percent(value: float) -> float | None:
    return None if pd.isna(value) else round(100 * float(value), 1)


def _rounded(value: float) -> float | None:
    return None if pd.isna(value) else float(f"{value:.3g}")
