"""What leaderboards are built from: rows, and what the predictions beside them say."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError
from benchmark.randomness import generator
from benchmark.results.rows import Row
from benchmark.results.run_plans import read_plans
from benchmark.results.store import Prediction, RunStore, StoredJob
from benchmark.results.stored_cards import read_cards
from benchmark.task.absent_crops import without_absent_crops
from benchmark.task.method_cards import MethodDescription
from benchmark.task.metrics import confusion_matrix
from leaderboard.statistics.bootstrap import DRAWS, Draws, Integers, bootstrap, tabulate

Cell = tuple[str, ...]
"""Comparability key, track, method and transfer."""

Progress = Callable[[Sequence["StoredPredictions"]], Iterable["StoredPredictions"]]
"""Passes on what it is given, and shows how far it is."""

Verification = Literal["self-reported", "verified from predictions", "verified by rerun"]
"""What somebody else has checked of a method's rows."""

VERIFICATIONS: Final[tuple[Verification, ...]] = get_args(Verification)

RESAMPLING_SEED: Final = 20_250_903
"""Seed of all resampling, the day of the paper's first version."""


@dataclass(frozen=True)
class DatasetLocation:
    """Where a dataset lay when it was run.

    Attributes:
        path: Its directory.
        aligned: Whether southern years were moved by half a year.
    """

    path: Path
    aligned: bool


@dataclass(frozen=True)
class Results:
    """Rows with what was found out about them.

    Attributes:
        rows: Every row, each once.
        problems: What is wrong with stored jobs, in sentences.
        draws: Resampled metrics of a cell, by name.
        units: What was resampled in a cell: ``blocks`` or ``samples``.
        confirmed: Rows whose confusion matrix the stored predictions give, by :func:`row_key`.
        verification: What has been checked of methods, by name; the others are self-reported.
        cards: What methods say of themselves, by name, where the runs keep it.
        places: Where datasets lay when they were run, by fingerprint and protocol hash.
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    draws: Mapping[Cell, Mapping[str, Draws]] = field(default_factory=dict)
    units: Mapping[Cell, str] = field(default_factory=dict)
    confirmed: frozenset[tuple[Cell, int]] = frozenset()
    verification: Mapping[str, Verification] = field(default_factory=dict)
    cards: Mapping[str, MethodDescription] = field(default_factory=dict)
    places: Mapping[tuple[str, str], DatasetLocation] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredPredictions:
    """The stored predictions of one set of samples.

    Attributes:
        name: What the samples are: dataset, target and their hash.
        source: Domain of the training data.
        jobs: Store, job and row of each prediction.
    """

    name: tuple[str, str, str]
    source: str
    jobs: tuple[tuple[RunStore, StoredJob, Row], ...]


def cell_of(row: Row) -> Cell:
    """Return the cell of the tables that a row belongs to.

    A source has an in-domain score for each set of bands that its transfers are given.
    """
    bands = row.data.bands if row.relation == "in-domain" else ()
    return (*row.comparability_key, row.track, row.method, row.transfer, *bands)


def row_key(row: Row) -> tuple[Cell, int]:
    """Return what tells a row from all others."""
    return (cell_of(row), row.seed)


def from_rows(rows: Iterable[Row], problems: Iterable[str] = ()) -> Results:
    """Return rows without predictions as evidence: no intervals, nothing confirmed."""
    return Results(rows=tuple(sorted(rows, key=row_key)), problems=tuple(problems))


def read_results(
    runs: Sequence[Path], *, draws: int = DRAWS, progress: Progress | None = None
) -> Results:
    """Read runs: rows, whether predictions confirm them, and resampled metrics.

    A job that two runs hold counts once, from the run named first; so does a row that two runs
    made with different code, which is named among the problems.

    Args:
        runs: Run directories.
        draws: Resamples for intervals; 0 reads no predictions.
        progress: Shows progress over the sets of samples.

    Returns:
        The evidence.

    Raises:
        StoreError: If a directory holds no run.
    """
    jobs, problems = _read_jobs(runs)
    rows: dict[tuple[Cell, int], Row] = {}
    kept: list[tuple[RunStore, StoredJob, Row]] = []
    for store, job in jobs:
        for row in job.rows:
            if row_key(row) in rows:
                problems.append(_twice(row))
                continue
            rows[row_key(row)] = row
            kept += [(store, job, row)] if row.scores is not None else []
    cards, places = _read_circumstances(runs, problems)
    results = Results(tuple(rows[key] for key in sorted(rows)), cards=cards, places=places)
    if not draws:
        return replace(results, problems=tuple(problems))
    return _examine(results, kept, problems, draws, progress)


def _read_jobs(runs: Sequence[Path]) -> tuple[list[tuple[RunStore, StoredJob]], list[str]]:
    """Return the jobs of all runs, each once and in the order of the runs, and what is wrong."""
    jobs: dict[str, tuple[RunStore, StoredJob]] = {}
    problems: list[str] = []
    for run in runs:
        store = RunStore(run)
        found, damaged = store.read_all()
        problems += damaged
        for job in found:
            jobs.setdefault(job.identity.key, (store, job))
    return list(jobs.values()), problems


def _read_circumstances(
    runs: Sequence[Path], problems: list[str]
) -> tuple[dict[str, MethodDescription], dict[tuple[str, str], DatasetLocation]]:
    """Return the cards and where the datasets lay last; of two runs, the one named first counts."""
    cards: dict[str, MethodDescription] = {}
    places: dict[tuple[str, str], DatasetLocation] = {}
    for run in runs:
        found, unreadable = read_cards(run)
        plans, damaged = read_plans(run)
        problems += [*unreadable, *damaged]
        cards = found | cards
        for plan in reversed(plans):
            place = DatasetLocation(Path(plan.data_path), plan.protocol.get("season") == "aligned")
            for identity in (job.identity for job in plan.jobs):
                places.setdefault((identity.dataset_fingerprint, identity.protocol_hash), place)
    return cards, places


def _twice(row: Row) -> str:
    return (
        f"{row.method}, {row.transfer}, seed {row.seed} is there twice with different code or "
        "vectors; that of the run named first counts: remove the run that is out of date."
    )


def _examine(
    results: Results,
    kept: Iterable[tuple[RunStore, StoredJob, Row]],
    problems: list[str],
    draws: int,
    progress: Progress | None,
) -> Results:
    groups: dict[tuple[str, ...], list[tuple[RunStore, StoredJob, Row]]] = {}
    for store, job, row in kept:
        samples = (row.data.fingerprint, row.target, row.data.ids_hash or "")
        groups.setdefault((*samples, row.source), []).append((store, job, row))
    sets = [
        StoredPredictions((key[0], key[1], key[2]), key[3], tuple(groups[key]))
        for key in sorted(groups)
    ]
    resampled: dict[Cell, Mapping[str, Draws]] = {}
    units: dict[Cell, str] = {}
    confirmed: set[tuple[Cell, int]] = set()
    for answers in sets if progress is None else progress(sets):
        stacks, unit, block, trouble = _predictions(answers)
        problems += trouble
        confirmed |= {(cell, seed) for cell, by_seed in stacks.items() for seed in by_seed}
        away = {cell: found for cell, found in stacks.items() if answers.source != answers.name[1]}
        if away:
            resampled |= _resample(answers, away, block, draws)
            units |= dict.fromkeys(away, unit)
    return replace(
        results,
        problems=tuple(problems),
        draws=resampled,
        units=units,
        confirmed=frozenset(confirmed),
    )


Stack = dict[int, tuple[Integers, Integers]]
"""Labels [N] and predicted classes [N] by seed."""


def _predictions(
    answers: StoredPredictions,
) -> tuple[dict[Cell, Stack], str, Integers, list[str]]:
    """Read the confirmed predictions of a set, what its units are, each sample's unit, problems."""
    stacks: dict[Cell, Stack] = {}
    problems: list[str] = []
    first: Prediction | None = None
    for store, job, row in answers.jobs:
        try:
            prediction = store.predictions(job, row.target)
        except StoreError as error:
            problems.append(f"{row.method}, {row.transfer}, seed {row.seed}: {error}")
            continue
        predicted = _confirmed(prediction, row)
        alike = first is None or np.array_equal(first.sample_ids, prediction.sample_ids)
        if predicted is None or not alike:
            problems.append(
                f"{row.method}, {row.transfer}, seed {row.seed}: its stored predictions do not "
                "give its stored scores: run the job again."
            )
            continue
        first = first or prediction
        stacks.setdefault(cell_of(row), {})[row.seed] = (prediction.labels, predicted)
    if first is None:
        return stacks, "samples", np.zeros(0, dtype=np.int64), problems
    if first.block is not None and len(blocks := np.unique(first.block)) > 1:
        return stacks, "blocks", np.searchsorted(blocks, first.block), problems
    return stacks, "samples", np.arange(len(first.labels)), problems


