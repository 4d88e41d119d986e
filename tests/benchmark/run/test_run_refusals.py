"""`cropglobe run` on every mistake a user can make: one sentence, and nothing half-written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from smoke_command import Cli, rows_of, smoke_run
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.official.domain_file import year_file_name
from benchmark.errors import UnavailableError


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--methods", "cropnt"], "No method matches 'cropnt': did you mean 'cropnet'"),
        (["--methods", "my-forest"], "`cropglobe methods` lists what is installed, and"),
        (["--transfers", "FRA:CHM"], "The data has no domain 'CHM'"),
        (["--protocol", "smokey"], "Unknown protocol 'smokey': did you mean 'smoke'"),
        (["--device", "cuda:99"], "There is no device 'cuda:99' here"),
        (["--device", "gpu"], "'device' cannot be 'gpu': give 'auto', 'cpu', 'mps', or 'cuda'"),
        (["--seeds", "-1"], "seeds"),
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


@pytest.fixture
def cotton(tmp_path: Path) -> Dataset:
    """France, China and a domain that has cotton only, which nobody else grows."""
    return write_tiny(
        tmp_path / "data",
        make_samples("FRA"),
        make_samples("CHN"),
        make_samples("KEN", crops=("cotton",)),
    )


def test_pairs_that_cannot_be_scored_are_left_out_of_all(
    cli: Cli, cotton: Dataset, tmp_path: Path
) -> None:
    words = ("--transfers", "all", "--methods", "floor.majority")
    code, out, err = smoke_run(cli, cotton.root, tmp_path / "run", *words)
    assert code == 0
    assert {row.transfer for row in rows_of(tmp_path / "run")} == {
        "FRA:FRA",
        "FRA:CHN",
        "CHN:CHN",
        "CHN:FRA",
    }
    said = " ".join((out + err).split())
    for source in ("FRA", "CHN"):
        assert f"Left out: {source}:KEN. Target KEN (cotton 36) shares no crop with source" in said
    assert "Left out: KEN:CHN, KEN:FRA. Source KEN has 1 class(es)" in said
    code, out, err = smoke_run(cli, cotton.root, tmp_path / "run", *words)
    assert code == 0
    assert "0 jobs to run, 2 stored already." in out + err


def test_a_country_in_no_published_transfer_is_named(
    cli: Cli, cotton: Dataset, tmp_path: Path
) -> None:
    run = ("run", "--data", cotton.root, "--protocol", "smoke", "--methods", "floor.majority")
    code, out, err = cli(*run, "--out", tmp_path / "run")
    assert code == 0
    assert {row.transfer for row in rows_of(tmp_path / "run")} == {"FRA:FRA", "FRA:CHN"}
    sentence = "No published transfer has KEN: name others with --transfers, such as FRA:KEN, or"
    assert sentence in " ".join((out + err).split())
    _, out, err = cli(*run, "--out", tmp_path / "named", "--transfers", "FRA:CHN")
    assert "No published transfer" not in out + err


def test_a_pair_that_is_named_and_cannot_be_scored_is_refused(
    cli: Cli, cotton: Dataset, tmp_path: Path
) -> None:
    words = ("--transfers", "all", "FRA:KEN", "--methods", "floor.majority")
    code, _, err = smoke_run(cli, cotton.root, tmp_path / "run", *words)
    assert code == 2
    assert "Target KEN (cotton 36) shares no crop with source FRA" in err
    assert err.count("\n") == 1


def test_data_of_which_no_pair_can_be_scored(cli: Cli, tmp_path: Path) -> None:
    data = write_tiny(
        tmp_path / "data",
        make_samples("FRA", crops=("corn", "rice")),
        make_samples("KEN", crops=("cotton", "wheat")),
    )
    code, _, err = smoke_run(cli, data.root, tmp_path / "run", "--methods", "floor.majority")
    assert code == 2
    assert "No transfer can be scored: Target KEN" in err or "Target FRA" in err


def test_a_target_with_one_scorable_crop_is_left_out_or_refused(cli: Cli, tmp_path: Path) -> None:
    dataset = write_tiny(
        tmp_path / "data",
        make_samples("FRA"),
        make_samples("CHN"),
        make_samples("VNM", crops=("rice", "cotton")),
    )
    words = ("--transfers", "all", "--methods", "floor.majority")
    code, out, err = smoke_run(cli, dataset.root, tmp_path / "run", *words)
    assert code == 0
    said = " ".join((out + err).split())
    for source in ("FRA", "CHN"):
        assert f"Left out: {source}:VNM. Target VNM (rice 36, cotton 36) shares one crop" in said
        assert f"VNM:{source}. Target {source}" in said, "either way round"
    assert {row.transfer for row in rows_of(tmp_path / "run")} == {
        *("FRA:FRA", "FRA:CHN", "CHN:CHN", "CHN:FRA")
    }
    words = ("--transfers", "FRA:VNM", "--methods", "floor.majority")
    code, _, err = smoke_run(cli, dataset.root, tmp_path / "named", *words)
    assert code == 2
    assert "a constant prediction is always right" in err
    assert not list((tmp_path / "named").rglob("rows.json"))
