"""Classifiers trained on the simulator's version of a target."""

from typing import Any

import numpy as np
import pytest

from benchmark.data.dataset import BANDS
from benchmark.data.season import HALF_YEAR_STEPS, SHIFTED_FIRST_DAY
from benchmark.errors import UnavailableError
from benchmark.run.training.simulated_target import (
    SimulatedTarget,
    WithSimulatedTarget,
    simulated_samples,
)
from benchmark.task.authoring.method_trial import tiny_protocol
from benchmark.task.methods import Context, Features, Labels, Target

CONTEXT = Context(3, ("corn", "soybeans", "other"), tiny_protocol(), "cpu", BANDS, (10, 73))
FRANCE = Target("FRA", southern=False, first_day=0)


def samples(target: Target, context: Context = CONTEXT) -> tuple[Features, Labels]:
    return simulated_samples(target, context, "median-year")


def test_simulated_samples_look_as_real_ones_do() -> None:
    x, y = samples(FRANCE)
    assert x.shape == (len(y), 10, 73)
    assert 50 < len(y) < 200, "wheat, which the source does not teach, is left out of 200"
    assert set(y) <= {0, 1, 2}
    assert 0 <= x.min() <= x.max() <= 1
    again, _ = samples(FRANCE)
    np.testing.assert_array_equal(x, again)
    few = Context(3, CONTEXT.classes, CONTEXT.protocol, "cpu", ("B8", "B4"), (2, 73))
    np.testing.assert_array_equal(samples(FRANCE, few)[0], x[:, [BANDS.index("B8"), 2]])


def test_the_south_is_shown_on_the_calendar_of_its_series() -> None:
    aligned, _ = samples(Target("ARG", southern=True, first_day=SHIFTED_FIRST_DAY))
    calendar, _ = samples(Target("ARG", southern=True, first_day=0))
    np.testing.assert_array_equal(calendar, np.roll(aligned, -HALF_YEAR_STEPS, axis=-1))


@pytest.mark.parametrize(
    ("domain", "first_day", "steps"), [("ARG", 181, 1), ("ARG", 274, -18), ("FRA", 274, -55)]
)
def test_a_year_that_begins_on_another_day_is_shown_from_there(
    domain: str, first_day: int, steps: int
) -> None:
    """The peak of a crop stands on the same day of the calendar wherever the year begins."""
    southern = domain == "ARG"
    whole, _ = samples(Target(domain, southern, SHIFTED_FIRST_DAY if southern else 0))
    begun, _ = samples(Target(domain, southern, first_day))
    np.testing.assert_array_equal(begun, np.roll(whole, steps, axis=-1))


def test_a_target_without_calendar_is_unavailable() -> None:
    with pytest.raises(UnavailableError, match="no calendar of DEU"):
        samples(Target("DEU", southern=False, first_day=0))


class Recorder:
    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Recorder":
        self.x, self.y, self.validation = x, y, validation
        return self

    def predict_proba(self, x: Any) -> Any:
        return np.full((len(x), len(self.context.classes)), 1 / len(self.context.classes))


def test_alone_or_with_the_source() -> None:
    source = np.zeros((6, 10, 73), np.float32), np.repeat([0, 1, 2], 2)
    options = {"build": Recorder, "representation": "median-year"}
    alone = SimulatedTarget(CONTEXT, **options).fit(*source, validation=source).inform(FRANCE)  # type: ignore[arg-type]
    inner = alone.inner  # type: ignore[attr-defined]
    assert (inner.x.max(axis=(1, 2)) > 0).all(), "no sample of the source"
    both = WithSimulatedTarget(CONTEXT, **options).fit(*source, validation=source).inform(FRANCE)  # type: ignore[arg-type]
    assert isinstance(both, Recorder)
    assert (both.x.max(axis=(1, 2)) == 0).sum() == 6
    assert len(both.y) == 6 + len(samples(FRANCE)[1])
    assert both.validation is source, "it selects on the source"
