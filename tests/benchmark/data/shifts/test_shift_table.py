"""The table of shifts: every factor has a function, every copy is the same in every run."""

import numpy as np
import pytest

from benchmark.data.dataset_card import BANDS
from benchmark.data.shifts.shift_table import (
    CHANGES,
    Fields,
    Shift,
    apply_shift,
    factors,
    select_shifts,
    shifted_rows,
    shifts,
)
from benchmark.errors import UsageError


@pytest.fixture
def fields() -> Fields:
    series = np.random.default_rng(1).uniform(0.02, 0.6, (8, len(BANDS), 73)).astype(np.float32)
    return Fields("FRA", series, BANDS, np.arange(8) % 3, np.full(8, 47.0))


def test_every_factor_has_a_function_and_shifts() -> None:
    assert set(factors()) == set(CHANGES) == {shift.factor for shift in shifts().values()}
    assert all(shift.strength != 0 for shift in shifts().values())
    for shift in shifts().values():
        kept = shift.bands or BANDS
        assert set(kept) <= set(BANDS)
        assert (shift.factor == "bands") == bool(shift.bands)
        if shift.factor == "bands":
            assert shift.strength == len(BANDS) - len(kept)


@pytest.mark.parametrize("shift", shifts().values(), ids=lambda shift: shift.name)
def test_a_copy_is_other_but_the_same_each_time(shift: Shift, fields: Fields) -> None:
    copy = apply_shift(shift, fields)
    assert copy.shape == fields.series.shape
    assert copy.dtype == np.float32
    assert np.isfinite(copy).all()
    assert np.array_equal(copy, apply_shift(shift, fields))
    assert np.array_equal(copy, fields.series) == (shift.factor == "mix")
    rows, labels = np.array([1, 2, 3, 4, 5, 7]), np.array([0, 0, 0, 0, 5, 5])
    drawn = shifted_rows(shift, "FRA", rows, labels)
    assert set(drawn) <= set(rows)
    assert np.array_equal(drawn, rows) == (shift.factor != "mix")


@pytest.mark.parametrize("factor", sorted(CHANGES))
def test_strength_0_is_the_target_as_it_is(factor: str, fields: Fields) -> None:
    nothing = Shift("nothing", factor, 0, BANDS if factor == "bands" else ())
    assert np.array_equal(apply_shift(nothing, fields), fields.series)
    rows, labels = np.array([1, 2, 3]), np.array([0, 0, 5])
    assert np.array_equal(shifted_rows(nothing, "FRA", rows, labels), rows)


def test_shifts_are_chosen_by_name_by_factor_or_all() -> None:
    assert select_shifts([]) == ()
    assert select_shifts(["all"]) == tuple(shifts().values())
    assert {shift.name for shift in select_shifts(["level", "gaps-30", "level-l1c"])} == {
        *("level-half", "level-l1c", "gaps-30"),
    }
    with pytest.raises(UsageError, match="no shift or factor 'levels': did you mean 'level'"):
        select_shifts(["levels"])
