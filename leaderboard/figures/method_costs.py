"""What methods cost, for figures and charts of accuracy and cost."""

from typing import Final

import numpy as np
import pandas as pd

from leaderboard.machine import is_one_machine
from leaderboard.statistics.ranking import pareto_front

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


def without_floors(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the methods that are no floor; all of them if there is no other.

    A floor costs a ten-thousandth of a second and knows nothing: drawn beside other methods it
    presses these into a corner.

    Args:
        frame: What :func:`leaderboard.tables.columns.method_frame` returned.
    """
    others = frame[frame["family"] != "floor"]
    return frame if others.empty else others


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
