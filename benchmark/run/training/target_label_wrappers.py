"""Classifiers around other classifiers: shown labels of the target, all or a few."""

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
"""What a fitted classifier may tell of itself."""


class Wrapped:
    """Answers as another classifier does that is fitted on the source.

    Args:
        context: Seed, classes, protocol and device.
        build: Makes the other classifier.
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
        """Return an untrained classifier of the same kind, with a seed of its own."""
        seed = derive_seed(self.context.seed, purpose)
        return self.build(replace(self.context, seed=seed, classes=classes or self.context.classes))


class Oracle(Wrapped):
    """An upper bound: trained on the target's own samples, the source forgotten."""

    def teach(self, x: Features, y: Labels) -> Classifier:
        """Return a classifier trained on target samples x [M, ...], y [M] alone.

        A random part by class, the same for every seed, is kept to select by.
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
    """Trained on the source together with a few labelled samples per class of the target.

    The target's samples are repeated until they weigh as much as the source's of their class;
    where the source has fewer of it, each is there once.

    Args:
        context: Seed, classes, protocol and device.
        build: Makes the classifier.
        shots: Labelled target samples per class; fewer where there are fewer.
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
    """A classifier of some classes, answering for all: the others have probability zero."""

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
    """Divide rows at random within each class; each keeps at least one row to train on."""
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
