"""What `paper-released` repeats of the released code's choice of samples and of answers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.official.domain_facts import series_keys
from benchmark.data.taxonomy import CROPS, OTHER
from benchmark.errors import DataError
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.absent_crops import without_absent_crops
from benchmark.task.described_methods import describe, from_plain, to_plain
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.samples.preparation import (
    distinct,
    divide_source,
    prepare_source,
    prepare_target,
    repeated_division,
    source_pool,
)
from benchmark.task.transfers import Transfer

FRANCE = make_samples("FRA", blocks=False)
RELEASED = load_protocol("paper-released")


def divided(division: str | None, count: int = 144) -> tuple[np.ndarray, np.ndarray]:
    samples = FRANCE.take(np.arange(count))
    pool = source_pool(samples, RELEASED)
    split = divide_source(samples, pool, RELEASED, seed=82, division=division)  # type: ignore[arg-type]
    return split.training, split.validation


def test_a_plain_division_is_rounded_down_and_ignores_crops() -> None:
    # int(0.2 * 143) = 28 by the networks' rule, ceil(0.2 * 143) = 29 by the forest's.
    training, validation = divided("plain", 143)
    assert (len(training), len(validation)) == (115, 28)
    assert not set(training) & set(validation)
    _, by_class = divided(None, 143)
    assert len(by_class) == 29
    # 144 samples, 36 of each of four crops: by class 7 or 8 of each are held; plainly some more.
    held = [np.bincount(FRANCE.labels[divided(d)[1]], minlength=7) for d in (None, "plain")]
    assert np.ptp(held[0][held[0] > 0]) <= 1
    assert np.ptp(held[1][held[0] > 0]) > 1


def test_an_undone_division_trains_on_all_and_selects_by_all() -> None:
    training, validation = divided("undone")
    assert len(training) == 144
    np.testing.assert_array_equal(training, validation)


def test_a_source_of_four_samples_has_none_to_select_by() -> None:
    few = FRANCE.take(np.array([0, 1, 36, 37]))
    pool = source_pool(few, RELEASED)
    with pytest.raises(DataError, match="has 4 samples left: too few to keep 20%"):
        divide_source(few, pool, RELEASED, seed=82, division="plain")


def test_only_the_forests_division_is_by_class_in_the_released_code() -> None:
    # paper_facts.md, Defects 1 and Read again [C].
    wanted = {
        "median.random-forest": "stratified",
        "harmonic.random-forest": "stratified",
        "alphaearth.random-forest": "stratified",
        "median.mlp": "plain",
        "harmonic.mlp": "plain",
        "alphaearth.mlp": "plain",
        "presto.mlp": "plain",
        "cropnet": "undone",
        "cropnet.aug": "undone",
    }
    methods = registry().all()
    assert {name: methods[name].released_division for name in wanted} == wanted
    released = {name for name, method in methods.items() if method.card.in_released_code}
    assert all(
        methods[name].released_division == "stratified"
        for name in released
        if name.endswith("random-forest")
    )


def test_a_described_method_keeps_its_division() -> None:
    method = registry().get("median.mlp")
    assert from_plain(to_plain(describe(method))).released_division == "plain"


def test_other_protocols_repeat_no_division(smoke: Protocol) -> None:
    assert repeated_division("undone", smoke) is None
    assert repeated_division("plain", smoke) is None
    assert repeated_division("stratified", RELEASED) is None
    assert repeated_division("plain", RELEASED) == "plain"
    assert repeated_division("undone", RELEASED) == "undone"


@pytest.mark.parametrize(
    ("method", "division", "trained", "selected"),
    [
        ("cropnet", "undone", 144, 144),
        ("median.mlp", "plain", 116, 28),
        ("median.random-forest", None, 115, 29),
    ],
)
def test_a_row_says_how_many_samples_were_trained_on(
    method: str, division: str | None, trained: int, selected: int, tmp_path: Path
) -> None:
    dataset = write_tiny(
        tmp_path / "data", make_samples("FRA"), make_samples("CHN", crops=("corn", "rice", "other"))
    )
    quick = RELEASED.model_copy(
        update={
            "seeds": (82,),
            "network": RELEASED.network.model_copy(update={"epochs": 1}),
            "trees": RELEASED.trees.model_copy(update={"forest": 10}),
        }
    )
    (job,) = plan(dataset, quick, [registry().get(method)], [Transfer("FRA", "CHN")])
    outcome = Runner(dataset, quick).run(job)
    assert outcome.status == "ok", outcome.reason
    (row,) = outcome.rows
    assert row.data.division == division
    assert (row.data.n_train, row.data.n_validation) == (trained, selected)
    if method == "cropnet":  # and it drew all of them in its one epoch
        assert outcome.history[0]["samples"] == 144


def test_one_row_of_a_series_is_kept_whatever_its_label() -> None:
    series = np.array([[1.0], [1.0], [2.0], [1.0], [3.0]], dtype=np.float32)
    labels = np.array([0, 3, 2, 0, 6])
    assert distinct(series, labels, drop_conflicts=False, one_label=True).tolist() == [0, 2, 4]
    assert distinct(series, labels, drop_conflicts=False).tolist() == [0, 1, 2, 4]


def test_the_released_protocol_keeps_one_of_two_labels_in_source_and_target() -> None:
    twice = replace(
        make_samples("FRA", blocks=False),
        series=np.concatenate([FRANCE.series[:72], FRANCE.series[:72]]),
    )
    # The second half repeats the first with other crops: 72 series with two labels each.
    assert len(source_pool(twice, RELEASED, key=twice.series).rows) == 72
    assert len(prepare_target(twice, range(7), RELEASED, key=twice.series).rows) == 72
    by_label = RELEASED.model_copy(
        update={
            "released_defects": RELEASED.released_defects.model_copy(
                update={"one_label_per_series": False}
            )
        }
    )
    assert len(prepare_target(twice, range(7), by_label, key=twice.series).rows) == 144


def test_zero_and_minus_zero_are_one_value(smoke: Protocol) -> None:
    series = np.array([[[0.0, 1.0]], [[-0.0, 1.0]], [[0.5, 1.0]]], dtype=np.float32)
    labels = np.array([0, 0, 0])
    assert distinct(series, labels, drop_conflicts=True).tolist() == [0, 2]
    one, two, three = series_keys(series, ("B2",))
    assert one == two
    assert one != three
    mirrored = make_samples("FRA", per_class=40)
    twin = replace(mirrored, series=mirrored.series.copy())
    twin.series[:, :, 0] = 0.0
    twin.series[1] = twin.series[0]
    twin.series[1, :, 0] = -0.0
    rows = prepare_source(twin, smoke, seed=1)
    assert not {0, 1} <= set(np.concatenate([rows.training, rows.validation, rows.held_out]))


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("ARG", {"corn", "soybeans", "rice", "sugarcane", "cotton", "other"}),
        ("AUS", {"sugarcane", "cotton", "other"}),
        ("CHN", {"corn", "soybeans", "rice", "other"}),
    ],
)
def test_crops_that_are_absent_become_other(target: str, kept: set[str]) -> None:
    predicted = np.arange(7)
    given = without_absent_crops(target, predicted)
    assert given is not None
    assert {CROPS[k] for k in given} == kept
    assert all(given[k] == (k if CROPS[k] in kept else OTHER) for k in predicted)


@pytest.mark.parametrize("target", ["ARG-2020", "AUS-NSW", "CHN-HEILONGJIANG", "FRA", "arg"])
def test_only_the_exact_codes_are_rewritten(target: str) -> None:
    assert without_absent_crops(target, np.arange(7)) is None


def test_the_defects_are_off_by_default(changed: Callable[..., Protocol]) -> None:
    assert not any(changed().released_defects.model_dump().values())
