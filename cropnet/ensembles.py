"""Ensembles: several networks whose probabilities are averaged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.randomness import derive_seed
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.methods import Context, Features, Labels

SMALLEST: Final = 1e-7
"""Lowest probability in a geometric mean, about the resolution of single precision."""


class Ensemble:
    """The mean of several networks, each trained on the same samples with another seed.

    Args:
        context: Seed, classes, protocol and device.
        members: Functions that make the networks.
        mean: Kind of mean of the probabilities, ``arithmetic`` or ``geometric``.
    """

    def __init__(
        self,
        context: Context,
        *,
        members: Sequence[Callable[[Context], TorchClassifier]],
        mean: Literal["arithmetic", "geometric"],
    ) -> None:
        self.context = context
        self.members = tuple(members)
        self.mean = mean

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Ensemble":
        """Train every member on x [N, ...], y [N]."""
        self.fitted_ = tuple(
            build(replace(self.context, seed=derive_seed(self.context.seed, "member", number))).fit(
                x, y, validation=validation
            )
            for number, build in enumerate(self.members)
        )
        self.device_ = self.context.device
        self.parameter_count_ = sum(member.parameter_count_ for member in self.fitted_)
        counts = [member.flops_per_sample_ for member in self.fitted_]
        counted = [count for count in counts if count is not None]
        self.flops_per_sample_ = sum(counted) if len(counted) == len(counts) else None
        self.history_: list[Mapping[str, float]] = [
            {"member": number, **entry}
            for number, member in enumerate(self.fitted_)
            for entry in member.history_
        ]
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.float32]:
        """Return the mean probability of each class [N, K]."""
        predictions = np.stack([member.predict_proba(x) for member in self.fitted_])
        if self.mean == "arithmetic":
            return np.asarray(predictions.mean(axis=0))
        product = np.exp(np.log(np.maximum(predictions, SMALLEST)).mean(axis=0))
        return np.asarray(product / product.sum(axis=1, keepdims=True))
