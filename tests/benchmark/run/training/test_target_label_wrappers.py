"""Oracles and few-shot learners, and what the runner shows on each track."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from tiny import make_samples

from benchmark.data.dataset import BANDS, Dataset
from benchmark.errors import MethodError, UnavailableError
from benchmark.results.rows import Row
from benchmark.run.fitting.target_prediction import PredictionRequest, predict_target, show_target
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.run.training.target_label_wrappers import FewShot, Oracle
from benchmark.task.methods import Card, Context, Method, Target
from benchmark.task.protocol import load_protocol
from benchmark.task.tracks import Track
from benchmark.task.transfers import Transfer

SMOKE = load_protocol("smoke")
CLASSES = ("corn", "rice", "other")
CONTEXT = Context(5, CLASSES, SMOKE, "cpu", BANDS, (1,))
CARD = Card(summary="s", reference="r", licence="l")


class Recorder:
    """Remembers what it was shown; certain of the class that it saw most."""

    shown: list["Recorder"]

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Recorder":
        self.x, self.y, self.validation = x, y, validation
        return self

    def predict_proba(self, x: Any) -> Any:
        counts = np.bincount(self.y, minlength=len(self.context.classes))
        return np.tile(np.eye(len(counts))[counts.argmax()], (len(x), 1))


SOURCE = (np.zeros((30, 1), np.float32), np.repeat([0, 1, 2], 10))
VALIDATION = (np.zeros((3, 1), np.float32), np.arange(3))


def test_few_shots_weigh_as_much_as_the_source() -> None:
    learner = FewShot(CONTEXT, build=Recorder, shots=4).fit(*SOURCE, validation=VALIDATION)
    x = np.arange(1, 101, dtype=np.float32)[:, None]
    y = np.repeat([0, 1], [98, 2])
    student = learner.teach(x, y)
    assert isinstance(student, Recorder)
    assert student.validation is VALIDATION
    from_target = student.x[:, 0] > 0
    assert np.bincount(student.y[from_target], minlength=3).tolist() == [10, 10, 0]
    assert len(np.unique(student.x[from_target & (student.y == 0)])) == 4
    assert len(np.unique(student.x[from_target & (student.y == 1)])) == 2, "there are no more"
    assert np.bincount(student.y[~from_target]).tolist() == [10, 10, 10]


def test_every_shot_is_used_where_the_source_has_fewer_samples_of_a_class() -> None:
    """Rare crops of the source would otherwise cost labels that the row says were used."""
    learner = FewShot(CONTEXT, build=Recorder, shots=40).fit(*SOURCE, validation=VALIDATION)
    x = np.arange(1, 101, dtype=np.float32)[:, None]
    student = learner.teach(x, np.repeat([0, 1], 50))
    assert isinstance(student, Recorder)
    from_target = student.x[:, 0] > 0
    assert np.bincount(student.y[from_target], minlength=3).tolist() == [40, 40, 0]
    assert len(np.unique(student.x[from_target])) == 80


def test_rows_say_how_many_labels_of_the_target_were_shown(tiny: Dataset) -> None:
    card = CARD.model_copy(update={"target_labels_per_class": 4})
    method = Method("few", "f", "median", partial(FewShot, build=Recorder, shots=4), card)
    (job,) = plan(tiny, SMOKE, [replace(method, track="oracle")], [Transfer("FRA", "CHN")])
    rows = {row.target: row for row in Runner(tiny, SMOKE).run(job).rows}
    assert rows["CHN"].status == "ok"
    assert rows["CHN"].target_labels_per_class == 4
    assert rows["FRA"].target_labels_per_class is None, "in-domain it is the plain classifier"
    older = rows["CHN"].model_dump(mode="json")
    del older["target_labels_per_class"]
    assert Row.model_validate(older).target_labels_per_class is None


def test_an_oracle_forgets_the_source_and_answers_for_the_classes_it_saw() -> None:
    oracle = Oracle(CONTEXT, build=Recorder).fit(*SOURCE, validation=VALIDATION)
    x = np.ones((20, 1), np.float32)
    y = np.repeat([0, 2], [5, 15])
    taught = oracle.teach(x, y)
    inner = taught.inner  # type: ignore[attr-defined]
    assert inner.context.classes == ("corn", "other")
    assert (inner.x == 1).all()
    assert len(inner.y) + len(inner.validation[1]) == 20
    assert set(inner.y) == set(inner.validation[1]) == {0, 1}
    np.testing.assert_array_equal(taught.predict_proba(x[:2]), [[0, 0, 1], [0, 0, 1]])
    with pytest.raises(UnavailableError, match="one class only"):
        oracle.teach(x, np.zeros(20, np.int64))
    np.testing.assert_array_equal(oracle.predict_proba(x[:1]), [[1, 0, 0]])


class Spy(Recorder):
    """Tells what it is shown of a target."""

    def adapt(self, x: Any) -> "Spy":
        other = Spy(self.context).fit(self.x, self.y, validation=None)
        other.seen = x  # type: ignore[attr-defined]
        SEEN.append(("adapt", x, None))
        return other

    def inform(self, target: Target) -> "Spy":
        SEEN.append(("inform", target, None))
        return self

    def teach(self, x: Any, y: Any) -> "Spy":
        SEEN.append(("teach", x, y))
        return Spy(self.context).fit(x, y, validation=None)


FIVE = np.arange(5)
SEEN: list[tuple[str, Any, Any]] = []


def ask_on(track: Track) -> Any:
    SEEN.clear()
    samples = make_samples("USA", crops=("corn", "soybeans", "other"))
    rows = np.flatnonzero(samples.labels != 1)[::3]
    classifier = Spy(CONTEXT).fit(*SOURCE, validation=VALIDATION)
    method = Method("spy", "f", "median", Spy, CARD, track=track)
    features = samples.series[:, 0, :1]
    request = PredictionRequest(features, samples, rows, (0, 2, 6), SMOKE, seed=1)
    predicted = predict_target(method, classifier, show_target(track, request))
    assert predicted.decision is None
    return predicted.probabilities


def test_each_track_shows_what_it_may() -> None:
    assert ask_on("inductive").shape == (24, 3)
    assert not SEEN
    assert ask_on("knowledge").shape == (24, 3)
    assert [("inform", Target("USA", southern=False, first_day=0), None)] == SEEN
    assert ask_on("unlabelled-target").shape == (24, 3)
    assert [name for name, *_ in SEEN] == ["adapt"]
    assert len(SEEN[0][1]) == 100, "soybeans, which the source lacks, are among them"
    assert ask_on("knowledge-and-series").shape == (24, 3)
    assert [name for name, *_ in SEEN] == ["inform", "adapt"]
    assert len(SEEN[1][1]) == 100
    assert ask_on("oracle").shape == (24, 3)
    assert [name for name, *_ in SEEN] == ["teach", "teach"]
    for _, _, labels in SEEN:
        assert set(labels) == {0, 2}, "positions of corn and other; rice does not grow there"


def test_a_track_needs_its_ability() -> None:
    samples = make_samples("USA")
    features = samples.series[:, 0, :1]
    for track in ("unlabelled-target", "oracle", "knowledge", "knowledge-and-series"):
        method = Method("m", "f", "median", Recorder, CARD, track=track)  # type: ignore[arg-type]
        classifier = Recorder(CONTEXT).fit(*SOURCE, validation=VALIDATION)
        shown = show_target(
            method.track, PredictionRequest(features, samples, FIVE, (0, 2, 6), SMOKE, seed=1)
        )
        with pytest.raises(MethodError, match=f"m is on track {track} but has no"):
            predict_target(method, classifier, shown)


class Forgetful(Recorder):
    """Forgets to return."""

    def adapt(self, x: Any) -> Any:
        del x

    def inform(self, target: Any) -> Any:
        del target

    def teach(self, x: Any, y: Any) -> Any:
        del x, y


@pytest.mark.parametrize(
    ("track", "function"),
    [("unlabelled-target", "adapt"), ("oracle", "teach"), ("knowledge", "inform")],
)
def test_a_forgotten_return_is_named(track: Track, function: str) -> None:
    samples = make_samples("USA")
    method = Method("m", "f", "median", Forgetful, CARD, track=track)
    classifier = Forgetful(CONTEXT).fit(*SOURCE, validation=VALIDATION)
    features = samples.series[:, 0, :1]
    request = PredictionRequest(features, samples, FIVE, (0, 2, 6), SMOKE, seed=1)
    with pytest.raises(MethodError, match=rf"m returns NoneType from {function}\(.*: return a"):
        predict_target(method, classifier, show_target(track, request))


def test_missing_features_are_refused() -> None:
    samples = make_samples("USA")
    features = samples.series[:, 0, :1].copy()
    features[3] = np.nan
    classifier = Recorder(CONTEXT).fit(*SOURCE, validation=VALIDATION)
    method = Method("m", "f", "median", Recorder, CARD)
    shown = show_target(
        "inductive", PredictionRequest(features, samples, FIVE, (0, 2, 6), SMOKE, seed=1)
    )
    with pytest.raises(MethodError, match=r"in 1 of 5 samples \(first: row 3\)"):
        predict_target(method, classifier, shown)
    assert replace(method, version="2").code_fingerprint != method.code_fingerprint
