"""Leaderboards as text: Markdown, CSV and what is printed on the screen."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from benchmark.task.metrics import METRIC_VERSION
from leaderboard.code_labels import shared_names
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.machine import machine_of
from leaderboard.results import VERIFICATIONS, Results, row_key
from leaderboard.score_frames import ComparableRows
from leaderboard.statistics.bootstrap import FEWEST_SEEDS
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.statistics.ranking import CriticalDifference
from leaderboard.tables.columns import (
    MISSING,
    MISSING_SCORES,
    main_columns,
    method_frame,
    percent,
    shown,
)

if TYPE_CHECKING:
    from rich.table import Table

WITHOUT_SCHEME: Final = re.compile(r"\b(www)\.", re.IGNORECASE)
"""What some readers of Markdown make a link of although no scheme stands before it."""

SIMULATED_MARK: Final = "Simulated data: no satellite saw it; not comparable with the paper."
RELEASED_MARK: Final = (
    "The protocol repeats the released code, its defects included: not comparable with others."
)


def markdown(results: Results) -> str:
    """Write leaderboards as Markdown.

    Args:
        results: Rows in any order, and what is known of them.

    Returns:
        One section per dataset, protocol and track: the ranking, then macro-F1 and overall
        accuracy for each transfer, then what has no score and why.
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
        frame = with_limits(group)
        frame.insert(0, "dataset", comparable.dataset)
        frame.insert(1, "simulated", comparable.simulated)
        frame.insert(2, "protocol", comparable.protocol)
        frame.insert(3, "track", comparable.track)
        frame["dataset_fingerprint"] = comparable.fingerprint
        frame["protocol_hash"] = comparable.protocol_hash
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def with_limits(group: ComparisonGroup) -> pd.DataFrame:
    """Return a field's cells with their intervals and what was resampled."""
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


def screen_tables(results: Results) -> "list[Table]":
    """Return the ranking of each section for the terminal."""
    return [_screen_table(group) for group in comparison_groups(results)]


def _screen_table(group: ComparisonGroup) -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        title=escape(title_of(group.comparable)),
        caption=escape("\n".join([*_incomplete(group), *_origins(group)])) or None,
        caption_justify="left",
    )
    frame = method_frame(group)
    columns = main_columns(frame)
    # A terminal is narrow: how many transfers are there follows from what is missing.
    left_out = {"family", "cells"} if MISSING_SCORES in columns else {"family"}
    columns = tuple(column for column in columns if column.name not in left_out)
    for column in columns:
        words = column.title.split()
        table.add_column(
            "\n".join(words),
            justify="left" if column.name == "method" else "right",
            min_width=max(map(len, words)),
            no_wrap=True,
        )
    for cells in shown(frame, columns):
        table.add_row(*map(escape, cells))
    return table


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


def title_of(comparable: ComparableRows) -> str:
    """Name a section: its dataset, protocol and track, and an older version of the metrics."""
    version = comparable.metric_version
    older = "" if version == METRIC_VERSION else f", metrics version {version}"
    mark = " (simulated)" if comparable.simulated and "simulated" not in comparable.dataset else ""
    track = "" if comparable.track == "inductive" else f", {comparable.track} track"
    return f"{comparable.dataset}{mark}, protocol {comparable.protocol}{track}{older}"


def facts(group: ComparisonGroup) -> list[str]:
    """Return what a reader must know of a section, in sentences."""
    comparable = group.comparable
    seeds = ", ".join(map(str, comparable.seeds))
    bands = sorted({" ".join(row.data.bands) for row in comparable.rows})
    splits = sorted({row.data.split for row in comparable.rows if row.data.split is not None})
    split = " and ".join(splits) or "unknown"
    found = [
        f"Dataset fingerprint {comparable.fingerprint[:16]}, protocol hash "
        f"{comparable.protocol_hash}, metrics version {comparable.metric_version}; seeds {seeds}.",
        "Scores in percent, means over transfers of means over seeds; ranked by macro-F1 over "
        "the crops that source and target share.",
        f"In-domain: macro-F1 of the same fit on the source's held-out part ({split} split), "
        "on its samples of the crops that are scored in the target; gap: in-domain less target; "
        "samples/s: prediction.",
        f"Bands: {'; '.join(bands)}.",
        *_doubts(group),
    ]
    if comparable.released:
        found.insert(0, RELEASED_MARK)
    if comparable.simulated:
        found.insert(0, SIMULATED_MARK)
    return found


def _doubts(group: ComparisonGroup) -> list[str]:
    """What the intervals rest on, and what the ranking cannot show."""
    found = []
    if group.units:
        what = " and ".join(("seeds", *(f"{unit} of the target" for unit in group.units)))
        found.append(
            f"Intervals: 95 % bootstrap, resampling {what}{_few_seeds(group)}; countries are not "
            "resampled, so they say nothing of countries that are not here."
        )
    found += [*_incomplete(group), *_origins(group)]
    scored = {row.method for row in group.comparable.rows if row.scores is not None}
    unconfirmed = sorted(name for name in scored if group.confirmed_share(name) < 1)
    if unconfirmed:
        found.append(f"Unverified, no stored predictions give the score: {', '.join(unconfirmed)}.")
    known = [row for row in group.comparable.rows if row.data.coverage is not None]
    partly = {row.method for row in known if row.data.coverage != 1}
    if partly:
        found.append(
            f"Without a vector for every sample: {', '.join(sorted(partly))}; a sample that has "
            "none is answered with the crops' shares in the training samples."
        )
    for status in VERIFICATIONS[1:]:
        names = sorted(name for name in scored if group.verification(name) == status)
        found += [f"{status.capitalize()}: {', '.join(names)}."] if names else []
    found += _stated(group)
    if group.critical is not None:
        found.append(critical_sentence(group.critical, len(group.grid)))
    return found


