"""The chart of accuracy and cost: its points, which a script draws."""

from typing import Any

import pandas as pd

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.figures.method_costs import COSTS, method_costs, on_front, without_floors
from leaderboard.site.site_table import method_page
from leaderboard.tables.columns import method_frame


def cost_chart(group: ComparisonGroup) -> dict[str, Any] | None:
    """Return what the chart shows; ``None`` where no ranked method has a cost.

    Args:
        group: Methods that may be compared.

    Returns:
        Titles of the axes, a point for each ranked method that is no floor: name, family, page,
        macro-F1 with its interval in percent, each cost, and on which axis's Pareto front it lies;
        and a sentence of the floors, which are not drawn.
    """
    ranked = method_frame(group)
    ranked = ranked[ranked["rank"].notna()]
    frame = without_floors(ranked).reset_index(drop=True)
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
    floors = ranked[~ranked["method"].isin(set(frame["method"]))]
    said = ", ".join(
        f"{line['method']} ({_percent(line['macro_f1'])} %)" for line in floors.to_dict("records")
    )
    return {
        "axes": {name: COSTS[name] for name in known},
        "points": points,
        "note": f"Not drawn: {said}." if said else "",
    }


def _percent(value: float) -> float | None:
    return None if pd.isna(value) else round(100 * float(value), 1)


def _rounded(value: float) -> float | None:
    return None if pd.isna(value) else float(f"{value:.3g}")
