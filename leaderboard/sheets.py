"""The tables of a paper, free of any format: what is in which cell, and what stands out."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf
from typing import Any, Final

import pandas as pd

from leaderboard.columns import (
    COLUMNS,
    MISSING,
    MISSING_SCORES,
    main_columns,
    method_frame,
    percent,
    shown,
    signed_percent,
)
from leaderboard.crops import area_bias_by_crop, f1_by_crop
from leaderboard.few_shot import Point, few_shot_curves
from leaderboard.field import Field, base_of
from leaderboard.marks import EMPHASIS_NOTE, Emphasis, emphasis
from leaderboard.tables import facts, title_of

TIME: Final = "cross-year"

Line = Mapping[Hashable, Any]
"""A line of a frame by column."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        emphasis: Whether it is the best or second of its column, beyond the interval.
    """

    text: str
    emphasis: Emphasis = ""


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: What it shows, the data and protocol included.
        notes: What a reader must know, in sentences.
        groups: Headings over the headings, each with how many columns it spans.
        headings: Heading of each column.
        body: Lines of cells.
    """

    title: str
    notes: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    headings: tuple[str, ...]
    body: tuple[tuple[Cell, ...], ...]


def score_sheet(field: Field, metric: str, title: str, relations: Sequence[str] = ()) -> Sheet:
    """Make the table of methods by transfers, grouped by relation, mean and deviation over seeds.

    Args:
        field: Methods that may be compared.
        metric: ``macro_f1`` or ``overall_accuracy``.
        title: What the metric is called.
        relations: Relations to show; all where empty.

    Returns:
        The table; without columns where no transfer has such a relation.
    """
    pairs = [pair for pair in field.section.transfers if not relations or pair[0] in relations]
    names = [name for _, name in pairs]
    methods = method_frame(field)["method"].tolist()
    cells = _score_cells(field, metric, names)
    body = [(Cell(method), *(cells[method, name] for name in names)) for method in methods]
    groups = [(relation, len(list(members))) for relation, members in groupby(p[0] for p in pairs)]
    return Sheet(
        title=f"{title} (%), {title_of(field.section)}",
        notes=(*facts(field), _EMPHASIS_NOTE),
        groups=(("", 1), *groups),
        headings=("method", *names),
        body=tuple(body),
    )


_EMPHASIS_NOTE: Final = f"Mean and standard deviation over seeds (divisor n). {EMPHASIS_NOTE}"


def _score_cells(field: Field, metric: str, names: Sequence[str]) -> dict[tuple[str, str], Cell]:
    """Return the cell of every method and each of these transfers."""
    methods = method_frame(field)["method"].tolist()
    found = {
        (str(line["method"]), str(line["transfer"])): line
        for line in field.transfers.to_dict("records")
    }
    cells = {}
    for name in names:
        marks = emphasis(field, name, metric)
        for method in methods:
            line = found.get((method, name))
            text = MISSING if line is None else _with_deviation(line, metric)
            cells[method, name] = Cell(text, marks.get(method, ""))
    return cells


def _with_deviation(line: Line, metric: str) -> str:
    spread = line[f"{metric}_std"]
    return percent(line[metric]) + ("" if pd.isna(spread) else f" ± {percent(spread)}")


def summary_sheet(field: Field) -> Sheet:
    """Make one table of the scores, the transfers where they are few, and what they took."""
    frame = method_frame(field)
    by_name = {column.name: column for column in COLUMNS}
    names = [name for _, name in field.section.transfers]
    cells = _score_cells(field, "macro_f1", names if len(names) <= FEW_TRANSFERS else ())
    names = list(dict.fromkeys(name for _, name in cells))
    left = [by_name[name] for name in ("method", "macro_f1", "macro_f1_low", "macro_f1_high")]
    right = [by_name[name] for name in _SUMMARY_RIGHT]
    right += [MISSING_SCORES] if MISSING_SCORES in main_columns(frame) else []
    body = []
    for (method, mean, low, high), others in zip(
        shown(frame, left), shown(frame, right), strict=True
    ):
        limits = MISSING if low == MISSING else f"{low} to {high}"
        first = map(Cell, (method, mean, limits))
        body.append((*first, *(cells[method, name] for name in names), *map(Cell, others)))
    return Sheet(
        title=f"Summary, {title_of(field.section)}",
        notes=(
            *facts(field),
            *((f"Columns of transfers: macro-F1. {_EMPHASIS_NOTE}",) if names else ()),
            f"Measured on {_devices(field)}.",
        ),
        groups=(),
        headings=("method", "macro-F1", "95 % interval", *names, *(c.title for c in right)),
        body=tuple(body),
    )


