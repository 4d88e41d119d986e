"""Measure the speed of methods with small fits of two sizes and two budgets, and extrapolate."""

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
from benchmark.task.tracks import KNOWLEDGE_TRACKS, SERIES_TRACKS

FEWEST_SAMPLES: Final = 64
LONG_ENOUGH: Final = 0.25
"""Seconds of a fit from which it is not repeated with twice as many samples."""

PROCESSOR_BATCH: Final = 32
"""Largest batch of a calibration on a processor, where batch size has little effect on speed."""

HELD_SHARE: Final = 0.2

Measure = Callable[[int, int], float]
"""Function that returns the seconds of work for a number of samples and a number of epochs."""


@dataclass(frozen=True)
class Line:
    """Seconds as a linear function of samples and of passes over the samples.

    Attributes:
        fixed: Seconds for any number of samples.
        per_sample: Seconds for each sample.
        per_draw: Seconds for each sample and pass. For trees, a pass is the same share of the
            protocol's trees as a pass of a network is of its budget.
    """

    fixed: float
    per_sample: float
    per_draw: float

    def seconds(self, samples: float, passes: float) -> float:
        """Return the seconds for a number of samples and of passes over them."""
        return self.fixed + samples * (self.per_sample + self.per_draw * passes)


@dataclass(frozen=True)
class Speed:
    """Speed and memory of a method on this machine.

    Attributes:
        fit: Time of a fit, by training samples.
        answer: Time of a prediction, by samples of the target. It includes the time in which the
            method learns from the target, if its track allows that.
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

    Boosting is measured without early stopping, so its predicted time is an upper limit.

    Args:
        method: The method.
        context: Classes, protocol and device.
        x: Samples [N, ...], in an order with the classes in turn.
        y: Their labels [N].
        target: A target, for methods that use knowledge of it.

    Returns:
        Its speed and memory.

    Raises:
        UnavailableError: If the method needs something that is missing on this machine.
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
    """Return a protocol with the budget of a number of epochs, and with small batches."""
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
    """Return a classifier after adapting it to a target in the way that its track allows."""
    track = method.track
    missing = MethodError(f"{method.name} lacks the function that its track {track} needs: add it.")
    if track == "oracle":
        if not isinstance(classifier, Teachable):
            raise missing
        return classifier.teach(x, y)
    if track in KNOWLEDGE_TRACKS:
        if not isinstance(classifier, Informed) or target is None:
            raise missing
        classifier = classifier.inform(target)
    if track in SERIES_TRACKS:
        if not isinstance(classifier, Adaptable):
            raise missing
        classifier = classifier.adapt(x)
    return classifier


def _line(size: int, small: float, large: float, longer: float) -> Line:
    """Return the line through three times: `size` samples, twice as many, and twice the budget."""
    per_draw = max(longer - large, 0.0) / (2 * size)
    per_sample = max((large - small) / size - per_draw, 0.0)
    return Line(max(large - 2 * size * (per_sample + per_draw), 0.0), per_sample, per_draw)
