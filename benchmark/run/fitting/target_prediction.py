"""Select the part of a target that a classifier may see, and predict with it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import country_of
from benchmark.errors import MethodError, UnavailableError
from benchmark.randomness import generator
from benchmark.task.fitted_attributes import Decision, read_decision
from benchmark.task.methods import (
    Adaptable,
    Classifier,
    Features,
    Informed,
    Labels,
    Method,
    Target,
    Teachable,
    ask,
)
from benchmark.task.metrics import Probabilities
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import class_positions
from benchmark.task.samples.sample_division import Rows
from benchmark.task.samples.target_parts import teaching_parts, unlabelled_rows
from benchmark.task.tracks import KNOWLEDGE_TRACKS, SERIES_TRACKS, Track

PROBED: Final = 16
"""Samples of a target that a method is asked a second time, to see whether it answers the same."""

SIMILAR_ANSWER: Final = 0.05
"""Largest change of a probability by the rounding of another batch, in half precision too."""

SAME_QUESTION: Final = 1e-3
"""Largest change of a probability when the very same samples are asked again."""

CHANGED_SHARE: Final = 0.125
"""Largest share of the samples asked again whose answer may change by more."""


@dataclass(frozen=True)
class PredictionRequest:
    """A target with its labels, as the harness has it.

    Attributes:
        features: Features of all samples of the target [N, ...].
        samples: The samples. Only methods of the oracle track get their labels.
        rows: Rows that are scored.
        classes: Class indices that are learned from the source, in the order of the columns.
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
        y: Their labels [M], as indices of the learned classes.
        asked: Positions of the predicted samples among the scored samples [P].
    """

    x: Features
    y: Labels
    asked: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ShownTarget:
    """The part of a target that a method gets: only what its track allows.

    Attributes:
        track: The track.
        classes: Number of classes K.
        x: The scored samples [N, ...].
        unlabelled: Samples to adapt to [M, ...], only on the `SERIES_TRACKS`, in an order of their
            own.
        facts: Public knowledge of the target, only on the `KNOWLEDGE_TRACKS`.
        teaching: Labelled samples, only on the track ``oracle``.
    """

    track: Track
    classes: int
    x: Features
    unlabelled: Features | None = None
    facts: Target | None = None
    teaching: tuple[Teaching, ...] = ()


def require_unknown_answers(track: Track, *, simulated: bool) -> None:
    """Refuse methods whose public knowledge of a target holds its answers.

    Args:
        track: Track of the method.
        simulated: Whether the targets are simulated.

    Raises:
        UnavailableError: If the method knows calendars from which the targets were made.
    """
    if simulated and track in KNOWLEDGE_TRACKS:
        raise UnavailableError(
            "Simulated targets are made from the calendars that this method uses: run it on real "
            "data."
        )


def show_target(track: Track, request: PredictionRequest) -> ShownTarget:
    """Select the part of a target that a track allows a method to see.

    Args:
        track: The track.
        request: The target.

    Returns:
        Copies of arrays. Only on the track ``oracle`` they include labels.

    Raises:
        UnavailableError: If the target has no samples to show.
    """
    features, samples, rows = request.features, request.samples, request.rows
    unlabelled, facts = None, None
    teaching: tuple[Teaching, ...] = ()
    if track in SERIES_TRACKS:
        drawn = unlabelled_rows(samples, request.protocol, seed=request.seed)
        unlabelled = features[drawn[_unknown_order(request, drawn)]]
    if track in KNOWLEDGE_TRACKS:
        country = country_of(samples.name)
        southern = country is not None and country.hemisphere == "south"
        facts = Target(samples.name, southern, request.first_day)
    if track == "oracle":
        positions = class_positions(request.classes)
        parts = teaching_parts(samples, rows, request.classes, request.protocol, seed=request.seed)
        teaching = tuple(
            Teaching(features[learned], positions[samples.labels[learned]], asked)
            for learned, asked in parts
        )
    return ShownTarget(track, len(request.classes), features[rows], unlabelled, facts, teaching)


def without_file_order(
    request: PredictionRequest,
) -> tuple[PredictionRequest, npt.NDArray[np.int64]]:
    """Return a request whose scored samples are in an order that says nothing of their labels.

    A file may be sorted by crop, so that places alone would give labels away.

    Args:
        request: A target.

    Returns:
        The target, and the place in the first request of each of its scored samples [N].
    """
    order = _unknown_order(request, request.rows)
    return replace(request, rows=request.rows[order]), order


def _unknown_order(request: PredictionRequest, rows: Rows) -> npt.NDArray[np.int64]:
    """Return an order that is the same in every run, and that a method cannot compute.

    The hash of the series needs the order of the file. Labels would serve too, but predictions must
    not depend on them. Ids would not serve: they are often row numbers.
    """
    first_band = np.ascontiguousarray(request.samples.series[rows, 0])
    series = hashlib.sha256(first_band.data).hexdigest()
    drawn = generator(request.seed, "order", series).permutation(len(rows))
    return drawn.astype(np.int64)


@dataclass(frozen=True)
class TargetPrediction:
    """What a method predicted on a target.

    Attributes:
        probabilities: Probability of each class for the scored samples [N, K].
        classifier: The classifier that was asked last: the fitted one, or that of the target.
        asked: Positions of the scored samples that it was asked together [P].
        decision: What the method decided on the target, if it reports that.
    """

    probabilities: Probabilities
    classifier: Classifier
    asked: npt.NDArray[np.int64]
    decision: Decision | None = None


def predict_target(method: Method, classifier: Classifier, shown: ShownTarget) -> TargetPrediction:
    """Return a classifier's probabilities for the scored samples of a target.

    Args:
        method: The method, for messages.
        classifier: Its classifier, fitted on the source. It is not changed.
        shown: The part of the target that it may see.

    Returns:
        The probabilities, and who gave them.

    Raises:
        MethodError: If the classifier lacks a function that its track needs, returns no
            classifier or probabilities, or reports a decision of another form.
        UnavailableError: If the method needs something for this target that is missing.
    """
    decision: Decision | None = None
    lacks = f"{method.name} is on track {shown.track} but has no"
    if shown.facts is not None:
        if not isinstance(classifier, Informed):
            raise MethodError(f"{lacks} inform(target).")
        classifier = _returned(method, "inform(target)", classifier.inform(shown.facts))
    if shown.unlabelled is not None:
        if not isinstance(classifier, Adaptable):
            raise MethodError(f"{lacks} adapt(x).")
        classifier = _returned(method, "adapt(x)", classifier.adapt(shown.unlabelled))
        decision = read_decision(classifier)
    if shown.track == "oracle":
        if not isinstance(classifier, Teachable):
            raise MethodError(f"{lacks} teach(x, y).")
        taught = classifier
        probabilities = np.zeros((len(shown.x), shown.classes), dtype=np.float32)
        asked = np.arange(0)
        for part in shown.teaching:
            classifier = _returned(method, "teach(x, y)", taught.teach(part.x, part.y))
            asked = part.asked
            probabilities[asked] = ask(classifier, shown.x[asked], shown.classes)
        return TargetPrediction(probabilities, classifier, asked, decision)
    probabilities = ask(classifier, shown.x, shown.classes)
    return TargetPrediction(probabilities, classifier, np.arange(len(shown.x)), decision)


def _returned(method: Method, function: str, given: Classifier | None) -> Classifier:
    """Return what a function of a classifier gave; refuse nothing, as of a forgotten return."""
    if given is None:
        raise MethodError(f"{method.name} returns NoneType from {function}: return a classifier.")
    return given


def require_each_alone(
    method: Method, predicted: TargetPrediction, shown: ShownTarget, *, overwritten: bool = False
) -> None:
    """Refuse a method whose answers for a sample depend on the samples beside it.

    Such a method sees more of a target than its track says, and its score would depend on how many
    samples are scored. The samples that are most alike by its own answers are asked again without
    the others: their statistics differ most from those of all. A method that also changes its
    answers to the same question draws them at random or keeps something of what it was asked.

    Args:
        method: The method, for messages.
        predicted: What it predicted.
        shown: The part of the target that it was shown.
        overwritten: Whether it has changed the samples of that part in place.

    Raises:
        MethodError: If it answers otherwise.
    """
    given = predicted.probabilities[predicted.asked]
    if len(given) < 2:
        return
    most_alike = np.argsort(-given[:, given.mean(axis=0).argmax()], kind="stable")
    few = predicted.asked[most_alike[: min(PROBED, len(given) // 2)]]
    again = ask(predicted.classifier, shown.x[few], shown.classes)
    changes = _changes(predicted.probabilities[few], again)
    if not _differ(changes):
        return
    once_more = ask(predicted.classifier, shown.x[few], shown.classes)
    advice = ": let predict_proba treat each sample alone, without statistics of those beside it."
    if overwritten:
        advice = ", since predict_proba changes x in place: copy x before it is changed."
    elif (_changes(again, once_more) > SAME_QUESTION).any():
        advice = (
            ", and otherwise again when they are asked once more: let predict_proba draw nothing "
            "at random and keep nothing of what it was asked."
        )
    raise MethodError(
        f"{method.name} answers otherwise for {(changes > SIMILAR_ANSWER).sum()} of {len(few)} "
        f"samples when they are asked without the others (by up to {changes.max():.2f}){advice}"
    )


def _changes(one: Probabilities, other: Probabilities) -> npt.NDArray[np.float64]:
    """Return the largest change of each sample's probabilities [N]."""
    changed: npt.NDArray[np.float64] = np.abs(one.astype(np.float64) - other).max(axis=1)
    return changed


def _differ(changes: npt.NDArray[np.float64]) -> bool:
    return bool((changes > SIMILAR_ANSWER).mean() > CHANGED_SHARE)
