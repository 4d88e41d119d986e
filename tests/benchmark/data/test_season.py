"""The 5-day grid and the season window."""

import numpy as np

from benchmark.data.season import (
    STEPS_PER_YEAR,
    WINDOW,
    WINDOW_STEPS,
    season,
    shift_half_year,
    step_centres,
    step_of_day,
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


def test_a_southern_january_moves_to_july_and_nothing_is_lost() -> None:
    year = np.arange(73, dtype=np.float32)[None, None]
    moved = shift_half_year(year)
    assert moved[0, 0, step_of_day(181)] == 0
    assert sorted(moved[0, 0].tolist()) == list(range(73))
