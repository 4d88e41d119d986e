"""Prediction sets of runs: what calibrates, what is scored, and what cannot be used."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sample_rows import write_run

from benchmark.cli import main
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UsageError
from benchmark.results.store import Prediction
from leaderboard.abstention.abstention_tables import TITLES, abstention_tables, calibrate

HELD_OUT = np.tile(np.arange(len(CROPS)), 50)
TARGET = np.tile(np.arange(len(CROPS)), 10)


def half_wrong(labels: np.ndarray) -> list[int]:
    moved = (np.arange(len(labels)) < len(labels) // 2).astype(int)
    return ((labels + moved) % len(CROPS)).tolist()


def write(root: Path, *, in_domain: bool = True, seeds: tuple[int, ...] = (1, 2)) -> Path:
    answers = {("test.a", seed): [HELD_OUT.tolist(), half_wrong(TARGET)] for seed in seeds}
    return write_run(
        root, answers, labels=[HELD_OUT.tolist(), TARGET.tolist()], in_domain=in_domain
    )


def test_a_method_that_is_right_at_home_and_half_wrong_away(tmp_path: Path) -> None:
    """All thresholds are 1, so each set is the answer alone: half of them hold the true crop."""
    (table,), problems = abstention_tables([write(tmp_path / "run")], 0.9)
    assert problems == ()
    (line,) = table.body
    assert [cell.text for cell in line] == [
        *("FRA:USA", "test.a", "2"),
        *("100.0", "50.0"),
        *("100.0", "50.0"),
        *("1.00", "1.00"),
        *("100.0", "100.0"),
        *("100.0", "50.0"),
    ]
    assert "Calibrated on 175 samples" in table.notes[-1]


def test_without_a_held_out_part_nothing_is_calibrated(tmp_path: Path) -> None:
    run = write(tmp_path / "run", in_domain=False)
    with pytest.raises(UsageError, match="no held-out part"):
        abstention_tables([run], 0.9)


@pytest.mark.parametrize("level", [0, 1, 90])
def test_a_level_is_a_share(level: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"between 0 and 1"):
        abstention_tables([write(tmp_path / "run")], level)


@pytest.mark.parametrize(
    ("level", "said"), [(0.995, "99.5 %"), (0.9, "90 %"), (0.07, "7 %"), (0.9999999, "99.99999 %")]
)
def test_the_level_is_said_as_it_was_given(level: float, said: str, tmp_path: Path) -> None:
    (table,), _ = abstention_tables([write(tmp_path / "run")], level)
    assert table.title.startswith(f"Prediction sets at {said}: ")
    assert f"so that {said} of the samples" in " ".join(table.notes)


def test_rows_of_two_runs_count_once(tmp_path: Path) -> None:
    runs = [write(tmp_path / "one", seeds=(1,)), write(tmp_path / "other", seeds=(1, 2))]
    (table,), _ = abstention_tables(runs, 0.9)
    assert table.body[0][2].text == "2"


def test_a_block_calibrates_as_a_whole_or_not_at_all() -> None:
    """Blocks of 1, 2, 4, ... samples: the number of samples tells the blocks."""
    sizes = 2 ** np.arange(6)
    block = np.repeat(np.arange(6), sizes)
    labels = np.zeros(len(block), np.int64)
    probabilities = np.full((len(block), 1), 1, np.float32)
    ids = np.arange(len(block)).astype(str)
    held_out = Prediction("FRA", ids, probabilities, CROPS[:1], labels, block)
    samples = calibrate(held_out, "FRA", 0.9).samples
    assert samples.bit_count() == 3
    assert calibrate(held_out, "FRA", 0.5).samples == samples, "the same halves for every method"


def test_classes_are_found_by_name() -> None:
    """Columns of a source without soybeans are not those of the taxonomy."""
    labels = np.tile([CROPS.index("corn"), CROPS.index("rice")], 40)
    probabilities = np.where(labels[:, None] == CROPS.index("corn"), [[0.8, 0.2]], [[0.3, 0.7]])
    held_out = Prediction(
        "FRA", labels.astype(str), probabilities.astype(np.float32), ("corn", "rice"), labels
    )
    calibration = calibrate(held_out, "FRA", 0.9)
    assert calibration.thresholds == pytest.approx([0.8, 0.7])
    assert calibration.source.coverage == 1


def test_the_command_writes_what_it_computes(tmp_path: Path) -> None:
    run, out = write(tmp_path / "run"), tmp_path / "sets.csv"
    with pytest.raises(SystemExit) as ending:
        main(["abstention", str(run), "--level", "0.8", "--format", "csv", "--out", str(out)])
    assert ending.value.code in (0, None)
    lines = list(csv.reader(out.read_text("utf-8").splitlines()))
    assert any("FRA:USA" in line and "50.0" in line for line in lines)
    columns = [line[3] for line in lines[1:]]
    assert len(set(columns)) == len(columns) == 2 + 2 * len(TITLES)
    assert {"coverage", "worst crop"} <= {name.partition("(")[2].rstrip(")") for name in columns}
