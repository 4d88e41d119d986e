"""Named views of a domain's samples, computed from its series or read, and cached by content."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.cache import keep_array, read_array
from benchmark.data.season import DAYS_PER_YEAR, WINDOW, FloatArray, season, step_centres
from benchmark.errors import MethodError, UsageError, did_you_mean

ENTRY_POINTS: Final = "cropglobe.representations"
"""Entry-point group; each entry is a function that returns representations."""

HARMONICS: Final = (1, 2)
"""Cycles per year of the harmonic fit; a co-author's published recipe (paper_facts.md, mark I)."""


@dataclass(frozen=True)
class Observations:
    """What a representation may look at: the samples of one domain, without their labels.

    Attributes:
        domain: Name of the domain.
        series: Reflectance [N, B, 73].
        bands: Names of the bands [B].
        sample_ids: Id of each sample [N].
        longitude: Degrees east [N], or ``None`` where the data has no coordinates.
        latitude: Degrees north [N], or ``None``.
        first_day: Days from 1 January to the first step of the series.
        content: What stands for the series in the name of a cached representation, such as a
            fingerprint of the domain; ``None`` looks at every value.
        stored: Reads the precomputed vectors [N, D] of a declared embedding, by its name; raises
            ``UnavailableError`` where there are none. ``None`` where there is no dataset.
        device: Where an encoder may compute: ``cpu``, ``mps`` or ``cuda:N``.
    """

    domain: str
    series: FloatArray
    bands: tuple[str, ...]
    sample_ids: npt.NDArray[np.str_]
    longitude: npt.NDArray[np.float64] | None = None
    latitude: npt.NDArray[np.float64] | None = None
    first_day: int = 0
    content: str | None = None
    stored: Callable[[str], FloatArray] | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Representation:
    """A view of samples.

    Attributes:
        name: Its name.
        summary: What it is, with its shape.
        compute: Observations of N samples to features [N, ...], float32; raises
            ``UnavailableError`` where it lacks something that it needs.
        version: Raised when its values change.
        cached: Whether it is worth keeping on disk.
        vectors: Name of the declared embedding that it reads from the dataset's files, if it does.
    """

    name: str
    summary: str
    compute: Callable[[Observations], FloatArray]
    version: str = "1"
    cached: bool = False
    vectors: str | None = None


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


def _year(samples: Observations) -> FloatArray:
    return samples.series


def _season(samples: Observations) -> FloatArray:
    return season(samples.series)


def _harmonic(samples: Observations) -> FloatArray:
    return harmonic_features(samples.series)


BUILT_IN: Final[Mapping[str, Representation]] = MappingProxyType(
    {
        view.name: view
        for view in (
            Representation("median-year", "5-day medians of the year [B, 73]", _year),
            Representation("median", "5-day medians of the season window [B, 43]", _season),
            Representation(
                "harmonic",
                "constant and two harmonics of the season window [B, 5]",
                _harmonic,
                cached=True,
            ),
        )
    }
)
"""Representations that need nothing but numpy; others come through the entry points."""


@cache
def representations() -> Mapping[str, Representation]:
    """Return every representation by name: the built-in ones and those of installed packages.

    Raises:
        MethodError: If an entry point cannot be loaded or two representations share a name.
    """
    found = dict(BUILT_IN)
    for point in entry_points(group=ENTRY_POINTS):
        try:
            views: tuple[Representation, ...] = tuple(point.load()())
        except (ImportError, AttributeError, TypeError) as error:
            raise MethodError(
                f"The representations of '{point.name}' ({point.value}) cannot be loaded: "
                f"{error}; correct or uninstall that package."
            ) from error
        for view in views:
            if view.name in found:
                raise MethodError(
                    f"Two representations are named '{view.name}': rename that of {point.value}."
                )
            found[view.name] = view
    return MappingProxyType(dict(sorted(found.items())))


def get_representation(name: str) -> Representation:
    """Return a representation; packages are opened only where it is not built in.

    Raises:
        UsageError: If there is none of that name.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    known = representations()
    if name not in known:
        raise UsageError(f"Unknown representation '{name}': {did_you_mean(name, known)}")
    return known[name]


def represent(
    samples: Observations,
    name: str,
    *,
    cache_directory: Path | None = None,
    most_bytes: int | None = None,
    on_computed: Callable[[float], None] | None = None,
) -> FloatArray:
    """Compute a representation, or take it from the cache.

    Args:
        samples: The samples.
        name: Name of the representation.
        cache_directory: Where computed representations are kept; ``None`` keeps none.
        most_bytes: Size that all arrays there may have; ``None`` for no limit.
        on_computed: Told how many seconds it took to compute, if it was not in the cache.

    Returns:
        Features [N, ...], float32.

    Raises:
        UsageError: If there is no such representation.
        UnavailableError: If it lacks something here, such as weights or embeddings.
    """
    view = get_representation(name)

    def compute() -> FloatArray:
        start = time.perf_counter()
        features = view.compute(samples)
        if on_computed is not None:
            on_computed(time.perf_counter() - start)
        return features

    if cache_directory is None or not view.cached:
        return compute()
    path = cache_directory / f"{view.name}-{view.version}-{_content_key(samples)}.npy"
    kept = read_array(path)
    if kept is not None:
        return kept
    features = compute()
    keep_array(path, features, most_bytes=most_bytes)
    return features


def _content_key(samples: Observations) -> str:
    header = (samples.series.shape, samples.bands, samples.first_day)
    digest = hashlib.sha256(repr(header).encode())
    digest.update((samples.content or "").encode())
    series = samples.series if samples.content is None else None
    for array in (series, samples.longitude, samples.latitude):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:24]
