"""How networks begin: as the released code's under the protocol that repeats it, and only there."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from baselines.heads import MultilayerPerceptron
from benchmark.run.training.initialisation import initialise_linear_layers
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.methods import Context
from benchmark.task.protocol import Protocol, load_protocol
from cropnet.methods import augmented, plain


def test_weights_are_kaimings_and_biases_zero() -> None:
    # paper_facts.md, Read again [C]: fan in, ReLU. sqrt(2 / 128) = 0.125; torch's own weights have
    # 1 / sqrt(3 * 128) = 0.051.
    torch.manual_seed(0)
    layer = nn.Linear(128, 400)
    assert float(layer.weight.detach().std()) == pytest.approx(0.051, abs=0.001)
    initialise_linear_layers(nn.Sequential(nn.Flatten(), layer))
    assert float(layer.weight.detach().std()) == pytest.approx(0.125, abs=0.002)
    assert float(layer.bias.detach().abs().max()) == 0


@pytest.mark.parametrize("build", [plain, augmented, MultilayerPerceptron])
def test_every_linear_layer_of_the_released_networks_begins_so(
    build: Callable[[Context], TorchClassifier], changed: Callable[..., Protocol]
) -> None:
    for repeated in (False, True):
        protocol = changed(
            network={"epochs": 1, "batch_size": 16, "learning_rate": 1e-12},
            released_defects={"kaiming_linear_layers": repeated},
        )
        steps = 73 if build is augmented else 43
        x = np.random.default_rng(0).random((32, 10, steps), dtype=np.float32)
        y = np.arange(32, dtype=np.int64) % 7
        crops = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
        context = Context(1, crops, protocol, "cpu", ("B2",) * 10, (10, steps))
        # After two steps of 1e-12 the network is the one it began as.
        fitted = build(context).fit(x, y, validation=(x, y)).network_
        layers = [m for m in fitted.modules() if isinstance(m, nn.Linear)]
        assert len(layers) == (9 if build is MultilayerPerceptron else 1)
        for layer in layers:
            scale = float(layer.weight.detach().std()) * layer.in_features**0.5
            assert scale == pytest.approx(2**0.5 if repeated else 3**-0.5, rel=0.15)
            assert (float(layer.bias.detach().abs().max()) < 1e-9) == repeated


def test_only_the_released_protocol_asks_for_it() -> None:
    asked = {
        name: load_protocol(name).released_defects.kaiming_linear_layers
        for name in ("smoke", "quick", "standard", "paper", "paper-released")
    }
    assert [name for name, value in asked.items() if value] == ["paper-released"]
