"""Speed of scoring, keeping and showing results, of the harness around them and of its start."""

import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from alternating import compare, keep, seconds
from pytest_benchmark.fixture import BenchmarkFixture
from sample_jobs import make_identity
from sample_rows import make_row, write_run
from tiny import make_samples, write_tiny

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row
from benchmark.results.store import Prediction, RunStore
from benchmark.run.execution import execute, find_work
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import registry
from benchmark.task.metrics import score
from benchmark.task.protocol import load_protocol
from benchmark.task.transfers import select_transfers
from leaderboard.results import read_results
from leaderboard.site.site_builder import build_site
from leaderboard.statistics.bootstrap import bootstrap, tabulate

pytestmark = pytest.mark.benchmark(timer=time.process_time)

Integers = npt.NDArray[np.int64]

ANSWERS = 100_000


def answers() -> tuple[Integers, npt.NDArray[np.float32]]:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(len(CROPS)), ANSWERS).astype(np.float32)
    return random.integers(0, len(CROPS), ANSWERS), probabilities


def score_slowly(labels: Integers, probabilities: npt.NDArray[np.float32]) -> list[float]:
    """Counts of a Python loop over samples, and what is computed from them."""
    matrix = [[0] * len(CROPS) for _ in CROPS]
    loss = brier = 0.0
    for label, row in zip(labels, probabilities, strict=True):
        matrix[label][int(np.argmax(row))] += 1
        loss -= float(np.log(max(float(row[label]), 1e-7)))
        brier += float(np.square(row - np.eye(len(CROPS))[label]).sum())
    right = sum(matrix[k][k] for k in range(len(CROPS)))
    return [right / len(labels), loss / len(labels), brier / len(labels)]


def test_metrics(benchmark: BenchmarkFixture) -> None:
    labels, probabilities = answers()
    few = 2000
    compare(
        benchmark,
        lambda: score(probabilities, labels),
        lambda: score_slowly(labels[:few], probabilities[:few]),
        share=few / ANSWERS,
        reference=31,
    )
    scores, _ = score(probabilities[:few], labels[:few])
    ours = [scores.overall_accuracy, scores.log_loss, scores.brier]
    np.testing.assert_allclose(ours, score_slowly(labels[:few], probabilities[:few]), rtol=1e-5)


def resample_slowly(labels: Integers, predicted: Integers, draws: int) -> list[float]:
    """Draw the samples anew and score them with scikit-learn, resample after resample."""
    from sklearn.metrics import accuracy_score, f1_score

    random = np.random.default_rng(0)
    found = []
    for _ in range(draws):
        rows = random.integers(0, len(labels), len(labels))
        found.append(float(f1_score(labels[rows], predicted[rows], average="macro")))
        accuracy_score(labels[rows], predicted[rows])
    return found


def test_bootstrap_of_a_thousand_resamples(benchmark: BenchmarkFixture) -> None:
    labels, probabilities = answers()
    predicted = probabilities.argmax(axis=1)

    def ours() -> object:
        table = tabulate(labels, predicted[None], np.arange(ANSWERS), len(CROPS))
        random = np.random.default_rng(0), [np.random.default_rng(1)]
        return bootstrap([table], [1], len(CROPS), unit_rng=random[0], seed_rngs=random[1])

    median = compare(
        benchmark,
        ours,
        lambda: resample_slowly(labels, predicted, 5),
        share=5 / 1000,
        reference=17.5,
        turns=3,
    )
    keep(benchmark, "processor s", median, reference=1.4, ceiling=5)


def rows_and_prediction(number: int) -> tuple[list[Row], list[Prediction]]:
    labels = np.arange(800) % len(CROPS)
    probabilities = np.full((800, len(CROPS)), 1 / len(CROPS), dtype=np.float32)
    prediction = Prediction(
        target="CHN",
        sample_ids=np.array([f"CHN-{n}" for n in range(800)]),
        probabilities=probabilities,
        classes=CROPS,
        labels=labels,
        block=None,
    )
    scores, _ = score(probabilities, labels)
    row = make_row(method=f"test.m{number}").model_copy(update={"scores": scores})
    return [row], [prediction]


