"""Leaderboards as text: Markdown, CSV and what is printed on the screen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from benchmark.task.transfers import RELATIONS
from leaderboard.frames import Section, method_frame, score_frame, sections, transfer_frame

if TYPE_CHECKING:
    from rich.table import Table

MISSING: Final = "-"


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard.

    Attributes:
        name: Column of the frame.
        title: Heading.
        show: How a number is written.
    """

    name: str
    title: str
    show: Callable[[float], str]


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _seconds(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


COLUMNS: Final = (
    Column("rank", "rank", _count),
    Column("method", "method", str),
    Column("family", "family", str),
    Column("macro_f1", "macro-F1", _percent),
    Column("overall_accuracy", "overall accuracy", _percent),
    Column("balanced_accuracy", "balanced accuracy", _percent),
    Column("worst_macro_f1", "worst transfer", _percent),
    Column("in_domain_macro_f1", "in-domain", _percent),
    Column("gap", "gap", _percent),
    Column("fit_seconds", "fit s", _seconds),
    Column("predict_samples_per_second", "samples/s", _count),
    Column("cells", "transfers", _count),
)
"""The leaderboard: a new column is one entry here."""


def markdown(rows: Iterable[Row], damaged: Iterable[str] = ()) -> str:
    """Write the leaderboards of rows as Markdown.

    Args:
        rows: Rows in any order.
        damaged: What is wrong with stored jobs that were left out.

    Returns:
        One section per dataset, protocol and track: the ranking, then macro-F1 and overall
        accuracy for each transfer, then what has no score and why.
    """
    parts = [_section_markdown(section) for section in sections(rows, RELATIONS)]
    lost = [f"- {_cell(problem)}" for problem in damaged]
    if lost:
        parts.append("\n".join(["## Damaged jobs, left out", "", *lost, ""]))
    return "\n".join(parts)


def tidy(rows: Iterable[Row]) -> pd.DataFrame:
    """Return every method and transfer of every section as one table, for further analysis."""
    frames = []
    for section in sections(rows, RELATIONS):
        frame = transfer_frame(score_frame(section))
        frame.insert(0, "dataset", section.dataset)
        frame.insert(1, "simulated", section.simulated)
        frame.insert(2, "protocol", section.protocol)
        frame.insert(3, "track", section.track)
        frame["dataset_fingerprint"] = section.fingerprint
        frame["protocol_hash"] = section.protocol_hash
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def ranking(section: Section) -> pd.DataFrame:
    """Return the ranking of a section, one line per method that has a score, best first."""
    transfers = transfer_frame(score_frame(section))
    return method_frame(transfers, len(section.transfers))


def screen_tables(rows: Iterable[Row]) -> "list[Table]":
    """Return the ranking of each section for the terminal."""
    from rich.markup import escape
    from rich.table import Table

    tables = []
    for section in sections(rows, RELATIONS):
        table = Table(title=escape(_title(section)))
        shown = [column for column in COLUMNS if column.name != "family"]
        for column in shown:
            words = column.title.split()
            table.add_column(
                "\n".join(words),
                justify="left" if column.name == "method" else "right",
                min_width=max(map(len, words)),
                no_wrap=True,
            )
        for cells in _cells(ranking(section), shown):
            table.add_row(*map(escape, cells))
        tables.append(table)
    return tables


def _section_markdown(section: Section) -> str:
    scores = score_frame(section)
    transfers = transfer_frame(scores)
    lines = [f"# {_cell(_title(section))}", "", *_facts(section), ""]
    lines += _table([column.title for column in COLUMNS], _cells(ranking(section)))
    for name, title in (("macro_f1", "Macro-F1"), ("overall_accuracy", "Overall accuracy")):
        lines += ["", f"## {title} by transfer (%)", "", *_transfer_table(section, transfers, name)]
    lines += _problems(section)
    return "\n".join(lines) + "\n"


def _title(section: Section) -> str:
    mark = " (simulated)" if section.simulated and "simulated" not in section.dataset else ""
    track = "" if section.track == "inductive" else f", {section.track} track"
    return f"{section.dataset}{mark}, protocol {section.protocol}{track}"


def _facts(section: Section) -> list[str]:
    seeds = ", ".join(map(str, section.seeds))
    bands = sorted({" ".join(row.data.bands) for row in section.rows})
    splits = sorted({row.data.split for row in section.rows if row.data.split is not None})
    split = " and ".join(splits) or "unknown"
    facts = [
        f"- Dataset fingerprint {section.fingerprint[:16]}, protocol hash "
        f"{section.protocol_hash}, metrics version {section.metric_version}; seeds {seeds}.",
        "- Scores in percent, means over transfers of means over seeds; ranked by macro-F1 over "
        "the crops that source and target share.",
        f"- In-domain: macro-F1 of the same fit on the source's held-out part ({split} split), "
        "over the same crops; gap: in-domain less target; samples/s: prediction.",
        f"- Bands: {'; '.join(map(_cell, bands))}.",
    ]
    if section.simulated:
        facts.insert(0, "- **Simulated data: no satellite saw it; not comparable with the paper.**")
    return facts


def _transfer_table(section: Section, transfers: pd.DataFrame, name: str) -> list[str]:
    cells = transfers.set_index(["method", "transfer"])
    order = list(ranking(section)["method"])
    heading = ["method", *(f"{transfer} ({relation})" for relation, transfer in section.transfers)]
    body = []
    for method in order:
        line = [method]
        for _, transfer in section.transfers:
            if (method, transfer) not in cells.index:
                line.append(MISSING)
                continue
            cell = cells.loc[(method, transfer)]
            spread = cell[f"{name}_std"]
            line.append(
                _percent(cell[name]) + ("" if pd.isna(spread) else f" ± {_percent(spread)}")
            )
        body.append(line)
    return _table(heading, body)


def _problems(section: Section) -> list[str]:
    lines = []
    failed = sorted(
        {
            f"{row.method}, {row.transfer}, seed {row.seed}: {row.status}: {row.reason}"
            for row in section.rows
            if row.status != "ok"
        }
    )
    if failed:
        lines += ["", "## Not scored", "", *(f"- {_cell(line)}" for line in failed)]
    warnings = sorted({f"{r.transfer}: {text}" for r in section.rows for text in r.data.warnings})
    if warnings:
        lines += ["", "## Differences that are no geography", ""]
        lines += [f"- {_cell(line)}" for line in warnings]
    targets = {row.transfer: row for row in section.rows if row.confusion and row.scores}
    lines += ["", "## What a constant answer would reach (%)", ""]
    lines += _table(
        ["transfer", "samples", "most frequent crop", "overall accuracy", "macro-F1"],
        [
            [transfer, *_constant_answer(targets[transfer])]
            for _, transfer in section.transfers
            if transfer in targets
        ],
    )
    spaces = sorted({_space(row) for row in section.rows if row.relation != "in-domain"} - {""})
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
    return [f"{total:,}", crop, _percent(largest / total), _percent(f1)]


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


def _cells(frame: pd.DataFrame, columns: Sequence[Column] = COLUMNS) -> list[list[str]]:
    return [
        [
            MISSING if pd.isna(line[column.name]) else column.show(line[column.name])
            for column in columns
        ]
        for _, line in frame.iterrows()
    ]


def _table(heading: list[str], body: list[list[str]]) -> list[str]:
    if not body:
        return ["No method has a score."]
    lines = [heading, ["---", *["---"] * (len(heading) - 1)], *body]
    return ["| " + " | ".join(map(_cell, line)) + " |" for line in lines]


def _cell(text: str) -> str:
    """Make a text harmless inside a Markdown line or table cell."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\|`[]":
        flat = flat.replace(sign, "\\" + sign)
    return flat
