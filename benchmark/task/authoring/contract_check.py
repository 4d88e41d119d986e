"""The contract of a method, checked in seconds on made-up data: what the harness relies on."""

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
from benchmark.task.card_requirements import card_questions
from benchmark.task.fitted_attributes import read_fitted_attributes
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

logger = logging.getLogger(__name__)

CLASSES: Final = ("corn", "rice", "other")

PER_CLASS: Final = 14
"""Samples of each class: ten to train on, four to select by."""

TRAINING: Final = 10

TOLERANCE: Final = 1e-4
"""How far an answer may move when other samples are asked about at the same time."""

Samples = tuple[Features, Labels]


def tiny_protocol() -> Protocol:
    """Return a protocol with the smallest budget in which every part is used."""
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
    """One rule of the contract and how a method did.

    Attributes:
        title: The rule, in a sentence.
        status: Whether it is kept; what comes after a failed training is not tried.
        problem: How it is broken.
        advice: What to do.
    """

    title: str
    status: Literal["passed", "broken", "not tried"]
    problem: str = ""
    advice: str = ""


def try_rules(method: Method) -> tuple[Rule, ...]:
    """Try every rule of the contract, also after one was broken.

    Args:
        method: The method.

    Returns:
        The rules, in order.

    Raises:
        UnavailableError: If it lacks something here that it needs, such as weights.
    """
    trial = _Trial(method)
    rules: list[Rule] = []
    trained = True
    for check, advice in ADVICE.items():
        if not trained:
            rules.append(Rule(_title(check), "not tried"))
            continue
        try:
            check(trial)
        except UnavailableError:
            raise
        except (Exception, SystemExit) as error:
            # A stranger's method may raise anything, and the other rules are tried all the same.
            logger.debug("%s broke a rule", method.name, exc_info=True)
            said = isinstance(error, CropGlobeError)
            text = str(error) if said else f"{type(error).__name__}: {error}"
            rules.append(Rule(_title(check), "broken", text, advice))
            trained = check is _card or "classifier" in vars(trial)
        else:
            rules.append(Rule(_title(check), "passed"))
    return tuple(rules)


