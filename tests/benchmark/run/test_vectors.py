"""Vectors that change make stored answers stale, though the series and so the dataset stay."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.embeddings import vectors_fingerprint
from benchmark.results.store import RunStore
from benchmark.run.execution import find_work
from benchmark.run.executors.job_task import Task, run_task
from benchmark.run.jobs import Job, plan
from benchmark.run.planning.cost_estimates import make_estimate
from benchmark.run.runner import Runner
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers


def write_vectors(root: Path, domain: str, scale: float, step: int = 1) -> None:
    samples = make_samples(domain)
    samples = samples.take(np.arange(0, len(samples), step))
    random = np.random.default_rng(int(scale))
    vectors = random.normal(scale * samples.labels[:, None], 1.0, (len(samples), 64))
    np.savez(
        root / f"alphaearth_embedding_{domain}.npz",
        fea=vectors.astype(np.float32),
        lbl=samples.labels,
        sample_id=samples.sample_ids,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("USA"))
    return tmp_path / "data"


def job_of(dataset: Dataset, protocol: Protocol, method: str) -> Job:
    (job,) = plan(
        dataset,
        protocol,
        (registry().get(method),),
        select_transfers(["FRA:USA"], dataset.domains),
    )
    return job


def test_jobs_know_their_vectors(root: Path, smoke: Protocol) -> None:
    without = open_dataset(root)
    assert vectors_fingerprint("alphaearth", without) is None
    assert job_of(without, smoke, "alphaearth.xgboost").identity.vectors is None
    harmonic = job_of(without, smoke, "harmonic.xgboost").identity
    for domain in ("FRA", "USA"):
        write_vectors(root, domain, 3)
    there = open_dataset(root)
    assert there.fingerprint == without.fingerprint
    first = job_of(there, smoke, "alphaearth.xgboost").identity
    assert first.vectors == vectors_fingerprint("alphaearth", there) is not None
    assert job_of(there, smoke, "harmonic.xgboost").identity == harmonic
    write_vectors(root, "USA", 4)
    second = job_of(open_dataset(root), smoke, "alphaearth.xgboost").identity
    assert second.key != first.key
    assert second.slot == first.slot


def test_the_planner_reads_them_and_leaves_out_samples_without(root: Path, smoke: Protocol) -> None:
    write_vectors(root, "FRA", 3, step=2)
    write_vectors(root, "USA", 3)
    dataset = open_dataset(root)
    job = job_of(dataset, smoke, "alphaearth.xgboost")
    (method,) = make_estimate(Runner(dataset, smoke), [job], 1).methods
    assert method.unavailable is None
    assert method.seconds[0] > 0


def test_answers_from_older_vectors_are_stale(root: Path, smoke: Protocol, tmp_path: Path) -> None:
    for domain in ("FRA", "USA"):
        write_vectors(root, domain, 3)
    store = RunStore(tmp_path / "run")
    store.prepare()
    dataset = open_dataset(root)
    job = job_of(dataset, smoke, "alphaearth.xgboost")
    run_task(Task(job.identity, job.targets), job, Runner(dataset, smoke), store)
    stored = store.read(job.identity.key)
    assert stored is not None
    assert {row.data.vectors for row in stored.rows} == {job.identity.vectors}
    assert find_work([job], store).done == (job,)
    write_vectors(root, "USA", 4)
    again = job_of(open_dataset(root), smoke, "alphaearth.xgboost")
    assert list(find_work([again], store).stale.values()) == ["other files of vectors"]
    assert find_work([again], store, "stale").todo == (again,)
