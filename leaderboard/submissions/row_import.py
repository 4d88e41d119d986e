"""Write the rows of a verified submission into a run directory."""

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError
from benchmark.results.rows import Row
from benchmark.results.store import JobIdentity, Prediction, RunStore
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.harness_process import TrainedRun


def import_submission(
    submission: Submission, dataset: Dataset, store: RunStore, trained: TrainedRun | None = None
) -> int:
    """Write the rows of a verified submission, with the verifier's labels, to a run directory.

    Args:
        submission: The submission, which was accepted.
        dataset: The verifier's own data.
        store: Store of the run directory. Jobs that it has already are not changed, unless the
            submission was trained again.
        trained: The verifier's own rows and predictions, if the submission was trained again. They
            are written instead of the author's.

    Returns:
        Number of jobs written.

    Raises:
        SubmissionError: If the directory has rows of the same method by other code.
        StoreError: If the directory cannot be written.
    """
    store.prepare()
    _check_name(submission.rows[0], store)
    expectation = Expectation(dataset, submission.protocol)
    jobs: dict[tuple[str, int], list[Row]] = {}
    for row in submission.rows if trained is None else trained.rows.values():
        jobs.setdefault((row.source, row.seed), []).append(row)
    written, existing = 0, set(store.keys())
    for (source, seed), rows in jobs.items():
        first = rows[0]
        identity = JobIdentity(
            method=first.method,
            code_fingerprint=first.provenance.code_fingerprint,
            representation=first.representation,
            source=source,
            seed=seed,
            protocol_hash=first.protocol_hash,
            dataset_fingerprint=first.data.fingerprint,
            metric_version=first.metric_version,
            bands=first.data.bands,
            vectors=first.data.vectors,
        )
        if identity.key not in existing or trained is not None:
            predictions = [_prediction(submission, expectation, row, trained) for row in rows]
            store.write(identity, rows, predictions)
            written += 1
    return written


def transfers_of_no_other(submission: Submission, store: RunStore) -> tuple[str, ...]:
    """Return the transfers of a submission that no other method of its ranking has.

    A method is ranked only if it has every transfer of its ranking. New transfers therefore leave
    the other methods without a rank.

    Args:
        submission: The submission.
        store: Store of the run directory, which need not exist.

    Returns:
        The transfers; none if the ranking has no other method.
    """
    mine = submission.rows[0]
    group = (*mine.comparability_key, mine.track)
    others: set[str] = set()
    for job in store.read_all()[0] if store.jobs.is_dir() else ():
        for row in job.rows:
            if row.method != mine.method and (*row.comparability_key, row.track) == group:
                others.add(row.transfer)
    own = {row.transfer for row in submission.rows if row.relation != "in-domain"}
    return tuple(sorted(own - others)) if others else ()


def _check_name(row: Row, store: RunStore) -> None:
    for job in store.read_all()[0]:
        other = job.identity.code_fingerprint != row.provenance.code_fingerprint
        if other and job.identity.method == row.method:
            raise SubmissionError(
                f"{store.root} holds rows of '{row.method}' by other code, which these would hide: "
                "name another run directory with --into, or ask the authors for another name."
            )


def _prediction(
    submission: Submission, expectation: Expectation, row: Row, trained: TrainedRun | None
) -> Prediction:
    wanted = expectation.of(row)
    if trained is None:
        given = submission.samples[row.source, row.target]
        position = {name: number for number, name in enumerate(given)}
        order = [position[name] for name in wanted.ids.tolist()]
        probabilities = submission.predictions[row.source, row.target, row.seed][order]
    else:
        own = trained.predictions[row.transfer, row.seed]
        probabilities = np.stack([own[name] for name in wanted.ids.tolist()])
    return Prediction(
        target=row.target,
        sample_ids=wanted.ids,
        probabilities=probabilities,
        classes=wanted.classes,
        labels=wanted.labels,
        block=wanted.block,
    )
