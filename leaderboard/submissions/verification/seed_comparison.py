"""Whether the seeds of a submission are seeds, or one seed's answers under several names."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.harness_process import TrainedRun

SAME: Final = 1e-3
"""Probabilities that differ by no more are the same: batches round differently by about 1e-6."""

ALIKE: Final = 0.9
"""Share of the samples that two seeds answer the same from which one is a copy of the other.

Measured where the answers depend on the seed (two seeds under `quick`, networks and forests, nine
transfers): 0.1 at most.
"""

FEWEST: Final = 20
"""Uncertain samples without which two seeds are only compared to the bit."""

AGAIN: Final = 0.1
"""How near a seed is to itself, trained again, in units of its distance to the next seed."""

ANOTHER: Final = 0.3
"""From which distance in these units it is not itself where other seeds are themselves.

Between the two lies rounding on other hardware, where a tie between two splits falls otherwise.
"""

Answers = Mapping[int, npt.NDArray[np.float32]]
"""Probabilities [samples, classes] by seed, the samples of all in one order."""

Array = npt.NDArray[np.float32]


def copies(answers: Answers) -> Iterator[tuple[int, int]]:
    """Yield pairs of seeds of which one is the other, or nearly.

    Answers of which both seeds are certain say nothing: those of an easy sample agree.
    """
    for first, second in combinations(answers, 2):
        one, other = answers[first], answers[second]
        if one.shape != other.shape:
            continue
        certain = (one.max(axis=1) >= 1 - SAME) & (other.max(axis=1) >= 1 - SAME)
        with np.errstate(invalid="ignore"):  # that probabilities are some is checked later
            same = np.abs(one - other).max(axis=1) <= SAME
        few = int((~certain).sum()) < FEWEST
        if np.array_equal(one, other) or (not few and float(same[~certain].mean()) >= ALIKE):
            yield first, second


def compare_seeds(submission: Submission, again: TrainedRun) -> Iterator[str]:
    """Yield where answers are not those of their seed, although other seeds came again.

    Networks trained on other hardware are as far from themselves as from another seed; then only
    the distances among the seeds are compared.

    Args:
        submission: The submission.
        again: What its code gave here, under the same seeds.

    Yields:
        What is wrong, in sentences.
    """
    itself: dict[int, bool] = dict.fromkeys(submission.manifest.seeds, True)
    another: dict[int, str] = {}
    for (source, target), ids in submission.samples.items():
        transfer = f"{source}:{target}"
        mine = {seed: submission.predictions[source, target, seed] for seed in itself}
        theirs = _aligned(again, transfer, ids, mine)
        if len(theirs) < len(mine):
            return  # said already
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
            f"{transfer}, seed {seed}: training again gave other answers here, although it gave "
            f"those of seed {', '.join(came)}."
        )


def _aligned(
    again: TrainedRun, transfer: str, ids: Sequence[str], mine: Answers
) -> dict[int, Array]:
    """Return what training again gave, in the order of the submission; seeds may be missing."""
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