def _stated(group: ComparisonGroup) -> list[str]:
    """Say what authors stated of methods whose rows are a verifier's own, mean macro-F1."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in group.comparable.rows:
        stated = group.results.stated.get(row_key(row))
        if stated is not None and row.scores is not None and row.relation != "in-domain":
            pairs.setdefault(row.method, []).append((stated, row.scores.macro_f1))
    means = {
        method: tuple(sum(values) / len(values) for values in zip(*found, strict=True))
        for method, found in sorted(pairs.items())
    }
    said = [
        f"{method} {percent(own)} ({percent(stated)} stated)"
        for method, (stated, own) in means.items()
    ]
    if not said:
        return []
    return [f"Scores and costs are the verifier's own, macro-F1: {', '.join(said)}."]


def _few_seeds(group: ComparisonGroup) -> str:
    """What intervals between one or two seeds are worth; measured by scripts/interval_coverage."""
    seeds = group.transfers["seeds"].max()
    if seeds == 1:
        return "; with one seed they say nothing of how fits differ"
    if seeds < FEWEST_SEEDS:
        return (
            "; between two seeds they held the truth in 81 to 93 of 100 made-up experiments, not "
            "in 95, the less often the more fits differ"
        )
    return ""


def _incomplete(group: ComparisonGroup) -> list[str]:
    """Name the methods without every transfer, and those with fewer seeds than others."""
    names = [name for _, name in group.comparable.transfers]
    cells = group.transfers.pivot_table(index="method", columns="transfer", values="seeds")
    cells = cells.reindex(columns=names)
    lacking = {str(m): [n for n in names if pd.isna(line[n])] for m, line in cells.iterrows()}
    most = cells.max()
    short = {str(m): [n for n in names if line[n] < most[n]] for m, line in cells.iterrows()}
    found = []
    if any(lacking.values()):
        found.append(
            f"Not ranked, since a transfer is missing: {_named(lacking)}; with "
            "--transfers, ranks are over chosen ones alone."
        )
    if any(short.values()):
        found.append(
            f"Fewer seeds than others, so their intervals may be too narrow: {_named(short)}."
        )
    return found


def _origins(group: ComparisonGroup) -> list[str]:
    """Say which names stand for several codes, and which rows are reference results."""
    rows = [row for row in group.comparable.rows if row.scores is not None]
    shared = shared_names(rows)
    found = [] if shared is None else [shared]
    machines: dict[bool, set[str]] = {}
    for row in rows:
        is_reference = row_key(row) in group.results.references
        machines.setdefault(is_reference, set()).add(machine_of(row))
    if True in machines:
        found.append(
            "Costs of reference results were measured on "
            + "; ".join(sorted(machines[True]))
            + (
                f"; those of runs on {'; '.join(sorted(machines[False]))}."
                if False in machines
                else "."
            )
        )
    return found


def _named(transfers: Mapping[str, Sequence[str]]) -> str:
    """List methods with their transfers, shortened where there are many."""
    parts = [
        f"{method} ({_shortened(names, MOST_TRANSFERS)})"
        for method, names in transfers.items()
        if names
    ]
    return _shortened(parts, MOST_METHODS)


def _shortened(parts: Sequence[str], most: int) -> str:
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


MOST_METHODS: Final = 8
"""Methods that a sentence names."""

MOST_TRANSFERS: Final = 3
"""Transfers of each that it names."""


def critical_sentence(found: CriticalDifference, methods: int) -> str:
    """Say what average ranks over so few transfers can prove."""
    return (
        f"Friedman test over {found.transfers} transfers: p = {found.p_value:.2g}; with so few, "
        f"average ranks of {methods} methods must differ by {found.difference:.1f} to be told "
        "apart (Nemenyi, 5 %), and transfers that share a country are not independent."
    )


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
    left_out = f" ({row.data.n_unscored} target samples left out)" if row.data.n_unscored else ""
    return f"{row.transfer}: {'; '.join(parts)}{left_out}."


def markdown_table(heading: list[str], body: list[list[str]], *, safe: bool = False) -> list[str]:
    """Write a table as lines of Markdown.

    Args:
        heading: Headings.
        body: Lines of cells.
        safe: Whether the texts are Markdown already; they are made harmless otherwise.
    """
    if not body:
        return ["No method has a score."]
    lines = [heading, ["---"] * len(heading), *body]
    cells = lines if safe else [[markdown_cell(text) for text in line] for line in lines]
    return ["| " + " | ".join(line) + " |" for line in cells]


def markdown_cell(text: str) -> str:
    """Make a text harmless inside a Markdown line or table cell: no tag, link or mention."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\|`[]":
        flat = flat.replace(sign, "\\" + sign)
    flat = flat.replace("://", "&#58;//").replace("@", "&#64;")
    return WITHOUT_SCHEME.sub(r"\1&#46;", flat)
