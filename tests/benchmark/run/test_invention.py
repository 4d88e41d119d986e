"""Samples that a recipe invents in place of those of a batch."""

from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmark.data.dataset import BANDS
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.authoring.method_trial import made_up_samples, tiny_protocol
from benchmark.task.methods import Context
from benchmark.task.protocol import Augmentation


class Recorder(nn.Module):
    """A linear layer that keeps the batches that it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(730, 3)
        self.batches: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.batches.append(x.clone())
        logits: Tensor = self.linear(x.flatten(1))
        return logits


@pytest.mark.parametrize("mode", ["online", "static"])
def test_chosen_samples_are_replaced_with_their_labels(mode: Literal["online", "static"]) -> None:
    given: list[tuple[Tensor, Tensor]] = []

    def invent(
        samples: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        given.append((samples, labels))
        return labels == 0, torch.full_like(samples, 7.0), torch.full_like(labels, 2)

    network = Recorder()
    protocol = tiny_protocol().model_copy(update={"augmentation": Augmentation(mode=mode)})
    observations, labels = made_up_samples()
    context = Context(0, ("a", "b", "c"), protocol, "cpu", BANDS, (10, 73))
    recipe = Recipe(
        build=lambda shape, classes: network,
        augment=lambda batch, generator: batch + 100,
        invent=invent,
    )
    x = observations.series
    TorchClassifier(recipe, context).fit(x, labels, validation=(x, labels))
    augmented = 0
    for seen, (samples, wanted) in zip(network.batches, given, strict=True):
        replaced = (seen == 7.0).all(dim=(1, 2))
        assert torch.equal(replaced, wanted == 0)
        kept = seen[~replaced]
        copies = (kept >= 99).all(dim=(1, 2))
        augmented += int(copies.sum())
        originals = samples[~replaced]
        torch.testing.assert_close(kept, originals + 100 * copies[:, None, None])
        known = {row.tobytes(): label for row, label in zip(x, labels, strict=True)}
        for sample, label in zip(samples.numpy(), wanted.tolist(), strict=True):
            assert known[np.ascontiguousarray(sample).tobytes()] == label
    assert augmented > 0
