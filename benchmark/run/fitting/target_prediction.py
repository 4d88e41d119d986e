"""What a fitted classifier is shown of a target, and how it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import country_of
from benchmark.errors import MethodError
from benchmark.task.methods import (
    Adaptable,
    Classifier,
    Features,
    Informed,
    Labels,
    Method,
    Target,
    Teachable,
    Track,
    ask,
)
from benchmark.task.metrics import Probabilities
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import class_positions
from benchmark.task.samples.sample_division import Rows
from benchmark.task.samples.target_parts import teaching_parts, unlabelled_rows


@dataclass(frozen=True)
class PredictionRequest:
    """A target as the harness knows it, labels included.

    Attributes:
        features: Features of all samples of the target [N, ...].
        samples: The samples; their labels reach methods of the oracle track alone.
        rows: Rows that are scored.
        classes: Class indices that the source teaches, in the order of the columns.
        protocol: The protocol.
        seed: Seed of the run.
        first_day: Days from 1 January to the first step of the target's series.
    """

    features: Features
    samples: DomainSamples
    rows: Rows
    classes: Sequence[int]
    protocol: Protocol
    seed: int
    first_day: int = 0


@dataclass(frozen=True)
class Teaching:
    """Labelled samples of a target, and the scored samples that are predicted after them.

    Attributes:
        x: Samples to learn from [M, ...].
        y: Their classes [M], as positions of the classes that the source teaches.
        asked: Positions among the scored samples [P].
    """

    x: Features
    y: Labels
    asked: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ShownTarget:
    """What a method is shown of a target: what its track allows, and no more.

    Attributes:
        track: The track.
        classes: Number of classes K.
        x: The scored samples [N, ...].
        unlabelled: Samples to adapt to [M, ...], on the track ``unlabelled-target``.
        facts: What is publicly known of the target, on the track ``knowledge``.
        teaching: Labelled samples, on the track ``oracle``.
    """

    track: Track
    classes: int
    x: Features
    unlabelled: Features | None = None
    facts: Target | None = None
    teaching: tuple[Teaching, ...] = ()


def show_target(track: Track, request: PredictionRequest) -> ShownTarget:
    """Take from a target what a track allows a method to see.

    Args:
        track: The track.
        request: The target.

    Returns:
        Arrays of its own; labels are among them on the track ``oracle`` alone.

    Raises:
        UnavailableError: If the target has no samples to show.
    """
    features, samples, rows = request.features, request.samples, request.rows
    unlabelled, facts = None, None
    teaching: tuple[Teaching, ...] = ()
    if track == "unlabelled-target":
        unlabelled = features[unlabelled_rows(samples, request.protocol, seed=request.seed)]
    elif track == "knowledge":
        country = country_of(samples.name)
        southern = country is not None and country.hemisphere == "south"
        facts = Target(samples.name, southern, request.first_day)
    elif track == "oracle":
        positions = class_positions(request.classes)
        parts = teaching_parts(samples, rows, request.classes, request.protocol, seed=request.seed)
        teaching = tuple(
            Teaching(features[teachers], positions[samples.labels[teachers]], asked)
            for teachers, asked in parts
        )
    return ShownTarget(track, len(request.classes), features[rows], unlabelled, facts, teaching)


def predict_target(method: Method, classifier: Classifier, shown: ShownTarget) -> Probabilities:
    """Return a classifier's probabilities for the scored samples of a target.

    Args:
        method: The method, for messages.
        classifier: Its classifier, fitted on the source; never changed.
        shown: What it is shown of the target.

    Returns:
        Probabilities [N, K].

    Raises:
        MethodError: If the classifier lacks what its track asks for, or answers wrongly.
        UnavailableError: If the method cannot work with what the target has to show.
    """
    lacks = f"{method.name} is on track {shown.track} but has no"
    if shown.unlabelled is not None:
        if not isinstance(classifier, Adaptable):
            raise MethodError(f"{lacks} adapt(x).")
        classifier = classifier.adapt(shown.unlabelled)
    elif shown.facts is not None:
        if not isinstance(classifier, Informed):
            raise MethodError(f"{lacks} inform(target).")
        classifier = classifier.inform(shown.facts)
    elif shown.track == "oracle":
        if not isinstance(classifier, Teachable):
            raise MethodError(f"{lacks} teach(x, y).")
        probabilities = np.zeros((len(shown.x), shown.classes), dtype=np.float32)
        for part in shown.teaching:
            taught = classifier.teach(part.x, part.y)
            probabilities[part.asked] = ask(taught, shown.x[part.asked], shown.classes)
        return probabilities
    return ask(classifier, shown.x, shown.classes)
