"""What a method decides on a target: in its rows, in tables and in data frames."""

import re
from pathlib import Path

import pandas as pd
import pytest
from smoke_command import Cli, rows_of, smoke_run

import cropglobe
from benchmark.data.dataset import Dataset
from benchmark.results.rows import Row

DECIDING = """
from types import SimpleNamespace

import numpy as np

from benchmark.task.methods import Card, Method


class Deciding:
    def __init__(self, context):
        self.context = context

    def fit(self, x, y, *, validation):
        return self

    def predict_proba(self, x):
        return np.eye(len(self.context.classes))[x.reshape(len(x), -1).argmax(axis=1) % 2]

    def adapt(self, x):
        adapted = Deciding(self.context)
        adapted.decision_ = SimpleNamespace(stopped=len(x) > 1, why="one answer\\nfor all")
        return adapted


CARD = Card(
    summary="s", reference="r", licence="MIT", extra_information=("the target's series",)
)


def methods():
    track = "unlabelled-target"
    return (Method("test.deciding", "test", "median", Deciding, CARD, track=track),)
"""


@pytest.mark.parametrize("workers", [0, 1])
def test_a_decision_is_stored_with_the_rows_of_the_target_and_shown(
    cli: Cli, tiny: Dataset, tmp_path: Path, workers: int
) -> None:
    run, file = tmp_path / "run", tmp_path / "deciding.py"
    file.write_text(DECIDING)
    words = ("--method-file", file, "--methods", "floor.majority", "--transfers", "FRA:CHN")
    code, out, err = smoke_run(cli, tiny.root, run, "--workers", workers, *words)
    assert code == 0, err
    found = {(row.method, row.target): row.decision for row in rows_of(run)}
    assert str(found["test.deciding", "CHN"]) == "stopped: one answer for all"
    assert found["test.deciding", "FRA"] is None, "in-domain it is not adapted"
    assert found["floor.majority", "CHN"] is None
    said = "Stopped before adapting to the target: test.deciding (FRA:CHN)"
    assert said in " ".join(out.split())
    page = (run / "leaderboard.md").read_text()
    assert re.search(r"- test.deciding, FRA:CHN, seed \d+: stopped: one answer for all\n", page)
    frame = cropglobe.open_runs(run).decisions()
    (line,) = frame.to_dict("records")
    assert (line["method"], line["stopped"]) == ("test.deciding", True)
    assert cli("index", run)[0] == 0
    index = pd.read_parquet(run / "index.parquet").set_index(["method", "target"])
    assert index.loc[("test.deciding", "CHN"), "decision.why"] == "one answer for all"


def test_rows_of_older_versions_have_none(cli: Cli, tiny: Dataset, tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ("--methods", "floor.majority", "--transfers", "FRA:CHN", "--no-reports")
    assert smoke_run(cli, tiny.root, run, *words)[0] == 0
    older = rows_of(run)[0].model_dump(mode="json")
    del older["decision"]
    assert Row.model_validate(older).decision is None
