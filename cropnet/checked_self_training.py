"""Self-training that keeps its teacher's answers where the teacher has failed on the target."""

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmark.task.methods import (
    Card,
    Classifier,
    Features,
    Labels,
    Method,
    Target,
    Track,
)
from cropnet.adaptation import SelfTraining
from cropnet.area_statistics import crop_areas, why_not_allowed
from cropnet.ensembles import Ensemble
from cropnet.teacher_checks import Answers, Decision, limits, mean_agreement, why_failed
from cropnet.travelling import INVARIANT_PARAMETERS, VIEWS_PARAMETERS, trio

NOTES: Final = (
    "It adapts trio; in-domain it is not adapted. Its student is a trio too: six fits in all.",
    "Where the teacher has failed no student is trained, and the answers, so the scores, are those "
    "of trio under the same seed.",
    "Its limits are in cropnet/teacher_checks.yaml with their reasons.",
)


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    series = "the target's series, without labels"
    return (
        _method(
            "trio+checked-self-training",
            "unlabelled-target",
            CheckedSelfTraining,
            "trio trained again with its most confident predictions, unless its members' answers "
            "say that it has failed.",
            series,
        ),
        _method(
            "trio+informed-self-training",
            "knowledge-and-series",
            InformedSelfTraining,
            "trio trained again with its most confident predictions, unless its members or the "
            "target's crop areas say that it has failed.",
            series,
            "the target's published crop areas, as the simulator's calendars have them",
        ),
    )


def _method(name: str, track: Track, kind: type[SelfTraining], summary: str, *seen: str) -> Method:
    card = Card(
        summary=summary,
        reference="this project",
        licence="MIT",
        parameters=2 * INVARIANT_PARAMETERS + VIEWS_PARAMETERS,
        extra_information=seen,
        notes=NOTES,
    )
    return Method(
        name,
        "convolution",
        "median-year",
        partial(kind, build=trio),
        card,
        version=limits().version,
        track=track,
        released_division="undone",
    )


class CheckedSelfTraining(SelfTraining):
    """Class-balanced self-training that stops at its teacher if the teacher has failed.

    The teacher must be an ensemble, whose members' agreement needs no label (`why_failed`).
    """

    def adapt(self, x: Features) -> "Decided":
        """Return a student, or the teacher if it has failed on the target, with the decision.

        Args:
            x: Samples of the target [M, ...], without labels.
        """
        decision = self.decide(self.answers(x))
        return Decided(self.inner_ if decision.stopped else super().adapt(x), decision)

    def answers(self, x: Features) -> Answers:
        """Return what the teacher and its members answer on target samples x [M, ...]."""
        assert isinstance(self.inner_, Ensemble)
        classes = self.context.classes
        predicted = self.inner_.predict_proba(x).argmax(axis=1)
        counts = np.bincount(predicted, minlength=len(classes))
        _, _, (source, _) = self.source_
        return Answers(
            classes=classes,
            shares=counts / len(x),
            source_agreement=_agreement(self.inner_, source),
            target_agreement=_agreement(self.inner_, x),
        )

    def decide(self, answers: Answers) -> Decision:
        """Return whether self-training stops at the teacher that gives these answers."""
        why = why_failed(answers)
        return Decision(why is not None, why or "the members agree", answers)


class InformedSelfTraining(CheckedSelfTraining):
    """The same, whose teacher has also failed if its answers contradict published statistics."""

    target_: Target | None = None

    def inform(self, target: Target) -> "InformedSelfTraining":
        """Return a copy that judges the teacher by the statistics of a target, too."""
        informed = copy.copy(self)
        informed.target_ = target
        return informed

    def decide(self, answers: Answers) -> Decision:
        """Return whether self-training stops; without statistics, by the members alone."""
        decision = super().decide(answers)
        if decision.stopped or self.target_ is None:
            return decision
        domain = self.target_.domain
        areas: Mapping[str, float] | None = crop_areas(domain)
        if areas is None:
            return Decision(False, f"{decision.why}; no calendar of {domain} is stored", answers)
        why = why_not_allowed(answers.shares, answers.classes, areas, domain)
        allowed = f"{decision.why}, and the statistics of {domain} allow the answers"
        return Decision(why is not None, why or allowed, answers)


class Decided:
    """A classifier for one target.

    Attributes:
        classifier: The student, or the teacher.
        decision_: Which of them it is, and why.
    """

    def __init__(self, classifier: Classifier, decision: Decision) -> None:
        self.classifier = classifier
        self.decision_ = decision

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Decided":
        """Fit the classifier again on x [N, ...], y [N]."""
        self.classifier = self.classifier.fit(x, y, validation=validation)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the classifier's probabilities [N, K]."""
        return self.classifier.predict_proba(x)


def _agreement(teacher: Ensemble, x: Features) -> float:
    return mean_agreement([member.predict_proba(x).argmax(axis=1) for member in teacher.fitted_])
