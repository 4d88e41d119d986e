"""Every registered method keeps its contract, and the checker notices those that do not."""

import copy
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from benchmark.data.hub.weights import WEIGHTS_VARIABLE
from benchmark.errors import MethodError, UnavailableError
from benchmark.task.authoring.contract_check import CHECKS, check_method, try_rules
from benchmark.task.methods import Card, Context, Method, registry

DEAR = (
    "cropnet.aug.x5",
    "duo+self-training",
    "trio+checked-self-training",
    "cropnet.aug.20-shot",
    "cropnet.aug.100-shot",
    "cropnet.scale",
    "cropnet.warp",
    "vit.aug",
    "temporal-transformer.aug",
    "inception-time.aug",
)
"""Methods whose code a cheaper or quicker method tries as well."""


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Batches of ten are slower on two threads, and much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def every_method() -> list[object]:
    return [
        pytest.param(name, marks=[pytest.mark.slow] if name in DEAR else [])
        for name in registry().all()
    ]


@pytest.mark.parametrize("name", every_method())
def test_contract(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if WEIGHTS_VARIABLE not in os.environ:
        shared = Path(__file__).parents[5] / "shared" / "weights"
        monkeypatch.setenv(WEIGHTS_VARIABLE, str(shared))
    try:
        assert len(check_method(registry().get(name))) == len(CHECKS)
    except UnavailableError as error:
        pytest.skip(str(error))


class Honest:
    """Learns the mean of each class, with a little seeded noise."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.calls = 0

    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        noise = np.random.default_rng(self.context.seed).normal(0, 1e-2, x[0].shape)
        self.means_ = np.stack([x[y == k].mean(axis=0) + noise for k in range(3)])
        return self

    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        axes = tuple(range(2, x.ndim + 1))
        scores = -np.square(x[:, None] - self.means_).sum(axis=axes)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


class Told(Honest):
    def inform(self, target):  # type: ignore[no-untyped-def]
        return self


class Mumbling(Honest):
    def adapt(self, x):  # type: ignore[no-untyped-def]
        adapted = copy.copy(self)
        adapted.decision_ = "stopped"
        return adapted


class Unseeded(Honest):
    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        super().fit(x, y, validation=validation)
        self.means_ += np.random.normal(0, 0.1, x[0].shape)  # noqa: NPY002
        return self


class Deaf(Honest):
    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        self.context = replace(self.context, seed=0)
        return super().fit(x, y, validation=validation)


class Transductive(Honest):
    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        return super().predict_proba(x - x.mean(axis=0))


class Ordered(Honest):
    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        answer = super().predict_proba(x)
        answer[0] = [1, 0, 0]
        return answer


class Logits(Honest):
    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        return np.log(super().predict_proba(x))


class Scribbler(Honest):
    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        super().fit(x, y, validation=validation)
        x -= 1e-6
        return self


class Overwriting(Honest):
    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        x *= 0.5
        return super().predict_proba(x)


class Wordy(Honest):
    history_ = ({"epoch": 1, "validation": None},)


class Alphabetical(Honest):
    """Puts its columns in the order in which scikit-learn puts classes that are texts."""

    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        return super().predict_proba(x)[:, np.argsort(self.context.classes)]


class Ignorant(Honest):
    def predict_proba(self, x):  # type: ignore[no-untyped-def]
        scale = 1 + 1e-3 * self.context.seed  # another answer for another seed
        return np.tile(np.array([0.2 * scale, 0.3, 0.5 - 0.2 * (scale - 1)]), (len(x), 1))


class Forgetful(Honest):
    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        super().fit(x, y, validation=validation)

    def adapt(self, x):  # type: ignore[no-untyped-def]
        self.seen = x

    inform = teach = adapt


class Lost(Honest):
    """Fits, and forgets to return from the functions of its track."""

    def adapt(self, x, y=None):  # type: ignore[no-untyped-def]
        del x, y

    inform = teach = adapt


class Adapts(Honest):
    def adapt(self, x):  # type: ignore[no-untyped-def]
        del x
        return copy.copy(self)


class ToldAndAdapts(Told, Adapts):
    pass


class Double(Honest):
    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        raise RuntimeError("expect parameter to have scalar type of Float")


class Demanding(Honest):
    def __init__(self, context: Context, depth: int) -> None:
        super().__init__(context)


class Hoarder(Honest):
    kept: ClassVar[list[object]] = []

    def fit(self, x, y, *, validation):  # type: ignore[no-untyped-def]
        self.kept.append(self)
        return super().fit(x, y, validation=validation)


def method(build: object, **other: object) -> Method:
    card = Card(summary="s", reference="r", licence="MIT")
    fields: dict[str, object] = {"family": "f", "representation": "median", "card": card, **other}
    return Method("mine", build=build, **fields)  # type: ignore[arg-type]


def test_an_honest_method_passes() -> None:
    assert "Missing values are refused." in check_method(method(Honest))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (Unseeded, "differently under the same seed"),
        (Deaf, "alike under another seed"),
        (Transductive, "on its own"),
        (Ordered, "another order"),
        (Logits, "negative or do not sum to one"),
        (Scribbler, "changes the samples that it is given in fit: copy"),
        (Overwriting, "changes the samples that it is given in predict_proba: copy"),
        (Wordy, "history_ has None as 'validation'"),
        (Hoarder, "alive after it is dropped"),
        (Alphabetical, "has 33% of .* right, and 100% if its columns are taken as corn, other, r"),
        (Forgetful, "returns NoneType from fit: return self"),
        (lambda context: None, "returns NoneType from build: return a classifier"),
        (lambda context: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_broken_method_is_named_with_what_it_does(build: object, message: str) -> None:
    with pytest.raises(
        (MethodError, ZeroDivisionError), match=f"mine.*({message})|{message}|division"
    ):
        check_method(method(build))


def test_a_track_asks_for_its_abilities() -> None:
    with pytest.raises(MethodError, match=r"no adapt\(x\)"):
        check_method(method(Honest, track="unlabelled-target"))
    with pytest.raises(MethodError, match=r"no inform\(target\)"):
        check_method(method(Honest, track="knowledge"))
    with pytest.raises(MethodError, match=r"no teach\(x, y\)"):
        check_method(method(Honest, track="oracle"))
    with pytest.raises(MethodError, match=r"no inform\(target\)"):
        check_method(method(Honest, track="knowledge-and-series"))
    with pytest.raises(MethodError, match=r"no adapt\(x\)"):
        check_method(method(Told, track="knowledge-and-series"))


class FewShot(Deaf):
    """Draws nothing but a sample to learn from, of those that it is taught."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.seed_ = context.seed

    def teach(self, x, y):  # type: ignore[no-untyped-def]
        del y
        taught = FewShot(self.context)
        drawn = np.random.default_rng(self.seed_).integers(len(x))
        taught.means_ = self.means_ + 0.05 * x[drawn]
        return taught


class Unsteady(FewShot):
    def teach(self, x, y):  # type: ignore[no-untyped-def]
        taught = super().teach(x, y)
        taught.means_ = taught.means_ + np.random.default_rng().uniform(0, 0.1)
        taught.means_[0] += np.random.default_rng().uniform(0, 0.1)
        return taught


class Standardising(FewShot):
    def teach(self, x, y):  # type: ignore[no-untyped-def]
        taught = super().teach(x, y)
        learned = taught.predict_proba
        taught.predict_proba = lambda x: learned(x - x.mean(axis=0) + 0.2)
        return taught


def test_what_is_drawn_when_it_is_taught_follows_the_seed() -> None:
    card = Card(summary="s", reference="r", licence="MIT", extra_information=("labels",))
    assert check_method(method(FewShot, track="oracle", card=card))
    told = card.model_copy(update={"deterministic": True})
    with pytest.raises(MethodError, match="card says that it is deterministic: remove the line"):
        check_method(method(FewShot, track="oracle", card=told))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (Unsteady, "differently when it is shown the same target again"),
        (Standardising, "on their own, once it has been shown a target"),
    ],
)
def test_the_rules_for_predictions_hold_after_a_target_was_shown(
    build: type[Honest], message: str
) -> None:
    card = Card(summary="s", reference="r", licence="MIT", extra_information=("labels",))
    with pytest.raises(MethodError, match=message):
        check_method(method(build, track="oracle", card=card))


