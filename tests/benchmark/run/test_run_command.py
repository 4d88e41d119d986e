"""`cropglobe run` on tiny data: the main job, running it again, what stands between."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from smoke_command import FAST, Cli, rows_of, smoke_run

from benchmark.data.dataset import Dataset
from benchmark.results.store import RunStore
from benchmark.run.job_options import run_directory
from benchmark.task.protocol import Protocol
from leaderboard.reference.reference_run import ReferenceRequest, steps


def test_the_main_job(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    code, out, err = smoke_run(
        cli, tiny.root, tmp_path / "run", "--transfers", "FRA:CHN", "FRA:USA"
    )
    assert code == 0
    assert "harmonic.xgboost" in out
    assert "3 jobs to run" in err
    assert len(rows_of(tmp_path / "run")) == 3 * 3
    table = pd.read_csv(tmp_path / "run" / "leaderboard.csv")
    assert table.loc[0, "method"] == "harmonic.xgboost"
    for column in (
        "overall_accuracy",
        "macro_f1",
        "balanced_accuracy",
        "in_domain_macro_f1",
        "gap",
        "fit_seconds",
        "predict_samples_per_second",
    ):
        assert table[column].notna().all(), column


def test_running_again_skips_and_the_leaderboard_is_rebuilt_from_rows(
    cli: Cli, tiny: Dataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    smoke_run(cli, tiny.root, run, "--transfers", "FRA:CHN")
    before = (run / "leaderboard.md").read_bytes()
    (run / "leaderboard.md").unlink()
    code, _, err = smoke_run(cli, tiny.root, run, "--transfers", "FRA:CHN")
    assert code == 0
    assert "0 jobs to run, 3 stored already" in err
    assert (run / "leaderboard.md").read_bytes() == before
    (run / "leaderboard.md").unlink()
    assert cli("leaderboard", run)[0] == 0
    assert (run / "leaderboard.md").read_bytes() == before


@pytest.mark.parametrize("workers", [0, 1])
def test_after_the_minutes_no_job_is_started_and_the_same_command_goes_on(
    cli: Cli, tiny: Dataset, tmp_path: Path, workers: int
) -> None:
    run = tmp_path / "run"
    words = (cli, tiny.root, run, "--transfers", "FRA:CHN", "--workers", workers)
    code, _, err = smoke_run(*words, "--minutes", "0", "--no-reports")
    assert code == 0
    assert "3 of 3 jobs were not started here" in err
    assert RunStore(run).keys() == ()
    assert not (run / "leaderboard.md").exists()
    code, _, err = smoke_run(*words, "--minutes", "60")
    assert code == 0
    assert "not started" not in err
    assert len(RunStore(run).keys()) == 3
    assert (run / "leaderboard.md").exists()


@pytest.mark.parametrize("word", [".", "..", "../data"])
def test_the_run_directory_is_named_after_the_data(
    tmp_path: Path, smoke: Protocol, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    place = tmp_path / "data" / "inner" if word == ".." else tmp_path / "data"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)
    assert run_directory(word, smoke) == Path("results/data-smoke")
    (step,) = steps(ReferenceRequest((word,), ("smoke",), ("floor.prior",), (1,), (), Path("out")))
    assert step.run == Path("out/data-smoke")


def test_status_and_index_of_a_run(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    run = tmp_path / "run"
    smoke_run(cli, tiny.root, run, "--transfers", "FRA:CHN")
    jobs, _ = RunStore(run).read_all()
    shutil.rmtree(jobs[0].folder)
    code, out, _ = cli("status", run)
    assert code == 0
    assert out.splitlines()[0].split() == ["method", "done", "missing"]
    assert out.splitlines()[-1].split() == ["3", "jobs", "2", "1"]
    (run / "index.parquet").unlink()
    assert cli("index", run)[0] == 0
    assert len(pd.read_parquet(run / "index.parquet")) == 2 * 2
    (jobs[1].folder / "rows.json").write_text("[]")
    code, out, err = cli("index", run)
    assert (code, out.strip()) == (0, str(run / "index.parquet"))
    assert err.startswith(f"Note: {jobs[1].folder / 'rows.json'} is missing or damaged")
    assert len(pd.read_parquet(run / "index.parquet")) == 2
    code, _, err = cli("status", tmp_path / "absent")
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "methods",
    [
        FAST,
        pytest.param(
            ("cropnet", "cropnet.aug", "median.mlp", "median.random-forest"), marks=pytest.mark.slow
        ),
    ],
)
def test_same_command_same_rows_other_seed_other_rows(
    cli: Cli, tiny: Dataset, tmp_path: Path, methods: tuple[str, ...]
) -> None:
    content = []
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        smoke_run(
            cli, tiny.root, tmp_path / name, "--transfers", "FRA:CHN",
            "--methods", *methods, "--seeds", seed,
        )  # fmt: skip
        jobs, _ = RunStore(tmp_path / name).read_all()
        arrays = [
            RunStore(tmp_path / name).predictions(job, row.target).probabilities.tobytes()
            for job in jobs
            for row in job.rows
        ]
        content.append(
            (json.dumps([r.without_circumstances() for r in rows_of(tmp_path / name)]), arrays)
        )
    assert content[0] == content[1]
    assert content[0] != content[2]
    assert content[0][1] != content[2][1]


def test_with_nothing_left_no_process_is_started(
    cli: Cli, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, words = tmp_path / "run", ("--transfers", "FRA:CHN", "--methods", "floor.*")
    smoke_run(cli, tiny.root, run, *words)

    def refuse(*_: object) -> None:
        raise AssertionError("a process or a fit with nothing left to do")

    monkeypatch.setattr("benchmark.run.executors.worker_pool.WorkerPool.__enter__", refuse)
    monkeypatch.setattr("benchmark.run.runner.Runner.run", refuse)
    code, _, err = smoke_run(cli, tiny.root, run, *words, "--workers", 2)
    assert code == 0
    assert "0 jobs to run, 2 stored already" in err


def test_reports_are_made_again_when_something_has_changed(
    cli: Cli, tiny: Dataset, tmp_path: Path
) -> None:
    run, words = tmp_path / "run", ("--transfers", "FRA:CHN", "--methods", "floor.*")
    table = run / "leaderboard.md"

    def again(*more: object) -> bool:
        """Run the command; return whether it wrote the leaderboard."""
        before = table.stat().st_mtime_ns if table.exists() else None
        code, out, err = smoke_run(cli, tiny.root, run, *words, *more)
        assert code == 0
        written = table.stat().st_mtime_ns != before
        assert ("Nothing has changed" in err) != written
        assert ("floor.prior" in out) == written
        return written

    assert again()
    assert not again()
    table.unlink()
    assert again()
    assert again("--overwrite", "always")
    assert not again()
    (run / "reports.json").write_text("[]")
    assert again()


def test_the_index_has_what_an_interrupted_run_left(
    cli: Cli, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, words = tmp_path / "run", ("--transfers", "FRA:CHN", "--methods", "floor.prior")
    smoke_run(cli, tiny.root, run, *words)
    with monkeypatch.context() as patched:
        patched.setattr("benchmark.run.run_command._conclude", lambda *_, **__: None)
        smoke_run(cli, tiny.root, run, *words, "--seeds", 7)
    assert len(RunStore(run).keys()) == 2
    smoke_run(cli, tiny.root, run, *words)
    assert set(pd.read_parquet(run / "index.parquet")["job"]) == set(RunStore(run).keys())


@pytest.mark.slow
def test_two_workers_give_the_rows_of_one(
    cli: Cli, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many threads each; another number moves the last digits of networks."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    methods = ("--methods", "harmonic.xgboost", "harmonic.random-forest", "cropnet")
    for workers in (1, 2):
        code, _, _ = smoke_run(
            cli, tiny.root, tmp_path / str(workers), "--transfers", "FRA:CHN", *methods,
            "--workers", workers, "--seeds", 1, 2, "--device", "cpu",
        )  # fmt: skip
        assert code == 0, {(r.method, r.seed, r.reason) for r in rows_of(tmp_path / str(workers))}
    one, two = rows_of(tmp_path / "1"), rows_of(tmp_path / "2")
    assert len(one) == 12
    assert [r.without_circumstances() for r in one] == [r.without_circumstances() for r in two]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own
def test_a_tracking_server_that_is_down_fails_nothing(
    cli: Cli, tiny: Dataset, tmp_path: Path
) -> None:
    """One warning; and a run of which MLflow has everything does not look at MLflow again."""
    run, words = tmp_path / "run", ("--transfers", "FRA:CHN", "--tracking")
    code, _, err = smoke_run(
        cli, tiny.root, run, *words, "--tracking-uri", "http://me:secret@127.0.0.1:9"
    )
    assert code == 0
    assert err.count("Warning: The tracking server http://127.0.0.1:9 is not up to date") == 1
    said = " ".join(err.split())
    assert f"rows are kept, and `cropglobe sync {run} --tracking-uri http://127.0.0.1:9` wr" in said
    assert "secret" not in err
    assert len(rows_of(run)) == 3 * 2
    assert "3 jobs written" in cli("sync", run)[1]
    database = (run / "mlflow.db").stat().st_mtime_ns
    code, _, err = smoke_run(cli, tiny.root, run, *words)
    assert (code, "cropglobe sync" in err) == (0, False)
    assert (run / "mlflow.db").stat().st_mtime_ns == database
