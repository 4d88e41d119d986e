"""Write the rows of a verified submission into a run directory, beside what it has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError
from benchmark.results.rows import JobIdentity, Row
from benchmark.results.store import Prediction, RunStore, StoredJob
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.harness_process import TrainedRun

Place = tuple[str, int]
"""Transfer and seed of a row."""

Fate = Literal["added", "replaced", "kept", "unchanged"]


@dataclass(frozen=True)
class Imported:
    """What was done with the rows of a submission, by transfer and seed.

    Attributes:
        added: Rows that the run directory did not have.
        replaced: Rows that took the place of a stored row.
        kept: Rows that were left out, since the run directory has another row with a score.
    """

    added: tuple[Place, ...]
    replaced: tuple[Place, ...]
    kept: tuple[Place, ...]


def import_submission(
    submission: Submission, dataset: Dataset, store: RunStore, trained: TrainedRun | None = None
) -> Imported:
    """Write the rows of a verified submission, with the verifier's labels, to a run directory.

    Stored rows on other targets and of shifted copies stay. A stored row of the same transfer and
    seed is replaced if it has no score, or if the submission was trained again. Otherwise it stays.

    Args:
        submission: The submission, which was accepted.
        dataset: The verifier's own data.
        store: Store of the run directory.
        trained: The verifier's own rows and predictions, if the submission was trained again. They
            are written instead of the author's.

    Returns:
        What was done with each row.

    Raises:
        SubmissionError: If the directory has rows of the same method by other code or on other
            files of vectors, or another process works on one of its jobs.
        StoreError: If the directory cannot be written, or a stored job of the method is damaged.
    """
    store.prepare()
    expectation = Expectation(dataset, submission.protocol)
    jobs: dict[JobIdentity, list[Row]] = {}
    for row in submission.rows if trained is None else trained.rows.values():
        jobs.setdefault(row.job_identity, []).append(_named(row, dataset.card.name))
    _check_stored(jobs, store)
    fates: dict[Place, Fate] = {}
    for identity, rows in jobs.items():
        with store.job_locks.hold(identity.key) as got:
            if not got:
                raise SubmissionError(
                    f"Another process runs {identity.method} from {identity.source}, seed "
                    f"{identity.seed}, in {store.root}: verify again when it has finished."
                )
            stored = store.read(identity.key)
            own = {row.target: _fate(row, stored, again=trained is not None) for row in rows}
            new = [row for row in rows if own[row.target] in ("added", "replaced")]
            if new:
                predictions = [_prediction(submission, expectation, row, trained) for row in new]
                _write(store, identity, stored, new, predictions)
        fates |= {(row.transfer, row.seed): own[row.target] for row in rows}
    return Imported(
        *(
            tuple(sorted(place for place, fate in fates.items() if fate == wanted))
            for wanted in ("added", "replaced", "kept")
        )
    )


def describe(imported: Imported, store: RunStore) -> tuple[str, ...]:
    """Say in sentences what was done with the rows of a submission.

    Args:
        imported: What was done.
        store: Store of the run directory.
    """
    said = [f"Added {_count(imported.added)} to {store.root}."]
    if imported.replaced:
        rows = _count(imported.replaced)
        said.append(f"Replaced {rows} that it had: {_listed(imported.replaced)}.")
    if imported.kept:
        said.append(
            f"Left out {_count(imported.kept)}, since it has others of the same transfer and seed "
            f"(--rerun replaces those by rows of your own): {_listed(imported.kept)}."
        )
    return tuple(said)


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


def _check_stored(jobs: Mapping[JobIdentity, Sequence[Row]], store: RunStore) -> None:
    """Check that no stored job would be hidden, and that those to be extended can be read."""
    first = next(iter(jobs))
    slots = {identity.slot: identity for identity in jobs}
    for job in store.read_all()[0]:
        what = None
        if job.identity.method == first.method:
            new = slots.get(job.identity.slot)
            if job.identity.code_fingerprint != first.code_fingerprint:
                what = "by other code"
            elif new is not None and new.vectors != job.identity.vectors:
                what = "on other files of vectors"
        if what is not None:
            raise SubmissionError(
                f"{store.root} holds rows of '{first.method}' {what}, which these would hide: "
                "name another run directory with --into, or ask the authors for another name."
            )
    for identity in jobs:
        store.read(identity.key)


def _fate(row: Row, stored: StoredJob | None, *, again: bool) -> Fate:
    held = {} if stored is None else {each.target: each for each in stored.rows}
    before = held.get(row.target)
    if before is None:
        return "added"
    if before == row:
        return "unchanged"
    return "replaced" if again or before.scores is None else "kept"


def _write(
    store: RunStore,
    identity: JobIdentity,
    stored: StoredJob | None,
    new: Sequence[Row],
    predictions: Sequence[Prediction],
) -> None:
    """Write new rows of a job beside its stored rows, and keep the files of the stored fit."""
    before = () if stored is None else (*stored.rows, *stored.shifted)
    places = {(row.target, row.shift) for row in new}
    stay = [row for row in before if (row.target, row.shift) not in places]
    store.write(
        identity,
        [*stay, *new],
        predictions,
        kept=stored if stay else None,
        with_fit=True,
        newer_than=0 if stored is None else stored.written,
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


def _named(row: Row, name: str) -> Row:
    """Return a row with the verifier's name of the dataset, which an author may name otherwise."""
    return row.model_copy(update={"data": row.data.model_copy(update={"name": name})})


def _count(places: Sequence[Place]) -> str:
    return f"{len(places)} row{'' if len(places) == 1 else 's'}"


def _listed(places: Iterable[Place]) -> str:
    """Name rows by transfer, each with its seeds."""
    seeds: dict[str, list[str]] = {}
    for transfer, seed in places:
        seeds.setdefault(transfer, []).append(str(seed))
    return "; ".join(f"{transfer}, seeds {' '.join(each)}" for transfer, each in seeds.items())