def test_a_method_that_has_learned_nothing_is_not_said_to_confuse_its_columns() -> None:
    assert {rule.title: rule.status for rule in try_rules(method(Ignorant))}[
        "Its columns are in the order of the classes."
    ] == "passed"


@pytest.mark.parametrize(
    ("track", "function"),
    [
        ("unlabelled-target", r"adapt\(x\)"),
        ("knowledge", r"inform\(target\)"),
        ("oracle", r"teach\(x, y\)"),
    ],
)
def test_a_function_of_a_track_returns_a_classifier(track: str, function: str) -> None:
    with pytest.raises(MethodError, match=f"returns NoneType from {function}: return a class"):
        check_method(method(Lost, track=track))


def test_an_unknown_track_is_named() -> None:
    with pytest.raises(MethodError, match="unknown track 'unlabeled': use one of inductive, unlab"):
        method(Honest, track="unlabeled")


def test_a_function_that_is_never_called_is_said() -> None:
    """One class may serve two methods, so that it is no broken rule."""
    rule = try_rules(method(Adapts))[-1]
    assert rule.status == "passed"
    assert "has adapt(x), which its track inductive never calls" in rule.problem
    assert "track='unlabelled-target'" in rule.problem
    rule = try_rules(method(Told, track="knowledge"))[-1]
    assert "never calls" not in rule.problem


