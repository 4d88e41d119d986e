"""Speed of encoders, networks and trees; run with `pytest -m benchmark tests/benchmarks`."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from alternating import compare, keep, seconds
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor, nn
from torch.nn import functional

from baselines import presto
from benchmark.data.dataset import BANDS
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.authoring.method_trial import tiny_protocol
from benchmark.task.methods import Context, registry
from benchmark.task.protocol import Network, Protocol, load_protocol

pytestmark = pytest.mark.benchmark(timer=time.process_time)

NETWORKS = ("cropnet", "cropnet.1d-time", "vit", "temporal-transformer", "ltae", "tempcnn")
NETWORKS += ("inception-time", "lstm")

TRAINING_FLOPS = 681_758_976
"""Floating-point operations of a CropNet training step per sample, as torch counts them."""

PREDICTION_FLOPS = 227_337_472
"""The same of a prediction."""

SIZE = 1024
"""Rows and columns of the matrices whose product gives the machine's rate."""

MATRIX_FLOPS = 2 * SIZE**3


def built(name: str, protocol: Protocol | None = None) -> TorchClassifier:
    context = Context(0, tuple("abcdefg"), protocol or tiny_protocol(), "cpu", BANDS, (10, 43))
    classifier = registry().get(name).build(context)
    assert isinstance(classifier, TorchClassifier)
    return classifier


def network_and_batch(name: str) -> tuple[nn.Module, Tensor, Tensor]:
    classifier = built(name)
    x = torch.from_numpy(np.random.default_rng(0).random((32, 10, 43), dtype=np.float32))
    seen = x if classifier.recipe.view is None else classifier.recipe.view(x)
    network = classifier.recipe.build(tuple(seen.shape[1:]), 7)
    return network.to(memory_format=torch.channels_last), seen, torch.arange(32) % 7


def stepper(network: nn.Module, parts: list[tuple[Tensor, Tensor]]) -> Callable[[], None]:
    """Return a training step that adds up the gradients of parts of a batch."""
    optimizer = torch.optim.Adam(network.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        for x, y in parts:
            functional.cross_entropy(network(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def share_of_peak(
    benchmark: BenchmarkFixture, work: Callable[[], object], flops: int, turns: int = 5
) -> float:
    """Return the rate of some work as a share of that of a matrix product, in turns with it."""
    left, right = torch.rand(2, SIZE, SIZE)
    benchmark.pedantic(work, rounds=1, warmup_rounds=1)
    rates = []
    for _ in range(turns):
        product = seconds(lambda: [torch.mm(left, right) for _ in range(10)]) / 10
        rates.append((flops / seconds(work), MATRIX_FLOPS / product))
    share = statistics.median(ours / peak for ours, peak in rates)
    benchmark.extra_info |= {
        "share of matrix product": share,
        "matrix product GFLOP/s": statistics.median(peak for _, peak in rates) / 1e9,
    }
    return share


def test_cropnet_trains_at_the_rate_of_matrix_products(benchmark: BenchmarkFixture) -> None:
    # Five steps, batches drawn, weights updated and the validation predicted: all that a fit does.
    samples, validation = 160, 16
    budget = Network(epochs=1, batch_size=32, learning_rate=1e-3)
    protocol = load_protocol("quick").model_copy(update={"network": budget})
    random = np.random.default_rng(0)
    x = random.random((samples, 10, 43), dtype=np.float32)
    y = np.arange(samples) % 7
    held = x[:validation], y[:validation]
    flops = samples * TRAINING_FLOPS + validation * PREDICTION_FLOPS
    share = share_of_peak(
        benchmark, lambda: built("cropnet", protocol).fit(x, y, validation=held), flops
    )
    keep(benchmark, "% of matrix product", 100 * share, reference=87)


def test_cropnet_predicts_at_the_rate_of_matrix_products(benchmark: BenchmarkFixture) -> None:
    x = np.random.default_rng(0).random((256, 10, 43), dtype=np.float32)
    classifier = built("cropnet")
    classifier.network_, _, _ = network_and_batch("cropnet")
    share = share_of_peak(
        benchmark, lambda: classifier.predict_proba(x), len(x) * PREDICTION_FLOPS, turns=9
    )
    keep(benchmark, "% of matrix product", 100 * share, reference=109)


def test_presto_encodes_batches(benchmark: BenchmarkFixture) -> None:
    # Weights do not matter for speed; the naive way encodes one sample at a time.
    encoder = presto.PrestoEncoder(BANDS).eval()
    batch = torch.rand(presto.BATCH, 10, 12)
    with torch.inference_mode():
        median = compare(
            benchmark,
            lambda: encoder(batch),
            lambda: [encoder(sample) for sample in batch[:16].split(1)],
            share=16 / len(batch),
            reference=1.9,
            floor=1.2,  # at 1, one by one would be as fast
        )
    benchmark.extra_info["samples per second"] = len(batch) / median


@pytest.mark.parametrize("name", NETWORKS)
def test_training_step(name: str, benchmark: BenchmarkFixture) -> None:
    network, x, y = network_and_batch(name)
    if name == "cropnet":
        benchmark.pedantic(stepper(network, [(x, y)]), rounds=3, warmup_rounds=1)
    else:
        benchmark.pedantic(stepper(network, [(x, y)]), rounds=5, warmup_rounds=1)
    benchmark.extra_info["samples per second"] = 32 / benchmark.stats.stats.median


def test_a_vit_step_takes_a_batch_at_once(benchmark: BenchmarkFixture) -> None:
    network, x, y = network_and_batch("vit")
    alone = [(x[row : row + 1], y[row : row + 1]) for row in range(4)]
    compare(
        benchmark,
        stepper(network, [(x, y)]),
        stepper(network, alone),
        share=len(alone) / len(x),
        reference=1.7,
        floor=1.1,  # below 1, one by one would be faster
    )
