"""Check whether the seeds of a submission are different fits, or copies of one fit."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.harness_process import TrainedRun

SAME: Final = 1e-3
"""Largest difference of probabilities that count as equal; rounding in batches is about 1e-6."""

ALIKE: Final = 0.9
"""Share of samples with equal predictions from which one seed counts as a copy of another.

Measured for methods that depend on the seed (two seeds under `quick`, networks and forests, nine
transfers): at most 0.1.
"""

FEWEST: Final = 20
"""Number of uncertain samples below which seeds are copies only if all bits are equal."""

AGAIN: Final = 0.1
"""Largest distance of a seed to its rerun at which it counts as reproduced, in units of its
distance to the nearest other seed."""

ANOTHER: Final = 0.3
"""Distance in these units from which a seed counts as another fit, if other seeds are reproduced.

Distances between the two can come from rounding on other hardware, which may decide a tie between
two splits differently.
"""

Answers = Mapping[int, npt.NDArray[np.float32]]
"""Probabilities [samples, classes] by seed, with all samples in the same order."""

Array = npt.NDArray[np.float32]


def copies(answers: Answers) -> Iterator[tuple[int, int]]:
    """Yield pairs of seeds with equal or nearly equal predictions.

    Samples for which both seeds are certain are not compared, since the predictions for easy
    samples agree anyway.
    """
    for first, second in combinations(answers, 2):
        one, other = answers[first], answers[second]
        if one.shape != other.shape:
            continue
        certain = (one.max(axis=1) >= 1 - SAME) & (other.max(axis=1) >= 1 - SAME)
        with np.errstate(invalid="ignore"):  # whether they are probabilities is checked later
            same = np.abs(one - other).max(axis=1) <= SAME
        few = int((~certain).sum()) < FEWEST
        if np.array_equal(one, other) or (not few and float(same[~certain].mean()) >= ALIKE):
            yield first, second


def compare_seeds(submission: Submission, again: TrainedRun) -> Iterator[str]:
    """Yield the seeds whose predictions a rerun does not give, although it gives those of others.

    On other hardware a network may differ from its own rerun as much as from another seed. Then
    only the distances between the seeds are compared.

    Args:
        submission: The submission.
        again: Results of its code on this machine, with the same seeds.

    Yields:
        Sentences.
    """
    itself: dict[int, bool] = dict.fromkeys(submission.manifest.seeds, True)
    another: dict[int, str] = {}
    for (source, target), ids in submission.samples.items():
        transfer = f"{source}:{target}"
        mine = {seed: submission.predictions[source, target, seed] for seed in itself}
        theirs = _aligned(again, transfer, ids, mine)
        if len(theirs) < len(mine):
            return  # reported already
        for seed in itself:
            apart = _distance(mine[seed], theirs[seed])
            unit = min((_distance(theirs[seed], theirs[s]) for s in itself if s != seed), default=0)
            itself[seed] &= apart <= max(SAME, AGAIN * unit)
            if apart > max(SAME, ANOTHER * unit):
                another.setdefault(seed, transfer)
        for first, second in combinations(itself, 2):
            stated = _distance(mine[first], mine[second])
            true = _distance(theirs[first], theirs[second])
            if true > SAME and stated < AGAIN * true:
                yield (
                    f"{transfer}: seeds {first} and {second} are {true / max(stated, 1e-9):.0f} "
                    "times nearer to each other than training again makes them."
                )
    came = [str(seed) for seed, found in itself.items() if found]
    for seed, transfer in another.items() if came else ():
        yield (
            f"{transfer}, seed {seed}: training again gave other predictions here, although it "
            f"gave those of seed {', '.join(came)}."
        )


def _aligned(
    again: TrainedRun, transfer: str, ids: Sequence[str], mine: Answers
) -> dict[int, Array]:
    """Return the rerun's probabilities in the order of the submission; seeds may be missing."""
    found: dict[int, Array] = {}
    for seed, array in mine.items():
        given = again.predictions.get((transfer, seed), {})
        if given.keys() == set(ids):
            stacked = np.stack([given[name] for name in ids])
            if stacked.shape == array.shape:
                found[seed] = stacked
    return found


def _distance(one: Array, other: Array) -> float:
    return float(np.abs(one - other).mean())
