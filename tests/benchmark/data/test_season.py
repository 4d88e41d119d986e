"""The 5-day grid and the season window."""

import numpy as np
import pytest

from benchmark.data.season import (
    HALF_YEAR_STEPS,
    SHIFTED_FIRST_DAY,
    STEPS_PER_YEAR,
    WINDOW,
    WINDOW_STEPS,
    move,
    season,
    step_centres,
    step_of_day,
    steps_to_align,
)


def test_window_is_the_released_one() -> None:
    assert (step_of_day(121), step_of_day(334)) == (24, 66)
    assert (WINDOW.start, WINDOW.stop, WINDOW_STEPS) == (24, 67, 43)


def test_first_and_last_days() -> None:
    assert [step_of_day(day) for day in (1, 5, 6, 365, 366)] == [0, 0, 1, 72, 72]


def test_centres_lie_in_the_middle_of_their_steps() -> None:
    centres = step_centres()
    assert centres.shape == (STEPS_PER_YEAR,)
    assert (centres[0], centres[-1]) == (2.5, 362.5)


def test_season_cuts_the_window_out() -> None:
    year = np.arange(73, dtype=np.float32)[None, None]
    assert season(year)[0, 0, [0, -1]].tolist() == [24, 66]


@pytest.mark.parametrize(
    ("first_day", "southern", "steps"),
    [
        (0, True, 36),
        (185, True, 0),
        (181, True, 72),
        (273, True, 18),
        (0, False, 0),
        (273, False, 55),
    ],
)
def test_a_year_is_moved_until_it_runs_as_a_northern_one(
    first_day: int, southern: bool, steps: int
) -> None:
    """By hand: (273 - 185) / 5 = 17.6 steps; the first step is then day 183."""
    assert steps_to_align(first_day, southern=southern) == steps
    off = (first_day - 5 * steps - SHIFTED_FIRST_DAY * southern) % 365
    assert min(off, 365 - off) <= 2.5


def test_a_southern_january_moves_to_july_and_nothing_is_lost() -> None:
    year = np.arange(73, dtype=np.float32)[None, None]
    moved = move(year, HALF_YEAR_STEPS)
    assert moved[0, 0, step_of_day(181)] == 0
    assert sorted(moved[0, 0].tolist()) == list(range(73))