@pytest.mark.parametrize(
    ("track", "unused"),
    [
        ("inductive", "inform(target) and adapt(x), which"),
        ("knowledge", "It has adapt(x), which"),
        ("unlabelled-target", "It has inform(target), which"),
    ],
)
def test_the_track_that_calls_all_functions_of_a_method_is_named(track: str, unused: str) -> None:
    """The tracks of each function alone would lead from one to the other and back."""
    card = Card(summary="s", reference="r", licence="MIT", extra_information=("series",))
    rule = try_rules(method(ToldAndAdapts, track=track, card=card))[-1]
    assert rule.status == "passed"
    assert unused in rule.problem
    assert "track='knowledge-and-series'" in rule.problem


@pytest.mark.parametrize(
    ("build", "place", "advice"),
    [
        (Demanding, 1, "Let build need nothing but a Context"),
        (Double, 2, "float32 arrays"),
        (Logits, 3, "in the order of context.classes, without NaN"),
    ],
)
def test_the_advice_fits_where_the_error_was(build: object, place: int, advice: str) -> None:
    rule = try_rules(method(build))[place]
    assert rule.status == "broken"
    assert advice in rule.advice


def test_a_decision_has_a_form() -> None:
    with pytest.raises(MethodError, match="decision_ is 'stopped': report"):
        check_method(method(Mumbling, track="unlabelled-target"))


def test_without_valid_probabilities_no_other_rule_gives_advice() -> None:
    """Each later rule would repeat the first problem, beside advice that does not concern it."""
    statuses = [rule.status for rule in try_rules(method(Logits))]
    assert statuses == [*["passed"] * 3, "broken", *["not tried"] * (len(CHECKS) - 4)]


@pytest.mark.parametrize("name", ["my_method", "My Method", "méthode", "-mine"])
def test_a_name_that_pack_would_refuse_is_told_before_a_run(name: str) -> None:
    with pytest.raises(MethodError, match=r"name that `pack` refuses: use at most 64 of a to z"):
        check_method(replace(method(Honest), name=name))
