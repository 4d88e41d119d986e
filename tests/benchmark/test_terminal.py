"""Output that a terminal's encoding cannot hold, and numbers of bytes."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import make_samples, write_tiny

from benchmark.terminal import replace_unknown_signs, size

RUN = "import sys; from benchmark.cli import main; main(sys.argv[1:])"

METHOD = """
from benchmark.task.methods import Card, Context, Method

import numpy as np


class Printing:
    def __init__(self, context):
        self.classes = len(context.classes)

    def fit(self, x, y, *, validation):
        print("玉米 maïs")
        return self

    def predict_proba(self, x):
        return np.full((len(x), self.classes), 1 / self.classes)


def methods():
    card = Card(summary="prints", reference="tests", licence="MIT")
    return [Method("harmonic.prints", "classical", "harmonic", Printing, card)]
"""


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_signs_that_an_encoding_lacks_are_replaced(
    monkeypatch: pytest.MonkeyPatch, errors: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors=errors))
    replace_unknown_signs()
    sys.stdout.write("maïs")
    sys.stdout.flush()
    assert written.getvalue() == b"ma?s"


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_method_that_prints_does_not_fail(tmp_path: Path, encoding: str, workers: str) -> None:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))
    (tmp_path / "prints.py").write_text(METHOD, "utf-8")
    words = ["run", "--data", "data", "--out", "run", "--protocol", "smoke", "--no-tracking"]
    words += ["--transfers", "FRA:CHN", "--method-file", "prints.py"]
    words += ["--methods", "harmonic.prints", "--workers", workers]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"failed" not in done.stdout + done.stderr
    shown = subprocess.run(
        [sys.executable, "-c", RUN, "leaderboard", "run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert b"harmonic.prints" in shown.stdout


def test_numbers_of_bytes_are_said_as_people_say_them() -> None:
    said = [size(n) for n in (7, 999, 12_340, 999_600, 5e6, 2.5e9, 4e12)]
    assert said == ["7 B", "999 B", "12.3 kB", "1 MB", "5 MB", "2.5 GB", "4 TB"]
