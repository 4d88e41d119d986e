"""Figures of leaderboards: heat maps, gaps, cost, confusion and ranks, as PNG, SVG and PDF."""

import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from benchmark.data.taxonomy import CROPS
from benchmark.task.transfers import RELATIONS
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.figures.critical_difference_figure import draw_ranks
from leaderboard.figures.few_shot_figure import draw_few_shot
from leaderboard.figures.long_texts import short, whole_page
from leaderboard.figures.method_costs import COSTS, method_costs, on_front, without_floors
from leaderboard.figures.point_labels import label_offsets
from leaderboard.figures.robustness_figure import draw_losses
from leaderboard.machine import is_one_machine
from leaderboard.results import Results
from leaderboard.shift_losses import comparable_losses
from leaderboard.tables.columns import method_frame
from leaderboard.tables.leaderboard_files import write_folder
from leaderboard.tables.section_facts import title_of

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
"""Okabe and Ito's palette, which readers with any colour vision tell apart; marks differ too."""

MARKERS: Final = "osD^vPX"

FAR_TO_NEAR: Final = (*RELATIONS[-2::-1], RELATIONS[-1])
"""Relations in the order of their colours and marks, so that each has the same in every figure."""

MOST_PANELS: Final = 12
"""Methods with a panel of their own; those ranked lower are left out, and the title says so."""

MOST_LINES: Final = len(COLOURS)
"""Methods with a line of their own in a figure of lines."""

DARK: Final = 0.47
"""Share of the colour scale below which text on it is white; the contrast is 4.5 or more."""

STYLE: Final[dict[Any, Any]] = {
    "font.size": 8,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same bytes on every machine
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.parse_math": False,  # a name with dollar signs is a name
    "svg.hashsalt": "cropglobe",
    "pdf.fonttype": 42,  # outlines whose text can be searched, as journals ask for
    "figure.constrained_layout.use": True,
}

Draw = Callable[[ComparisonGroup], Figure | None]


def draw_heat_map(group: ComparisonGroup) -> Figure | None:
    """Draw macro-F1 of source by target, a panel for each method; the diagonal is in-domain."""
    comparable = group.comparable
    scored = [row for row in comparable.rows if row.scores is not None]
    lines = [(r.method, r.source, r.target, r.scores.macro_f1) for r in scored if r.scores]
    frame = pd.DataFrame(lines, columns=["method", "source", "target", "value"])
    means = frame.groupby(["method", "source", "target"])["value"].mean()
    methods, more = _panels(group)
    if not methods:
        return None
    sources, targets = (sorted(set(frame[name])) for name in ("source", "target"))
    across = 2 if len(targets) > 6 else 3
    size = (max(2.2, 0.42 * len(targets) + 1), 0.3 * len(sources) + 1.0)
    figure, axes = _grid(len(methods), across, size)
    for axis, method in zip(axes, methods, strict=True):
        known = means.loc[method].to_dict()
        values = np.array([[known.get((s, t), np.nan) for t in targets] for s in sources])
        _shade(axis, values, sources, targets)
        axis.set_title(short(method), fontsize=8, loc="left")
        axis.set_xlabel("target")
        axis.set_ylabel("source")
    figure.suptitle(
        f"Macro-F1 (%), on the source in-domain, all its crops; {title_of(comparable)}{more}",
        fontsize=9,
    )
    return figure


def draw_gaps(group: ComparisonGroup) -> Figure | None:
    """Draw each method's loss from in-domain to target, by what lies between the two."""
    methods = method_frame(group)["method"].tolist()
    if group.gaps.empty:
        return None
    figure = Figure(figsize=(6.5, 1.3 + 0.22 * len(methods)))
    axis = figure.add_subplot()
    present = [str(name) for name in group.gaps.columns]
    for place, relation in enumerate(present):
        points = group.gaps[relation].dropna()
        apart = 0.12 * (place - (len(present) - 1) / 2)
        rows = [methods.index(method) + apart for method in points.index]
        look = FAR_TO_NEAR.index(relation)
        colour, mark = COLOURS[look], MARKERS[look]
        axis.plot(100 * points, rows, mark, color=colour, label=relation, ms=5, alpha=0.9)
    axis.axvline(0, color="#888888", lw=0.8)
    axis.set_yticks(range(len(methods)), [short(method) for method in methods])
    axis.set_ylim(len(methods) - 0.4, -0.6)
    axis.grid(axis="y", color="#dddddd", lw=0.6)
    axis.set_xlabel("in-domain less target, macro-F1 (percent points), mean over transfers")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"Transfer gap, {title_of(group.comparable)}", fontsize=9)
    return figure


