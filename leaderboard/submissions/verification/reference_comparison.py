"""Compare a submission with reference methods under the same protocol and on the same data."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.harness_process import Task, run_harness

Comparison = dict[str, dict[str, float]]
"""Mean macro-F1 over seeds by method and transfer."""


def compare(submission: Submission, dataset: Dataset, methods: Sequence[str]) -> Comparison:
    """Run installed methods under a submission's protocol, and return all scores.

    Args:
        submission: The submission, which was accepted.
        dataset: The verifier's own data.
        methods: Names or patterns of installed methods.

    Returns:
        The scores by method, the submission's method first. A method without scores has no entry
        for a transfer.

    Raises:
        SubmissionError: If the run fails.
    """
    manifest = submission.manifest
    away = [t for t in manifest.transfers if len(set(t.split(":"))) == 2]
    found = {manifest.method: _means(submission.rows)}
    with TemporaryDirectory(prefix="cropglobe-compare-") as name:
        task = Task(dataset.root, submission.protocol, away, manifest.seeds)
        run = run_harness(task, Path(name), ["--methods", *methods])
        jobs, damaged = RunStore(run).read_all()
        if damaged:
            raise SubmissionError(damaged[0])
    names = sorted({job.identity.method for job in jobs} - {manifest.method})
    for method in names:
        found[method] = _means([r for job in jobs for r in job.rows if r.method == method])
    return found


def _means(rows: Sequence[Row]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for row in rows:
        if row.scores is not None:
            values.setdefault(row.transfer, []).append(row.scores.macro_f1)
    return {transfer: sum(each) / len(each) for transfer, each in values.items()}
