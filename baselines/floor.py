"""Floors: methods that do not use the samples."""

import numpy as np
import numpy.typing as npt

from benchmark.task.methods import Card, Context, Features, Labels, Method


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        Method(
            name="floor.majority",
            family="floor",
            representation="median",
            build=MajorityClassifier,
            card=Card(
                summary="Always the most frequent class of the source.",
                reference="this project",
                licence="MIT",
                deterministic=True,
            ),
        ),
        Method(
            name="floor.prior",
            family="floor",
            representation="median",
            build=PriorClassifier,
            card=Card(
                summary="A class drawn at random for each sample by its share in the source.",
                reference="this project",
                licence="MIT",
            ),
        ),
    )


class MajorityClassifier:
    """Predicts the class shares of the source for every sample, so always the largest class.

    Args:
        context: Classes.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "MajorityClassifier":
        """Count the classes."""
        del x, validation
        self.shares_ = np.bincount(y, minlength=len(self.context.classes)) / len(y)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.float64]:
        """Return the class shares of the source for each sample [N, K]."""
        return np.tile(self.shares_, (len(x), 1))


class PriorClassifier(MajorityClassifier):
    """Draws one class for each sample by the class shares of the source.

    The draw depends on the seed and on the values of the sample, so that the prediction for a
    sample does not depend on the other samples.
    """

    def predict_proba(self, x: Features) -> npt.NDArray[np.float64]:
        """Return probability 1 for a randomly drawn class of each sample [N, K]."""
        flat = np.ascontiguousarray(x.reshape(len(x), -1))
        words = flat.view(np.uint32).astype(np.uint64)
        odd = np.random.default_rng(self.context.seed).integers(
            0, 2**63, words.shape[1], dtype=np.uint64
        ) * np.uint64(2) + np.uint64(1)
        mixed = (words * odd).sum(axis=1, dtype=np.uint64)
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        uniform = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
        drawn = np.searchsorted(np.cumsum(self.shares_), uniform, side="right")
        drawn = np.minimum(drawn, len(self.shares_) - 1)
        certain: npt.NDArray[np.float64] = np.eye(len(self.shares_))[drawn]
        return certain
