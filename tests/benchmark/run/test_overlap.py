"""Series that two domains hold: reported, and never learned from under the corrected protocol."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.repeated_series import count_shared, find_repeats, found_elsewhere
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Method, registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

LEAKED = np.array([3, 40, 77, 110])


@pytest.fixture
def leaking(tmp_path: Path) -> Dataset:
    """France, and a China into which four of France's series have found their way."""
    france = make_samples("FRA")
    china = make_samples("CHN", shift=2)
    series, labels = china.series.copy(), china.labels.copy()
    series[[0, 50, 80, 120]] = france.series[LEAKED]
    labels[0] = 2  # rice there, corn in France
    spain = make_samples("ESP", shift=1)
    both = spain.series.copy()
    both[7] = france.series[3]
    return write_tiny(
        tmp_path / "data",
        france,
        replace(china, series=series, labels=labels),
        replace(spain, series=both),
    )


@pytest.fixture
def method() -> Method:
    return registry().get("floor.prior")


def test_repeats_are_counted_across_domains(leaking: Dataset) -> None:
    repeats = find_repeats(leaking)
    assert repeats.shared == {
        ("CHN", "ESP"): (1, 1),
        ("CHN", "FRA"): (4, 1),
        ("ESP", "FRA"): (1, 0),
    }
    assert set(repeats.duplicates.values()) == {0}
    assert count_shared(leaking, "FRA", "CHN") == 4
    np.testing.assert_array_equal(np.flatnonzero(found_elsewhere(leaking, "FRA")), LEAKED)


def split_of(
    dataset: Dataset, protocol: Protocol, method: Method, pairs: list[str]
) -> tuple[set[int], tuple[str, ...]]:
    (job, *_) = plan(dataset, protocol, (method,), select_transfers(pairs, dataset.domains))
    runner = Runner(dataset, protocol)
    split, _ = runner.prepare(job)
    rows = {int(r) for part in (split.training, split.validation, split.held_out) for r in part}
    outcome = runner.run(job)
    assert outcome.status == "ok", outcome.reason
    (row,) = [row for row in outcome.rows if row.target == job.targets[0]]
    return rows, row.data.warnings


def test_shared_series_are_removed_from_the_source(
    leaking: Dataset, changed: Callable[..., Protocol], method: Method
) -> None:
    protocol = changed(max_source_samples=None)
    rows, warnings = split_of(leaking, protocol, method, ["FRA:CHN"])
    assert rows == set(range(144)) - set(LEAKED.tolist())
    assert (
        "4 samples of the source have a series of the target, and are not learned from." in warnings
    )


def test_what_is_learned_does_not_depend_on_the_targets_asked_for(
    leaking: Dataset, changed: Callable[..., Protocol], method: Method
) -> None:
    protocol = changed(max_source_samples=None)
    one, _ = split_of(leaking, protocol, method, ["FRA:CHN"])
    other, warnings = split_of(leaking, protocol, method, ["FRA:ESP"])
    assert one == other
    assert any(sentence.startswith("1 samples of the source") for sentence in warnings)


@pytest.mark.parametrize("deduplicate", ["representation", "none"])
def test_other_protocols_keep_them_and_say_so(
    leaking: Dataset, changed: Callable[..., Protocol], method: Method, deduplicate: str
) -> None:
    protocol = changed(max_source_samples=None, deduplicate=deduplicate)
    rows, warnings = split_of(leaking, protocol, method, ["FRA:CHN"])
    assert rows == set(range(144))
    assert "4 samples of the source have a series of the target, and are learned from." in warnings


def test_nothing_changes_where_nothing_is_shared(
    tiny: Dataset, smoke: Protocol, method: Method
) -> None:
    assert not found_elsewhere(tiny, "FRA").any()
    _, warnings = split_of(tiny, smoke, method, ["FRA:CHN"])
    assert warnings == ()
