"""The tables of a paper: which there are, and what is in which cell."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import partial
from itertools import groupby
from math import inf
from typing import Any, Final

import pandas as pd

from leaderboard.comparison_group import ComparisonGroup, base_of
from leaderboard.few_shot_curves import Point, few_shot_curves
from leaderboard.rank_ranges import OPEN_RANKS, rank_ranges
from leaderboard.tables.column_choice import column_named
from leaderboard.tables.columns import (
    COLUMNS,
    MISSING,
    main_columns,
    method_frame,
    percent,
    shown,
    signed_percent,
)
from leaderboard.tables.crop_means import area_bias_by_crop, f1_by_crop
from leaderboard.tables.emphasis import EMPHASIS_NOTE, emphasis
from leaderboard.tables.section_facts import caption_of, facts, remarks, title_of
from leaderboard.tables.table_content import Cell, Table

TIME: Final = "cross-year"

Line = Mapping[Hashable, Any]
"""A line of a frame by column."""


def score_table(
    group: ComparisonGroup, metric: str, title: str, relations: Sequence[str] = ()
) -> Table:
    """Make the table of methods by transfers, grouped by relation, mean and deviation over seeds.

    Args:
        group: Methods that may be compared.
        metric: ``macro_f1`` or ``overall_accuracy``.
        title: What the metric is called.
        relations: Relations to show; all where empty.

    Returns:
        The table; without columns where no transfer has such a relation.
    """
    pairs = [pair for pair in group.comparable.transfers if not relations or pair[0] in relations]
    names = [name for _, name in pairs]
    methods = method_frame(group)["method"].tolist()
    cells = _score_cells(group, metric, names)
    body = [(Cell(method), *(cells[method, name] for name in names)) for method in methods]
    groups = [(relation, len(list(members))) for relation, members in groupby(p[0] for p in pairs)]
    return Table(
        title=f"{title} (%), {title_of(group.comparable)}",
        notes=(*facts(group), _EMPHASIS_NOTE),
        groups=(("", 1), *groups),
        headings=("method", *names),
        body=tuple(body),
        caption=caption_of(group, f"{title} (%) by transfer. {_EMPHASIS_NOTE}"),
        short_notes=remarks(group),
    )


_EMPHASIS_NOTE: Final = f"Mean and standard deviation over seeds (divisor n). {EMPHASIS_NOTE}"


def _score_cells(
    group: ComparisonGroup, metric: str, names: Sequence[str]
) -> dict[tuple[str, str], Cell]:
    """Return the cell of every method and each of these transfers."""
    methods = method_frame(group)["method"].tolist()
    found = {
        (str(line["method"]), str(line["transfer"])): line
        for line in group.transfers.to_dict("records")
    }
    cells = {}
    for name in names:
        marks = emphasis(group, name, metric)
        for method in methods:
            line = found.get((method, name))
            text = MISSING if line is None else _with_deviation(line, metric)
            cells[method, name] = Cell(text, marks.get(method, ""))
    return cells


def _with_deviation(line: Line, metric: str) -> str:
    spread = line[f"{metric}_std"]
    return percent(line[metric]) + ("" if pd.isna(spread) else f" ± {percent(spread)}")


def summary_table(group: ComparisonGroup, *, narrow: bool = False) -> Table:
    """Make one table of the scores, the transfers where they are few, and what they took.

    Args:
        group: Methods that may be compared.
        narrow: Whether it is for a page of paper, and has as many columns as fit one.
    """
    frame = method_frame(group)
    names = [name for _, name in group.comparable.transfers]
    few = len(names) <= FEW_TRANSFERS and not narrow
    cells = _score_cells(group, "macro_f1", names if few else ())
    names = list(dict.fromkeys(name for _, name in cells))
    left = [column_named(n) for n in ("method", "macro_f1", "macro_f1_low", "macro_f1_high")]
    right = [column_named(n) for n in (_NARROW_RIGHT if narrow else _SUMMARY_RIGHT)]
    telling = {"missing"} if narrow else {"missing", "machine"}
    right += [column for column in main_columns(frame) if column.name in telling]
    body = []
    ranges = {} if narrow else rank_ranges(group)
    ranks = (OPEN_RANKS,) if ranges else ()
    for (method, mean, low, high), others in zip(
        shown(frame, left), shown(frame, right), strict=True
    ):
        limits = MISSING if low == MISSING else f"{low} to {high}"
        open_ranks = (str(ranges.get(method, MISSING)) for _ in ranks)
        first = map(Cell, (method, mean, limits, *open_ranks))
        body.append((*first, *(cells[method, name] for name in names), *map(Cell, others)))
    return Table(
        title=f"Summary, {title_of(group.comparable)}",
        notes=(
            *facts(group),
            *((f"Columns of transfers: macro-F1. {_EMPHASIS_NOTE}",) if names else ()),
        ),
        groups=(),
        headings=("method", "macro-F1", "95 % interval", *ranks, *names, *(c.title for c in right)),
        body=tuple(body),
        caption=caption_of(group, _SUMMARY_CAPTION),
        short_notes=remarks(group),
    )


FEW_TRANSFERS: Final = 4
"""Most transfers that have a column of their own in a summary."""

_NARROW_RIGHT: Final = ("overall_accuracy", "in_domain_macro_f1", "gap", "fit_seconds")

_SUMMARY_RIGHT: Final = (*_NARROW_RIGHT, "predict_samples_per_second", "parameters")

_SUMMARY_CAPTION: Final = (
    "Methods ranked by macro-F1 (%) on targets that they were not trained on, mean over all "
    "transfers, with its 95 % bootstrap interval; overall accuracy, in-domain macro-F1 and the gap "
    "between the two macro-F1 in percent points; fit s: seconds of one fit."
)


def ablation_table(group: ComparisonGroup) -> Table:
    """Compare each variant with what it is a variant of: ``cropnet.aug`` with ``cropnet``.

    Returns:
        Macro-F1 of both, the difference and its paired interval over all transfers.
    """
    complete = set(group.grid.index)
    body = []
    for method in sorted(complete):
        name = base_of(group.names[method], (group.names[label] for label in complete))
        if name is None:
            continue
        base = next(label for label in group.labels[name] if label in complete)
        value, other = (group.mean(name, "macro_f1") for name in (method, base))
        one, two = (group.mean_draws(name, "macro_f1") for name in (method, base))
        limits = MISSING
        if one is not None and two is not None:
            found = group.interval(one - two, value - other)
            limits = f"{signed_percent(found.low)} to {signed_percent(found.high)}"
        texts = (method, base, percent(value), percent(other), signed_percent(value - other))
        body.append(tuple(Cell(text) for text in (*texts, limits)))
    note = "Macro-F1 (%), mean over all transfers; interval: paired 95 % bootstrap."
    headings = ("method", "variant of", "macro-F1", "of that", "difference", "95 % interval")
    return _noted(group, f"Variants, {title_of(group.comparable)}", note, headings, body)


def cost_table(group: ComparisonGroup) -> Table:
    """Make the table of macro-F1 beside what it took."""
    frame = method_frame(group)
    columns = [column for column in COLUMNS if column.name in _COST_COLUMNS]
    return _noted(
        group,
        f"Cost, {title_of(group.comparable)}",
        "Means over fits and targets; the last column has the machine.",
        tuple(column.title for column in columns),
        [tuple(map(Cell, line)) for line in shown(frame, columns)],
    )


_COST_COLUMNS: Final = (
    *("method", "macro_f1", "fit_seconds", "predict_samples_per_second", "parameters"),
    *("flops_per_sample", "fit_samples_per_second", "peak_memory_bytes", "machine"),
)


def crop_table(group: ComparisonGroup) -> Table:
    """Make the table of F1 by crop, over the transfers whose target has the crop."""
    note = (
        "F1 (%) of each crop, mean over seeds, then over the transfers whose target has it; a dash "
        "for a method that lacks one of them."
    )
    return _by_crop(group, "F1 by crop", note, f1_by_crop(group), percent)


def area_table(group: ComparisonGroup) -> Table:
    """Make the table of predicted less true share of each crop."""
    note = (
        "Predicted less true share of the scored samples, in percent points, mean over seeds, then "
        "over transfers: above zero, the crop's area is overestimated; a dash for a method that "
        "lacks a transfer with the crop."
    )
    return _by_crop(group, "Crop-area bias", note, area_bias_by_crop(group), signed_percent)


def _by_crop(
    group: ComparisonGroup, title: str, note: str, means: pd.DataFrame, show: Callable[[float], str]
) -> Table:
    crops = [str(name) for name in means.columns]
    ordered = means.reindex(method_frame(group)["method"])
    body = [
        (Cell(str(method)), *(Cell(MISSING if pd.isna(v) else show(v)) for v in values))
        for method, values in zip(ordered.index, ordered.to_numpy(), strict=True)
    ]
    heading = f"{title}, {title_of(group.comparable)}"
    return _noted(group, heading, note, ("method", *crops), body)


def _noted(
    group: ComparisonGroup,
    title: str,
    note: str,
    headings: tuple[str, ...],
    body: Sequence[tuple[Cell, ...]],
) -> Table:
    """Return a table of which one sentence says all; on a page of paper it is in the caption."""
    what = f"{title.removesuffix(f', {title_of(group.comparable)}')}. {note}"
    return Table(title, (note,), (), headings, tuple(body), caption_of(group, what))


def ranking_table(group: ComparisonGroup) -> Table:
    """Make the ranking with every column of the registry."""
    columns = sorted(COLUMNS, key=lambda column: column.name != "method")
    body = shown(method_frame(group), columns)
    meanings = tuple(f"{column.title}: {column.meaning}" for column in columns)
    reference = f"Reference method: {group.reference or 'none has every transfer'}."
    return Table(
        title=f"Leaderboard, {title_of(group.comparable)}",
        notes=(*facts(group), reference, *meanings),
        groups=(),
        headings=tuple(column.title for column in columns),
        body=tuple(tuple(map(Cell, line)) for line in body),
    )


def chosen_tables(groups: Sequence[ComparisonGroup], names: Sequence[str]) -> tuple[Table, ...]:
    """Make the rankings with columns that a user names.

    Args:
        groups: Groups of methods that may be compared.
        names: Names of columns as in CSV files, or transfers, whose column is their macro-F1.

    Returns:
        A table for each group with a score; a transfer that the group lacks is a column of dashes.

    Raises:
        UsageError: If there is no such column, and no such transfer in any group.
    """
    known = {name for group in groups for _, name in group.comparable.transfers}
    return tuple(t for group in groups if (t := _chosen_table(group, names, known)).body)


def _chosen_table(group: ComparisonGroup, names: Sequence[str], known: Collection[str]) -> Table:
    transfers = [name for name in names if name in known]
    columns = {name: column_named(name) for name in names if name not in known}
    frame, cells = method_frame(group), _score_cells(group, "macro_f1", transfers)
    texts = {name: shown(frame, [column]) for name, column in columns.items()}
    body = []
    for line, method in enumerate(frame["method"]):
        found = (cells[method, n] if n in known else Cell(texts[n][line][0]) for n in names)
        body.append((Cell(method), *found))
    meanings = [f"{column.title}: {column.meaning}" for column in columns.values()]
    meanings += [f"Columns of transfers: macro-F1. {_EMPHASIS_NOTE}"] if transfers else []
    return Table(
        title=f"Leaderboard, {title_of(group.comparable)}",
        notes=(*facts(group), *meanings),
        groups=(),
        headings=("method", *(columns[n].title if n in columns else n for n in names)),
        body=tuple(body),
        caption=caption_of(group, " ".join(("Methods ranked by macro-F1.", *meanings))),
        short_notes=remarks(group),
    )


def difference_table(group: ComparisonGroup) -> Table:
    """Compare each method with the reference on each transfer, with paired intervals."""
    names = [name for _, name in group.comparable.transfers]
    reference = group.reference
    cells: dict[tuple[str, str], float] = dict(
        group.transfers.set_index(["method", "transfer"])["macro_f1"].items()  # type: ignore[arg-type]
    )
    body = []
    for method in method_frame(group)["method"]:
        if reference is None or method == reference:
            continue
        line = [Cell(method)]
        for name in names:
            known = (method, name) in cells and (reference, name) in cells
            point = cells[method, name] - cells[reference, name] if known else float("nan")
            line.append(Cell(_difference(point, group, method, name) if known else MISSING))
        body.append(tuple(line))
    note = f"Macro-F1 less that of {reference}, percent points, paired 95 % bootstrap interval."
    title = f"Differences to {reference}, {title_of(group.comparable)}"
    return _noted(group, title, note, ("method", *names), body)


def _difference(point: float, group: ComparisonGroup, method: str, transfer: str) -> str:
    draws = [group.draws(m, transfer, "macro_f1") for m in (method, group.reference or "")]
    known = [values for values in draws if values is not None]
    if len(known) < 2:
        return signed_percent(point)
    found = group.interval(known[0] - known[1], point)
    return f"{signed_percent(point)} [{signed_percent(found.low)}, {signed_percent(found.high)}]"


def few_shot_table(group: ComparisonGroup) -> Table:
    """Make the table of macro-F1 by labels per class of the target; a line for each transfer."""
    curves = few_shot_curves(group)
    points = [point for curve in curves for point in curve.points]
    ordered = sorted(points, key=lambda p: inf if p.labels is None else p.labels)
    names = list(dict.fromkeys(point.name for point in ordered))
    body = []
    for curve in curves:
        by_name = {point.name: point for point in curve.points}
        means = [_mean(by_name[name]) if name in by_name else MISSING for name in names]
        body.append(tuple(map(Cell, (curve.method, "mean, 95 % interval", *means))))
        for index, transfer in enumerate(curve.transfers):
            values = [
                percent(by_name[name].by_transfer[index]) if name in by_name else MISSING
                for name in names
            ]
            body.append(tuple(map(Cell, (curve.method, transfer, *values))))
    return Table(
        title=f"Macro-F1 (%) by labels of the target per class, {title_of(group.comparable)}",
        notes=(
            "0: the method on the inductive track; all: trained on the target alone, with as many "
            "samples as a source may have. Two halves of the target answer for each other.",
        ),
        groups=(("", 2), ("labelled samples of the target per class", len(names))),
        headings=("method", "transfer", *names),
        body=tuple(body),
        names=2,
    )


def _mean(point: Point) -> str:
    limits = point.limits
    between = "" if limits is None else f" ({percent(limits.low)} to {percent(limits.high)})"
    return percent(point.mean) + between


Builder = Callable[[ComparisonGroup], Table]

STYLES: Final[Mapping[str, tuple[Builder, ...]]] = {
    "summary": (summary_table,),
    "paper": (
        lambda group: score_table(group, "overall_accuracy", "Overall accuracy"),
        lambda group: score_table(group, "macro_f1", "Macro-F1"),
    ),
    "full": (
        ranking_table,
        lambda group: score_table(group, "overall_accuracy", "Overall accuracy"),
        lambda group: score_table(group, "macro_f1", "Macro-F1"),
        lambda group: score_table(group, "overall_accuracy", "Transfer in time, accuracy", (TIME,)),
        lambda group: score_table(group, "macro_f1", "Transfer in time, macro-F1", (TIME,)),
        difference_table,
        ablation_table,
        few_shot_table,
        crop_table,
        area_table,
        cost_table,
    ),
}
"""Which tables a style has: a new one is one entry here."""


def paper_tables(group: ComparisonGroup, style: str, *, narrow: bool = False) -> tuple[Table, ...]:
    """Return the tables of a style that have anything to show.

    Args:
        group: Methods that may be compared.
        style: A name of :data:`STYLES`.
        narrow: Whether they are for a page of paper: the ranking is then a short summary.
    """
    chosen = STYLES[style]
    if narrow:
        short = partial(summary_table, narrow=True)
        chosen = tuple(short if b in (ranking_table, summary_table) else b for b in chosen)
    made = (build(group) for build in chosen)
    return tuple(table for table in made if table.body and len(table.headings) > 1)
