"""Vegetation and water indices, and statistics of their course over the season."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from baselines.heads import XGBoost
from benchmark.data.representations import Observations, Representation
from benchmark.data.season import STEP_DAYS, WINDOW, FloatArray, season, step_centres
from benchmark.errors import UnavailableError
from benchmark.task.methods import Card, Method

SMALLEST: Final = 1e-3
"""Lowest denominator of an index; a reflectance below it is noise."""

HIGHEST_RATIO: Final = 20.0
"""Highest ratio to a single band; larger ratios are clipped. The GCVI of a maize canopy is about 10
at its peak."""


def _normalised(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray((first - second) / np.maximum(first + second, SMALLEST), dtype=np.float32)


def _ratio(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(
        np.minimum(first / np.maximum(second, SMALLEST) - 1, HIGHEST_RATIO), dtype=np.float32
    )


Formula = Callable[[FloatArray, FloatArray], FloatArray]

INDICES: Final[Mapping[str, tuple[Formula, str, str]]] = MappingProxyType(
    {
        # Tucker 1979, Remote Sensing of Environment 8
        "NDVI": (_normalised, "B8", "B4"),
        # Gitelson et al. 2003, Geophysical Research Letters 30
        "GCVI": (_ratio, "B8", "B3"),
        # McFeeters 1996, International Journal of Remote Sensing 17
        "NDWI": (_normalised, "B3", "B8"),
        # Xiao et al. 2002, International Journal of Remote Sensing 23
        "LSWI": (_normalised, "B8", "B11"),
        # Barnes et al. 2000 (NDRE); Gitelson et al. 2003 (red-edge chlorophyll index)
        "NDRE": (_normalised, "B8", "B5"),
        "CIre": (_ratio, "B7", "B5"),
    }
)
"""Formula and bands of each index."""

STATISTICS: Final = ("peak", "peak day", "green-up", "senescence", "amplitude", "area")

HALF: Final = 0.5
"""Share of the amplitude at which a season starts and ends."""


def indices(samples: Observations) -> FloatArray:
    """Return the seasonal statistics of every index whose bands are available.

    Args:
        samples: The samples.

    Returns:
        Statistics [N, indices, 6], in the order of `STATISTICS`.

    Raises:
        UnavailableError: If no index has its bands.
    """
    series = season(samples.series)
    values = [
        formula(series[:, samples.bands.index(first)], series[:, samples.bands.index(second)])
        for formula, first, second in INDICES.values()
        if {first, second} <= set(samples.bands)
    ]
    if not values:
        raise UnavailableError(
            f"The bands {', '.join(samples.bands)} allow no index: B4 and B8 would allow NDVI."
        )
    return np.stack([seasonal_statistics(index) for index in values], axis=1)


def seasonal_statistics(values: FloatArray) -> FloatArray:
    """Return six statistics of an index over the season window.

    Args:
        values: Index [N, 43].

    Returns:
        Statistics [N, 6]: the highest value; its day of the year; the first and last day of the
        period around it in which the index is never below half of its amplitude; the amplitude;
        the area above the lowest value, in days.
    """
    days = step_centres()[WINDOW]
    lowest = values.min(axis=1)
    peak = values.max(axis=1)
    top = values.argmax(axis=1)
    amplitude = peak - lowest
    high = values >= (lowest + HALF * amplitude)[:, None]
    step: npt.NDArray[np.int64] = np.arange(values.shape[1])
    start = _run_end(high, top, step, towards=-1)
    end = _run_end(high, top, step, towards=1)
    area = (values - lowest[:, None]).sum(axis=1) * STEP_DAYS
    columns = [peak, days[top], days[start], days[end], amplitude, area]
    return np.stack(columns, axis=1).astype(np.float32)


def _run_end(
    high: npt.NDArray[np.bool_],
    top: npt.NDArray[np.intp],
    step: npt.NDArray[np.int64],
    *,
    towards: int,
) -> npt.NDArray[np.int64]:
    """Return the last step of the run of high values around the peak, on one side [N].

    Args:
        high: Whether a value is high [N, T].
        top: Step of the peak [N].
        step: Numbers of the steps [T].
        towards: Side of the peak, -1 for earlier steps and 1 for later steps.
    """
    beyond = (step - top[:, None]) * towards > 0
    low = beyond & ~high
    ordered = low if towards > 0 else low[:, ::-1]
    first = np.where(ordered.any(axis=1), ordered.argmax(axis=1), ordered.shape[1])
    return np.asarray(first - 1 if towards > 0 else ordered.shape[1] - first)


def representations() -> tuple[Representation, ...]:
    """Return the representation of this module."""
    summary = "seasonal statistics of six indices [6, 6], fewer where bands are missing"
    return (Representation("indices", summary, indices, cached=True),)


def methods() -> tuple[Method, ...]:
    """Return the method of this module."""
    return (
        Method(
            name="indices.xgboost",
            family="handcrafted",
            representation="indices",
            build=XGBoost,
            card=Card(
                summary="Gradient-boosted trees on seasonal statistics of six spectral indices.",
                reference="this project; indices as published (see baselines/indices.py)",
                licence="MIT",
                deterministic=True,
                notes=("An index whose bands the data lacks is left out.",),
            ),
        ),
    )
