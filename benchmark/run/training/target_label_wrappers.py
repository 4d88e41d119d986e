"""Classifiers that wrap another classifier and can be trained with labels of the target."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from benchmark.errors import UnavailableError
from benchmark.randomness import derive_seed, generator
from benchmark.task.methods import Classifier, Context, Features, Labels

Build = Callable[[Context], Classifier]

REPORTED = ("parameter_count_", "flops_per_sample_", "history_", "device_")
"""Attributes that a fitted classifier may report."""


class Wrapped:
    """A classifier that predicts with another classifier, which it fits on the source.

    Args:
        context: Seed, classes, protocol and device.
        build: Function that makes the other classifier.
    """

    def __init__(self, context: Context, *, build: Build) -> None:
        self.context = context
        self.build = build

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Self:
        """Fit the other classifier on x [N, ...], y [N]."""
        self.source_ = (x, y, validation)
        self.inner_ = self.build(self.context).fit(x, y, validation=validation)
        for name in REPORTED:
            if hasattr(self.inner_, name):
                setattr(self, name, getattr(self.inner_, name))
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the other classifier's probabilities [N, K]."""
        return self.inner_.predict_proba(x)

    def again(self, purpose: str, classes: tuple[str, ...] | None = None) -> Classifier:
        """Return an untrained classifier of the same kind with another seed.

        Args:
            purpose: Text from which the seed is derived.
            classes: Names of its classes; by default those of the context.
        """
        seed = derive_seed(self.context.seed, purpose)
        return self.build(replace(self.context, seed=seed, classes=classes or self.context.classes))


class Oracle(Wrapped):
    """An upper bound: a classifier trained on samples of the target, without the source."""

    def teach(self, x: Features, y: Labels) -> Classifier:
        """Return a classifier trained only on target samples x [M, ...], y [M].

        A random part of each class, the same for every seed, is used for validation.
        """
        present = np.unique(y)
        if len(present) < 2:
            raise UnavailableError("The target's own part has samples of one class only.")
        positions = np.searchsorted(present, y)
        training, validation = _split(positions, self.context.protocol.validation_fraction)
        names = tuple(self.context.classes[index] for index in present)
        inner = self.again("oracle", names).fit(
            x[training], positions[training], validation=(x[validation], positions[validation])
        )
        return _OfSomeClasses(inner, present, len(self.context.classes))


class FewShot(Wrapped):
    """A classifier trained on the source and a few labelled target samples of each class.

    The target samples of a class are repeated until they are as many as the source samples of the
    class. If the source has fewer, each target sample is used once.

    Args:
        context: Seed, classes, protocol and device.
        build: Function that makes the classifier.
        shots: Number of labelled target samples of each class, or all if there are fewer.
    """

    def __init__(self, context: Context, *, build: Build, shots: int) -> None:
        super().__init__(context, build=build)
        self.shots = shots

    def teach(self, x: Features, y: Labels) -> Classifier:
        """Return a classifier that has seen `shots` of the samples x [M, ...], y [M] per class."""
        random = generator(self.context.seed, "shots")
        xs, ys, validation = self.source_
        order = random.permutation(len(y))
        parts = []
        for label in np.unique(y):
            few = order[y[order] == label][: self.shots]
            parts.append(np.resize(few, max(len(few), int((ys == label).sum()))))
        rows = np.concatenate(parts)
        joint = np.concatenate([xs, x[rows]]), np.concatenate([ys, y[rows]])
        return self.again("few-shot").fit(*joint, validation=validation)


class _OfSomeClasses:
    """A classifier of some classes as one of all classes; the others have probability zero."""

    def __init__(self, inner: Classifier, present: npt.NDArray[np.int64], classes: int) -> None:
        self.inner = inner
        self.present = present
        self.classes = classes

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Self:
        positions = np.searchsorted(self.present, y)
        xv, yv = validation
        self.inner.fit(x, positions, validation=(xv, np.searchsorted(self.present, yv)))
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        answer = np.zeros((len(x), self.classes))
        answer[:, self.present] = self.inner.predict_proba(x)
        return answer


def _split(labels: Labels, fraction: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Divide rows at random within each class; each class keeps at least one training row."""
    random = generator(0, "oracle", "validation")
    training, validation = [], []
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        few = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        validation.append(rows[:few])
        training.append(rows[few:])
    chosen = np.sort(np.concatenate(training)), np.sort(np.concatenate(validation))
    if not len(chosen[1]):
        raise UnavailableError("The target's own part has one sample per class: too few to learn.")
    return chosen
