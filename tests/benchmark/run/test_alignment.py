"""Southern years that nobody dated are moved where the protocol asks and they need it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from misbehaving import find_method
from tiny import make_samples

from benchmark.data.dataset import Dataset, open_dataset, write_dataset
from benchmark.data.dataset_card import DatasetCard, DomainCard
from benchmark.data.season import SHIFTED_FIRST_DAY
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

CROPS = ("corn", "soybeans", "cotton")


def undated(root: Path, steps: int) -> Dataset:
    """Write France, and an Argentina whose year is moved by some steps, without any season."""
    samples = []
    for domain, moved in (("FRA", 0), ("ARG", steps)):
        made = make_samples(domain, crops=CROPS)
        series = np.roll(made.series, moved, axis=-1)
        series[:, 2] = 0.1  # red stays, so that NDVI follows the near infrared
        samples.append(replace(made, series=series.astype(np.float32)))
    write_dataset(root, DatasetCard(name="undated"), samples)
    return open_dataset(root)


def score_of(dataset: Dataset, protocol: Protocol) -> tuple[float, tuple[str, ...]]:
    transfers = select_transfers(["FRA:ARG"], dataset.domains)
    (job,) = plan(dataset, protocol, (find_method("test.nearest"),), transfers)
    outcome = Runner(dataset, protocol).run(job)
    assert outcome.status == "ok", outcome.reason
    (row,) = [row for row in outcome.rows if row.target == "ARG"]
    assert row.scores is not None
    return row.scores.macro_f1, row.data.warnings


@pytest.mark.parametrize(
    ("steps", "season", "good", "says"),
    [
        (36, "aligned", True, "calendar"),
        (36, "as-stored", False, "calendar"),
        (0, "aligned", True, "aligned"),
        (0, "as-stored", True, "aligned"),
    ],
)
def test_the_series_say_whether_a_year_is_moved(
    tmp_path: Path,
    changed: Callable[..., Protocol],
    steps: int,
    season: str,
    good: bool,
    says: str,
) -> None:
    macro_f1, warnings = score_of(undated(tmp_path, steps), changed(season=season))
    assert (macro_f1 > 0.9) == good
    assert f"ARG does not state its season; its series say {says}." in warnings


@pytest.mark.parametrize(("start", "steps"), [("01-01", 36), ("10-01", 18), ("07-01", 72)])
def test_a_stated_start_is_minded_when_a_year_is_moved(
    tmp_path: Path, changed: Callable[..., Protocol], start: str, steps: int
) -> None:
    """A southern year from October on would otherwise run a quarter of a year late."""
    card = DomainCard(season="calendar", season_start=start)
    samples = [make_samples("FRA"), make_samples("ARG")]
    write_dataset(tmp_path, DatasetCard(name="dated", domains={"ARG": card}), samples)
    dataset = open_dataset(tmp_path)
    seen = Runner(dataset, changed(season="aligned")).observations("ARG", ("B8",))
    np.testing.assert_array_equal(seen.series, np.roll(dataset.series("ARG", ("B8",)), steps, -1))
    assert abs(seen.first_day - SHIFTED_FIRST_DAY) <= 2
    stored = Runner(dataset, changed(season="as-stored")).observations("ARG", ("B8",))
    np.testing.assert_array_equal(stored.series, dataset.series("ARG", ("B8",)))
