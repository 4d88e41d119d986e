"""Devices and measurement."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from misbehaving import CARD, Nearest

from benchmark.data.dataset import Dataset
from benchmark.errors import UsageError
from benchmark.results.rows import Cost
from benchmark.run import device as hardware
from benchmark.run.device import STATUS, device_name, measure, processor_name, resolve_device
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Method
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers


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


@pytest.mark.parametrize(
    ("model_name", "name"),
    [
        ("AMD EPYC", "AMD EPYC (family 26, model 2)"),
        ("Intel(R) Xeon(R) CPU @ 2.20GHz", "Intel(R) Xeon(R) CPU @ 2.20GHz (family 26, model 2)"),
        ("AMD EPYC 7B13 64-Core Processor", "AMD EPYC 7B13 64-Core Processor"),
        ("", None),
    ],
)
def test_processors_of_several_generations_have_names_of_their_own(
    model_name: str, name: str | None
) -> None:
    first = f"processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: {model_name}\n"
    second = first.replace(": 26", ": 25")
    assert processor_name(f"{first}\n{second}\n") == name


def test_a_processor_without_numbers_keeps_its_name() -> None:
    assert processor_name("model name\t: ARM\n") == "ARM"


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


class Gpu:
    """What torch says of a GPU that is not here."""

    allocated = 1000
    peak = 1000

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        answers: dict[str, Callable[[object], object]] = {
            "synchronize": lambda _: None,
            "reset_peak_memory_stats": self.reset,
            "memory_allocated": lambda _: self.allocated,
            "max_memory_allocated": lambda _: self.peak,
            "get_device_name": lambda _: "Stubbed GPU",
            "get_device_properties": lambda _: None,
        }
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        for name, answer in answers.items():
            monkeypatch.setattr(f"torch.cuda.{name}", answer)
        monkeypatch.setattr(hardware, "_warm_up", lambda _: None)
        device_name.cache_clear()

    def reset(self, device: object) -> None:
        self.peak = self.allocated


@pytest.fixture
def cost_of(
    tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> Callable[[type[Nearest]], Cost]:
    """Run a classifier on a machine with a GPU, of which other work holds some memory."""
    gpu = Gpu(monkeypatch)

    def run(build: type[Nearest]) -> Cost:
        monkeypatch.setattr(build, "gpu", gpu, raising=False)
        method = Method("test.m", "test", "median", build, CARD)
        (job,) = plan(tiny, smoke, (method,), select_transfers(["FRA:CHN"], tiny.domains))
        row = Runner(tiny, smoke).run(job).rows[-1]
        assert row.status == "ok", row.reason
        return row.cost

    return run


class Torch(Nearest):
    gpu: Gpu

    def misbehave(self) -> None:
        self.gpu.peak += 500


class Boosting(Nearest):
    """On the GPU, whose memory it does not take through torch."""

    device_ = "cuda:0"


class Both(Torch):
    """Moves its data there, and works on the processor."""

    device_ = "cpu"


def test_a_row_names_the_device_that_did_the_work(
    cost_of: Callable[[type[Nearest]], Cost],
) -> None:
    for build in (Nearest, Both):
        cost = cost_of(build)
        assert (cost.device, cost.device_name) == ("cpu", device_name("cpu"))
        assert (cost.peak_memory_bytes or 0) > 2**20
    cost = cost_of(Torch)
    assert (cost.device, cost.device_name) == ("cuda:0", "Stubbed GPU")
    assert cost.peak_memory_bytes == 1500
    cost = cost_of(Boosting)
    assert (cost.device, cost.device_name) == ("cuda:0", "Stubbed GPU")
    assert cost.peak_memory_bytes is None
    device_name.cache_clear()