FEW_TRANSFERS: Final = 4
"""Most transfers that have a column of their own in a summary."""

_SUMMARY_RIGHT: Final = (
    "overall_accuracy",
    "in_domain_macro_f1",
    "gap",
    "fit_seconds",
    "predict_samples_per_second",
    "parameters",
)


def ablation_sheet(field: Field) -> Sheet:
    """Compare each variant with what it is a variant of: ``cropnet.aug`` with ``cropnet``.

    Returns:
        Macro-F1 of both, the difference and its paired interval over all transfers.
    """
    complete = set(field.grid.index)
    body = []
    for method in sorted(complete):
        base = base_of(method, complete)
        if base is None:
            continue
        value, other = (field.mean(name, "macro_f1") for name in (method, base))
        one, two = (field.mean_draws(name, "macro_f1") for name in (method, base))
        limits = MISSING
        if one is not None and two is not None:
            found = field.interval(one - two, value - other)
            limits = f"{signed_percent(found.low)} to {signed_percent(found.high)}"
        texts = (method, base, percent(value), percent(other), signed_percent(value - other))
        body.append(tuple(Cell(text) for text in (*texts, limits)))
    return Sheet(
        title=f"Variants, {title_of(field.section)}",
        notes=("Macro-F1 (%), mean over all transfers; interval: paired 95 % bootstrap.",),
        groups=(),
        headings=("method", "variant of", "macro-F1", "of that", "difference", "95 % interval"),
        body=tuple(body),
    )


def cost_sheet(field: Field) -> Sheet:
    """Make the table of macro-F1 beside what it took."""
    frame = method_frame(field)
    columns = [column for column in COLUMNS if column.name in _COST_COLUMNS]
    return Sheet(
        title=f"Cost, {title_of(field.section)}",
        notes=(f"Means over fits and targets; measured on {_devices(field)}.",),
        groups=(),
        headings=tuple(column.title for column in columns),
        body=tuple(tuple(map(Cell, line)) for line in shown(frame, columns)),
    )


def _devices(field: Field) -> str:
    names = {row.cost.device_name for row in field.section.rows if row.cost.device_name}
    return ", ".join(sorted(names)) or "unknown devices"


_COST_COLUMNS: Final = frozenset(
    {
        "method",
        "macro_f1",
        "fit_seconds",
        "predict_samples_per_second",
        "parameters",
        "flops_per_sample",
        "fit_samples_per_second",
        "peak_memory_bytes",
    }
)


def crop_sheet(field: Field) -> Sheet:
    """Make the table of F1 by crop, over the transfers whose target has the crop."""
    note = (
        "F1 (%) of each crop, mean over seeds, then over the transfers whose target has it; a dash "
        "for a method that lacks one of them."
    )
    return _by_crop(field, "F1 by crop", note, f1_by_crop(field), percent)


def area_sheet(field: Field) -> Sheet:
    """Make the table of predicted less true share of each crop."""
    note = (
        "Predicted less true share of the scored samples, in percent points, mean over seeds, then "
        "over transfers: above zero, the crop's area is overestimated; a dash for a method that "
        "lacks a transfer with the crop."
    )
    return _by_crop(field, "Crop-area bias", note, area_bias_by_crop(field), signed_percent)


def _by_crop(
    field: Field, title: str, note: str, means: pd.DataFrame, show: Callable[[float], str]
) -> Sheet:
    crops = [str(name) for name in means.columns]
    ordered = means.reindex(method_frame(field)["method"])
    body = [
        (Cell(str(method)), *(Cell(MISSING if pd.isna(v) else show(v)) for v in values))
        for method, values in zip(ordered.index, ordered.to_numpy(), strict=True)
    ]
    heading = f"{title}, {title_of(field.section)}"
    return Sheet(heading, (note,), (), ("method", *crops), tuple(body))


