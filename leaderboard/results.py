"""Read the results of runs: rows, resampled metrics, and whether predictions confirm the rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError
from benchmark.randomness import generator
from benchmark.results.rows import Row
from benchmark.results.run_plans import read_plans
from benchmark.results.store import RunStore
from benchmark.results.stored_cards import read_cards
from benchmark.task.method_cards import MethodDescription
from leaderboard.code_labels import with_labels
from leaderboard.confusion_counts import (
    ConfusionCounts,
    CountedRow,
    EvaluatedRow,
    StoredPrediction,
    count_confusions,
)
from leaderboard.shared_units import SetName, shared_units
from leaderboard.statistics.bootstrap import DRAWS, Part, bootstrap
from leaderboard.statistics.intervals import Draws

Key = TypeVar("Key")

Kept = TypeVar("Kept")

Cell = tuple[str, ...]
"""Comparability key, track, label of the method and transfer."""

Progress = Callable[[Sequence["SampleSet"]], Iterable["SampleSet"]]
"""Function that returns the items it is given and shows progress over them."""

Verification = Literal[
    "self-reported", "verified from predictions", "rerun, not confined", "verified by rerun"
]
"""What another person has checked of a method's rows, from the lowest mark to the highest."""

VERIFICATIONS: Final[tuple[Verification, ...]] = get_args(Verification)

RESAMPLING_SEED: Final = 20_250_903
"""Seed of all resampling: the date of the paper's first version."""


@dataclass(frozen=True)
class DatasetLocation:
    """The location of a dataset during a run.

    Attributes:
        path: Directory of the dataset.
        aligned: Whether southern years were moved by half a year.
    """

    path: Path
    aligned: bool


@dataclass(frozen=True)
class Results:
    """The results of runs: rows, and everything that is known about them.

    Attributes:
        rows: Every row, each once.
        problems: A sentence for each stored job that cannot be used.
        draws: Resampled values of each metric, by cell and name. A cell with a scored row that its
            predictions do not confirm has none, since they would be of fewer seeds than its score.
        units: What was resampled in each cell: ``blocks`` or ``samples``.
        confirmed: Rows whose stored predictions give their confusion matrix and scores, by
            :func:`row_key`.
        verification: What another person has checked, by method; other methods are self-reported.
        stated: Macro-F1 that the author stated, for rows that are a verifier's own, by
            :func:`row_key`.
        cards: Cards of methods, by name, if the runs have them.
        places: Locations of datasets during the runs, by fingerprint and protocol hash.
        references: Rows that come from reference results and not from a run, by `row_key`.
        shifted: Rows of shifted copies of targets, each once; no ranking and no mean holds them.
        kept: Groups that were made of these results, by reference method.
    """

    rows: tuple[Row, ...]
    problems: tuple[str, ...] = ()
    draws: Mapping[Cell, Mapping[str, Draws]] = field(default_factory=dict)
    units: Mapping[Cell, str] = field(default_factory=dict)
    confirmed: frozenset[tuple[Cell, int]] = frozenset()
    verification: Mapping[str, Verification] = field(default_factory=dict)
    stated: Mapping[tuple[Cell, int], float] = field(default_factory=dict)
    cards: Mapping[str, MethodDescription] = field(default_factory=dict)
    places: Mapping[tuple[str, str], DatasetLocation] = field(default_factory=dict)
    references: frozenset[tuple[Cell, int]] = frozenset()
    shifted: tuple[Row, ...] = ()
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True)
class References:
    """Reference results that are read beside runs.

    Attributes:
        rows: Their rows.
        cards: Cards of their methods, by name.
    """

    rows: tuple[CountedRow, ...] = ()
    cards: Mapping[str, MethodDescription] = field(default_factory=dict)


@dataclass(frozen=True)
class SampleSet:
    """The rows of all methods for one set of samples.

    Attributes:
        name: Dataset fingerprint, target and hash of the sample ids.
        source: Domain of the training data.
        rows: The rows.
    """

    name: SetName
    source: str
    rows: tuple[EvaluatedRow, ...]


def cell_of(row: Row) -> Cell:
    """Return the table cell to which a row belongs.

    For an in-domain row the bands are part of the cell, since a source has an in-domain score for
    each set of bands.
    """
    bands = row.data.bands if row.relation == "in-domain" else ()
    return (*row.comparability_key, row.track, row.method, row.transfer, *bands)


def row_key(row: Row) -> tuple[Cell, int]:
    """Return the key of a row, which no other row has: its cell and its seed."""
    return (cell_of(row), row.seed)


