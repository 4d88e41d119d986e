"""What a classifier tells of itself: any kind of number is taken, and nothing else."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.errors import MethodError
from benchmark.task.fitted_attributes import (
    MOST_LETTERS,
    Decision,
    FittedAttributes,
    read_decision,
    read_fitted_attributes,
)


def test_numbers_of_any_kind_become_plain_ones() -> None:
    found = read_fitted_attributes(
        SimpleNamespace(
            parameter_count_=np.int64(5),
            flops_per_sample_=12.0,
            history_=({"loss": np.float32(0.5), "lr": torch.tensor(2)} for _ in range(2)),
        )
    )
    assert found == FittedAttributes(5, 12, ({"loss": 0.5, "lr": 2.0},) * 2)
    kinds = {type(value) for epoch in found.history for value in epoch.values()}
    assert kinds == {float}
    assert (type(found.parameters), type(found.flops_per_sample)) == (int, int)


def test_what_is_not_said_is_not_known() -> None:
    assert read_fitted_attributes(object()) == FittedAttributes()
    assert (
        read_fitted_attributes(SimpleNamespace(parameter_count_=None, history_=[]))
        == FittedAttributes()
    )


def test_infinity_is_no_number_of_json() -> None:
    (epoch,) = read_fitted_attributes(SimpleNamespace(history_=[{"loss": math.inf}])).history
    assert math.isnan(epoch["loss"])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"flops_per_sample_": 12.5}, "flops_per_sample_ is 12.5: report a whole number"),
        ({"parameter_count_": "many"}, "parameter_count_ is 'many'"),
        ({"parameter_count_": math.nan}, "parameter_count_ is nan"),
        ({"parameter_count_": -1}, "from 0"),
        ({"history_": [{"validation": None}]}, "history_ has None as 'validation'"),
        ({"history_": [{"validation": [1]}]}, r"history_ has \[1\] as 'validation'"),
        ({"history_": [{1: 2.0}]}, "names a number 1"),
        ({"history_": [1.0, 2.0]}, "history_ is list"),
        ({"device_": "tpu"}, "device_ is 'tpu'"),
        ({"history_": 7}, "history_ is int"),
    ],
)
def test_what_is_no_number_is_named(said: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodError, match=message):
        read_fitted_attributes(SimpleNamespace(**said))


def test_a_device_may_be_that_of_torch() -> None:
    assert (
        read_fitted_attributes(SimpleNamespace(device_=torch.device("cuda", 1))).device == "cuda:1"
    )


def decided(stopped: object, why: object) -> SimpleNamespace:
    return SimpleNamespace(decision_=SimpleNamespace(stopped=stopped, why=why))


def test_a_decision_is_one_line() -> None:
    assert read_decision(object()) is None
    found = read_decision(decided(True, " the members\n\thardly\x1b agree "))
    assert found == Decision(stopped=True, why="the members hardly agree")
    assert str(found) == "stopped: the members hardly agree"
    assert str(read_decision(decided(False, "they agree"))) == "adapted: they agree"
    long = read_decision(decided(False, "a" * 2 * MOST_LETTERS))
    assert long is not None
    assert long.why == "a" * MOST_LETTERS


@pytest.mark.parametrize(
    "classifier",
    [SimpleNamespace(decision_="stopped"), decided(1, "w"), decided(True, 1), decided(True, "\n")],
)
def test_a_decision_of_another_form_is_refused(classifier: SimpleNamespace) -> None:
    with pytest.raises(MethodError, match=r"decision_ is .*: report an object with stopped"):
        read_decision(classifier)
