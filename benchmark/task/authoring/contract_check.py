"""Check the contract of a method, on made-up samples and in seconds."""

import gc
import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import permutations
from types import MappingProxyType
from typing import Final, Literal

import numpy as np

from benchmark.errors import CropGlobeError, MethodError, UnavailableError
from benchmark.randomness import generator
from benchmark.task.authoring.method_trial import CLASSES, Trial
from benchmark.task.card_requirements import submission_questions
from benchmark.task.code_fingerprint import defining_file
from benchmark.task.fitted_attributes import read_decision, read_fitted_attributes
from benchmark.task.method_lines import method_line
from benchmark.task.methods import Adaptable, Classifier, Informed, Method, Target, Teachable
from benchmark.task.metrics import Probabilities
from benchmark.task.tracks import KNOWLEDGE_TRACKS, SERIES_TRACKS, TRACKS, Track

logger = logging.getLogger(__name__)

TOLERANCE: Final = 1e-4
"""Largest change of a probability when other samples are predicted at the same time."""

TOLD_APART: Final = 0.8
"""Share of the training samples that a method has right once it has learned its classes."""

DISORDER: Final = 0.3
"""How much larger that share is in another order of the columns, if theirs is not the right one."""

DETERMINISTIC: Final = "deterministic=True,"
"""The line of a card that says that every seed gives the same predictions."""


@dataclass(frozen=True)
class Rule:
    """One rule of the contract, and whether a method keeps it.

    Attributes:
        title: The rule, in a sentence.
        status: Whether the method keeps it; without valid probabilities no further rule is tried.
        problem: How the method breaks it, in a sentence; if it keeps it, what its author should
            know nevertheless.
        advice: What the author can do.
    """

    title: str
    status: Literal["passed", "broken", "not tried"]
    problem: str = ""
    advice: str = ""


def try_rules(method: Method) -> tuple[Rule, ...]:
    """Check every rule of the contract; go on after a broken rule, if it predicts probabilities.

    Args:
        method: The method.

    Returns:
        The rules, in order.

    Raises:
        UnavailableError: If the method needs something that this machine lacks, such as weights.
    """
    trial = Trial(method)
    rules: list[Rule] = []
    predicts = True
    for check, advice in ADVICE.items():
        if not predicts:
            rules.append(Rule(_title(check), "not tried"))
            continue
        try:
            note = check(trial)
        except UnavailableError:
            raise
        except (Exception, SystemExit) as error:
            # A method may raise any error; the other rules are still checked.
            logger.debug("%s broke a rule", method.name, exc_info=True)
            said = isinstance(error, CropGlobeError)
            place = None if said else method_line(error)
            where = "" if place is None else f" ({place[0]}:{place[1]})"
            text = str(error) if said else f"{type(error).__name__}: {error}{where}"
            rules.append(Rule(_title(check), "broken", text, advice))
            predicts = check not in (_built, _fitted, _probabilities)
        else:
            rules.append(Rule(_title(check), "passed", note or ""))
    return tuple(rules)


def check_method(method: Method) -> tuple[str, ...]:
    """Train a method on made-up samples and check its contract; stop at the first broken rule.

    Args:
        method: The method.

    Returns:
        The rules that were checked, in sentences.

    Raises:
        MethodError: If the method breaks a rule. The message says how.
        UnavailableError: If the method needs something that this machine lacks, such as weights.
    """
    trial = Trial(method)
    done = []
    for check in CHECKS:
        try:
            check(trial)
        except CropGlobeError:
            raise
        except Exception as error:
            raise MethodError(
                f"{method.name}: {_title(check)} failed with {type(error).__name__}: {error}"
            ) from error
        done.append(_title(check))
    return tuple(done)


def _card(trial: Trial) -> None:
    """The card says what it is, where it comes from, its licence and its pretraining."""
    questions = list(submission_questions(trial.method))
    if questions:
        raise trial.fail(f"{' and '.join(questions)}.")


def _built(trial: Trial) -> None:
    """It is built from a context alone."""
    built: object = trial.build(seed=1)
    if not callable(getattr(built, "fit", None)):
        raise trial.fail(f"returns {type(built).__name__} from build: return a classifier.")


def _fitted(trial: Trial) -> None:
    """It is fitted on series, labels and validation samples."""
    if not _predicts(trial.classifier):
        raise trial.fail(f"returns {type(trial.classifier).__name__} from fit: return self.")


def _probabilities(trial: Trial) -> None:
    """It predicts probabilities that have the right shape and sum to one."""
    trial.predict(trial.classifier, trial.training[0])


