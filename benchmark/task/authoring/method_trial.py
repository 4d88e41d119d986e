"""A method on trial: made-up samples, the smallest budget, and one fit that checks share."""

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import BANDS
from benchmark.data.representations import Observations, represent
from benchmark.data.season import STEPS_PER_YEAR
from benchmark.errors import MethodError
from benchmark.randomness import generator
from benchmark.task.methods import Classifier, Context, Features, Method, ask
from benchmark.task.metrics import Probabilities
from benchmark.task.protocol import Protocol, validate_protocol

CLASSES: Final = ("corn", "rice", "other")
"""Classes of the made-up samples; not in the order of the alphabet."""

PER_CLASS: Final = 14
"""Samples of each class: ten for training, four for validation."""

TRAINING: Final = 10
"""Training samples of each class."""


class Trial:
    """A method, made-up samples in its representation, and one fit that all checks share.

    Args:
        method: The method.
    """

    def __init__(self, method: Method) -> None:
        self.method = method
        observations, labels = made_up_samples()
        features = represent(observations, method.representation)
        order = np.argsort(np.arange(len(labels)) % PER_CLASS, kind="stable")
        cut = TRAINING * len(CLASSES)
        self.training = features[order[:cut]], labels[order[:cut]]
        self.validation = features[order[cut:]], labels[order[cut:]]
        self.target = (self.validation[0] * np.float32(0.9)).astype(np.float32)
        self.target_labels = self.validation[1]
        self.protocol = tiny_protocol()
        self.overwritten: set[str] = set()
        """Functions of the method that changed the arrays that they were given."""

    @cached_property
    def classifier(self) -> Classifier:
        """The fitted classifier that the checks share."""
        return self.fit(seed=1)

    @cached_property
    def predictions(self) -> Probabilities:
        """Its predictions for the target."""
        return self.predict(self.classifier)

    def build(self, seed: int) -> Classifier:
        """Return a classifier that is not fitted, with a seed."""
        context = Context(
            seed=seed,
            classes=CLASSES,
            protocol=self.protocol,
            device="cpu",
            bands=BANDS,
            sample_shape=self.training[0].shape[1:],
        )
        return self.method.build(context)

    def fit(self, seed: int) -> Classifier:
        """Return a classifier that was fitted with a seed."""
        x, y = self.training[0].copy(), self.training[1].copy()
        held_x, held_y = self.validation[0].copy(), self.validation[1].copy()
        fitted = self.build(seed).fit(x, y, validation=(held_x, held_y))
        features = zip((x, held_x), (self.training[0], self.validation[0]), strict=True)
        labels = zip((y, held_y), (self.training[1], self.validation[1]), strict=True)
        same = [np.array_equal(given, own) for given, own in features]
        same += [np.array_equal(given, own) for given, own in labels]
        if not all(same):
            self.overwritten.add("fit")
        return fitted

    def predict(self, classifier: Classifier, x: Features | None = None) -> Probabilities:
        """Return the predictions for samples x [N, ...], by default for the target."""
        asked = self.target if x is None else x
        given = asked.copy()
        predictions = ask(classifier, given, len(CLASSES))
        if not np.array_equal(given, asked):
            self.overwritten.add("predict_proba")
        return predictions

    def fail(self, sentence: str) -> MethodError:
        """Return an error about the method; the sentence continues its name."""
        return MethodError(f"{self.method.name} {sentence}")


def made_up_samples() -> tuple[Observations, npt.NDArray[np.int64]]:
    """Return samples of three classes with different days of the peak, and their labels [N]."""
    random = generator(0, "check")
    labels = np.repeat(np.arange(len(CLASSES)), PER_CLASS)
    peak = np.array([36, 44, 52])[labels]
    bump = np.exp(-0.5 * np.square((np.arange(STEPS_PER_YEAR) - peak[:, None]) / 5))
    gain = np.linspace(0.2, 0.5, len(BANDS))[:, None]
    vectors = (np.eye(len(CLASSES), 64)[labels] + random.normal(0, 0.3, (len(labels), 64))).astype(
        np.float32
    )
    noise = random.normal(0, 0.05, (len(labels), len(BANDS), STEPS_PER_YEAR))
    series = np.clip(0.1 + gain * bump[:, None, :] + noise, 0, 1).astype(np.float32)
    observations = Observations(
        domain="FRA",
        series=series,
        bands=BANDS,
        sample_ids=np.array([f"FRA:{row}" for row in range(len(labels))]),
        longitude=random.uniform(0, 5, len(labels)),
        latitude=random.uniform(44, 50, len(labels)),
        stored=lambda _name: vectors,
    )
    return observations, labels.astype(np.int64)


def tiny_protocol() -> Protocol:
    """Return a protocol with the smallest budget that still uses every part of a method."""
    return validate_protocol(
        {
            "name": "check",
            "seeds": [0],
            "held_out_fraction": 0.2,
            "validation_fraction": 0.2,
            "max_source_samples": 200,
            "minimum_class_samples": 2,
            "device": "cpu",
            "network": {"epochs": 1, "batch_size": 10, "learning_rate": 0.001},
            "trees": {"forest": 20, "boosting_rounds": 5, "early_stopping_rounds": 2},
        },
        where="the protocol of the check",
    )