def test_store_write(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Against one table that is read, lengthened and written again after every job."""
    store = RunStore(tmp_path / "run")
    rows, predictions = rows_and_prediction(0)
    jobs = 15

    def ours() -> None:
        for seed in range(jobs):
            store.write(make_identity(seed=seed), rows, predictions)

    def naive() -> None:
        path = tmp_path / "all.csv"
        path.unlink(missing_ok=True)
        for seed in range(jobs):
            frame = pd.DataFrame(predictions[0].probabilities, columns=list(CROPS))
            frame["sample_id"], frame["seed"] = predictions[0].sample_ids, seed
            frame["row"] = rows[0].model_dump_json()
            before = [pd.read_csv(path)] if path.is_file() else []
            pd.concat([*before, frame]).to_csv(path, index=False)

    compare(benchmark, ours, naive, reference=126, turns=1)


def test_store_scan(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Against a reader that opens every file of a job, predictions included."""
    store = RunStore(tmp_path / "run")
    rows, predictions = rows_and_prediction(0)
    jobs = 200
    for seed in range(jobs):
        store.write(make_identity(seed=seed), rows, predictions)

    def naive() -> None:
        for folder in sorted((tmp_path / "run" / "jobs").iterdir()):
            for path in folder.glob("*.json"):
                pd.json_normalize(json.loads(path.read_text("utf-8")))
            for path in folder.glob("*.npz"):
                with np.load(path) as arrays:
                    for name in arrays.files:
                        pd.DataFrame(arrays[name])

    compare(benchmark, store.read_all, naive, reference=12, turns=3)
    assert len(store.read_all()[0]) == jobs


def test_site_build(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Against pages that are each a table of pandas and a figure of pyplot."""
    import matplotlib.pyplot as plt

    random = np.random.default_rng(0)
    labels = (np.arange(400) % 3).tolist()
    answers = {
        (f"test.m{method}", seed): [
            np.where(random.random(400) < 0.7, labels, 0).tolist() for _ in range(2)
        ]
        for method in range(8)
        for seed in (1, 2)
    }
    root = write_run(tmp_path / "run", answers, labels=[labels, labels])
    pages = sum(path.endswith(".html") for path in build_site(read_results([root])))
    table = pd.DataFrame(random.random((40, 12)))

    def naive() -> None:
        for _ in range(pages):
            table.to_html()
            figure, axes = plt.subplots()
            axes.bar(range(40), table[0])
            axes.set_xticks(range(40), [f"test.m{row}" for row in range(40)], rotation=90)
            figure.savefig(io.BytesIO(), format="svg")
            plt.close(figure)

    compare(benchmark, lambda: build_site(read_results([root])), naive, reference=1.0, turns=1)
    benchmark.extra_info["pages"] = pages


def test_start_up(benchmark: BenchmarkFixture) -> None:
    """Against a command that imports what it may need at its top."""

    def processor_seconds(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    ours = "from benchmark.cli import build_app; build_app()"
    naive = f"import torch, pandas, sklearn.ensemble, xgboost, matplotlib.pyplot; {ours}"
    fast = min(processor_seconds(ours) for _ in range(3))
    slow = min(processor_seconds(naive) for _ in range(2))
    benchmark.pedantic(lambda: None, rounds=1)
    benchmark.extra_info["seconds"] = fast
    keep(benchmark, "times the naive way", slow / fast, reference=35)


def test_the_harness_adds_little_to_fits_and_predictions(
    benchmark: BenchmarkFixture, tmp_path: Path
) -> None:
    # Real jobs of `quick` from claim to stored folder; the sizes are those of the embedded default.
    dataset = write_tiny(
        tmp_path / "data",
        make_samples("FRA", per_class=300),
        make_samples("CHN", per_class=250),
        make_samples("USA", per_class=250),
    )
    protocol = load_protocol("quick")
    runner, store = Runner(dataset, protocol), RunStore(tmp_path / "run")
    methods = registry().select(["median.xgboost", "median.mlp", "tempcnn"])
    pairs = select_transfers(["FRA:CHN", "FRA:USA"], dataset.domains)
    work = find_work(plan(dataset, protocol, methods, pairs), store)
    for job in {job.source: job for job in work.todo}.values():
        runner.prepare(job)
    start = time.perf_counter()
    taken = seconds(lambda: execute(work, runner, store))
    wall = time.perf_counter() - start
    stored, _ = store.read_all()
    inside = 0.0
    for job in stored:
        assert all(row.status == "ok" for row in job.rows)
        inside += job.rows[0].cost.fit_seconds or 0.0
        inside += sum(row.cost.predict_seconds or 0.0 for row in job.rows)
    benchmark.pedantic(lambda: None, rounds=1)
    share = wall / inside - 1
    benchmark.extra_info["seconds"] = taken
    keep(benchmark, "% added", 100 * share, reference=2.1, ceiling=5)
