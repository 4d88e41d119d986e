"""Run submitted code on changed copies of the data, to find methods that use labels or ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from benchmark.data.dataset import CARD_FILE, Dataset
from benchmark.data.dataset_card import DomainCard
from benchmark.data.embeddings import get_embedding, read_embedding
from benchmark.data.official.domain_file import (
    OPTIONAL_ARRAYS,
    DomainSamples,
    write_arrays,
    year_file_name,
)
from benchmark.data.repeated_series import found_elsewhere
from benchmark.data.representations import get_representation
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UnavailableError
from benchmark.files import replace_text
from benchmark.results.rows import Row
from benchmark.task.samples.target_parts import unlabelled_rows
from benchmark.task.tracks import SERIES_TRACKS
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.harness_process import (
    Isolation,
    Probabilities,
    Task,
    TrainedRun,
    train,
)
from leaderboard.submissions.verification.other_seeds import OtherSeeds
from leaderboard.submissions.verification.seed_comparison import SAME

NUDGED: Final = 3e-3
"""Amount that is added to or subtracted from each value of a nudged series, at random: 30 digital
numbers, which is less than the noise of the sensor.

Measured on the embedded default (forest, boosted trees, MLP, forest on harmonics; three targets):
at most 4.7 % of the predicted classes change. The numbers that become right and wrong are equal
within 0.6 %.
"""

NUDGED_VECTORS: Final = 1e-2
"""The same for stored vectors, in standard deviations of each of their components."""

NUDGED_TOLERANCE: Final = 0.20
"""Share of nudged samples whose predicted class may change. With twenty trees on 200 samples, up to
0.16 was measured; a table of known samples loses all."""

CHANGED_BY_CHANCE: Final = 1e-4
"""Probability of so many changes by chance below which they count as a problem."""

LOST_TOLERANCE: Final = 0.02
"""Share of nudged samples that may become wrong, minus those that become right."""

CHANCE: Final = 1e-6
"""Probability of a one-sided loss by chance below which it counts as a problem."""

LOOSE_TRACKS: Final = (*SERIES_TRACKS, "oracle")
"""Tracks that learn from the target. Nudged series give another classifier, so scores are compared
instead of single predictions."""


@dataclass(frozen=True)
class BlindRun:
    """Results of a method on changed copies of the data.

    Attributes:
        answers: Probabilities by transfer and seed.
        nudged: Ids of the samples whose series were nudged, by transfer.
        elsewhere: Macro-F1 of each seed on simulated data of other seeds, by transfer.
    """

    answers: dict[tuple[str, int], Probabilities] = field(default_factory=dict)
    nudged: dict[str, frozenset[str]] = field(default_factory=dict)
    elsewhere: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Copy:
    """A copy of the data for the transfers of one source: source, targets, bands and folder."""

    source: str
    targets: Sequence[str]
    bands: tuple[str, ...]
    root: Path


def secret_generator() -> np.random.Generator:
    """Return a generator without a known seed, so that nobody can undo the changes."""
    return np.random.default_rng()


def train_blind(
    submission: Submission,
    expectation: Expectation,
    folder: Path,
    other_seeds: OtherSeeds | None,
    isolation: Isolation,
) -> BlindRun:
    """Run a submission's code, with all seeds, on changed copies of the data.

    The scored samples are in a random order and their labels are permuted. Half of their series are
    nudged by less than the sensor's noise. An honest method gives the same predictions for the
    unchanged half, and another class to few samples of the other half. For tracks that learn from
    the target (`LOOSE_TRACKS`), all series of the target are nudged and scores are compared; on the
    oracle's, which is given labels, neither order nor labels are changed. On simulated data the
    method also predicts simulated data of other seeds.

    Args:
        submission: The submission, with code.
        expectation: Samples that must be scored on the verifier's data.
        folder: Folder to write to.
        other_seeds: Simulated data of other seeds; ``None`` if the data is not simulated.
        isolation: How the method's process is isolated.

    Returns:
        The results of all seeds.

    Raises:
        SubmissionError: If a run fails.
        DataError: If the copy cannot be written.
    """
    blind = BlindRun()
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in submission.rows:
        if row.source != row.target and row.seed == submission.manifest.seeds[0]:
            groups.setdefault((row.source, row.data.bands), []).append(row.target)
    for number, ((source, bands), targets) in enumerate(groups.items()):
        copy = _Copy(source, targets, bands, folder / f"data-{number}")
        transfers = {target: f"{source}:{target}" for target in targets}
        blind.nudged.update(
            {transfers[t]: ids for t, ids in _write(submission, expectation, copy).items()}
        )
        added = {} if other_seeds is None else other_seeds.write(copy.root, targets, bands)
        names = [*transfers.values(), *(f"{source}:{each}" for each in added)]
        task = Task(copy.root, submission.protocol, names, submission.manifest.seeds)
        trained = train(submission, task, folder / f"run-{number}", isolation)
        for transfer in transfers.values():
            for seed in submission.manifest.seeds:
                blind.answers[transfer, seed] = trained.predictions[transfer, seed]
        for domain, target in added.items():
            blind.elsewhere.setdefault(transfers[target], []).extend(
                trained.macro_f1(f"{source}:{domain}")
            )
    return blind


def compare_blind(
    submission: Submission, expectation: Expectation, blind: BlindRun, again: TrainedRun
) -> Iterator[str]:
    """Yield the cases in which predictions changed although the input of the method did not.

    Args:
        submission: The submission.
        expectation: Samples that must be scored, with their labels.
        blind: Results on the changed data.
        again: Results on the true data, of the same code on the same machine.

    Yields:
        Sentences.
    """
    loose = submission.described.track in LOOSE_TRACKS
    yield from _lost_together(submission, expectation, blind, again)
    for row in submission.rows:
        after = blind.answers.get((row.transfer, row.seed))
        if after is None:
            continue
        before = again.predictions[row.transfer, row.seed]
        nudged = blind.nudged[row.transfer]
        truth = _truth(expectation, row)
        both = sorted(before.keys() & after.keys() & truth.keys())
        place = f"{row.transfer}, seed {row.seed}"
        if not both or (not loose and all(name in nudged for name in both)):
            yield f"{place}: no sample could be compared."
            continue
        touched = [name for name in both if name in nudged]
        untouched = [name for name in both if name not in nudged]
        moved = sum(bool(np.abs(before[n] - after[n]).max() > SAME) for n in untouched)
        if moved and not loose:
            yield (
                f"{place}: {moved} of {len(untouched)} predictions changed when the target's "
                "labels were permuted and its order was changed: the code uses the labels, the "
                "order or other samples, or predicts differently each time."
            )
            continue
        other = sum(int(before[n].argmax() != after[n].argmax()) for n in touched)
        if not loose and _too_many(other, len(touched)):
            yield (
                f"{place}: {other} of {len(touched)} predictions changed when series were moved by "
                f"{NUDGED:g}: the code looks samples up."
            )
        elif lost := _loss(before, after, truth, touched):
            yield (
                f"{place}: {lost} of {len(touched)} right predictions were lost when series were "
                f"moved by {NUDGED:g}: the code looks samples up."
            )


def _lost_together(
    submission: Submission, expectation: Expectation, blind: BlindRun, again: TrainedRun
) -> Iterator[str]:
    """Yield the seeds with a loss that is too large over all targets together."""
    for seed in submission.manifest.seeds:
        before: Probabilities = {}
        after: Probabilities = {}
        truth: dict[str, int] = {}
        for row in submission.rows:
            changed = blind.answers.get((row.transfer, seed)) if row.seed == seed else None
            same = _truth(expectation, row) if changed is not None else {}
            for name in sorted(blind.nudged.get(row.transfer, frozenset()) & same.keys()):
                place = f"{row.transfer} {name}"
                if changed is not None and name in changed:
                    before[place] = again.predictions[row.transfer, seed][name]
                    after[place], truth[place] = changed[name], same[name]
        if lost := _loss(before, after, truth, list(before)):
            yield (
                f"All transfers, seed {seed}: {lost} of {len(before)} right predictions were lost "
                f"when series were moved by {NUDGED:g}: the code looks samples up."
            )


def _too_many(changed: int, of: int) -> bool:
    """Return whether more samples changed their class than tolerance and chance explain."""
    if not of:
        return False
    chance = binomtest(changed, of, NUDGED_TOLERANCE, alternative="greater").pvalue
    return bool(chance < CHANGED_BY_CHANCE)


def _loss(
    before: Probabilities, after: Probabilities, truth: Mapping[str, int], names: Sequence[str]
) -> int:
    """Return the right predictions lost minus those gained; 0 if chance can explain it."""
    was = [int(before[name].argmax()) == truth[name] for name in names]
    now = [int(after[name].argmax()) == truth[name] for name in names]
    lost = sum(a and not b for a, b in zip(was, now, strict=True))
    gained = sum(b and not a for a, b in zip(was, now, strict=True))
    if lost - gained <= LOST_TOLERANCE * len(names):
        return 0
    chance = binomtest(lost, lost + gained, alternative="greater").pvalue
    return lost - gained if chance < CHANCE else 0


def _truth(expectation: Expectation, row: Row) -> dict[str, int]:
    """Return the column of each scored sample's class, by its id."""
    wanted = expectation.of(row)
    column = {CROPS.index(crop): number for number, crop in enumerate(wanted.classes)}
    pairs = zip(wanted.ids.tolist(), wanted.labels.tolist(), strict=True)
    return {name: column.get(label, -1) for name, label in pairs}


