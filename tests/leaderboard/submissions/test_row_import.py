"""Rows of a submission in a run directory that has rows already: none of these is lost."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import StoreError, SubmissionError
from benchmark.results.fitted_networks import Network
from benchmark.results.rows import AppliedShift, Row
from benchmark.results.store import RunStore, StoredJob
from leaderboard.results import read_results
from leaderboard.submissions.row_import import describe, import_submission
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification.harness_process import TrainedRun, read_run

HAZY = AppliedShift(name="level-l1c", factor="level", strength=1)
FIT = ("history.json", "network.npz", "protocol.json")


def part(submission: Submission, *targets: str) -> Submission:
    """Return a submission of some of its targets."""
    return replace(submission, rows=tuple(row for row in submission.rows if row.target in targets))


def costing(row: Row, seconds: float) -> Row:
    return row.model_copy(update={"cost": row.cost.model_copy(update={"fit_seconds": seconds})})


def trained_again(run: Path, *targets: str) -> TrainedRun:
    """Return a rerun of some targets, which took 1234 s."""
    found = read_run(run)
    chosen = {key: costing(r, 1234.0) for key, r in found.rows.items() if r.target in targets}
    return TrainedRun(chosen, {key: found.predictions[key] for key in chosen})


def own_run(run: Path, root: Path) -> RunStore:
    """Return a run with shifted rows, a history and a network in each of its jobs."""
    shutil.copytree(run, root)
    store = RunStore(root)
    for job in store.read_all()[0]:
        shifted = [row.model_copy(update={"shift": HAZY}) for row in away(job)]
        network = Network((2,), ("corn", "rice"), {"weight": np.arange(3.0)})
        store.write(
            job.identity,
            [*job.rows, *shifted],
            [],
            [{"epoch": 1.0}],
            {"name": "quick"},
            network,
            job,
            newer_than=job.written,
        )
    return store


def away(job: StoredJob) -> list[Row]:
    return [row for row in job.rows if row.relation != "in-domain"]


def jobs_of(store: RunStore) -> dict[str, StoredJob]:
    jobs, damaged = store.read_all()
    assert not damaged
    return {job.folder.name: job for job in jobs}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_other_targets_of_a_later_submission_are_added_to_the_same_jobs(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """A job is one fit of all targets of a source: that it is there does not mean that all are."""
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    first = import_submission(part(submission, "FRA", "CHN"), tiny, store)
    assert first.added == (("FRA:CHN", 82), ("FRA:CHN", 83), ("FRA:FRA", 82), ("FRA:FRA", 83))
    later = import_submission(submission, tiny, store)
    assert later.added == (("FRA:USA", 82), ("FRA:USA", 83))
    assert (later.replaced, later.kept) == ((), ())
    results = read_results([store.root])
    assert results.problems == ()
    assert len(results.confirmed) == len(results.rows) == 6
    before = {key: contents(job.folder) for key, job in jobs_of(store).items()}
    assert import_submission(submission, tiny, store).added == ()
    assert {key: contents(job.folder) for key, job in jobs_of(store).items()} == before


def test_training_again_keeps_what_else_the_jobs_hold(
    honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    store = own_run(run, tmp_path / "run")
    before = jobs_of(store)
    files = {key: contents(job.folder) for key, job in before.items()}
    submission = part(read_submission(honest), "FRA", "CHN")
    done = import_submission(submission, tiny, store, trained_again(run, "FRA", "CHN"))
    assert done.added == done.kept == ()
    assert done.replaced == (("FRA:CHN", 82), ("FRA:CHN", 83), ("FRA:FRA", 82), ("FRA:FRA", 83))
    after = jobs_of(store)
    assert after.keys() == before.keys()
    for key, job in after.items():
        rows = {row.target: row for row in job.rows}
        assert rows["USA"] in before[key].rows
        assert rows["CHN"].cost.fit_seconds == rows["FRA"].cost.fit_seconds == 1234
        assert job.shifted == before[key].shifted
        assert len(job.shifted) == 2
        held = contents(job.folder)
        assert {name: held[name] for name in FIT} == {name: files[key][name] for name in FIT}
    results = read_results([store.root])
    assert results.problems == ()
    assert len(results.confirmed) == len(results.rows) == 6


def test_a_network_does_not_outlive_the_last_row_of_its_fit(
    honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    store = RunStore(tmp_path / "run")
    submission = read_submission(honest)
    import_submission(submission, tiny, store)
    for job in store.read_all()[0]:
        network = Network((2,), ("corn", "rice"), {"weight": np.arange(3.0)})
        store.write(job.identity, job.rows, [], network=network, kept=job)
    every = trained_again(run, "FRA", "CHN", "USA")
    assert len(import_submission(submission, tiny, store, every).replaced) == 6
    for job in store.read_all()[0]:
        assert "network.npz" not in contents(job.folder)
        assert {row.cost.fit_seconds for row in job.rows} == {1234}


def test_a_row_that_is_there_with_other_content_stays_and_is_named(
    honest: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    mine = part(submission, "FRA", "CHN")
    mine = replace(mine, rows=tuple(costing(row, 77.0) for row in mine.rows))
    import_submission(mine, tiny, store)
    words = ["verify", str(honest), "--data", str(tiny.root), "--into", str(store.root)]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    said = capsys.readouterr().err
    assert f"Added 2 rows to {store.root}." in said
    assert "Left out 4 rows, since it has others of the same transfer and seed (--rerun" in said
    assert "FRA:CHN, seeds 82 83; FRA:FRA, seeds 82 83." in said
    costs = {row.target: row.cost.fit_seconds for job in store.read_all()[0] for row in job.rows}
    assert costs["CHN"] == costs["FRA"] == 77
    assert costs["USA"] != 77


def test_rows_that_training_again_replaces_are_named(
    honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    import_submission(part(submission, "FRA", "CHN"), tiny, store)
    every = trained_again(run, "FRA", "CHN", "USA")
    assert describe(import_submission(submission, tiny, store, every), store) == (
        f"Added 2 rows to {store.root}.",
        "Replaced 4 rows that it had: FRA:CHN, seeds 82 83; FRA:FRA, seeds 82 83.",
    )


def test_a_row_without_a_score_gives_way_to_one_with_a_score(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    import_submission(submission, tiny, store)
    failed = {"status": "failed", "reason": "no memory", "scores": None, "confusion": None}
    for job in store.read_all()[0]:
        rows = [r.model_copy(update=failed) if r.target == "CHN" else r for r in job.rows]
        store.write(job.identity, rows, [], kept=job)
    done = import_submission(submission, tiny, store)
    assert done.replaced == (("FRA:CHN", 82), ("FRA:CHN", 83))
    assert {r.status for job in store.read_all()[0] for r in job.rows} == {"ok"}


def test_rows_on_other_files_of_vectors_are_not_hidden(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Of two jobs that differ in code or vectors alone, only the newer one is read."""
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    import_submission(submission, tiny, store)
    for job in store.read_all()[0]:
        store.write(job.identity.model_copy(update={"vectors": "v" * 16}), job.rows, kept=job)
        store.remove(job.folder.name)
    before = jobs_of(store).keys()
    with pytest.raises(SubmissionError, match="'my-method' on other files of vectors, which these"):
        import_submission(submission, tiny, store)
    assert jobs_of(store).keys() == before


def test_a_job_that_another_process_runs_is_not_written(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Otherwise that process or this one would lose the other's rows."""
    store, submission = RunStore(tmp_path / "run"), read_submission(honest)
    import_submission(part(submission, "FRA", "CHN"), tiny, store)
    key = store.keys()[0]
    with store.job_locks.hold(key) as got:
        assert got
        with pytest.raises(SubmissionError, match="Another process runs my-method from FRA, seed"):
            import_submission(submission, tiny, store)
    assert {row.target for row in jobs_of(store)[key].rows} == {"FRA", "CHN"}
    assert import_submission(submission, tiny, store).added


def test_a_damaged_job_is_named_and_left_as_it_is(
    honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    store = own_run(run, tmp_path / "run")
    broken = store.jobs / store.keys()[1] / "predictions-CHN.npz"
    broken.write_bytes(b"")
    keys = store.keys()
    before = {key: contents(store.jobs / key) for key in keys}
    with pytest.raises(StoreError, match=r"predictions-CHN\.npz is missing or damaged"):
        import_submission(read_submission(honest), tiny, store, trained_again(run, "FRA", "CHN"))
    assert {key: contents(store.jobs / key) for key in keys} == before
