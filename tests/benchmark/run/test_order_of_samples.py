"""A method does not see a target in the order of its file, which may be sorted by crop."""

from collections.abc import Mapping

import numpy as np
import pytest
from misbehaving import CARD, Nearest

from benchmark.data.dataset import Dataset
from benchmark.results.store import Prediction
from benchmark.run.fitting.started_method import PROBED
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Features, Method
from benchmark.task.protocol import Protocol
from benchmark.task.tracks import Track
from benchmark.task.transfers import select_transfers


class ByPlace(Nearest):
    """Calls the first samples by the first crop, and so on: right on a file sorted by crop."""

    def predict_proba(self, x: Features) -> np.ndarray:
        classes = len(self.context.classes)
        return np.eye(classes)[np.arange(len(x)) * classes // len(x)]


def predictions(
    build: type[Nearest], tiny: Dataset, smoke: Protocol, *, track: Track = "inductive"
) -> Mapping[str, Prediction]:
    method = Method("test.order", "test", "median", build, CARD, track=track)
    transfers = select_transfers(("FRA:CHN",), tiny.domains)
    (job,) = plan(tiny, smoke, [method], transfers)
    return {found.target: found for found in Runner(tiny, smoke).run(job).predictions}


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
