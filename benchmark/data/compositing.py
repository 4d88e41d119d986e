"""Observations at any cadence to the gap-free 5-day grid of a year."""

import warnings

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR, FloatArray, step_centres

CHUNK = 4096
"""Samples composited at once; bounds the memory of the temporary arrays."""


def composite(
    values: npt.NDArray[np.float32], days: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Reduce observations that share a 5-day step to their median.

    Args:
        values: Observations [N, B, T]; NaN where there is none.
        days: Day of each observation after the start of the season year, [T], ascending.

    Returns:
        Values [N, B, S] of the S steps that any date falls in, and the day of each [S]: the date
        itself where one date falls in the step, the centre of the step where several do.
    """
    steps = np.floor(days / STEP_DAYS).astype(np.int64)
    used, first, counts = np.unique(steps, return_index=True, return_counts=True)
    if len(used) == len(days):
        return values, days
    out = np.empty((*values.shape[:2], len(used)), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        for column, (start, count) in enumerate(zip(first, counts, strict=True)):
            out[..., column] = np.nanmedian(values[..., start : start + count], axis=-1)
    centre = np.where(counts > 1, (used + 0.5) * STEP_DAYS, days[first])
    return out, centre


def to_year_grid(values: npt.NDArray[np.float32], days: npt.NDArray[np.float64]) -> FloatArray:
    """Composite to the 5-day grid and fill the gaps by linear interpolation within each sample.

    Several observations in one step become their median. A step without one is interpolated between
    the neighbours in time; before the first and after the last observation the value is held.

    Args:
        values: Observations [N, B, T]; NaN where there is none. A date with NaN in any band counts
            as not observed for that sample, since clouds hide all bands alike.
        days: Day of each observation after the start of the season year (0 = its first midnight;
            the middle of the window for composites), [T], ascending. Days before 0 and after 365
            are allowed and help to fill the ends.

    Returns:
        Series [N, B, 73], finite wherever the sample has at least one observation; a sample without
        any is NaN throughout, for the caller to drop.

    Raises:
        ValueError: If the days do not ascend.
    """
    if np.any(np.diff(days) <= 0):
        raise ValueError("the days of the observations must ascend")
    out = np.empty((values.shape[0], values.shape[1], STEPS_PER_YEAR), dtype=np.float32)
    for start in range(0, len(values), CHUNK):
        stop = start + CHUNK
        chunk = values[start:stop]
        clear = np.where(observed_steps(chunk)[:, None, :], chunk, np.float32(np.nan))
        reduced, reduced_days = composite(clear, days)
        out[start:stop] = _interpolate(reduced, reduced_days)
    return out


def observed_steps(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return where a sample is observed in every band, [N, T]."""
    return np.asarray(~np.isnan(values).any(axis=1))


def _interpolate(values: npt.NDArray[np.float32], days: npt.NDArray[np.float64]) -> FloatArray:
    """Interpolate [N, B, S] at `days` [S] linearly to the centres of the 73 steps."""
    seen = observed_steps(values)
    columns = np.arange(len(days))
    before = np.maximum.accumulate(np.where(seen, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, columns, len(days))[:, ::-1], axis=1)[:, ::-1]
    centres = step_centres()
    position = np.searchsorted(days, centres, side="right") - 1
    none = np.full((len(values), 1), -1)
    last = np.concatenate([none, before], axis=1)[:, position + 1]
    beyond = np.full((len(values), 1), len(days))
    next_ = np.concatenate([after, beyond], axis=1)[:, np.clip(position + 1, 0, len(days))]
    left = np.where(last < 0, next_, last)
    right = np.where(next_ >= len(days), last, next_)
    empty = ~seen.any(axis=1)
    left[empty] = right[empty] = 0
    span = days[right] - days[left]
    share = np.where(span > 0, (centres - days[left]) / np.where(span > 0, span, 1.0), 0.0)
    weight = share.astype(np.float32)[:, None, :]
    start = np.take_along_axis(values, left[:, None, :], axis=2)
    end = np.take_along_axis(values, right[:, None, :], axis=2)
    result = start + (end - start) * weight
    result[empty] = np.nan
    return result
