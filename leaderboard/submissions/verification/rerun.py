"""Train again with the submitted code, and compare the results with the author's.

After a rerun the rows, predictions and costs are the verifier's own. The author's values are
compared with them, within a tolerance, and shown with them. The harness that scores and the
submitted code run in different processes. If the code is not confined, the mark is a lower one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.representations import get_representation
from benchmark.errors import CropGlobeError, SubmissionError
from benchmark.results.rows import Row
from benchmark.task.metrics import check_probabilities
from leaderboard.submissions.archive import printable
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.blind_runs import BlindRun, compare_blind, train_blind
from leaderboard.submissions.verification.carried_data import questions
from leaderboard.submissions.verification.checks import score_answers
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.harness_process import (
    Isolation,
    Task,
    TrainedRun,
    train,
)
from leaderboard.submissions.verification.other_seeds import (
    OtherSeeds,
    compare_with_other_seeds,
    draw_other_seeds,
)
from leaderboard.submissions.verification.seed_comparison import SAME, compare_seeds
from leaderboard.submissions.verification.verification import Finding, Verdict

MEAN_TOLERANCE: Final = 0.02
"""Allowed difference of mean macro-F1, since other hardware or versions give other networks."""

ROW_TOLERANCE: Final = 0.10
"""Allowed difference of a single row's macro-F1; seeds differ by as much."""


@dataclass(frozen=True)
class _Trained:
    """The runs for a verdict: the rerun, and the blind runs."""

    again: TrainedRun
    blind: BlindRun


def announcement(submission: Submission, unconfined: str | None) -> str:
    """Return the warning that is shown before submitted code runs.

    Args:
        submission: The submission.
        unconfined: Why its code cannot be confined on this machine; ``None`` if it can.

    Raises:
        SubmissionError: If the code is not in the submission.
    """
    _check_code(submission)
    about = (
        f"About to run the submitted code {submission.manifest.code.file} of "
        f"'{submission.manifest.method}' on this machine"
    )
    if unconfined is None:
        return f"{about}, confined: without network, home, data or other processes."
    return (
        f"{about}, as you and with your rights: it is not confined ({unconfined}). Read it first, "
        "or use a container; the verdict says 'rerun, not confined'."
    )


def verify_again(
    verdict: Verdict, dataset: Dataset, *, confined: bool, inspected: bool = False
) -> Verdict:
    """Train a submission's method again with all seeds, and compare the results.

    The blind runs come first, so that the code cannot have stored anything from the true data.

    Args:
        verdict: The verdict without a rerun; it must be accepted.
        dataset: The verifier's own data.
        confined: Whether the code is confined. If not, it only runs in a separate process.
        inspected: Whether a person has inspected the data in the code.

    Returns:
        The verdict with the findings of the rerun and with the verifier's own rows.

    Raises:
        SubmissionError: If the code is not in the submission.
    """
    submission = verdict.submission
    _check_code(submission)
    assert submission.code is not None
    expectation = Expectation(dataset, submission.protocol)
    other_seeds = _other_seeds(submission, dataset)
    isolation: Isolation = "confined" if confined else "process"
    verdict = replace(
        verdict,
        rerun=True,
        confined=confined,
        inspected=inspected,
        questions=tuple(questions(submission.code)),
    )
    try:
        trained = _train(submission, expectation, other_seeds, isolation)
    except SubmissionError as error:
        finding = Finding("Training again gives scores.", (str(error),))
        return replace(verdict, findings=(*verdict.findings, finding))
    return _judged(verdict, expectation, trained)


def _train(
    submission: Submission,
    expectation: Expectation,
    other_seeds: OtherSeeds | None,
    isolation: Isolation,
) -> _Trained:
    manifest = submission.manifest
    away = [t for t in manifest.transfers if len(set(t.split(":"))) == 2]
    with TemporaryDirectory(prefix="cropglobe-rerun-") as name:
        blind = train_blind(submission, expectation, Path(name), other_seeds, isolation)
        task = Task(expectation.dataset.root, submission.protocol, away, manifest.seeds)
        again = train(submission, task, Path(name) / "again", isolation)
    return _Trained(own_run(submission, expectation, again), blind)