def _write(
    submission: Submission, expectation: Expectation, copy: _Copy
) -> dict[str, frozenset[str]]:
    """Write an unchanged source and changed targets; return the ids of the nudged samples."""
    dataset, track = expectation.dataset, submission.described.track
    rows = {row.target: row for row in submission.rows if row.source == copy.source}
    nudged: dict[str, frozenset[str]] = {}
    cards = {}
    for name in dict.fromkeys((copy.source, *copy.targets)):
        samples = dataset.load(name)
        series, labels = np.array(dataset.series(name, copy.bands)), samples.labels
        kept = np.arange(len(labels))
        moved: npt.NDArray[np.intp] = np.empty(0, dtype=np.intp)
        random = secret_generator()
        if name == copy.source:
            if submission.protocol.deduplicate == "series":
                # Series of other domains are not learned from, and this copy lacks most domains.
                kept = np.flatnonzero(~found_elsewhere(dataset, name))
        elif track in SERIES_TRACKS:
            moved = kept = _reordered(samples, submission, random)
            labels = random.permutation(labels)
        elif track in LOOSE_TRACKS:
            moved = kept
        else:
            scored = np.isin(samples.sample_ids, expectation.of(rows[name]).ids)
            kept = random.permutation(np.flatnonzero(scored))
            labels = labels.copy()
            labels[kept] = random.permutation(labels[kept])
            moved = random.choice(kept, len(kept) // 2, replace=False)
        signs = random.choice(np.array([-NUDGED, NUDGED], np.float32), series[moved].shape)
        series[moved] = _within(series[moved] + signs)
        nudged[name] = frozenset(samples.sample_ids[moved].tolist())
        _write_domain(copy.root, samples, series, labels, kept)
        _write_vectors(submission, dataset, samples, labels, copy.root, kept, moved)
        cards[name] = copied_card(dataset.domain_card(name), copy.bands)
    card = dataset.card.model_copy(update={"domains": cards})
    replace_text(copy.root / CARD_FILE, card.model_dump_json(indent=2) + "\n")
    return {name: nudged[name] for name in copy.targets}


def _reordered(
    samples: DomainSamples, submission: Submission, random: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Return all samples of a target in an order in which every seed adapts to the same of them.

    Files may be sorted by crop, so that the order alone gives labels away. Under a cap the samples
    to adapt to are drawn by their places, so only samples that the same seeds draw change places.
    """
    drawn = np.zeros((len(samples), len(submission.manifest.seeds)), dtype=np.bool_)
    for column, seed in enumerate(submission.manifest.seeds):
        drawn[unlabelled_rows(samples, submission.protocol, seed=seed), column] = True
    _, alike = np.unique(drawn, axis=0, return_inverse=True)
    order = np.arange(len(samples))
    for group in range(int(alike.max()) + 1):
        places = np.flatnonzero(alike.reshape(-1) == group)
        order[places] = random.permutation(places)
    return order


def _within(series: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return nudged reflectance, with values outside of [0, 1] reflected at the limits."""
    found: npt.NDArray[np.float32] = 1 - np.abs(1 - np.abs(series))
    return found.astype(np.float32)


def copied_card(card: DomainCard, bands: tuple[str, ...]) -> DomainCard:
    """Return a domain's card for a copy that is stored as reflectance of the given bands."""
    told = {"unit": "reflectance", "bands": bands, "offset": None, "missing": None}
    return card.model_copy(update={**told, "orientation": None})


def _write_domain(
    root: Path,
    samples: DomainSamples,
    series: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    kept: npt.NDArray[np.intp],
) -> None:
    optional = (samples.longitude, samples.latitude, samples.block, samples.year)
    arrays: dict[str, npt.NDArray[Any]] = {
        key: array
        for key, array in zip(OPTIONAL_ARRAYS[1:], optional, strict=True)
        if array is not None
    }
    arrays |= {"fea": series, "lbl": labels, "sample_id": samples.sample_ids}
    chosen = {key: array[kept] for key, array in arrays.items()}
    write_arrays(root / year_file_name(samples.name), chosen)


def _write_vectors(
    submission: Submission,
    dataset: Dataset,
    samples: DomainSamples,
    labels: npt.NDArray[np.int64],
    root: Path,
    kept: npt.NDArray[np.intp],
    moved: npt.NDArray[np.intp],
) -> None:
    """Write the vectors that a representation reads, with nudged vectors of the nudged samples."""
    kind = get_representation(submission.described.representation).vectors
    if kind is None:
        return
    try:
        vectors = np.array(read_embedding(kind, dataset.root, samples))
    except UnavailableError:
        return  # the run says that there are none
    random = secret_generator()
    step = NUDGED_VECTORS * np.nan_to_num(np.nanstd(vectors, axis=0)).astype(np.float32)
    signs = random.choice(np.array([-1, 1], np.float32), vectors[moved].shape)
    vectors[moved] += signs * step
    has = kept[np.isfinite(vectors[kept]).all(axis=1)]
    arrays: dict[str, npt.NDArray[Any]] = {
        "fea": vectors[has],
        "lbl": labels[has],  # those of the copy's series
        "sample_id": samples.sample_ids[has],
    }
    write_arrays(root / f"{get_embedding(kind).stem}_{samples.name}.npz", arrays)
