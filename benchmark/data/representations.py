"""Named views of a domain's samples, computed from its series and cached by content."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkstemp
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.season import DAYS_PER_YEAR, WINDOW, FloatArray, season, step_centres
from benchmark.errors import UsageError, did_you_mean

HARMONICS: Final = (1, 2)
"""Cycles per year of the harmonic fit; a co-author's published recipe (paper_facts.md, mark I)."""


@dataclass(frozen=True)
class Representation:
    """A view of samples.

    Attributes:
        name: Its name.
        summary: What it is, with its shape.
        compute: Series [N, B, 73] to features [N, ...].
        version: Raised when its values change.
        cached: Whether it is worth keeping on disk.
    """

    name: str
    summary: str
    compute: Callable[[FloatArray], FloatArray]
    version: str = "1"
    cached: bool = False


def harmonic_features(series: FloatArray) -> FloatArray:
    """Fit a constant and two harmonics to each band over the season window by least squares.

    Args:
        series: Reflectance [N, B, 73].

    Returns:
        Coefficients [N, B, 5] of 1, cos(2 pi t), sin(2 pi t), cos(4 pi t), sin(4 pi t), with t in
        years (365 days) after the start of the year. Source: paper_facts.md, Input.
    """
    coefficients: FloatArray = season(series) @ _harmonic_solver().T
    return coefficients


@cache
def _harmonic_solver() -> FloatArray:
    """Return the pseudo-inverse of the design matrix [5, 43]; it serves every sample."""
    years: npt.NDArray[np.float64] = step_centres()[WINDOW] / DAYS_PER_YEAR
    columns = [np.ones_like(years)]
    for cycles in HARMONICS:
        columns += [np.cos(2 * np.pi * cycles * years), np.sin(2 * np.pi * cycles * years)]
    return np.linalg.pinv(np.stack(columns, axis=1)).astype(np.float32)


def _year(series: FloatArray) -> FloatArray:
    return series


REPRESENTATIONS: Final[Mapping[str, Representation]] = MappingProxyType(
    {
        view.name: view
        for view in (
            Representation("median-year", "5-day medians of the year [B, 73]", _year),
            Representation("median", "5-day medians of the season window [B, 43]", season),
            Representation(
                "harmonic",
                "constant and two harmonics of the season window [B, 5]",
                harmonic_features,
                cached=True,
            ),
        )
    }
)


def get_representation(name: str) -> Representation:
    """Return a representation.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in REPRESENTATIONS:
        raise UsageError(f"Unknown representation '{name}': {did_you_mean(name, REPRESENTATIONS)}")
    return REPRESENTATIONS[name]


def represent(series: FloatArray, name: str, *, cache_directory: Path | None = None) -> FloatArray:
    """Compute a representation, or take it from the cache.

    Args:
        series: Reflectance [N, B, 73].
        name: Name of the representation.
        cache_directory: Where computed representations are kept; ``None`` keeps none.

    Returns:
        Features [N, ...], float32.

    Raises:
        UsageError: If there is no such representation.
    """
    view = get_representation(name)
    if cache_directory is None or not view.cached:
        return view.compute(series)
    path = cache_directory / f"{view.name}-{view.version}-{_content_key(series)}.npy"
    if path.is_file():
        try:
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float32)
        except (OSError, ValueError, EOFError):
            # A cache entry that cannot be read is made again, below.
            path.unlink(missing_ok=True)
    features = view.compute(series)
    _save(path, features)
    return features


def _content_key(series: FloatArray) -> str:
    digest = hashlib.sha256(repr(series.shape).encode())
    digest.update(np.ascontiguousarray(series).data)
    return digest.hexdigest()[:24]


def _save(path: Path, features: FloatArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = mkstemp(prefix=".", suffix=".partial", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            np.save(handle, features, allow_pickle=False)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