def draw_pareto(group: ComparisonGroup) -> Figure | None:
    """Draw macro-F1 against the cost of fitting and of predicting.

    The line is the Pareto front; there is none if costs were measured on several machines. Floors
    are listed but not drawn beside other methods, which they would press into a corner.
    """
    scored = method_frame(group)
    scored = scored[scored["macro_f1"].notna()]
    scored = scored.assign(number=range(1, len(scored) + 1))  # ranks may be tied
    frame = without_floors(scored)
    known = {COSTS[name]: cost for name, cost in method_costs(frame).items() if cost.notna().any()}
    if not known:
        return None
    figure = Figure(figsize=(4.2 * len(known) + 1.2, max(3.4, 0.9 + 0.17 * len(scored))))
    families = sorted(set(frame["family"]))
    axes = figure.subplots(1, len(known), sharey=True, squeeze=False)[0]
    for axis, (name, cost) in zip(axes, known.items(), strict=True):
        _scatter(axis, frame[cost.notna()], cost.dropna(), families)
        axis.set_xlabel(name)
    axes[0].set_ylabel("macro-F1 (%), mean over transfers; lines: 95 % intervals")
    drawn = set(frame["method"])
    labels = [
        f"{line['number']}  {short(str(line['method']))}"
        + ("" if line["method"] in drawn else f", {100 * line['macro_f1']:.1f}, not drawn")
        for line in scored.to_dict("records")
    ]
    axes[-1].text(1.04, 1, "\n".join(labels), transform=axes[-1].transAxes, va="top", fontsize=6.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    several = "" if is_one_machine(frame["machine"]) else "; times of several machines"
    figure.suptitle(f"Accuracy and cost, {title_of(group.comparable)}{several}", fontsize=9)
    return figure


def draw_confusion(group: ComparisonGroup) -> Figure | None:
    """Draw where the samples of each crop go, summed over transfers and seeds."""
    sums: dict[str, npt.NDArray[np.int64]] = {}
    transfers: dict[str, set[str]] = {}
    for row in group.comparable.rows:
        if row.confusion is not None and row.relation != "in-domain":
            matrix = np.array(row.confusion, dtype=np.int64)
            sums[row.method] = sums.get(row.method, np.zeros_like(matrix)) + matrix
            transfers.setdefault(row.method, set()).add(row.transfer)
    methods, more = _panels(group)
    methods = [method for method in methods if method in sums]
    if not methods:
        return None
    total = np.sum([sums[method] for method in methods], axis=0)
    crops = np.flatnonzero(total.sum(axis=0) + total.sum(axis=1))
    names = [CROPS[index] for index in crops]
    figure, axes = _grid(len(methods), 3, (0.36 * len(crops) + 1.1, 0.3 * len(crops) + 1.1))
    for axis, method in zip(axes, methods, strict=True):
        matrix = sums[method][np.ix_(crops, crops)].astype(float)
        support = matrix.sum(axis=1, keepdims=True)
        shares = np.divide(matrix, support, out=np.full_like(matrix, np.nan), where=support > 0)
        _shade(axis, shares, names, names)
        known, every = len(transfers[method]), len(group.comparable.transfers)
        fewer = "" if known == every else f", {known} of {every} transfers"
        axis.set_title(short(method) + fewer, fontsize=8, loc="left")
        axis.set_xlabel("predicted")
        axis.set_ylabel("true")
    figure.suptitle(f"Share of each true crop (%), {title_of(group.comparable)}{more}", fontsize=9)
    return figure


def draw_critical(group: ComparisonGroup) -> Figure | None:
    """Draw average ranks; methods that a bar joins are not told apart (Nemenyi, 5 %)."""
    if group.critical is None:
        return None
    return draw_ranks(
        group.critical, [short(str(name)) for name in group.grid.index], title_of(group.comparable)
    )


def draw_robustness(group: ComparisonGroup) -> Figure | None:
    """Draw what shifts of the targets cost, for the best methods that were scored on them."""
    losses = comparable_losses(group)
    known = {loss.method for loss in losses}
    methods = [str(name) for name in method_frame(group)["method"] if name in known]
    if not methods:
        return None
    chosen, more = methods[:MOST_LINES], ""
    if len(methods) > MOST_LINES:
        more = f"; the first {MOST_LINES} of {len(methods)}"
    return draw_losses(
        losses, chosen, title_of(group.comparable) + more, colours=COLOURS, markers=MARKERS
    )


FIGURES: Final[Mapping[str, Draw]] = {
    "heat_map": draw_heat_map,
    "gap": draw_gaps,
    "pareto": draw_pareto,
    "confusion": draw_confusion,
    "ranks": draw_critical,
    "few_shot": draw_few_shot,
    "robustness": draw_robustness,
}
"""Figures by name: a new one is one entry here."""


def render(draw: Draw, group: ComparisonGroup, form: str) -> bytes | None:
    """Draw a figure and return it as a file.

    Args:
        draw: One of :data:`FIGURES`.
        group: Methods that may be compared.
        form: ``png``, ``svg`` or ``pdf``.

    Returns:
        The file's bytes, the same for the same rows; ``None`` where there is nothing to draw.
    """
    return render_figure(partial(draw, group), form)


def styled(draw: Draw, group: ComparisonGroup) -> Figure | None:
    """Draw a figure in the leaderboard's style; ``None`` where there is nothing to draw."""
    with rc_context(STYLE):
        return draw(group)


def render_figure(draw: Callable[[], Figure | None], form: str, dpi: int = 150) -> bytes | None:
    """Draw a figure in the leaderboard's style and return it as a file.

    Args:
        draw: Makes the figure, or ``None`` where there is nothing to draw.
        form: ``png``, ``svg`` or ``pdf``.
        dpi: Pixels per inch of a PNG.

    Returns:
        The file's bytes, the same for the same figure; ``None`` without one.
    """
    with rc_context(STYLE):
        figure = draw()
        if figure is None:
            return None
        out = io.BytesIO()
        figure.savefig(
            out,
            format=form,
            dpi=dpi,
            metadata={_STAMP[form]: None},
            bbox_inches=whole_page(figure, dpi),
        )
    return out.getvalue()


FORMS: Final = ("png", "svg", "pdf")
"""Forms of the files of a figure."""

_STAMP: Final = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}
"""What would make the bytes depend on version or time."""


