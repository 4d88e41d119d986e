"""Devices and measurement."""

from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import UsageError
from benchmark.run.hardware import STATUS, device_name, measure, resolve_device


@pytest.mark.parametrize("wanted", ["cuda:99", "mps"])
def test_a_device_that_is_not_here_is_named(wanted: str) -> None:
    import torch

    if wanted == "mps" and torch.backends.mps.is_available():
        pytest.skip("this machine has an Apple GPU")
    with pytest.raises(UsageError, match=f"There is no device '{wanted}' here"):
        resolve_device(wanted)


def test_cpu_is_always_here_and_has_a_name() -> None:
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in ("cpu", "mps", "cuda:0")
    assert device_name("cpu")


def test_time_is_measured_when_the_body_fails_too() -> None:
    measured = []

    def work() -> None:
        with measure("cpu") as measurement:
            measured.append(measurement)
            raise ValueError("body")

    with pytest.raises(ValueError, match="body"):
        work()
    assert measured[0].seconds > 0


@pytest.mark.skipif(not STATUS.is_file(), reason="the peak is read from /proc")
def test_the_peak_is_that_of_the_body_and_not_of_what_came_before() -> None:
    size = 200 * 2**20
    with measure("cpu") as large:
        np.ones(size, dtype=np.uint8)
    with measure("cpu") as small:
        np.ones(2**20, dtype=np.uint8)
    assert large.peak_memory_bytes is not None
    assert small.peak_memory_bytes is not None
    assert large.peak_memory_bytes - small.peak_memory_bytes > size / 2
    assert Path("/proc/self/clear_refs").exists()
