"""A method answers for each sample alone, and does not see a target in the order of its file."""

from collections.abc import Mapping

import numpy as np
import pytest
from misbehaving import CARD, Nearest

from benchmark.data.dataset import Dataset
from benchmark.results.store import Prediction
from benchmark.run.fitting.target_prediction import PROBED, SIMILAR_ANSWER
from benchmark.run.jobs import plan
from benchmark.run.outcome import Outcome
from benchmark.run.runner import Runner
from benchmark.task.methods import Features, Labels, Method
from benchmark.task.protocol import Protocol
from benchmark.task.tracks import Track
from benchmark.task.transfers import select_transfers


class ByPlace(Nearest):
    """Calls the first samples by the first crop, and so on: right on a file sorted by crop.

    It is so little sure that asking it twice does not show that it answers by place.
    """

    def predict_proba(self, x: Features) -> np.ndarray:
        classes = len(self.context.classes)
        best = np.eye(classes)[np.arange(len(x)) * classes // len(x)]
        return (1 + SIMILAR_ANSWER / 2 * best) / (classes + SIMILAR_ANSWER / 2)


def outcome(build: type[Nearest], tiny: Dataset, smoke: Protocol, track: Track) -> Outcome:
    method = Method("test.order", "test", "median", build, CARD, track=track)
    transfers = select_transfers(("FRA:CHN",), tiny.domains)
    (job,) = plan(tiny, smoke, [method], transfers)
    return Runner(tiny, smoke).run(job)


def predictions(
    build: type[Nearest], tiny: Dataset, smoke: Protocol, *, track: Track = "inductive"
) -> Mapping[str, Prediction]:
    return {found.target: found for found in outcome(build, tiny, smoke, track).predictions}


def reasons(
    build: type[Nearest], tiny: Dataset, smoke: Protocol, track: Track = "inductive"
) -> Mapping[str, str]:
    return {row.target: row.reason or "" for row in outcome(build, tiny, smoke, track).rows}


def accuracy(found: Prediction) -> float:
    best = found.over_all_crops().argmax(axis=1)
    return float((best == found.labels).mean())


def test_places_tell_nothing_of_the_labels(tiny: Dataset, smoke: Protocol) -> None:
    found = predictions(ByPlace, tiny, smoke)
    assert (np.diff(found["CHN"].labels) >= 0).all(), "the file is sorted by crop"
    chance = 1 / len(found["CHN"].classes)
    assert accuracy(found["CHN"]) == pytest.approx(chance, abs=0.15)
    assert accuracy(found["FRA"]) == pytest.approx(chance, abs=0.25)


def test_each_answer_belongs_to_its_sample(tiny: Dataset, smoke: Protocol) -> None:
    found = predictions(Nearest, tiny, smoke)
    assert accuracy(found["CHN"]) > 0.9
    assert accuracy(found["FRA"]) > 0.9


class Standardising(Nearest):
    """Compares each sample with the batch, as batch normalisation in training mode does."""

    def predict_proba(self, x: Features) -> np.ndarray:
        mean = x.reshape(len(x), -1).mean(axis=1)
        first = 1 / (1 + np.exp((mean - mean.mean()) / (mean.std() + 1e-9)))
        others = len(self.context.classes) - 1
        return np.column_stack([first, *[(1 - first) / others] * others])

    def teach(self, x: Features, y: Labels) -> Nearest:
        del x, y
        return type(self)(self.context)


@pytest.mark.parametrize("track", ["inductive", "oracle"])
def test_statistics_of_the_batch_give_no_score(
    track: Track, tiny: Dataset, smoke: Protocol
) -> None:
    """They are knowledge of the target's series, which the track does not allow."""
    found = reasons(Standardising, tiny, smoke, track)
    assert "answers otherwise for" in found["CHN"]
    assert "without statistics of those beside it" in found["CHN"]


class Remembering(Nearest):
    """Re-weights its answers by the classes of all samples that it was asked about so far."""

    def predict_proba(self, x: Features) -> np.ndarray:
        found = super().predict_proba(x) + 0.1
        self.seen_ = [*getattr(self, "seen_", []), found.mean(axis=0)]
        weighted = found / np.mean(self.seen_, axis=0)
        return weighted / weighted.sum(axis=1, keepdims=True)


class Drawing(Nearest):
    """Draws its answers at random at each call."""

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Drawing":
        super().fit(x, y, validation=validation)
        self.random_ = np.random.default_rng(self.context.seed)
        return self

    def predict_proba(self, x: Features) -> np.ndarray:
        return self.random_.dirichlet(np.ones(len(self.context.classes)), len(x))


@pytest.mark.parametrize("build", [Remembering, Drawing])
def test_answers_that_change_when_asked_again_give_no_score(
    build: type[Nearest], tiny: Dataset, smoke: Protocol
) -> None:
    """What is remembered of a target is knowledge of its series, and shows in the next target."""
    found = reasons(build, tiny, smoke)
    assert "otherwise again when they are asked once more" in found["CHN"]
    assert "keep nothing of what it was asked" in found["CHN"]


class Overwriting(Nearest):
    """Changes the sign of its samples in place."""

    def predict_proba(self, x: Features) -> np.ndarray:
        x *= -1
        return super().predict_proba(x)


def test_a_method_that_changes_its_samples_is_told_so(tiny: Dataset, smoke: Protocol) -> None:
    assert "copy x before it is changed" in reasons(Overwriting, tiny, smoke)["CHN"]


def test_rounding_of_another_batch_is_no_reason(tiny: Dataset, smoke: Protocol) -> None:
    """A batch of another size takes another kernel: in half precision this is seen."""

    class Rounding(Nearest):
        def predict_proba(self, x: Features) -> np.ndarray:
            found = super().predict_proba(x)
            found = found + (0.02 if len(x) > PROBED else 0.0) * np.eye(found.shape[1])[0]
            return found / found.sum(axis=1, keepdims=True)

    assert set(reasons(Rounding, tiny, smoke).values()) == {""}


def test_what_is_adapted_to_has_an_order_of_its_own(tiny: Dataset, smoke: Protocol) -> None:
    shown: list[Features] = []

    class Adapting(Nearest):
        def adapt(self, x: Features) -> Nearest:
            shown.append(x)
            return self

        def predict_proba(self, x: Features) -> np.ndarray:
            if len(x) > PROBED:  # a few samples are asked about before and after adapting
                shown.append(x)
            return super().predict_proba(x)

    for _ in range(2):
        predictions(Adapting, tiny, smoke, track="unlabelled-target")
    half = len(shown) // 2
    for one, again in zip(shown[:half], shown[half:], strict=True):
        assert np.array_equal(one, again), "the same in every run"
    peaks = [x.max(axis=1).argmax(axis=1) for x in shown[:half]]
    # Peaks are days of crops: in a file sorted by crop they change between crops alone.
    assert all((np.abs(np.diff(steps)) > 2).mean() > 0.5 for steps in peaks)
    assert len({x.tobytes() for x in shown[:half]}) == half