def _judged(verdict: Verdict, expectation: Expectation, trained: _Trained) -> Verdict:
    """Return a verdict with the findings of its rerun."""
    submission, again, blind = verdict.submission, trained.again, trained.blind
    findings = [
        Finding("Training again gives what was stated.", tuple(_compare(submission, again))),
        Finding(
            "Predictions do not come from labels, order or exact series of the target.",
            tuple(compare_blind(submission, expectation, blind, again)),
        ),
    ]
    if blind.elsewhere:
        here = {transfer: again.macro_f1(transfer) for transfer in blind.elsewhere}
        counts = {row.transfer: row.data.n_test or 1 for row in submission.rows}
        findings.append(
            Finding(
                "Scores on the public simulated data are as on simulated data of secret seeds.",
                tuple(compare_with_other_seeds(here, blind.elsewhere, counts)),
            )
        )
    differences = tuple(
        replace(
            each,
            rerun=_mean(again.macro_f1(each.transfer)),
            elsewhere=_mean(blind.elsewhere.get(each.transfer, [])),
        )
        for each in verdict.differences
    )
    asked = [f"A person must inspect its code: {each}" for each in verdict.questions]
    notes = (*verdict.notes, _exactness(submission, again), *asked)
    return replace(
        verdict,
        findings=(*verdict.findings, *findings),
        differences=differences,
        notes=notes,
        trained=again,
    )


def own_run(submission: Submission, expectation: Expectation, again: TrainedRun) -> TrainedRun:
    """Return the results of a rerun, scored in this process with the verifier's labels.

    Args:
        submission: The submission; the rerun must have all of its rows.
        expectation: Samples that must be scored.
        again: Rows and predictions of the rerun.

    Raises:
        SubmissionError: If a row is missing, or is of other samples.
    """
    rows: dict[tuple[str, int], Row] = {}
    predictions = {}
    for stated in submission.rows:
        key = (stated.transfer, stated.seed)
        where = f"{stated.transfer}, seed {stated.seed}"
        row, found = again.rows.get(key), again.predictions.get(key)
        wanted = expectation.of(stated)
        if row is None or found is None or found.keys() != set(wanted.ids.tolist()):
            raise SubmissionError(f"{where}: training again gave no scores.")
        if row.comparability_key != stated.comparability_key:
            raise SubmissionError(f"{where}: training again was on other data.")
        array = np.stack([found[name] for name in wanted.ids.tolist()])
        try:
            check_probabilities(array, samples=len(array), classes=len(wanted.classes))
        except CropGlobeError as error:
            raise SubmissionError(f"{where}: {error}") from error
        scores, confusion = score_answers(submission.protocol, stated.target, wanted, array)
        rows[key] = row.model_copy(update={"scores": scores, "confusion": confusion})
        predictions[key] = found
    return TrainedRun(rows, predictions)


def _other_seeds(submission: Submission, dataset: Dataset) -> OtherSeeds | None:
    if get_representation(submission.described.representation).vectors is not None:
        return None  # simulated data of other seeds have no vectors
    targets = sorted({row.target for row in submission.rows if row.target != row.source})
    return draw_other_seeds(dataset, targets)


def _check_code(submission: Submission) -> None:
    if submission.code is None:
        url = submission.manifest.code.url
        where = "is closed" if url is None else f"is at {printable(url)}, not in the archive"
        raise SubmissionError(
            f"There is nothing to train again: the code {where}; verify without --rerun, or ask "
            "for a submission that was packed with --method-file."
        )


def _compare(submission: Submission, again: TrainedRun) -> Iterator[str]:
    """Yield the cases in which a rerun gives other scores or predictions than were stated."""
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
    if not _exact(submission, again):
        yield from compare_seeds(submission, again)


def _exact(submission: Submission, again: TrainedRun) -> bool:
    """Return whether a rerun gives the submitted probabilities."""
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
        "Training again gave other probabilities, which other hardware or versions can explain: "
        f"scores were compared within {100 * MEAN_TOLERANCE:g} points (mean) and "
        f"{100 * ROW_TOLERANCE:g} (row), and no seed may differ more than the other seeds do."
    )


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
