"""Ask a fitted classifier about a target, showing it what its track allows and no more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import country_of
from benchmark.errors import MethodError
from benchmark.task.methods import (
    Adaptable,
    Classifier,
    Features,
    Informed,
    Method,
    Target,
    Teachable,
    ask,
)
from benchmark.task.metrics import Probabilities
from benchmark.task.preparation import Rows, class_positions
from benchmark.task.protocol import Protocol
from benchmark.task.target_parts import teaching_parts, unlabelled_rows


@dataclass(frozen=True)
class PredictionRequest:
    """What a classifier is asked about a target.

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


def predict_target(
    method: Method, classifier: Classifier, question: PredictionRequest
) -> Probabilities:
    """Return a classifier's probabilities for the scored samples of a target.

    Args:
        method: The method, for its track.
        classifier: Its classifier, fitted on the source; never changed.
        question: What it is asked.

    Returns:
        Probabilities [len(rows), len(classes)].

    Raises:
        MethodError: If the classifier lacks what its track asks for, or answers wrongly.
        UnavailableError: If the target has no samples to show it.
    """
    features, samples = question.features, question.samples
    if method.track == "unlabelled-target":
        if not isinstance(classifier, Adaptable):
            raise MethodError(f"{method.name} is on track {method.track} but has no adapt(x).")
        classifier = classifier.adapt(
            features[unlabelled_rows(samples, question.protocol, seed=question.seed)]
        )
    elif method.track == "knowledge":
        if not isinstance(classifier, Informed):
            raise MethodError(
                f"{method.name} is on track {method.track} but has no inform(target)."
            )
        country = country_of(samples.name)
        southern = country is not None and country.hemisphere == "south"
        classifier = classifier.inform(Target(samples.name, southern, question.first_day))
    elif method.track == "oracle":
        return _taught(method, classifier, question)
    return ask(classifier, features[question.rows], len(question.classes))


def _taught(method: Method, classifier: Classifier, question: PredictionRequest) -> Probabilities:
    if not isinstance(classifier, Teachable):
        raise MethodError(f"{method.name} is on track {method.track} but has no teach(x, y).")
    features, samples, rows = question.features, question.samples, question.rows
    classes = question.classes
    positions = class_positions(classes)
    probabilities = np.zeros((len(rows), len(classes)), dtype=np.float32)
    parts = teaching_parts(samples, rows, classes, question.protocol, seed=question.seed)
    for teachers, asked in parts:
        taught = classifier.teach(features[teachers], positions[samples.labels[teachers]])
        probabilities[asked] = ask(taught, features[rows[asked]], len(classes))
    return probabilities