def from_rows(rows: Iterable[Row], problems: Iterable[str] = ()) -> Results:
    """Return rows without predictions as evidence: no intervals, nothing confirmed."""
    known = with_labels(rows)
    return Results(
        rows=tuple(sorted((row for row in known if row.shift is None), key=row_key)),
        problems=tuple(problems),
        shifted=_shifted_once(known),
    )


def each_once(found: Iterable[tuple[Key, Kept]], row_of: Callable[[Kept], Row]) -> dict[Key, Kept]:
    """Return what counts for each key: what was read first, or the first that has a score.

    A job that failed in one run takes no score away from another.

    Args:
        found: Keys with what belongs to a row, in the order of reading.
        row_of: Function that returns the row.
    """
    kept: dict[Key, Kept] = {}
    for key, each in found:
        scored = row_of(each).scores is not None
        if key not in kept or (scored and row_of(kept[key]).scores is None):
            kept[key] = each
    return kept


def _shifted_once(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return one row of each cell, seed and shift."""
    found = (((row_key(row), row.shift.name), row) for row in rows if row.shift is not None)
    kept = each_once(found, lambda row: row)
    return tuple(kept[key] for key in sorted(kept))


def read_results(
    runs: Sequence[Path],
    *,
    references: Callable[[Sequence[Row]], References] | None = None,
    draws: int = DRAWS,
    progress: Progress | None = None,
) -> Results:
    """Read runs: rows, whether predictions confirm them, and resampled metrics.

    A row that is in two runs counts once, from the run named first; where that one has no score,
    from the one that has. Rows that different code made under one name belong to two methods, see
    `leaderboard.code_labels`.

    Args:
        runs: Run directories.
        references: Function that chooses reference results to show with the rows of the runs. A row
            that has a score in a run too counts as the run's.
        draws: Number of resamples for intervals; 0 reads no predictions.
        progress: Function that shows progress over the sets of samples.

    Returns:
        The results.

    Raises:
        StoreError: If a directory holds no run.
    """
    evaluated, shifted, problems = read_rows(runs)
    beside = References() if references is None else references([a.row for a in evaluated])
    given: list[EvaluatedRow] = [*evaluated, *beside.rows]
    # Labelled together: a method has one label in its rankings and in its shifted rows.
    labelled = with_labels([*(each.row for each in given), *shifted])
    named = (replace(each, row=row) for each, row in zip(given, labelled, strict=False))
    first: dict[tuple[Cell, int], EvaluatedRow] = each_once(
        ((row_key(each.row), each) for each in named), lambda each: each.row
    )
    cards, places = _read_circumstances(runs, problems)
    results = Results(
        rows=tuple(first[key].row for key in sorted(first)),
        cards={**beside.cards, **cards},
        places=places,
        references=frozenset(key for key in first if isinstance(first[key], CountedRow)),
        shifted=_shifted_once(labelled[len(given) :]),
    )
    if not draws:
        return replace(results, problems=tuple(problems))
    return _examine(results, list(first.values()), problems, draws, progress)


def read_rows(runs: Sequence[Path]) -> tuple[list[StoredPrediction], list[Row], list[str]]:
    """Read the rows of runs as their jobs hold them, a row of two runs twice.

    Args:
        runs: Run directories.

    Returns:
        The rows with access to their predictions, those of shifted copies, and a sentence for each
        damaged job.

    Raises:
        StoreError: If a directory holds no run.
    """
    evaluated: list[StoredPrediction] = []
    shifted: list[Row] = []
    problems: list[str] = []
    for run in runs:
        store = RunStore(run)
        found, damaged = store.read_all()
        problems += damaged
        evaluated += [StoredPrediction(store, job, row) for job in found for row in job.rows]
        shifted += [row for job in found for row in job.shifted]
    return evaluated, shifted, problems


def _read_circumstances(
    runs: Sequence[Path], problems: list[str]
) -> tuple[dict[str, MethodDescription], dict[tuple[str, str], DatasetLocation]]:
    """Return cards and dataset locations; if runs differ, those of the run named first."""
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


def _examine(
    results: Results,
    evaluated: Sequence[EvaluatedRow],
    problems: list[str],
    draws: int,
    progress: Progress | None,
) -> Results:
    groups: dict[tuple[str, ...], list[EvaluatedRow]] = {}
    for each in evaluated:
        row = each.row
        if row.scores is not None:
            samples = (row.data.fingerprint, row.target, row.data.ids_hash or "")
            groups.setdefault((*samples, row.source), []).append(each)
    sets = [
        SampleSet((key[0], key[1], key[2]), key[3], tuple(groups[key])) for key in sorted(groups)
    ]
    parts = _shared_units(sets)
    resampled: dict[Cell, Mapping[str, Draws]] = {}
    units: dict[Cell, str] = {}
    confirmed: set[tuple[Cell, int]] = set()
    for answered in sets if progress is None else progress(sets):
        counts, trouble = _read_counts(answered)
        problems += trouble
        confirmed |= {(cell, seed) for cell, by_seed in counts.items() for seed in by_seed}
        if counts and answered.source != answered.name[1]:
            resampled |= _resample(answered, counts, draws, parts.get(answered.name))
            first = next(iter(next(iter(counts.values())).values()))
            units |= dict.fromkeys(counts, first.kind)
    scored = {row_key(each.row) for each in evaluated if each.row.scores is not None}
    partly = {cell for cell, _ in scored - confirmed}
    return replace(
        results,
        problems=tuple(problems),
        draws={cell: each for cell, each in resampled.items() if cell not in partly},
        units={cell: each for cell, each in units.items() if cell not in partly},
        confirmed=frozenset(confirmed),
    )


def _shared_units(sets: Iterable[SampleSet]) -> dict[SetName, Part]:
    """Return the units of sets that stand beside others of their target in one comparison."""
    scored: dict[SetName, list[EvaluatedRow]] = {}
    beside: dict[tuple[str, ...], set[SetName]] = {}
    for samples in sets:
        if samples.source != samples.name[1]:
            scored.setdefault(samples.name, []).extend(samples.rows)
            for key in {each.row.comparability_key for each in samples.rows}:
                beside.setdefault((*key, samples.name[1]), set()).add(samples.name)
    return shared_units(scored, beside.values())


CountsBySeed = dict[int, ConfusionCounts]
"""Confusion counts of a cell by seed."""


def _read_counts(samples: SampleSet) -> tuple[dict[Cell, CountsBySeed], list[str]]:
    """Return the counts of each row whose predictions confirm it, and a sentence for the others."""
    found: dict[Cell, CountsBySeed] = {}
    problems: list[str] = []
    first: ConfusionCounts | None = None
    ids: npt.NDArray[np.str_] | None = None
    for each in samples.rows:
        row = each.row
        try:
            counts, own_ids = _counts_of(each)
            other = own_ids is not None and ids is not None and not np.array_equal(own_ids, ids)
            if other or (first is not None and not counts.same_samples(first)):
                raise StoreError(OTHER_SAMPLES)
        except StoreError as error:
            problems.append(f"{row.method}, {row.transfer}, seed {row.seed}: {error}")
            continue
        first = first or counts
        ids = own_ids if ids is None else ids
        found.setdefault(cell_of(row), {})[row.seed] = counts
    return found, problems


OTHER_SAMPLES: Final = "it was scored on other samples than the other rows: run it again."


def _counts_of(evaluated: EvaluatedRow) -> tuple[ConfusionCounts, npt.NDArray[np.str_] | None]:
    """Return the counts of a row and, if its predictions are stored, the ids of its samples."""
    if isinstance(evaluated, CountedRow):
        if evaluated.counts is None:
            raise StoreError("the reference results have no counts of it: make them again.")
        return evaluated.counts, None
    prediction = evaluated.read()
    counts = count_confusions(prediction, evaluated.row)
    return counts, prediction.sample_ids


def _resample(
    samples: SampleSet, counts: Mapping[Cell, CountsBySeed], draws: int, part: Part | None
) -> dict[Cell, Mapping[str, Draws]]:
    cells = sorted(counts)
    tables, numbers, seed_rngs, fits = [], [], [], []
    for cell in cells:
        seeds = sorted(counts[cell])
        tables.append(sparse.hstack([counts[cell][seed].table for seed in seeds], format="csr"))
        numbers.append(len(seeds))
        # One draw of seeds for all targets of a source, since the same fits predicted them.
        seed_rngs.append(generator(RESAMPLING_SEED, "seeds", samples.source, *seeds))
        fits.append(" ".join(map(str, (samples.source, *seeds))))
    if part is not None and len(part.places) != tables[0].shape[0]:
        part = None  # the first row of these samples was of others, and is named as a problem
    # Sets of samples of one target that share units are resampled together.
    name = samples.name if part is None else samples.name[:2]
    found = bootstrap(
        tables,
        numbers,
        len(CROPS),
        unit_rng=generator(RESAMPLING_SEED, "units", *name),
        seed_rngs=seed_rngs,
        draws=draws,
        fits=fits,
        units=" ".join(name),
        part=part,
    )
    if any(each.one_block for by_seed in counts.values() for each in by_seed.values()):
        # Of one block, nothing says how blocks differ: too little to decide, as with two to four.
        found = [
            {
                metric: replace(drawn, units=dict.fromkeys(drawn.units, 1))
                for metric, drawn in of.items()
            }
            for of in found
        ]
    return dict(zip(cells, found, strict=True))