def _confirmed(prediction: Prediction, row: Row) -> Integers | None:
    """Return the predicted classes if they give the row's confusion matrix.

    The most probable class, or that rewritten as the released code does where the target does not
    grow it (paper_facts.md, defect 4).
    """
    names = np.array([CROPS.index(name) for name in prediction.classes], dtype=np.int64)
    predicted: Integers = names[prediction.probabilities.argmax(axis=1)]
    options = [predicted, without_absent_crops(row.target, predicted)]
    stored = np.array(row.confusion) if row.confusion is not None else None
    for option in options:
        if option is None or stored is None:
            continue
        if np.array_equal(confusion_matrix(prediction.labels, option, len(CROPS)), stored):
            return option
    return None


def _resample(
    answers: StoredPredictions,
    stacks: Mapping[Cell, Stack],
    units: npt.NDArray[np.int64],
    draws: int,
) -> dict[Cell, Mapping[str, Draws]]:
    cells = sorted(stacks)
    tables, counts, seed_rngs, fits = [], [], [], []
    for cell in cells:
        seeds = sorted(stacks[cell])
        labels = stacks[cell][seeds[0]][0]
        predicted = np.stack([stacks[cell][seed][1] for seed in seeds])
        tables.append(tabulate(labels, predicted, units, len(CROPS)))
        counts.append(len(seeds))
        # One draw of seeds for all targets of a source: they were answered by the same fits.
        seed_rngs.append(generator(RESAMPLING_SEED, "seeds", answers.source, *seeds))
        fits.append(" ".join(map(str, (answers.source, *seeds))))
    found = bootstrap(
        tables,
        counts,
        len(CROPS),
        unit_rng=generator(RESAMPLING_SEED, "units", *answers.name),
        seed_rngs=seed_rngs,
        draws=draws,
        fits=fits,
        units=" ".join(answers.name),
    )
    return dict(zip(cells, found, strict=True))
