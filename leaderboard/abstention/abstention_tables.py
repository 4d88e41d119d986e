"""How far prediction sets that hold on the source hold on the targets, from stored predictions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError, UsageError
from benchmark.randomness import generator
from benchmark.results.rows import Row
from benchmark.results.store import Prediction
from benchmark.task.transfers import RELATIONS
from leaderboard.abstention.conformal_sets import (
    Floats,
    Integers,
    SetScores,
    class_thresholds,
    fewest_samples,
    prediction_sets,
    score_sets,
)
from leaderboard.code_labels import with_labels
from leaderboard.confusion_counts import StoredPrediction
from leaderboard.results import RESAMPLING_SEED, Cell, each_once, read_rows, row_key
from leaderboard.score_frames import ComparableRows, comparable_rows
from leaderboard.tables.section_facts import SIMULATED_MARK, title_of
from leaderboard.tables.table_content import Cell as TableCell
from leaderboard.tables.table_content import Table

TITLES: Final = ("coverage", "worst crop", "set size", "one crop", "right of these")
"""Headings of the parts of a table, in the order of the fields of `SetScores`."""

Answers = Mapping[tuple[Cell, int], StoredPrediction]


@dataclass(frozen=True)
class Calibration:
    """Thresholds from one half of a source's held-out part, and what they do on the other half.

    Attributes:
        thresholds: Lowest probability of each class that is in a set [K].
        source: Scores of the sets of the other half.
        samples: Number of samples in the first half.
    """

    thresholds: Floats
    source: SetScores
    samples: int


@dataclass(frozen=True)
class Line:
    """Prediction sets of one method and transfer.

    Attributes:
        method: The method.
        transfer: The transfer.
        seeds: Number of seeds.
        samples: Mean number of samples that calibrated.
        source: Scores on the other half of the source's held-out part, means over seeds.
        target: Scores on the target, means over seeds.
    """

    method: str
    transfer: str
    seeds: int
    samples: float
    source: SetScores
    target: SetScores


def abstention_tables(
    runs: Sequence[Path], level: float
) -> tuple[tuple[Table, ...], tuple[str, ...]]:
    """Make the tables of the prediction sets of runs, one for each group that may be compared.

    Args:
        runs: Run directories. A row that is in two of them counts once, from the first.
        level: Share of the samples of each crop that the sets must cover.

    Returns:
        The tables, and a sentence for each row that cannot be used.

    Raises:
        StoreError: If a directory holds no run.
        UsageError: If the level is not between 0 and 1, or no row can be used.
    """
    if not 0 < level < 1:
        raise UsageError(f"The level is {level:g}: give a share between 0 and 1, such as 0.9.")
    answers, problems = _read(runs)
    tables = []
    for comparable in comparable_rows((answer.row for answer in answers.values()), RELATIONS):
        lines = _lines(comparable, answers, level, problems)
        if lines:
            tables.append(_table(comparable, lines, level))
    if not tables:
        raise UsageError(
            problems[0] if problems else "The runs have no scored transfer: run some methods first."
        )
    return tuple(tables), tuple(problems)


def calibrate(held_out: Prediction, source: str, level: float) -> Calibration:
    """Calibrate prediction sets on one half of a source's held-out part.

    The halves consist of whole spatial blocks where these are known, and are the same for all
    methods and seeds.

    Args:
        held_out: Predictions of the held-out part.
        source: Domain of the source.
        level: Share of the samples of each crop that the sets must cover.

    Returns:
        Thresholds, and the scores of the sets on the other half.

    Raises:
        StoreError: If the part cannot be divided.
    """
    known = held_out.block if held_out.block is not None else np.arange(len(held_out.labels))
    units = np.unique(known)
    if len(units) < 2:
        units = np.arange(len(known))
        known = units
    if len(units) < 2:
        raise StoreError("its held-out part has a single sample: run a larger protocol.")
    drawn = generator(RESAMPLING_SEED, "abstention", source).permutation(units)
    first = np.isin(known, drawn[: len(units) // 2])
    labels = _columns(held_out)
    thresholds = class_thresholds(held_out.probabilities[first], labels[first], level)
    sets = prediction_sets(held_out.probabilities[~first], thresholds)
    return Calibration(thresholds, score_sets(sets, labels[~first]), int(first.sum()))


def _columns(prediction: Prediction) -> Integers:
    """Return the true classes as columns of the probabilities; -1 for one that has no column."""
    positions = np.full(len(CROPS), -1, dtype=np.int64)
    positions[[CROPS.index(name) for name in prediction.classes]] = range(len(prediction.classes))
    return np.asarray(positions[prediction.labels])


def _read(runs: Sequence[Path]) -> tuple[dict[tuple[Cell, int], StoredPrediction], list[str]]:
    answers, _, problems = read_rows(runs)
    labelled = with_labels([answer.row for answer in answers])
    named = (replace(answer, row=row) for answer, row in zip(answers, labelled, strict=True))
    found = ((row_key(answer.row), answer) for answer in named)
    return each_once(found, lambda answer: answer.row), problems


def _lines(
    comparable: ComparableRows, answers: Answers, level: float, problems: list[str]
) -> list[Line]:
    scored = [row for row in comparable.rows if row.scores is not None]
    homes = {_fit(row): row for row in scored if row.relation == "in-domain"}
    calibrations: dict[tuple[Cell, int], Calibration] = {}
    found: dict[tuple[str, str], list[tuple[Calibration, SetScores]]] = {}
    for row in (row for row in scored if row.relation != "in-domain"):
        try:
            home = homes.get(_fit(row))
            if home is None:
                raise StoreError("its protocol scores no held-out part of the source.")
            key = row_key(home)
            if key not in calibrations:
                calibrations[key] = calibrate(answers[key].read(), row.source, level)
            target = answers[row_key(row)].read()
        except StoreError as error:
            problems.append(f"{row.method}, {row.transfer}, seed {row.seed}: {error}")
            continue
        sets = prediction_sets(target.probabilities, calibrations[key].thresholds)
        scores = score_sets(sets, _columns(target))
        found.setdefault((row.transfer, row.method), []).append((calibrations[key], scores))
    order = [name for _, name in comparable.transfers]
    return [
        Line(
            method=method,
            transfer=transfer,
            seeds=len(fits),
            samples=float(np.mean([calibration.samples for calibration, _ in fits])),
            source=_mean([calibration.source for calibration, _ in fits]),
            target=_mean([scores for _, scores in fits]),
        )
        for (transfer, method), fits in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def _fit(row: Row) -> tuple[str, str, int, tuple[str, ...]]:
    return row.method, row.source, row.seed, row.data.bands


def _mean(scores: Sequence[SetScores]) -> SetScores:
    """Return the mean over seeds; seeds without a single set have no share that is right."""
    values: npt.NDArray[np.float64] = np.array([astuple(each) for each in scores])
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    means = np.where(counts > 0, total / np.maximum(counts, 1), np.nan)
    return SetScores(*map(float, means))


def _table(comparable: ComparableRows, lines: Sequence[Line], level: float) -> Table:
    share = f"{100 * level:.10g} %"
    notes = [
        f"A set holds each crop whose probability is at least that crop's threshold. Thresholds "
        f"are set on one half of the source's held-out part, so that {share} of the samples of "
        "each crop are covered (split-conformal, by class); source: the other half; target: its "
        "scored samples.",
        "The guarantee holds for samples that are exchangeable with the source's of the same crop, "
        "in any class shares. How far the target's coverage lies below the level is what the "
        "transfer breaks.",
        "One crop: share of the samples with a set of one crop, on which a user who abstains from "
        "all others would answer; right of these: how often that crop is the true one. A crop with "
        f"fewer than {fewest_samples(level)} samples in that half is in every set.",
        f"Calibrated on {_counts(lines)} samples. Means over seeds, in percent; no interval.",
    ]
    if comparable.simulated:
        notes.insert(0, SIMULATED_MARK)
    return Table(
        title=f"Prediction sets at {share}: {title_of(comparable)}",
        notes=tuple(notes),
        groups=(("", 3), *((title, 2) for title in TITLES)),
        headings=("transfer", "method", "seeds", *(("source", "target") * len(TITLES))),
        body=tuple(tuple(TableCell(text) for text in _texts(line)) for line in lines),
        short_notes=tuple(notes[:1]),
        names=3,
    )


def _counts(lines: Sequence[Line]) -> str:
    counts = sorted({round(line.samples) for line in lines})
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _texts(line: Line) -> Iterator[str]:
    yield from (line.transfer, line.method, str(line.seeds))
    for title, *pair in zip(TITLES, astuple(line.source), astuple(line.target), strict=True):
        for value in pair:
            yield _text(value, share=title != "set size")


def _text(value: float, *, share: bool) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{100 * value:.1f}" if share else f"{value:.2f}"
