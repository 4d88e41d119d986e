"""Speed of encoders and networks; run with `pytest -m benchmark tests/benchmarks`."""

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from torch.nn import functional

from baselines import presto
from benchmark.data.dataset import BANDS
from benchmark.run.training import TorchClassifier
from benchmark.task.check import tiny_protocol
from benchmark.task.methods import Context, registry

pytestmark = pytest.mark.benchmark

NETWORKS = ("cropnet", "cropnet.1d-time", "vit", "temporal-transformer", "ltae", "tempcnn")
NETWORKS += ("inception-time", "lstm")


def test_presto_encodes_a_thousand_samples_a_second(benchmark: BenchmarkFixture) -> None:
    # The floor for two cores and twelve months; weights do not matter for speed.
    encoder = presto.PrestoEncoder(BANDS).eval()
    batch = torch.rand(presto.BATCH, 10, 12)
    with torch.inference_mode():
        benchmark(encoder, batch)
    rate = presto.BATCH / benchmark.stats.stats.min  # other work on the machine only slows it
    benchmark.extra_info["samples per second"] = rate
    assert rate >= 1000


@pytest.mark.parametrize("name", NETWORKS)
def test_training_step(name: str, benchmark: BenchmarkFixture) -> None:
    context = Context(0, tuple("abcdefg"), tiny_protocol(), "cpu", BANDS, (10, 43))
    classifier = registry().get(name).build(context)
    assert isinstance(classifier, TorchClassifier)
    x = torch.from_numpy(np.random.default_rng(0).random((32, 10, 43), dtype=np.float32))
    y = torch.arange(32) % 7
    seen = x if classifier.recipe.view is None else classifier.recipe.view(x)
    network = classifier.recipe.build(tuple(seen.shape[1:]), 7)
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(network(seen), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    benchmark(step)
    benchmark.extra_info["samples per second"] = 32 / benchmark.stats.stats.median
