"""Calendar and observation: other cadence, more gaps, another season."""

import numpy as np
import numpy.typing as npt

from benchmark.data.compositing import to_year_grid
from benchmark.data.season import (
    DAYS_PER_YEAR,
    STEP_DAYS,
    STEPS_PER_YEAR,
    FloatArray,
    step_centres,
)

RUN_STEPS = 3
"""Steps over which clouds last: the mean of three neighbours decides which dates are lost."""


def recomposite(series: FloatArray, days: int) -> FloatArray:
    """Composite years anew to windows of other length, and bring them back to the 5-day grid.

    Each window holds the median of the steps whose centres it covers. Between the middles of
    windows values are interpolated, as `ingest` does with tables of that cadence.

    Args:
        series: Reflectance [N, B, 73].
        days: Days of a window; 5 or fewer leave the series as they are.

    Returns:
        Reflectance [N, B, 73].
    """
    if days <= STEP_DAYS:
        return series
    columns, middles = windows(days)
    values = np.stack([np.median(series[..., steps], axis=-1) for steps in columns], axis=-1)
    return to_year_grid(values.astype(np.float32), middles)


def windows(days: int) -> tuple[list[npt.NDArray[np.intp]], npt.NDArray[np.float64]]:
    """Divide a year into windows, the last of which may be shorter.

    Args:
        days: Days of a window.

    Returns:
        The 5-day steps whose centres each window covers, and the middle of each window in days
        after the start of the year [W]; windows that cover none are left out.
    """
    starts = np.arange(0, DAYS_PER_YEAR, days)
    ends = np.minimum(starts + days, DAYS_PER_YEAR)
    centres = step_centres()
    columns = [
        np.flatnonzero((centres >= start) & (centres < end))
        for start, end in zip(starts, ends, strict=True)
    ]
    used = [number for number, steps in enumerate(columns) if len(steps)]
    return [columns[number] for number in used], ((starts + ends) / 2)[used]


def lose_dates(
    rng: np.random.Generator, series: FloatArray, scene: npt.NDArray[np.int64], share: float
) -> FloatArray:
    """Hide a share of the dates under clouds and fill them, as `ingest` fills gaps.

    Clouds cover a whole scene, and dates that follow one another are often lost together.

    Args:
        rng: Source of the randomness.
        series: Reflectance [N, B, 73].
        scene: Scene of each sample [N].
        share: Share of the steps that each scene loses, in [0, 1); 0 leaves the series as they are.

    Returns:
        Reflectance [N, B, 73].
    """
    lost_count = int(share * STEPS_PER_YEAR)
    if not lost_count:
        return series
    names, member = np.unique(scene, return_inverse=True)
    sky = rng.standard_normal((len(names), STEPS_PER_YEAR + RUN_STEPS - 1))
    weather = np.lib.stride_tricks.sliding_window_view(sky, RUN_STEPS, axis=1).mean(axis=-1)
    order = np.argsort(weather, axis=1, kind="stable")
    lost = np.zeros((len(names), STEPS_PER_YEAR), dtype=np.bool_)
    np.put_along_axis(lost, order[:, :lost_count], values=True, axis=1)
    hidden = np.where(lost[member][:, None, :], np.float32(np.nan), series)
    return to_year_grid(hidden, step_centres())


def move_season(series: FloatArray, days: int) -> FloatArray:
    """Let everything happen later in the year, which is treated as a circle.

    Args:
        series: Reflectance [N, B, 73].
        days: Days by which it is later; negative is earlier.

    Returns:
        Reflectance [N, B, 73]; between steps it is interpolated linearly.
    """
    whole, rest = divmod(days, STEP_DAYS)
    moved = np.roll(series, whole, axis=-1) if whole else series
    if not rest:
        return moved
    share = np.float32(rest / STEP_DAYS)
    return (1 - share) * moved + share * np.roll(moved, 1, axis=-1)