def check_method(method: Method) -> tuple[str, ...]:
    """Train a method on made-up samples and see that it keeps its contract.

    Args:
        method: The method.

    Returns:
        What was checked, in sentences.

    Raises:
        MethodError: If it breaks the contract; the message says how.
        UnavailableError: If it lacks something here that it needs, such as weights.
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
    """A method, made-up samples in its representation, and one fit of it that checks share."""

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
        """The method fitted once."""
        return self.fit(seed=1)

    @cached_property
    def answer(self) -> Probabilities:
        """Its answer about the target."""
        return self.ask(self.classifier)

    def fit(self, seed: int) -> Classifier:
        """Return the method fitted under a seed."""
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

    def ask(self, classifier: Classifier, x: Features | None = None) -> Probabilities:
        """Return the answer about the target, or about other samples."""
        return ask(classifier, self.target if x is None else x, len(CLASSES))

    def fail(self, sentence: str) -> MethodError:
        """Return the error to raise."""
        return MethodError(f"{self.method.name} {sentence}")


def made_up_samples() -> tuple[Observations, npt.NDArray[np.int64]]:
    """Return samples of three classes that differ in the day of their peak, and their labels."""
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
    open_questions = list(card_questions(trial.method.card, trial.method.representation))
    if open_questions:
        raise trial.fail(f"is not described: its card {', '.join(open_questions)}.")


def _probabilities(trial: _Trial) -> None:
    """It trains, and answers with probabilities that have the right shape and sum to one."""
    trial.ask(trial.classifier, trial.training[0])


def _reports(trial: _Trial) -> None:
    """What it tells of itself is whole numbers, numbers by name of each epoch, and a device."""
    read_fitted_attributes(trial.classifier)


def _same_seed(trial: _Trial) -> None:
    """The same seed gives the same answer."""
    x, y = trial.training
    before = x.copy(), y.copy()
    again = trial.ask(trial.fit(seed=1))
    if not np.array_equal(again, trial.answer):
        most = float(np.abs(again - trial.answer).max())
        raise trial.fail(f"answers differently under the same seed (by up to {most:.2g}).")
    if not (np.array_equal(x, before[0]) and np.array_equal(y, before[1])):
        raise trial.fail("changes the samples that it is trained on.")


def _other_seed(trial: _Trial) -> None:
    """Another seed gives another answer, unless the card says that there is none."""
    differs = not np.array_equal(trial.ask(trial.fit(seed=2)), trial.answer)
    if differs == trial.method.card.deterministic:
        raise trial.fail(
            "answers differently under another seed, but its card says that it is deterministic."
            if differs
            else "answers alike under another seed: use context.seed, or say so in its card."
        )


def _order(trial: _Trial) -> None:
    """The order of the samples and their company do not matter."""
    order = generator(0, "order").permutation(len(trial.target))
    moved = trial.ask(trial.classifier, trial.target[order])
    if not np.allclose(moved, trial.answer[order], atol=TOLERANCE):
        raise trial.fail("answers differently when samples come in another order.")


def _single(trial: _Trial) -> None:
    """A single sample gets the answer that it gets among others."""
    for row in range(2):
        alone = trial.ask(trial.classifier, trial.target[row : row + 1])
        if not np.allclose(alone, trial.answer[row : row + 1], atol=TOLERANCE):
            raise trial.fail("answers differently about a sample on its own.")


def _missing_values(trial: _Trial) -> None:
    """Missing values are refused."""
    broken = trial.target.copy()
    broken[0].flat[0] = np.nan
    try:
        trial.ask(trial.classifier, broken)
    except MethodError:
        return
    raise trial.fail("answers about samples with missing values.")


def _memory(trial: _Trial) -> None:
    """A classifier that is dropped is freed."""
    classifier: Classifier | None = trial.fit(seed=3)
    assert classifier is not None
    trace = weakref.ref(classifier)
    del classifier
    gc.collect()
    if trace() is not None:
        raise trial.fail("keeps a fitted classifier alive after it is dropped: memory would grow.")


def _track(trial: _Trial) -> None:
    """What is shown of a target fits the track, and leaves the classifier as it was."""
    classifier, track = trial.classifier, trial.method.track
    changed: Classifier | None = None
    if track == "unlabelled-target":
        if not isinstance(classifier, Adaptable):
            raise trial.fail(f"is on track {track} but has no adapt(x).")
        changed = classifier.adapt(trial.target)
    if track == "knowledge":
        if not isinstance(classifier, Informed):
            raise trial.fail(f"is on track {track} but has no inform(target).")
        changed = classifier.inform(Target("FRA", southern=False, first_day=0))
    if track == "oracle":
        if not isinstance(classifier, Teachable):
            raise trial.fail(f"is on track {track} but has no teach(x, y).")
        some = trial.target_labels != 1
        changed = classifier.teach(trial.target[some], trial.target_labels[some])
    if changed is not None:
        trial.ask(changed)
        if not np.array_equal(trial.ask(classifier), trial.answer):
            raise trial.fail("changes when it is adapted: return another classifier instead.")
        if not trial.method.card.extra_information:
            raise trial.fail(f"is on track {track} but its card names no extra information.")


ADVICE: Final[Mapping[Callable[[_Trial], None], str]] = MappingProxyType(
    {
        _card: "Fill in the Card of the file; docs/submit.md says what belongs there.",
        _probabilities: "fit(x, y, *, validation) returns self; predict_proba(x) returns an array "
        "[samples, classes] in the order of context.classes, without NaN.",
        _reports: "parameter_count_ and flops_per_sample_ are whole numbers, history_ is a list "
        "with a dict of numbers for each epoch; leave out what is not known.",
        _same_seed: "Draw all randomness from context.seed (benchmark.randomness.derive_seed), and "
        "copy samples before changing them.",
        _other_seed: "Use context.seed, or say deterministic=True in the card.",
        _order: "Let predict_proba treat each sample alone: no state, no statistics of the batch.",
        _single: "Let predict_proba treat each sample alone: statistics come from training.",
        _missing_values: "Leave missing values to the harness, which refuses them: raise, or let "
        "them reach the answer.",
        _memory: "Keep fitted state on self only, in no global list, cache or callback.",
        _track: "Offer what the track asks for, return another classifier from it, and name the "
        "extra information in the card.",
    }
)
"""What to do where a check fails. The first line of a check's docstring says what it sees to."""

CHECKS: Final = tuple(ADVICE)
"""The checks, in order."""


def _title(check: Callable[[_Trial], None]) -> str:
    return (check.__doc__ or check.__name__).strip().splitlines()[0]
