"""Training again with the submitted code, in a process of its own, and comparing.

This executes the submitted code with the rights of whoever asks for it. Nothing here confines it:
a verifier who does not know the author runs this in a container or on a machine of no value.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError
from leaderboard.submissions.archive import printable
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.blind_runs import can_be_tried, compare_blind, train_blind
from leaderboard.submissions.verification.harness_process import Task, TrainedRun, train
from leaderboard.submissions.verification.seed_comparison import SAME, compare_seeds
from leaderboard.submissions.verification.verification import Finding, Verdict

MEAN_TOLERANCE: Final = 0.02
"""By how much mean macro-F1 may differ where other hardware or versions give other networks."""

ROW_TOLERANCE: Final = 0.10
"""By how much a single row's macro-F1 may differ in that case; seeds differ by as much."""


def announcement(submission: Submission) -> str:
    """Return what is said before a stranger's code runs.

    Raises:
        SubmissionError: If the code is not in the submission.
    """
    _check_code(submission)
    return (
        f"About to run the submitted code {submission.manifest.code.file} of "
        f"'{submission.manifest.method}' on this machine, as you and with your rights: nothing "
        "confines it. Read it first, or use a container."
    )


def verify_again(verdict: Verdict, dataset: Dataset) -> Verdict:
    """Train a submission's method again, compare, and hide the answers to see that it copes.

    The blind runs come first: what they have not seen they cannot have kept.

    Args:
        verdict: What was found without running its code; it must be accepted.
        dataset: The verifier's own data.

    Returns:
        The verdict with what was found.

    Raises:
        SubmissionError: If the code is not in the submission.
    """
    submission, manifest = verdict.submission, verdict.submission.manifest
    _check_code(submission)
    away = [t for t in manifest.transfers if len(set(t.split(":"))) == 2]
    with TemporaryDirectory(prefix="cropglobe-rerun-") as name:
        try:
            blind = train_blind(submission, dataset, Path(name))
            task = Task(dataset.root, submission.protocol, away, manifest.seeds)
            again = train(submission, task, Path(name) / "again")
        except SubmissionError as error:
            finding = Finding("Training again gives scores.", (str(error),))
            return replace(verdict, findings=(*verdict.findings, finding), rerun=True)
    findings = (
        Finding("Training again gives the submitted answers.", tuple(_compare(submission, again))),
        Finding(
            "Answers do not come from the target's labels or exact series.",
            tuple(compare_blind(blind, again)),
        ),
    )
    means = _means(again)
    return replace(
        verdict,
        findings=(*verdict.findings, *findings),
        differences=tuple(replace(d, rerun=means.get(d.transfer)) for d in verdict.differences),
        notes=(*verdict.notes, _exactness(submission, again), *_untried(submission)),
        rerun=True,
    )


def _check_code(submission: Submission) -> None:
    if submission.code is None:
        url = submission.manifest.code.url
        where = "is closed" if url is None else f"is at {printable(url)}, not in the archive"
        raise SubmissionError(
            f"There is nothing to train again: the code {where}; verify without --rerun, or ask "
            "for a submission that was packed with --method-file."
        )


def _compare(submission: Submission, again: TrainedRun) -> Iterator[str]:
    """Yield where training again gives other answers than were submitted."""
    if _exact(submission, again):
        return
    gaps: dict[str, float] = {}
    for row in submission.rows:
        other = again.rows.get((row.transfer, row.seed))
        if other is None or other.scores is None or row.scores is None:
            yield f"{row.transfer}, seed {row.seed}: training again gave no scores."
            return
        gaps[f"{row.transfer}, seed {row.seed}"] = row.scores.macro_f1 - other.scores.macro_f1
    mean = sum(gaps.values()) / len(gaps)
    if not abs(mean) <= MEAN_TOLERANCE:
        yield (
            f"Mean macro-F1 is {100 * mean:+.1f} points from that of training again "
            f"({100 * MEAN_TOLERANCE:g} are allowed)."
        )
    for place, gap in gaps.items():
        if not abs(gap) <= ROW_TOLERANCE:
            yield (
                f"{place}: macro-F1 is {100 * gap:+.1f} points from that of training again "
                f"({100 * ROW_TOLERANCE:g} are allowed)."
            )
    yield from compare_seeds(submission, again)


def _exact(submission: Submission, again: TrainedRun) -> bool:
    """Whether training again gives the submitted probabilities."""
    for (source, target, seed), array in submission.predictions.items():
        other = again.predictions.get((f"{source}:{target}", seed))
        ids = submission.samples[source, target]
        if other is None or other.keys() != set(ids):
            return False
        if np.abs(np.stack([other[name] for name in ids]) - array).max() > SAME:
            return False
    return True


def _exactness(submission: Submission, again: TrainedRun) -> str:
    if _exact(submission, again):
        return f"Training again gave every probability within {SAME:g}."
    return (
        "Training again gave other probabilities, which is honest on other hardware or versions "
        f"only: scores were compared within {100 * MEAN_TOLERANCE:g} points (mean) and "
        f"{100 * ROW_TOLERANCE:g} (row), and no seed may be less itself than the others are."
    )


def _untried(submission: Submission) -> Iterator[str]:
    if not can_be_tried(submission):
        yield "It was not tried without true labels: it is shown some, or reads stored vectors."


def _means(again: TrainedRun) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for (transfer, _), row in again.rows.items():
        assert row.scores is not None
        found.setdefault(transfer, []).append(row.scores.macro_f1)
    return {transfer: sum(values) / len(values) for transfer, values in found.items()}
