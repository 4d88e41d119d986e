"""Check a submission with the verifier's own data, and return a verdict."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from benchmark.data.dataset import Dataset
from benchmark.errors import CropGlobeError
from benchmark.results.rows import Row
from benchmark.task.transfers import groups
from leaderboard.results import Verification
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.checks import (
    CHECKS,
    FOUNDATIONS,
    NEED_CODE,
    Case,
    rescore,
)
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.harness_process import TrainedRun

MOST_PROBLEMS: Final = 5
"""Largest number of problems of one check that a verdict shows."""

TOO_GOOD: Final = 0.999
"""Accuracy on a target above which a verdict warns the reader."""


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        title: What was checked, in a sentence.
        problems: The problems, in sentences; empty if the check passed.
        tried: Whether the check was tried. It is not tried after the failure of a check on which it
            depends, or if it needs code and there is none.
    """

    title: str
    problems: tuple[str, ...] = ()
    tried: bool = True


@dataclass(frozen=True)
class Difference:
    """Macro-F1 of a transfer as stated and as computed by the verifier, as mean over seeds.

    Attributes:
        transfer: The transfer.
        stated: Macro-F1 in the rows.
        computed: Macro-F1 of the predictions with the verifier's labels.
        rerun: Macro-F1 of the rerun; ``None`` without a rerun.
        elsewhere: Macro-F1 of the rerun on simulated data of other seeds; ``None`` without these.
    """

    transfer: str
    stated: float
    computed: float
    rerun: float | None = None
    elsewhere: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The verdict on a submission.

    Attributes:
        submission: The submission.
        findings: Results of the checks.
        differences: Scores as stated and as computed.
        notes: Information for the reader that is no reason to refuse the submission.
        rerun: Whether it was trained again.
        confined: Whether its code was confined during the rerun.
        trained: The verifier's own rows and predictions, if it was trained again.
        questions: What a person must inspect before it can be verified by rerun.
        inspected: Whether the verifier states that a person has inspected it.
    """

    submission: Submission
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    rerun: bool = False
    confined: bool = False
    trained: TrainedRun | None = None
    questions: tuple[str, ...] = ()
    inspected: bool = False

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that count: the verifier's own after a rerun, otherwise the author's."""
        if self.trained is None:
            return self.submission.rows
        return tuple(self.trained.rows[row.transfer, row.seed] for row in self.submission.rows)

    @property
    def withheld(self) -> bool:
        """Whether the mark by rerun is withheld until a person has inspected the code."""
        return self.rerun and self.accepted and bool(self.questions) and not self.inspected

    @property
    def accepted(self) -> bool:
        """Whether no check failed. Checks that were not tried do not count."""
        return bool(self.findings) and not any(finding.problems for finding in self.findings)

    @property
    def level(self) -> Verification:
        """What was checked of the rows."""
        if not self.accepted:
            return "self-reported"
        if self.trained is None or self.withheld:
            return "verified from predictions"
        return "verified by rerun" if self.confined else "rerun, not confined"


def verify(submission: Submission, dataset: Dataset) -> Verdict:
    """Check a submission against the verifier's own data; its code is not run.

    Args:
        submission: The submission.
        dataset: The verifier's own data.

    Returns:
        The verdict.
    """
    case = Case(submission, dataset, Expectation(dataset, submission.protocol))
    findings: list[Finding] = []
    sound = True
    for check in CHECKS:
        title = (check.__doc__ or check.__name__).strip()
        if not sound or (submission.code is None and check in NEED_CODE):
            findings.append(Finding(title, tried=False))
            continue
        problems = tuple(_few(_guarded(check(case))))
        findings.append(Finding(title, problems))
        sound = not (problems and check in FOUNDATIONS)
    verdict = Verdict(submission, tuple(findings))
    if not verdict.accepted:
        return verdict
    differences = tuple(_differences(case))
    return replace(verdict, differences=differences, notes=tuple(_notes(case)))


def _guarded(problems: Iterator[str]) -> Iterator[str]:
    """Yield the problems of a check; an error during the check is a problem too."""
    try:
        yield from problems
    except CropGlobeError as error:
        yield str(error)
    except (ArithmeticError, LookupError, ValueError) as error:
        yield f"It cannot be checked ({type(error).__name__}): a value is out of every range."


def _few(problems: Iterator[str]) -> Iterator[str]:
    found = list(problems)
    yield from found[:MOST_PROBLEMS]
    if len(found) > MOST_PROBLEMS:
        yield f"and {len(found) - MOST_PROBLEMS} more."


def _differences(case: Case) -> Iterator[Difference]:
    groups_: dict[str, list[tuple[float, float]]] = {}
    for row in case.submission.rows:
        if row.scores is not None:
            pair = (row.scores.macro_f1, rescore(case, row)[0].macro_f1)
            groups_.setdefault(row.transfer, []).append(pair)
    for transfer, pairs in groups_.items():
        stated, computed = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
        yield Difference(transfer, stated, computed)


def _notes(case: Case) -> Iterator[str]:
    submission = case.submission
    published = {str(transfer) for transfer in groups()["published"]}
    covered = published & set(submission.manifest.transfers)
    yield f"It covers {len(covered)} of the {len(published)} published transfers."
    perfect = sorted(
        {
            row.transfer
            for row in submission.rows
            if row.scores is not None and row.scores.overall_accuracy > TOO_GOOD
        }
    )
    if perfect:
        yield f"Almost no errors in {', '.join(perfect)}: ask why before you trust it."
    if submission.described.card.deterministic and len(submission.manifest.seeds) > 1:
        yield (
            "Its card says that predictions do not depend on the seed: no copied seed was looked "
            "for."
        )
    if submission.manifest.kind == "predictions-only":
        yield "Its code is closed: nobody can check what it was shown of a target."
    elif submission.code is None:
        code = submission.manifest.code
        yield f"Its code at {code.url}, commit {code.commit}, was not checked."