def _columns(trial: Trial) -> None:
    """Its columns are in the order of the classes."""
    x, y = trial.training
    best = trial.predict(trial.classifier, x).argmax(axis=1)
    right = {
        order: float(np.mean(np.asarray(order)[best] == y))
        for order in permutations(range(len(CLASSES)))
    }
    given, order = right[tuple(range(len(CLASSES)))], max(right, key=lambda each: right[each])
    if right[order] >= TOLD_APART and right[order] - given >= DISORDER:
        seems = ", ".join(CLASSES[position] for position in order)
        raise trial.fail(
            f"has {given:.0%} of its own training samples right, and {right[order]:.0%} if its "
            f"columns are taken as {seems}; the classes are {', '.join(CLASSES)}."
        )


def _reports(trial: Trial) -> None:
    """It reports its counts as whole numbers, its epochs as numbers by name, and a known device."""
    read_fitted_attributes(trial.classifier)


def _same_seed(trial: Trial) -> None:
    """The same seed gives the same predictions."""
    again = trial.predict(trial.fit(seed=1))
    if trial.overwritten:
        where = " and in ".join(sorted(trial.overwritten))
        raise trial.fail(f"changes the samples that it is given in {where}: copy them before.")
    if not np.array_equal(again, trial.predictions):
        most = float(np.abs(again - trial.predictions).max())
        raise trial.fail(f"predicts differently under the same seed (by up to {most:.2g}).")


def _other_seed(trial: Trial) -> None:
    """Another seed gives other predictions, unless the card says that it is deterministic."""
    other = trial.fit(seed=2)
    differs = not np.array_equal(trial.predict(other), trial.predictions)
    if not differs and trial.method.track != "inductive":
        one, two = (trial.predict(_shown(trial, each)) for each in (trial.classifier, other))
        differs = not np.array_equal(one, two)  # what is shown may be all that it draws from
    if differs != trial.method.card.deterministic:
        return
    card = f"Card(...) in {defining_file(trial.method.build) or 'the file of the method'}"
    raise trial.fail(
        "predicts differently under another seed, but its card says that it is deterministic: "
        f"remove the line `{DETERMINISTIC}` from {card}."
        if differs
        else "predicts alike under another seed: use context.seed or, if it draws nothing at "
        f"random, add the line `{DETERMINISTIC}` to {card}."
    )


def _order(trial: Trial) -> None:
    """The order of the samples does not change predictions."""
    order = generator(0, "order").permutation(len(trial.target))
    moved = trial.predict(trial.classifier, trial.target[order])
    if not np.allclose(moved, trial.predictions[order], atol=TOLERANCE):
        raise trial.fail("predicts differently when samples come in another order.")


def _single(trial: Trial) -> None:
    """A single sample gets the prediction that it gets among others."""
    for row in range(2):
        alone = trial.predict(trial.classifier, trial.target[row : row + 1])
        if not np.allclose(alone, trial.predictions[row : row + 1], atol=TOLERANCE):
            raise trial.fail("predicts differently for a sample on its own.")


def _missing_values(trial: Trial) -> None:
    """Missing values are refused."""
    broken = trial.target.copy()
    broken[0].flat[0] = np.nan
    try:
        trial.predict(trial.classifier, broken)
    except MethodError:
        return
    raise trial.fail("predicts for samples with missing values.")


def _memory(trial: Trial) -> None:
    """A classifier that is no longer used is removed from memory."""
    classifier: Classifier | None = trial.fit(seed=3)
    assert classifier is not None
    trace = weakref.ref(classifier)
    del classifier
    gc.collect()
    if trace() is not None:
        raise trial.fail("keeps a fitted classifier alive after it is dropped: memory would grow.")


def _track(trial: Trial) -> str | None:
    """It has what its track needs, and does not change when it is adapted to a target."""
    classifier = trial.classifier
    if trial.method.track != "inductive":
        changed = _shown(trial, classifier)
        predictions = trial.predict(changed)
        if not np.array_equal(trial.predict(classifier), trial.predictions):
            raise trial.fail("changes when it is adapted: return another classifier instead.")
        if not trial.method.card.extra_information:
            raise trial.fail(
                f"is on track {trial.method.track} but its card names no extra information."
            )
        _require_steady(trial, changed, predictions)
    return _unused(trial)


def _shown(trial: Trial, classifier: Classifier) -> Classifier:
    """Return the classifier that a track makes of a fitted one, as a run does for each target."""
    track = trial.method.track
    changed = classifier
    if track in KNOWLEDGE_TRACKS:
        if not isinstance(changed, Informed):
            raise trial.fail(f"is on track {track} but has no inform(target).")
        target = Target("FRA", southern=False, first_day=0)
        changed = _returned(trial, "inform(target)", changed.inform(target))
    if track in SERIES_TRACKS:
        if not isinstance(changed, Adaptable):
            raise trial.fail(f"is on track {track} but has no adapt(x).")
        changed = _returned(trial, "adapt(x)", changed.adapt(trial.target.copy()))
        read_decision(changed)
    if track == "oracle":
        if not isinstance(changed, Teachable):
            raise trial.fail(f"is on track {track} but has no teach(x, y).")
        some = trial.target_labels != 1
        taught = changed.teach(trial.target[some], trial.target_labels[some])
        changed = _returned(trial, "teach(x, y)", taught)
    return changed


