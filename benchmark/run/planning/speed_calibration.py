"""How fast methods are here: fits on few samples at two sizes and two budgets, extrapolated."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from benchmark.errors import MethodError
from benchmark.run.device import measure
from benchmark.task.methods import (
    Adaptable,
    Classifier,
    Context,
    Features,
    Informed,
    Labels,
    Method,
    Target,
    Teachable,
)
from benchmark.task.protocol import Protocol

FEWEST_SAMPLES: Final = 64
LONG_ENOUGH: Final = 0.25
"""Seconds after which a fit is not repeated with twice as many samples."""

PROCESSOR_BATCH: Final = 32
"""Largest batch of a calibration on a processor, where the size of a batch hardly matters."""

HELD_SHARE: Final = 0.2

Measure = Callable[[int, int], float]
"""Seconds of a piece of work at a number of samples and a budget in epochs."""


@dataclass(frozen=True)
class Line:
    """Seconds as a linear function of samples and of samples drawn in training.

    Attributes:
        fixed: Seconds whatever the size.
        per_sample: Seconds for each sample.
        per_draw: Seconds for each sample and pass over the samples; a pass of trees is the share
            of the protocol's trees that a pass is of a network's budget.
    """

    fixed: float
    per_sample: float
    per_draw: float

    def seconds(self, samples: float, passes: float) -> float:
        """Return the seconds that so many samples take."""
        return self.fixed + samples * (self.per_sample + self.per_draw * passes)


@dataclass(frozen=True)
class Speed:
    """What a method takes here.

    Attributes:
        fit: Its fit, by training samples.
        answer: Its answer, by samples of the target, with what it learns of the target before.
        peak_memory_bytes: Highest memory during the calibration.
    """

    fit: Line
    answer: Line
    peak_memory_bytes: int


def passes_of(protocol: Protocol) -> int:
    """Return how often a network trains on each sample under a protocol."""
    return protocol.network.epochs * protocol.network.passes_per_epoch


def calibrate(
    method: Method, context: Context, x: Features, y: Labels, target: Target | None = None
) -> Speed:
    """Measure a method on a few samples.

    Boosting is measured without early stopping, so that what is concluded is an upper limit.

    Args:
        method: The method.
        context: Classes, protocol and device.
        x: Samples [N, ...], in an order in which every class comes early.
        y: Their labels [N].
        target: A target, for methods that ask which it is.

    Returns:
        What it takes.

    Raises:
        UnavailableError: If the method lacks something here.
    """
    peaks = [0]

    def run(samples: int, epochs: int) -> tuple[float, float]:
        rows = np.resize(np.arange(len(x)), samples)
        held = rows[: max(round(HELD_SHARE * samples), len(context.classes))]
        few = replace(context, protocol=_budget(context, epochs, samples))
        classifier = method.build(few)
        with measure(context.device) as fit:
            classifier.fit(x[rows], y[rows], validation=(x[held], y[held]))
        with measure(context.device) as answer:
            _ready(method, classifier, x[rows], y[rows], target).predict_proba(x[rows])
        peaks.append(max(fit.peak_memory_bytes or 0, answer.peak_memory_bytes or 0))
        return fit.seconds, answer.seconds

    run(max(FEWEST_SAMPLES // 2, 2 * len(context.classes)), 1)  # loads libraries and kernels
    size = FEWEST_SAMPLES
    small, large = run(size, 1), run(2 * size, 1)
    while sum(large) < LONG_ENOUGH and 4 * size <= len(x):
        size *= 2
        small, large = large, run(2 * size, 1)
    longer = run(2 * size, 2)
    fit, answer = (_line(size, small[k], large[k], longer[k]) for k in (0, 1))
    return Speed(fit, answer, max(peaks))


def _budget(context: Context, epochs: int, samples: int) -> Protocol:
    """Return a protocol with the budget of some passes, in small batches."""
    protocol = context.protocol
    share = epochs / passes_of(protocol)
    batch = protocol.network.batch_size
    if context.device == "cpu":
        batch = min(batch, PROCESSOR_BATCH)
    trees, rounds = protocol.trees.forest, protocol.trees.boosting_rounds
    network = {"epochs": epochs, "passes_per_epoch": 1, "batch_size": min(batch, samples)}
    return protocol.model_copy(
        update={
            "network": protocol.network.model_copy(update=network),
            "trees": protocol.trees.model_copy(
                update={
                    "forest": max(round(trees * share), 1),
                    "boosting_rounds": max(round(rounds * share), 1),
                    "early_stopping_rounds": rounds,
                }
            ),
            "max_source_samples": max(samples, 10),
        }
    )


def _ready(
    method: Method, classifier: Classifier, x: Features, y: Labels, target: Target | None
) -> Classifier:
    """Return a classifier that has been shown what its track allows."""
    if method.track == "unlabelled-target" and isinstance(classifier, Adaptable):
        return classifier.adapt(x)
    if method.track == "oracle" and isinstance(classifier, Teachable):
        return classifier.teach(x, y)
    if method.track == "knowledge" and isinstance(classifier, Informed) and target is not None:
        return classifier.inform(target)
    if method.track != "inductive":
        raise MethodError(f"{method.name} lacks what its track {method.track} asks for.")
    return classifier


def _line(size: int, small: float, large: float, longer: float) -> Line:
    """Return the line through the times at `size`, twice that, and that with twice the budget."""
    per_draw = max(longer - large, 0.0) / (2 * size)
    per_sample = max((large - small) / size - per_draw, 0.0)
    return Line(max(large - 2 * size * (per_sample + per_draw), 0.0), per_sample, per_draw)