def ranking_sheet(field: Field) -> Sheet:
    """Make the ranking with every column of the registry."""
    columns = sorted(COLUMNS, key=lambda column: column.name != "method")
    body = shown(method_frame(field), columns)
    meanings = tuple(f"{column.title}: {column.meaning}" for column in columns)
    reference = f"Reference method: {field.reference or 'none has every transfer'}."
    return Sheet(
        title=f"Leaderboard, {title_of(field.section)}",
        notes=(*facts(field), reference, *meanings),
        groups=(),
        headings=tuple(column.title for column in columns),
        body=tuple(tuple(map(Cell, line)) for line in body),
    )


def difference_sheet(field: Field) -> Sheet:
    """Compare each method with the reference on each transfer, with paired intervals."""
    names = [name for _, name in field.section.transfers]
    reference = field.reference
    cells: dict[tuple[str, str], float] = dict(
        field.transfers.set_index(["method", "transfer"])["macro_f1"].items()  # type: ignore[arg-type]
    )
    body = []
    for method in method_frame(field)["method"]:
        if reference is None or method == reference:
            continue
        line = [Cell(method)]
        for name in names:
            known = (method, name) in cells and (reference, name) in cells
            point = cells[method, name] - cells[reference, name] if known else float("nan")
            line.append(Cell(_difference(point, field, method, name) if known else MISSING))
        body.append(tuple(line))
    note = f"Macro-F1 less that of {reference}, percent points, paired 95 % bootstrap interval."
    title = f"Differences to {reference}, {title_of(field.section)}"
    return Sheet(title, (note,), (), ("method", *names), tuple(body))


def _difference(point: float, field: Field, method: str, transfer: str) -> str:
    draws = [field.draws(m, transfer, "macro_f1") for m in (method, field.reference or "")]
    known = [values for values in draws if values is not None]
    if len(known) < 2:
        return signed_percent(point)
    found = field.interval(known[0] - known[1], point)
    return f"{signed_percent(point)} [{signed_percent(found.low)}, {signed_percent(found.high)}]"


def few_shot_sheet(field: Field) -> Sheet:
    """Make the table of macro-F1 by labels per class of the target; a line for each transfer."""
    curves = few_shot_curves(field)
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
    return Sheet(
        title=f"Macro-F1 (%) by labels of the target per class, {title_of(field.section)}",
        notes=(
            "0: the method on the inductive track; all: trained on the target alone, with as many "
            "samples as a source may have. Two halves of the target answer for each other.",
        ),
        groups=(("", 2), ("labelled samples of the target per class", len(names))),
        headings=("method", "transfer", *names),
        body=tuple(body),
    )


def _mean(point: Point) -> str:
    limits = point.limits
    between = "" if limits is None else f" ({percent(limits.low)} to {percent(limits.high)})"
    return percent(point.mean) + between


Builder = Callable[[Field], Sheet]

STYLES: Final[Mapping[str, tuple[Builder, ...]]] = {
    "summary": (summary_sheet,),
    "paper": (
        lambda field: score_sheet(field, "overall_accuracy", "Overall accuracy"),
        lambda field: score_sheet(field, "macro_f1", "Macro-F1"),
    ),
    "full": (
        ranking_sheet,
        lambda field: score_sheet(field, "overall_accuracy", "Overall accuracy"),
        lambda field: score_sheet(field, "macro_f1", "Macro-F1"),
        lambda field: score_sheet(field, "overall_accuracy", "Transfer in time, accuracy", (TIME,)),
        lambda field: score_sheet(field, "macro_f1", "Transfer in time, macro-F1", (TIME,)),
        difference_sheet,
        ablation_sheet,
        few_shot_sheet,
        crop_sheet,
        area_sheet,
        cost_sheet,
    ),
}
"""Which tables a style has: a new one is one entry here."""


def sheets(field: Field, style: str, *, narrow: bool = False) -> tuple[Sheet, ...]:
    """Return the tables of a style that have anything to show.

    Args:
        field: Methods that may be compared.
        style: A name of :data:`STYLES`.
        narrow: Whether they are for a page of paper: the ranking then has the summary's columns.
    """
    chosen = STYLES[style]
    if narrow:
        chosen = tuple(summary_sheet if b is ranking_sheet else b for b in chosen)
    made = (build(field) for build in chosen)
    return tuple(sheet for sheet in made if sheet.body and len(sheet.headings) > 1)
