"""A ``~`` in what a user names is the home directory: in Python, in options and in variables."""

from pathlib import Path

import pytest
from sample_rows import make_row

import cropglobe
from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.results.store import RunStore
from benchmark.run.run_reports import SUBMISSIONS_VARIABLE
from cropglobe import CropDataset, CropGlobeError
from leaderboard.reference.shipped_files import VARIABLE, reference_folder
from leaderboard.results import from_rows
from leaderboard.submissions.verdict_files import with_verdicts


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory beside the working directory."""
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


def test_a_run_is_written_where_its_results_are_read(home: Path, tiny: Dataset) -> None:
    words = (["floor.majority"], ["FRA:CHN"])
    found = cropglobe.run(CropDataset(tiny), *words, protocol="smoke", out="~/X", workers=0)
    assert len(found.scores()) == len(RunStore(home / "X").keys()) == 1
    assert not any(Path.cwd().iterdir())


@pytest.mark.parametrize("words", [["--out=~/R2"], ["--out", "~/R2"]])
def test_options_expand_it(home: Path, tiny: Dataset, words: list[str]) -> None:
    asked = ["run", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN"]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--methods", "floor.majority", *words])
    assert not ended.value.code
    assert RunStore(home / "R2").keys()
    assert not any(Path.cwd().iterdir())


def test_variables_expand_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "~/refs")
    assert reference_folder() == home / "refs"
    (home / "given" / "entry").mkdir(parents=True)
    (home / "given" / "entry" / "verdict.json").write_text("damaged")
    monkeypatch.setenv(SUBMISSIONS_VARIABLE, "~/given")
    (problem,) = with_verdicts(from_rows([make_row()])).problems
    assert str(home / "given") in problem


def test_tables_expand_it(home: Path) -> None:
    with pytest.raises(CropGlobeError, match=str(home / "points.csv")):
        cropglobe.ingest("~/points.csv", "~/D", labels="cdl", region="USA-AR")
