"""Observations at any cadence to the gap-free 5-day grid of a year."""

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR, FloatArray, step_centres

CHUNK = 4096
"""Samples composited at once; bounds the memory of the temporary arrays."""


def composite(
    values: npt.NDArray[np.float32], days: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Reduce observations that share a 5-day step to their median.

    Args:
        values: Observations [N, B, T]; NaN where there is none, in all bands alike.
        days: Day of each date after the start of the season year, [T], ascending.

    Returns:
        Values [N, B, S] of the S steps that any date falls in; the day of each sample in each step
        [N, S], which is the date itself where the sample is observed once in the step and the
        centre of the step where it is observed several times; the steps [S].
    """
    steps = np.floor(days / STEP_DAYS).astype(np.int64)
    used, first, counts = np.unique(steps, return_index=True, return_counts=True)
    if len(used) == len(days):
        return values, np.broadcast_to(days, (len(values), len(days))), used
    out = np.empty((*values.shape[:2], len(used)), dtype=np.float32)
    places = np.empty((len(values), len(used)))
    seen = observed_steps(values)
    for column, (start, count) in enumerate(zip(first, counts, strict=True)):
        dates = slice(start, start + count)
        out[..., column] = observed_median(values[..., dates])
        # Only the sample's own observations count, so that samples do not move each other.
        alone = np.count_nonzero(seen[:, dates], axis=1) == 1
        own = np.where(seen[:, dates], days[dates], 0).sum(axis=1)
        places[:, column] = np.where(alone, own, (used[column] + 0.5) * STEP_DAYS)
    return out, places, used


def observed_median(values: FloatArray) -> FloatArray:
    """Return the median over the dates that were observed, [...]; NaN where none was.

    Args:
        values: Observations [..., T]; NaN where there is none.
    """
    # numpy.nanmedian warns of rows without a number. The filters of warnings belong to the whole
    # process, so a thread that hides a warning and another one undo each other.
    seen = ~np.isnan(values).all(axis=-1)
    medians = np.full(values.shape[:-1], np.nan, dtype=np.float32)
    medians[seen] = np.nanmedian(values[seen], axis=-1)
    return medians


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
        out[start:stop] = _interpolate(*composite(clear, days))
    return out


def observed_steps(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Return where a sample is observed in every band, [N, T]."""
    return np.asarray(~np.isnan(values).any(axis=1))


def _interpolate(
    values: npt.NDArray[np.float32],
    days: npt.NDArray[np.float64],
    steps: npt.NDArray[np.int64],
) -> FloatArray:
    """Interpolate [N, B, S] at `days` [N, S] in `steps` [S] linearly to the centres of the year."""
    seen = observed_steps(values)
    count = len(steps)
    columns = np.arange(count)
    before = np.maximum.accumulate(np.where(seen, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(seen, columns, count)[:, ::-1], axis=1)[:, ::-1]
    centres = step_centres()
    # The last column at or before each centre: those of earlier steps, and that of its own step
    # where the sample's day is not after the centre.
    position = np.searchsorted(steps, np.arange(len(centres))) - 1
    own = np.minimum(position + 1, count - 1)
    reached = (steps[own] == np.arange(len(centres))) & (days[:, own] <= centres)
    position = position + reached
    none = np.full((len(values), 1), -1)
    last = np.take_along_axis(np.concatenate([none, before], axis=1), position + 1, axis=1)
    beyond = np.full((len(values), 1), count)
    following = np.concatenate([after, beyond], axis=1)
    next_ = np.take_along_axis(following, np.clip(position + 1, 0, count), axis=1)
    left = np.where(last < 0, next_, last)
    right = np.where(next_ >= count, last, next_)
    empty = ~seen.any(axis=1)
    left[empty] = right[empty] = 0
    from_day = np.take_along_axis(days, left, axis=1)
    span = np.take_along_axis(days, right, axis=1) - from_day
    share = np.where(span > 0, (centres - from_day) / np.where(span > 0, span, 1.0), 0.0)
    weight = share.astype(np.float32)[:, None, :]
    start = np.take_along_axis(values, left[:, None, :], axis=2)
    end = np.take_along_axis(values, right[:, None, :], axis=2)
    result = start + (end - start) * weight
    result[empty] = np.nan
    return result