def write_figures(results: Results, out: Path) -> tuple[Path, ...]:
    """Write every figure of every section, and remove those of an earlier call that are gone.

    Args:
        results: Rows and what is known of them.
        out: Directory.

    Returns:
        The files, `SECTION-FIGURE.png`, `.svg` and `.pdf`, sections numbered in the tables' order.

    Raises:
        StoreError: If a file cannot be written.
    """
    files = {}
    for number, group in enumerate(comparison_groups(results), start=1):
        if group.transfers.empty:
            continue
        for name, draw in FIGURES.items():
            for form in FORMS:
                content = render(draw, group, form)
                if content is not None:
                    files[f"{number}-{name}.{form}"] = content
    return write_folder(out, files, "figure-files.json")


def _panels(group: ComparisonGroup) -> tuple[list[str], str]:
    methods = [str(name) for name in method_frame(group)["method"]]
    more = f"; the first {MOST_PANELS} of {len(methods)}" if len(methods) > MOST_PANELS else ""
    return methods[:MOST_PANELS], more


def _grid(panels: int, across: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    columns = min(across, panels)
    lines = -(-panels // columns)
    figure = Figure(figsize=(size[0] * columns, size[1] * lines + 0.3))
    axes = list(figure.subplots(lines, columns, squeeze=False).ravel())
    for axis in axes[panels:]:
        axis.set_axis_off()
    return figure, axes[:panels]


def _shade(
    axis: Axes, values: npt.NDArray[np.float64], rows: list[str], columns: list[str]
) -> None:
    axis.imshow(values, cmap="cividis", norm=Normalize(0, 1), aspect="auto")
    axis.set_xticks(range(len(columns)), columns, rotation=90, fontsize=6.5)
    axis.set_yticks(range(len(rows)), rows, fontsize=6.5)
    axis.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        text = "-" if np.isnan(value) else f"{100 * value:.0f}"
        colour = "white" if value < DARK else "black"
        axis.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)


def _scatter(axis: Axes, frame: pd.DataFrame, cost: pd.Series, families: list[str]) -> None:
    score = frame["macro_f1"].to_numpy(dtype=float)
    spent = cost.to_numpy(dtype=float)
    front = np.array([flag is True for flag in on_front(cost, frame)])
    if front.any():
        order = np.argsort(spent[front])
        x, y = spent[front][order], 100 * score[front][order]
        axis.plot(x, y, "-", color="#888888", lw=1, zorder=1, label="Pareto front")
    for index, family in enumerate(families):
        chosen = (frame["family"] == family).to_numpy()
        axis.scatter(
            spent[chosen],
            100 * score[chosen],
            s=28,
            label=family,
            zorder=3,
            color=COLOURS[index % len(COLOURS)],
            marker=MARKERS[index % len(MARKERS)],
        )
    low, high = (100 * frame[f"macro_f1_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
    axis.vlines(spent, low, high, color="#555555", lw=0.8, zorder=2)
    axis.set_xscale("log")
    axis.margins(x=0.1)
    points = np.column_stack([spent, 100 * score])
    offsets = label_offsets(axis, points)
    for number, at, offset in zip(frame["number"], points, offsets, strict=True):
        axis.annotate(
            str(number),
            at,
            offset,
            textcoords="offset points",
            fontsize=7,
            ha="center",
            va="center",
        )
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.grid(color="#e5e5e5", lw=0.5)
    axis.set_axisbelow(True)
