"""Output that a terminal's encoding cannot hold, and numbers of bytes."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from tiny import make_samples, write_tiny

from benchmark.terminal import plain_table, replace_unknown_signs, show_lines, show_progress, size

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


HEADINGS = ("method", "track", "what it is")

LINES = (
    ("a-method-of-a-long-name", "", "A sentence of some length [of its own], twice: " * 2),
    ("b", "unlabelled-target", "Short."),
)


def words_shown(width: int) -> tuple[str, list[str]]:
    out = io.StringIO()
    show_lines(Console(file=out, width=width), HEADINGS, LINES)
    lines = out.getvalue().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    return " ".join(out.getvalue().split()), lines


@pytest.mark.parametrize("width", [40, 80, 100, 160])
def test_lines_are_shown_whole_at_every_width(width: int) -> None:
    text, _ = words_shown(width)
    assert "…" not in text
    for word in " ".join(" ".join(line) for line in LINES).split():
        assert word in text


def test_lines_are_lists_where_the_last_column_has_no_room() -> None:
    assert words_shown(160)[1][0].split() == ["method", "track", "what", "it", "is"]
    text, lines = words_shown(80)
    assert lines[0].rstrip() == "a-method-of-a-long-name"
    assert "a-method-of-a-long-name what it is: A sentence of some length [of" in text
    assert text.endswith("b track: unlabelled-target what it is: Short.")


def test_cells_of_a_plain_table_are_broken_and_not_cut() -> None:
    table = plain_table("domain", "season", title="t")
    table.add_row("a-domain-of-a-long-name", "calendar 01-01")
    out = io.StringIO()
    Console(file=out, width=24).print(table)
    assert "…" not in out.getvalue()
    assert "01-01" in out.getvalue()


def test_progress_leaves_nothing_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress("Simulating") as report:
        report("FRA", 1, 2)
        report("FRA", 2, 2)
    assert capsys.readouterr() == ("", "")
