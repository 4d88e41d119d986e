"""Check the contract of a method, on made-up samples and in seconds."""

import gc
import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import BANDS
from benchmark.data.representations import Observations, represent
from benchmark.data.season import STEPS_PER_YEAR
from benchmark.errors import CropGlobeError, MethodError, UnavailableError
from benchmark.randomness import generator
from benchmark.task.card_requirements import METHOD_NAME, NAME_RULE, card_questions
from benchmark.task.code_fingerprint import defining_file
from benchmark.task.fitted_attributes import read_decision, read_fitted_attributes
from benchmark.task.method_lines import method_line
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
    ask,
)
from benchmark.task.metrics import Probabilities
from benchmark.task.protocol import Protocol, validate_protocol
from benchmark.task.tracks import KNOWLEDGE_TRACKS, SERIES_TRACKS

logger = logging.getLogger(__name__)

CLASSES: Final = ("corn", "rice", "other")

PER_CLASS: Final = 14
"""Samples of each class: ten for training, four for validation."""

TRAINING: Final = 10
"""Training samples of each class."""

TOLERANCE: Final = 1e-4
"""Largest change of a probability when other samples are predicted at the same time."""

DETERMINISTIC: Final = "deterministic=True,"
"""The line of a card that says that every seed gives the same predictions."""

Samples = tuple[Features, Labels]


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


@dataclass(frozen=True)
class Rule:
    """One rule of the contract, and whether a method keeps it.

    Attributes:
        title: The rule, in a sentence.
        status: Whether the method keeps it; without valid probabilities no further rule is tried.
        problem: How the method breaks it, in a sentence.
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
    trial = _Trial(method)
    rules: list[Rule] = []
    predicts = True
    for check, advice in ADVICE.items():
        if not predicts:
            rules.append(Rule(_title(check), "not tried"))
            continue
        try:
            check(trial)
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
            predicts = check is not _probabilities
        else:
            rules.append(Rule(_title(check), "passed"))
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
    trial = _Trial(method)
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


class _Trial:
    """A method, made-up samples in its representation, and one fit that the checks share."""

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

    @cached_property
    def classifier(self) -> Classifier:
        """The fitted classifier that the checks share."""
        return self.fit(seed=1)

    @cached_property
    def predictions(self) -> Probabilities:
        """Its predictions for the target."""
        return self.predict(self.classifier)

    def fit(self, seed: int) -> Classifier:
        """Return a classifier that was fitted with a seed."""
        context = Context(
            seed=seed,
            classes=CLASSES,
            protocol=self.protocol,
            device="cpu",
            bands=BANDS,
            sample_shape=self.training[0].shape[1:],
        )
        classifier = self.method.build(context)
        return classifier.fit(*self.training, validation=self.validation)

    def predict(self, classifier: Classifier, x: Features | None = None) -> Probabilities:
        """Return the predictions for samples x [N, ...], by default for the target."""
        return ask(classifier, self.target if x is None else x, len(CLASSES))

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


def _card(trial: _Trial) -> None:
    """The card says what it is, where it comes from, its licence and its pretraining."""
    if not METHOD_NAME.fullmatch(trial.method.name):
        raise trial.fail(f"has a name that `pack` refuses: {NAME_RULE}.")
    open_questions = list(card_questions(trial.method.card, trial.method.representation))
    if open_questions:
        raise trial.fail(f"is not described: its card {', '.join(open_questions)}.")


def _probabilities(trial: _Trial) -> None:
    """It trains, and predicts probabilities that have the right shape and sum to one."""
    trial.predict(trial.classifier, trial.training[0])


def _reports(trial: _Trial) -> None:
    """It reports its counts as whole numbers, its epochs as numbers by name, and a known device."""
    read_fitted_attributes(trial.classifier)


def _same_seed(trial: _Trial) -> None:
    """The same seed gives the same predictions."""
    x, y = trial.training
    before = x.copy(), y.copy()
    again = trial.predict(trial.fit(seed=1))
    if not np.array_equal(again, trial.predictions):
        most = float(np.abs(again - trial.predictions).max())
        raise trial.fail(f"predicts differently under the same seed (by up to {most:.2g}).")
    if not (np.array_equal(x, before[0]) and np.array_equal(y, before[1])):
        raise trial.fail("changes the samples that it is trained on.")


def _other_seed(trial: _Trial) -> None:
    """Another seed gives other predictions, unless the card says that it is deterministic."""
    differs = not np.array_equal(trial.predict(trial.fit(seed=2)), trial.predictions)
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


def _order(trial: _Trial) -> None:
    """The order of the samples does not change predictions."""
    order = generator(0, "order").permutation(len(trial.target))
    moved = trial.predict(trial.classifier, trial.target[order])
    if not np.allclose(moved, trial.predictions[order], atol=TOLERANCE):
        raise trial.fail("predicts differently when samples come in another order.")


def _single(trial: _Trial) -> None:
    """A single sample gets the prediction that it gets among others."""
    for row in range(2):
        alone = trial.predict(trial.classifier, trial.target[row : row + 1])
        if not np.allclose(alone, trial.predictions[row : row + 1], atol=TOLERANCE):
            raise trial.fail("predicts differently for a sample on its own.")


def _missing_values(trial: _Trial) -> None:
    """Missing values are refused."""
    broken = trial.target.copy()
    broken[0].flat[0] = np.nan
    try:
        trial.predict(trial.classifier, broken)
    except MethodError:
        return
    raise trial.fail("predicts for samples with missing values.")


def _memory(trial: _Trial) -> None:
    """A classifier that is no longer used is removed from memory."""
    classifier: Classifier | None = trial.fit(seed=3)
    assert classifier is not None
    trace = weakref.ref(classifier)
    del classifier
    gc.collect()
    if trace() is not None:
        raise trial.fail("keeps a fitted classifier alive after it is dropped: memory would grow.")


def _track(trial: _Trial) -> None:
    """It has what its track needs, and does not change when it is adapted to a target."""
    classifier, track = trial.classifier, trial.method.track
    changed: Classifier | None = None
    if track in KNOWLEDGE_TRACKS:
        if not isinstance(classifier, Informed):
            raise trial.fail(f"is on track {track} but has no inform(target).")
        changed = classifier.inform(Target("FRA", southern=False, first_day=0))
    if track in SERIES_TRACKS:
        adaptable = classifier if changed is None else changed
        if not isinstance(adaptable, Adaptable):
            raise trial.fail(f"is on track {track} but has no adapt(x).")
        changed = adaptable.adapt(trial.target)
        read_decision(changed)
    if track == "oracle":
        if not isinstance(classifier, Teachable):
            raise trial.fail(f"is on track {track} but has no teach(x, y).")
        some = trial.target_labels != 1
        changed = classifier.teach(trial.target[some], trial.target_labels[some])
    if changed is not None:
        trial.predict(changed)
        if not np.array_equal(trial.predict(classifier), trial.predictions):
            raise trial.fail("changes when it is adapted: return another classifier instead.")
        if not trial.method.card.extra_information:
            raise trial.fail(f"is on track {track} but its card names no extra information.")


ADVICE: Final[Mapping[Callable[[_Trial], None], str]] = MappingProxyType(
    {
        _card: "Rename the method before you run, since rows keep the name; fill in the Card of "
        "the file: docs/submit.md says what belongs there.",
        _probabilities: "fit(x, y, *, validation) returns self; predict_proba(x) returns an array "
        "[samples, classes] in the order of context.classes, without NaN.",
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


def _title(check: Callable[[_Trial], None]) -> str:
    return (check.__doc__ or check.__name__).strip().splitlines()[0]
