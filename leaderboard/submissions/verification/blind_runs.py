"""Runs on a copy of the data in which what a method must not use is false."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import CARD_FILE, Dataset
from benchmark.data.official.domain_file import OPTIONAL_ARRAYS, write_arrays, year_file_name
from benchmark.data.repeated_series import found_elsewhere
from benchmark.data.representations import get_representation
from benchmark.files import replace_text
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.harness_process import (
    Probabilities,
    Task,
    TrainedRun,
    train,
)
from leaderboard.submissions.verification.seed_comparison import SAME

NUDGED: Final = 1e-4
"""By how much half of the samples are moved in reflectance: one digital number of the sensor."""

NUDGED_TOLERANCE: Final = 0.10
"""Share of nudged samples whose class may change: a few lie at a border; a table loses all."""


@dataclass(frozen=True)
class BlindRun:
    """What a method answered without a chance to use what it must not.

    Attributes:
        answers: Its answers by transfer and seed.
        nudged: Ids of the samples whose series were moved, by transfer.
    """

    answers: dict[tuple[str, int], Probabilities]
    nudged: dict[str, frozenset[str]]


def train_blind(submission: Submission, dataset: Dataset, folder: Path) -> BlindRun:
    """Run a submission's code where targets have permuted labels and half of the series nudged.

    An honest method answers the untouched half as ever, and gives hardly a sample of the other
    half another class. A method that adapts to its target sees no nudged samples; one of the
    oracle track is shown labels, and one that reads stored vectors reads no series: these are not
    tried.

    Args:
        submission: The submission, with code.
        dataset: The data.
        folder: Where to write.

    Returns:
        The answers of the first seed.

    Raises:
        SubmissionError: If a run fails.
        DataError: If the copy cannot be written.
    """
    track, seed = submission.described.track, submission.manifest.seeds[0]
    blind = BlindRun({}, {})
    targets: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    bands_of = {row.transfer: row.data.bands for row in submission.rows}
    for transfer in submission.manifest.transfers:
        source, _, target = transfer.partition(":")
        if source != target and can_be_tried(submission):
            targets.setdefault((source, bands_of[transfer]), []).append(target)
    adapts = track == "unlabelled-target"
    # All samples are asked about, since caps depend on labels; who adapts sees what the cap lets.
    changes = {"label_policy": "all"} | ({} if adapts else {"max_target_samples": None})
    protocol = submission.protocol.model_copy(update=changes)
    for number, ((source, bands), names) in enumerate(targets.items()):
        data = folder / f"data-{number}"
        nudged = _write(
            dataset,
            source,
            names,
            data,
            bands,
            nudge=not adapts,
            leave_out=protocol.deduplicate == "series",
        )
        transfers = [f"{source}:{target}" for target in names]
        trained = train(
            submission, Task(data, protocol, transfers, [seed]), folder / f"run-{number}"
        )
        for target, transfer in zip(names, transfers, strict=True):
            blind.answers[transfer, seed] = trained.predictions[transfer, seed]
            blind.nudged[transfer] = nudged[target]
    return blind


def can_be_tried(submission: Submission) -> bool:
    """Whether a method answers from series alone and is shown no labels of the target."""
    described = submission.described
    return (
        described.track != "oracle" and get_representation(described.representation).vectors is None
    )


def compare_blind(blind: BlindRun, again: TrainedRun) -> Iterator[str]:
    """Yield where answers changed although nothing changed that a method may look at.

    Args:
        blind: Answers from the changed data.
        again: Answers from the true data, of the same code on the same machine.

    Yields:
        What changed, in sentences.
    """
    for (transfer, seed), after in blind.answers.items():
        before, nudged = again.predictions[transfer, seed], blind.nudged[transfer]
        both = sorted(before.keys() & after.keys())
        untouched = [name for name in both if name not in nudged]
        moved = sum(bool(np.abs(before[n] - after[n]).max() > SAME) for n in untouched)
        if moved:
            yield (
                f"{transfer}: {moved} of {len(untouched)} answers changed when the target's labels "
                "were permuted: the code sees them, or answers differently each time."
            )
            continue
        touched = [name for name in both if name in nudged]
        other = sum(int(before[n].argmax() != after[n].argmax()) for n in touched)
        if other > NUDGED_TOLERANCE * len(touched):
            yield (
                f"{transfer}: {other} of {len(touched)} answers changed when series were moved by "
                f"{NUDGED:g}: the code looks samples up."
            )
        if not untouched:
            yield f"{transfer}: no sample could be compared."


def _write(
    dataset: Dataset,
    source: str,
    targets: Sequence[str],
    root: Path,
    bands: tuple[str, ...],
    *,
    nudge: bool,
    leave_out: bool,
) -> dict[str, frozenset[str]]:
    """Write a source as it is and targets changed; return the ids of the nudged samples of each.

    Vectors stored beside the series are not copied.
    """
    nudged: dict[str, frozenset[str]] = {}
    cards = {}
    for name in (source, *targets):
        samples = dataset.load(name)
        series, labels = np.array(dataset.series(name, bands)), samples.labels
        kept = np.arange(len(labels))
        if name == source and leave_out:
            # What other domains hold is not learned from, and most of those are not here.
            kept = np.flatnonzero(~found_elsewhere(dataset, name))
        elif name != source:
            random = np.random.default_rng()  # no seed, by which the permutation could be undone
            labels = random.permutation(labels)
            rows = random.permutation(len(labels))[: len(labels) // 2 if nudge else 0]
            series[rows] += np.where(series[rows] < 0.5, NUDGED, -NUDGED).astype(np.float32)
            nudged[name] = frozenset(samples.sample_ids[rows].tolist())
        optional = (samples.longitude, samples.latitude, samples.block, samples.year)
        arrays: dict[str, npt.NDArray[Any]] = {
            key: array
            for key, array in zip(OPTIONAL_ARRAYS[1:], optional, strict=True)
            if array is not None
        }
        arrays |= {"fea": series, "lbl": labels, "sample_id": samples.sample_ids}
        write_arrays(
            root / year_file_name(name), {key: array[kept] for key, array in arrays.items()}
        )
        cards[name] = dataset.domain_card(name).model_copy(
            update={"unit": "reflectance", "bands": bands}
        )
    card = dataset.card.model_copy(update={"domains": cards})
    replace_text(root / CARD_FILE, card.model_dump_json(indent=2) + "\n")
    return nudged
