"""Leaderboards as text: Markdown, CSV and what is printed on the screen."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from leaderboard.comparison_group import (
    ComparisonGroup,
    comparison_groups,
    once_for_each_group,
)
from leaderboard.results import Results
from leaderboard.score_frames import ComparableRows
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.tables.column_choice import by_importance
from leaderboard.tables.columns import (
    MISSING,
    MISSING_SCORES,
    main_columns,
    method_frame,
    percent,
    shown,
)
from leaderboard.tables.markdown_text import markdown_cell, markdown_table
from leaderboard.tables.screen_tables import fitted_table
from leaderboard.tables.section_facts import facts, notes, title_of

if TYPE_CHECKING:
    from rich.table import Table


def markdown(results: Results) -> str:
    """Write leaderboards as Markdown.

    Args:
        results: Rows in any order, and what is known of them.

    Returns:
        One section per dataset, protocol and track: the ranking, then macro-F1 and overall
        accuracy for each transfer, then what has no score and why, and what methods decided.
    """
    parts = [_section_markdown(group) for group in comparison_groups(results)]
    lost = [f"- {markdown_cell(problem)}" for problem in results.problems]
    if lost:
        parts.append("\n".join(["## Damaged or doubtful jobs", "", *lost, ""]))
    return "\n".join(parts)


def tidy(results: Results) -> pd.DataFrame:
    """Return every method and transfer of every section as one table, for further analysis."""
    frames = []
    for group in comparison_groups(results):
        comparable = group.comparable
        frame = with_limits(group).copy()
        frame.insert(0, "dataset", comparable.dataset)
        frame.insert(1, "simulated", comparable.simulated)
        frame.insert(2, "protocol", comparable.protocol)
        frame.insert(3, "track", comparable.track)
        frames.append(frame.assign(**comparable.identity))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


@once_for_each_group
def with_limits(group: ComparisonGroup) -> pd.DataFrame:
    """Return a line per method and transfer with intervals and what was resampled.

    The frame is kept, so not to be changed.
    """
    frame = group.transfers.copy()
    cells = list(zip(frame["method"], frame["transfer"], strict=True))
    for name in METRICS:
        draws = [group.draws(method, transfer, name) for method, transfer in cells]
        found = [
            None if values is None else group.interval(values, point)
            for values, point in zip(draws, frame[name], strict=True)
        ]
        frame[f"{name}_low"] = [np.nan if limits is None else limits.low for limits in found]
        frame[f"{name}_high"] = [np.nan if limits is None else limits.high for limits in found]
    key = (*group.comparable.key, group.comparable.track)
    frame["resampled"] = [group.results.units.get((*key, *cell), "") for cell in cells]
    return frame


def screen_tables(results: Results, width: int) -> "list[Table]":
    """Return the ranking of each section for a terminal of a width in characters."""
    return [_screen_table(group, width) for group in comparison_groups(results)]


def _screen_table(group: ComparisonGroup, width: int) -> "Table":
    frame = method_frame(group)
    columns = main_columns(frame)
    # How many transfers are there follows from what is missing.
    left_out = {"family", "cells"} if MISSING_SCORES in columns else {"family"}
    columns = tuple(column for column in columns if column.name not in left_out)
    return fitted_table(
        title_of(group.comparable),
        [column.title for column in columns],
        shown(frame, columns),
        width=width,
        first=[column.title for column in by_importance()],
        notes=notes(group),
    )


def _section_markdown(group: ComparisonGroup) -> str:
    comparable, ranking = group.comparable, method_frame(group)
    lines = [
        f"# {markdown_cell(title_of(comparable))}",
        "",
        *(f"- {markdown_cell(f)}" for f in facts(group)),
        "",
    ]
    columns = main_columns(ranking)
    lines += markdown_table([column.title for column in columns], shown(ranking, columns))
    for name, title in (("macro_f1", "Macro-F1"), ("overall_accuracy", "Overall accuracy")):
        lines += ["", f"## {title} by transfer (%)", "", *_transfer_table(group, ranking, name)]
    lines += _problems(comparable)
    return "\n".join(lines) + "\n"


def _transfer_table(group: ComparisonGroup, ranking: pd.DataFrame, name: str) -> list[str]:
    comparable = group.comparable
    cells = group.transfers.set_index(["method", "transfer"])
    order = list(ranking["method"])
    heading = [
        "method",
        *(f"{transfer} ({relation})" for relation, transfer in comparable.transfers),
    ]
    body = []
    for method in order:
        line = [method]
        for _, transfer in comparable.transfers:
            if (method, transfer) not in cells.index:
                line.append(MISSING)
                continue
            cell = cells.loc[(method, transfer)]
            spread = cell[f"{name}_std"]
            line.append(percent(cell[name]) + ("" if pd.isna(spread) else f" ± {percent(spread)}"))
        body.append(line)
    return markdown_table(heading, body)


def _problems(comparable: ComparableRows) -> list[str]:
    lines = []
    failed = sorted(
        {
            f"{row.method}, {row.transfer}, seed {row.seed}: {row.status}: {row.reason}"
            for row in comparable.rows
            if row.status != "ok"
        }
    )
    if failed:
        lines += ["", "## Not scored", "", *(f"- {markdown_cell(line)}" for line in failed)]
    decided = sorted(
        f"{row.method}, {row.transfer}, seed {row.seed}: {row.decision}"
        for row in comparable.rows
        if row.decision is not None
    )
    if decided:
        lines += ["", "## Decisions on a target", "", *(f"- {markdown_cell(d)}" for d in decided)]
    warnings = sorted(
        {f"{r.transfer}: {text}" for r in comparable.rows for text in r.data.warnings}
    )
    if warnings:
        lines += ["", "## Differences that are no geography", ""]
        lines += [f"- {markdown_cell(line)}" for line in warnings]
    targets = {row.transfer: row for row in comparable.rows if row.confusion and row.scores}
    lines += ["", "## What a constant answer would reach (%)", ""]
    lines += markdown_table(
        ["transfer", "samples", "most frequent crop", "overall accuracy", "macro-F1"],
        [
            [transfer, *_constant_answer(targets[transfer])]
            for _, transfer in comparable.transfers
            if transfer in targets
        ],
    )
    spaces = sorted({_space(row) for row in comparable.rows if row.relation != "in-domain"} - {""})
    if spaces:
        lines += ["", "## Crops that are not scored", "", *(f"- {line}" for line in spaces)]
    return lines


def _constant_answer(row: Row) -> list[str]:
    """Samples, most frequent crop, and the scores of always naming it."""
    assert row.confusion is not None
    support = [sum(line) for line in row.confusion]
    largest, total = max(support), sum(support)
    f1 = 2 * largest / (largest + total) / sum(count > 0 for count in support)
    crop = CROPS[support.index(largest)]
    return [f"{total:,}", crop, percent(largest / total), percent(f1)]


def _space(row: Row) -> str:
    labels = row.data.labels
    if labels is None or not (labels.target_only or labels.source_only or labels.too_few):
        return ""
    parts = []
    target_only = [crop for crop in labels.target_only if crop not in labels.too_few]
    if target_only:
        parts.append(f"only in the target {', '.join(target_only)}")
    if labels.source_only:
        parts.append(f"only in the source {', '.join(labels.source_only)}")
    if labels.too_few:
        parts.append(f"too few samples on one side {', '.join(labels.too_few)}")
    left = row.data.n_unscored
    left_out = f" ({left:,} target samples left out)" if left else ""
    return f"{row.transfer}: {'; '.join(parts)}{left_out}."
