"""The numbers of figures as tables, for those who cannot see them or want to copy them."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from benchmark.data.shifts.shift_table import shifts
from leaderboard.comparison_group import ComparisonGroup
from leaderboard.figures.method_costs import method_costs, on_front
from leaderboard.shift_losses import comparable_losses
from leaderboard.site.site_table import Item, SiteTable, method_item, number, with_interval
from leaderboard.tables.columns import MISSING, method_frame
from leaderboard.tables.paper_tables import few_shot_table


def figure_tables(group: ComparisonGroup) -> dict[str, SiteTable]:
    """Return the table of each figure that has one, by the figure's name.

    Args:
        group: Methods that may be compared.
    """
    made = {name: build(group) for name, build in TABLES.items()}
    return {name: grid for name, grid in made.items() if grid.lines}


def _heat_map(group: ComparisonGroup) -> SiteTable:
    found: dict[tuple[str, str, str], list[float]] = {}
    for row in group.comparable.rows:
        if row.scores is not None:
            cell = (row.method, row.source, row.target)
            found.setdefault(cell, []).append(row.scores.macro_f1)
    means = {cell: float(np.mean(values)) for cell, values in found.items()}
    targets = sorted({target for *_, target in means})
    pairs = sorted({(method, source) for method, source, _ in means})
    return _grid(
        "heat-map-numbers",
        "Macro-F1 (%) by source and target; on the source in-domain, all its crops",
        ("method", "source", *targets),
        [
            (method_item(m), Item(s), *(number(means.get((m, s, target))) for target in targets))
            for m, s in pairs
        ],
    )


def _gap(group: ComparisonGroup) -> SiteTable:
    means = group.gaps.reindex(method_frame(group)["method"])
    lines = [
        (method_item(str(method)), *map(number, values))
        for method, values in zip(means.index, means.to_numpy(), strict=True)
    ]
    return _grid(
        "gap-numbers",
        "In-domain less target, macro-F1 in percent points, by relation; a dash where a transfer "
        "of the relation is missing",
        ("method", *map(str, means.columns)),
        lines,
    )


def _pareto(group: ComparisonGroup) -> SiteTable:
    frame = method_frame(group)
    frame = frame[frame["rank"].notna()]
    by_name = method_costs(frame)
    costs = {"fit (s)": by_name["fit"], "prediction (s per 1,000)": by_name["predict"]}
    fronts = {name: on_front(cost, frame) for name, cost in costs.items()}
    lines = []
    for index, line in enumerate(frame.to_dict("records")):
        score = number(line["macro_f1"])
        cells = [
            method_item(str(line["method"])),
            with_interval(score, line["macro_f1_low"], line["macro_f1_high"]),
        ]
        for name, cost in costs.items():
            cells.append(number(float(cost.iloc[index]), "{:.3g}", 1))
            cells.append(Item(_ANSWERS[fronts[name][index]]))
        lines.append(tuple(cells))
    headings = ("method", "macro-F1", *(h for name in costs for h in (name, f"front by {name}")))
    return _grid(
        "pareto-numbers",
        "Accuracy (%) and cost; a method on the front is beaten by none that is as cheap; a dash "
        "where costs are of several machines",
        headings,
        lines,
    )


_ANSWERS: Final = {True: "yes", False: "no", None: MISSING}
"""Whether a method is on the front; ``None`` where its cost was not measured."""


def _ranks(group: ComparisonGroup) -> SiteTable:
    frame = method_frame(group)
    frame = frame[frame["average_rank"].notna()].sort_values(["average_rank", "method"])
    lines: list[tuple[Item, ...]] = [
        (
            method_item(str(line["method"])),
            number(line["average_rank"], "{:.2f}", 1),
            number(line["win_rate"]),
        )
        for line in frame.to_dict("records")
    ]
    return _grid(
        "ranks-numbers",
        "Average rank over transfers and share of comparisons won (%)",
        ("method", "average rank", "win rate"),
        lines if group.critical is not None else [],
    )


def _few_shot(group: ComparisonGroup) -> SiteTable:
    table = few_shot_table(group)
    lines = [tuple(Item(cell.text) for cell in line) for line in table.body]
    return _grid("few-shot-numbers", table.title, table.headings, lines)


def _robustness(group: ComparisonGroup) -> SiteTable:
    losses = comparable_losses(group)
    found = {(loss.method, loss.shift): 100 * loss.loss for loss in losses}
    names = [name for name in shifts() if any(loss.shift == name for loss in losses)]
    scored = {loss.method for loss in losses}
    methods = [str(name) for name in method_frame(group)["method"] if name in scored]
    return _grid(
        "robustness-numbers",
        "Macro-F1 lost on shifted copies of the targets (percent points)",
        ("method", *names),
        [
            (method_item(m), *(number(found.get((m, name), np.nan), "{:.1f}", 1) for name in names))
            for m in methods
        ],
    )


def _grid(
    name: str, caption: str, headings: tuple[str, ...], lines: list[tuple[Item, ...]]
) -> SiteTable:
    return SiteTable(name, caption, headings, tuple(lines), sortable=False)


TABLES: Final[Mapping[str, Callable[[ComparisonGroup], SiteTable]]] = {
    "heat_map": _heat_map,
    "gap": _gap,
    "pareto": _pareto,
    "ranks": _ranks,
    "few_shot": _few_shot,
    "robustness": _robustness,
}
"""Tables by figure; those of confusion stand on the methods' pages."""