def _require_steady(trial: Trial, changed: Classifier, predictions: Probabilities) -> None:
    """Check that what a track makes of a classifier keeps the rules for predictions, too.

    Args:
        trial: The trial.
        changed: The classifier of a target.
        predictions: Its predictions [N, K] for the target.

    Raises:
        MethodError: If it does not.
    """
    again = trial.predict(_shown(trial, trial.classifier))
    if not np.array_equal(again, predictions):
        most = float(np.abs(again - predictions).max())
        raise trial.fail(
            f"predicts differently when it is shown the same target again (by up to {most:.2g}): "
            "draw all randomness from context.seed."
        )
    for order in (generator(0, "order").permutation(len(trial.target)), np.arange(1)):
        moved = trial.predict(changed, trial.target[order])
        if not np.allclose(moved, predictions[order], atol=TOLERANCE):
            raise trial.fail(
                "predicts differently for samples in another order or on their own, once it has "
                "been shown a target: let predict_proba treat each sample alone."
            )


def _predicts(found: object) -> bool:
    return callable(getattr(found, "predict_proba", None))


def _returned(trial: Trial, function: str, found: Classifier) -> Classifier:
    """Return what a function of a track returned; check that it is a classifier."""
    if not _predicts(found):
        raise trial.fail(f"returns {type(found).__name__} from {function}: return a classifier.")
    return found


def _unused(trial: Trial) -> str | None:
    """Say which functions of a method its track never calls, and which track would."""
    track = trial.method.track
    has = {
        function: tracks
        for function, (ability, tracks) in FUNCTIONS.items()
        if isinstance(trial.classifier, ability)
    }
    unused = [function for function, tracks in has.items() if track not in tracks]
    if not unused:
        return None
    calls = {each: [function for function in has if each in has[function]] for each in TRACKS}
    better = max(
        (each for each in TRACKS if {*calls[each]} & {*unused} and calls[each] == _calls(each)),
        key=lambda each: len(calls[each]),
    )
    they, are = ("they", "are") if len(unused) > 1 else ("it", "is")
    return (
        f"It has {' and '.join(unused)}, which its track {track} never calls; if {they} {are} to "
        f"be called, say Method(..., track={better!r})."
    )


def _calls(track: Track) -> list[str]:
    """Return the functions that a track calls."""
    return [function for function, (_, tracks) in FUNCTIONS.items() if track in tracks]


FUNCTIONS: Final[Mapping[str, tuple[type, frozenset[Track]]]] = MappingProxyType(
    {
        "inform(target)": (Informed, KNOWLEDGE_TRACKS),
        "adapt(x)": (Adaptable, SERIES_TRACKS),
        "teach(x, y)": (Teachable, frozenset({"oracle"})),
    }
)
"""What a classifier may have beside fit and predict_proba, and the tracks that call it."""

ADVICE: Final[Mapping[Callable[[Trial], str | None], str]] = MappingProxyType(
    {
        _card: "Rename the method before you run, since rows keep the name; fill in the Card of "
        "the file: docs/submit.md says what belongs there.",
        _built: "Let build need nothing but a Context, which has the seed, the classes, the shape "
        "of a sample and the protocol; it returns a classifier with fit and predict_proba.",
        _fitted: "fit(x, y, *, validation) returns self; x and the first of validation are float32 "
        "arrays [samples, ...], y and the second are positions in context.classes, int64.",
        _probabilities: "predict_proba(x) takes float32 [samples, ...] and returns an array "
        "[samples, classes] in the order of context.classes, without NaN.",
        _columns: "Column k of predict_proba is the probability of context.classes[k], label k. "
        "Learn from y as it is: scikit-learn puts the columns of labels as text in the order of "
        "the alphabet.",
        _reports: "parameter_count_ and flops_per_sample_ are whole numbers, history_ is a list "
        "with a dict of numbers for each epoch; leave out what is not known.",
        _same_seed: "Draw all randomness from context.seed (benchmark.randomness.derive_seed), and "
        "copy samples before you change them.",
        _other_seed: "The seed changes the predictions of every method but those whose card says "
        "that they are deterministic.",
        _order: "Let predict_proba treat each sample alone: no state, no statistics of the batch.",
        _single: "Let predict_proba treat each sample alone: statistics come from training.",
        _missing_values: "Leave missing values to the harness, which refuses them: raise an error, "
        "or return NaN for such samples.",
        _memory: "Keep fitted state on self only, not in a global list, cache or callback.",
        _track: "Add the function that the track needs, return another classifier from it, and "
        "name the extra information in the card.",
    }
)
"""What an author can do when a check fails. The first line of a check's docstring is its rule."""

CHECKS: Final = tuple(ADVICE)
"""The checks, in order."""


def _title(check: Callable[[Trial], str | None]) -> str:
    return (check.__doc__ or check.__name__).strip().splitlines()[0]
