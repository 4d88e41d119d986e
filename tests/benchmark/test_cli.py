"""The command line end to end on tiny data: the main job, and every mistake a user can make."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

from benchmark.cli import main, spread
from benchmark.data.dataset import Dataset
from benchmark.data.layout import year_file_name
from benchmark.errors import UnavailableError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore

FAST = ("floor.*", "harmonic.xgboost")

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command; return its exit status, standard output and standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), out, err

    return call


def rows_of(run: Path) -> list[Row]:
    jobs, damaged = RunStore(run).read_all()
    assert damaged == ()
    return [row for job in jobs for row in job.rows]


def smoke_run(cli: Cli, data: Path, out: Path, *more: object) -> tuple[int, str, str]:
    words = ["run", "--data", data, "--protocol", "smoke", "--out", out]
    if "--methods" not in more:
        words += ["--methods", *FAST]
    return cli(*words, *more)


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


def test_status_and_index_of_a_run(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    run = tmp_path / "run"
    smoke_run(cli, tiny.root, run, "--transfers", "FRA:CHN")
    jobs, _ = RunStore(run).read_all()
    shutil.rmtree(jobs[0].folder)
    code, out, _ = cli("status", run)
    assert code == 0
    assert out.splitlines()[1].split() == ["┃", "method", "┃", "done", "┃", "missing", "┃"]
    assert out.splitlines()[-2].split() == ["│", "3", "jobs", "│", "2", "│", "1", "│"]
    (run / "index.parquet").unlink()
    assert cli("index", run)[0] == 0
    assert len(pd.read_parquet(run / "index.parquet")) == 2 * 2
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

    monkeypatch.setattr("benchmark.run.places.LocalWorkers.__enter__", refuse)
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
        patched.setattr("benchmark.run.commands._conclude", lambda *_: None)
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
    assert "rows are kept" in " ".join(err.split())
    assert "secret" not in err
    assert len(rows_of(run)) == 3 * 2
    assert "3 jobs written" in cli("sync", run)[1]
    database = (run / "mlflow.db").stat().st_mtime_ns
    code, _, err = smoke_run(cli, tiny.root, run, *words)
    assert (code, "Warning" in err) == (0, False)
    assert (run / "mlflow.db").stat().st_mtime_ns == database


def test_help_is_quick_because_it_imports_neither_torch_nor_pandas() -> None:
    code = (
        "import sys\nfrom benchmark.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'pandas', 'sklearn', 'xgboost', 'matplotlib', 'mlflow'}\n"
        "bad = slow & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


@pytest.mark.parametrize("words", [(), ("list",), ("list", "crop*")])
def test_methods_are_listed(cli: Cli, words: tuple[str, ...]) -> None:
    code, out, _ = cli("methods", *words)
    assert code == 0
    assert "cropnet.aug" in out
    assert ("median.random-forest" in out) == ("crop*" not in words)


def test_a_methods_card_is_shown(cli: Cli) -> None:
    code, out, _ = cli("methods", "show", "cropnet")
    assert code == 0
    assert "1,036,295" in out
    assert "2509.03497" in out
    code, _, err = cli("methods", "show", "cropnt")
    assert code == 2
    assert "did you mean 'cropnet'" in err


def test_version(cli: Cli) -> None:
    assert cli("--version")[1].strip() == "0.1.0"


def test_several_values_after_one_option() -> None:
    assert spread(["run", "--methods", "a", "b", "--out", "x", "y"]) == [
        "run", "--methods", "a", "--methods", "b", "--out", "x", "y",
    ]  # fmt: skip
    assert spread(["--seeds", "1", "2"]) == ["--seeds", "1", "--seeds", "2"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--methods", "cropnt"], "No method matches 'cropnt': did you mean 'cropnet'"),
        (["--transfers", "FRA:CHM"], "The data has no domain 'CHM'"),
        (["--protocol", "smokey"], "Unknown protocol 'smokey': did you mean 'smoke'"),
        (["--device", "cuda:99"], "There is no device 'cuda:99' here"),
        (["--device", "gpu"], "device"),
    ],
)
def test_a_wrong_word_is_named(
    cli: Cli, tiny: Dataset, tmp_path: Path, words: list[str], sentence: str
) -> None:
    code, _, err = smoke_run(cli, tiny.root, tmp_path / "run", *words)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert not list((tmp_path / "run").rglob("rows.json"))


def test_an_unknown_protocol_key_is_named(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\nseed: [1]\n")
    code, _, err = cli("run", "--data", tiny.root, "--protocol", mine, "--out", tmp_path / "run")
    assert code == 2
    assert "unknown key 'seed': did you mean 'seeds'" in err


def _write(root: Path, **arrays: np.ndarray) -> None:
    root.mkdir()
    np.savez(root / year_file_name("FRA"), **arrays)  # type: ignore[arg-type]
    write_tiny(root / "rest", make_samples("CHN"))


GOOD = np.full((40, 10, 73), 0.2, dtype=np.float32)
LABELS = np.repeat([0, 2], 20)


def damaged(kind: str, root: Path) -> str:
    """Make data with one fault; return what the message must name."""
    features, labels = GOOD.copy(), LABELS.copy()
    features += np.arange(40, dtype=np.float32)[:, None, None] / 100
    if kind == "truncated":
        _write(root, fea=features, lbl=labels)
        path = root / year_file_name("FRA")
        path.write_bytes(path.read_bytes()[:5000])
        return "truncated"
    if kind == "unreadable":
        _write(root, fea=features, lbl=labels)
        (root / year_file_name("FRA")).write_bytes(b"not an archive")
        return year_file_name("FRA")
    if kind == "pickle":
        _write(root, fea=np.array([{"a": 1}] * 40, dtype=object), lbl=labels)
        return "Python objects"
    if kind == "length":
        _write(root, fea=features, lbl=labels[:-1])
        return "40 series in fea but 39 labels"
    if kind == "label":
        labels[3] = 7
        _write(root, fea=features, lbl=labels)
        return "label 7 in row 3"
    if kind == "nan":
        features[5, 0, 0] = np.nan
        _write(root, fea=features, lbl=labels)
        return "row 5"
    if kind == "reflectance":
        features[0, 0, 0] = 65535
        _write(root, fea=features, lbl=labels)
        return "no reflectance"
    _write(root, fea=features, lbl=np.zeros(40, dtype=np.int64))
    return "Source FRA has 1 class"


KINDS = ["truncated", "unreadable", "pickle", "length", "label", "nan", "reflectance", "one-class"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_bad_data_ends_with_one_sentence_and_nothing_half_written(
    cli: Cli, tmp_path: Path, kind: str
) -> None:
    words = damaged(kind, tmp_path / "data")
    code, _, err = smoke_run(cli, tmp_path / "data", tmp_path / "run", "--transfers", "FRA:CHN")
    assert code == 2
    assert err.startswith("Error: ")
    assert words in err
    assert "FRA" in err
    assert err.count("\n") == 1
    assert not list((tmp_path / "run").rglob("rows.json"))


def test_a_cap_that_empties_a_class_is_named(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    protocol = tmp_path / "mine.yaml"
    protocol.write_text(
        "name: mine\nseeds: [1]\nheld_out_fraction: 0.2\nvalidation_fraction: 0.2\n"
        "minimum_class_samples: 5\nmax_source_samples: 12\n"
        "network: {epochs: 1, batch_size: 8, learning_rate: 0.1}\n"
        "trees: {forest: 1, boosting_rounds: 1, early_stopping_rounds: 1}\n"
    )
    code, _, err = cli(
        "run", "--data", tiny.root, "--protocol", protocol, "--out", tmp_path / "run",
        "--methods", "floor.*", "--transfers", "FRA:CHN",
    )  # fmt: skip
    assert code == 2
    assert "Source FRA is capped at 12 samples" in err


@pytest.mark.parametrize(("error", "status"), [(UnavailableError, 0), (ValueError, 3)])
def test_exit_status_of_a_run_with_jobs_that_have_no_score(
    cli: Cli,
    tiny: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    status: int,
) -> None:
    def fit(self: object, x: object, y: object, *, validation: object) -> None:
        raise error("what is wrong")

    monkeypatch.setattr("baselines.floor.MajorityClassifier.fit", fit)
    code, _, _ = smoke_run(
        cli, tiny.root, tmp_path / "run", "--methods", "floor.*", "harmonic.xgboost"
    )
    assert code == status
    text = (tmp_path / "run" / "leaderboard.md").read_text()
    assert "what is wrong" in text
    assert "| 1 | harmonic.xgboost |" in text


def test_no_data_directory(cli: Cli, tmp_path: Path) -> None:
    code, _, err = smoke_run(cli, tmp_path / "absent", tmp_path / "run")
    assert code == 2
    assert "There is no data directory" in err


def test_read_only_output(cli: Cli, tiny: Dataset, mounted: Callable[[str], Path]) -> None:
    code, _, err = smoke_run(cli, tiny.root, mounted("size=64k,ro") / "run")
    assert code == 2
    assert "Cannot write to the run directory" in err
    assert "Read-only file system" in err


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_full_disk_ends_the_run_and_keeps_what_was_finished(
    cli: Cli, tiny: Dataset, mounted: Callable[[str], Path], workers: int
) -> None:
    run = mounted("size=64k") / "run"
    code, _, err = smoke_run(cli, tiny.root, run, "--workers", workers)
    assert code == 2
    assert "No space left on device" in err.splitlines()[-1]
    assert rows_of(run)


def test_an_output_below_a_file(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = smoke_run(cli, tiny.root, tmp_path / "file" / "run")
    assert code == 2
    assert "Cannot write to the run directory" in err


def test_no_run_to_make_a_leaderboard_of(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("leaderboard", tmp_path)
    assert code == 2
    assert "no run directory" in err
