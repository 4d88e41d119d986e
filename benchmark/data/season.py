"""The 5-day grid of the year, the season window and the alignment of the hemispheres."""

from typing import Final

import numpy as np
import numpy.typing as npt

STEP_DAYS: Final = 5
"""Length of a composite in days (paper: 5-day median composites)."""

STEPS_PER_YEAR: Final = 73
"""Composites in a year; day of year d falls in composite (d - 1) // 5 (released code)."""

WINDOW: Final = slice(24, 67)
"""Season window, day of year 121 to 334 or 335: composites 24 to 66, 43 steps (released code)."""

WINDOW_STEPS: Final = WINDOW.stop - WINDOW.start

DAYS_PER_YEAR: Final = STEP_DAYS * STEPS_PER_YEAR

HALF_YEAR_STEPS: Final = 36
"""Steps by which the hemispheres are out of phase: 36 of 73, that is 180 days."""

SHIFTED_FIRST_DAY: Final = (STEPS_PER_YEAR - HALF_YEAR_STEPS) * STEP_DAYS
"""Days from the start of a year to what stands first after it was moved by half a year."""

DAYS_BEFORE_MONTH: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before the first day of each month."""

FloatArray = npt.NDArray[np.float32]


def step_of_day(day_of_year: int) -> int:
    """Return the composite that holds a day of the year (1 to 366; day 366 joins the last one)."""
    return min((day_of_year - 1) // STEP_DAYS, STEPS_PER_YEAR - 1)


def days_to(month_and_day: str) -> int:
    """Return the days from 1 January to ``MM-DD`` of a common year."""
    month, _, day = month_and_day.partition("-")
    return DAYS_BEFORE_MONTH[int(month) - 1] + int(day) - 1


def step_centres() -> npt.NDArray[np.float64]:
    """Return the centre of each composite in days after the start of the year, shape [73]."""
    return (np.arange(STEPS_PER_YEAR, dtype=np.float64) + 0.5) * STEP_DAYS


def season(series: FloatArray) -> FloatArray:
    """Cut the season window out of whole years.

    Args:
        series: Values [N, B, 73].

    Returns:
        A view [N, B, 43].
    """
    return series[..., WINDOW]


def steps_to_align(first_day: int, *, southern: bool) -> int:
    """Return by how many steps a year is moved, so that it runs as a northern calendar year does.

    Args:
        first_day: Days from 1 January to its first step.
        southern: Whether it is of the southern hemisphere.

    Returns:
        Steps of 73 after which its first step is that of 1 January, in the south that of day 185,
        to within half a step: none for a northern and 36 for a southern calendar year.
    """
    days = (first_day - SHIFTED_FIRST_DAY * southern) % DAYS_PER_YEAR
    return round(days / STEP_DAYS) % STEPS_PER_YEAR


def move(series: FloatArray, steps: int) -> FloatArray:
    """Move a year, which is treated as a circle, to later steps.

    Args:
        series: Values [N, B, 73].
        steps: Steps of 5 days; with 36, a southern January stands where a northern July does.

    Returns:
        The same values rolled.
    """
    return np.roll(series, steps, axis=-1) if steps else series
