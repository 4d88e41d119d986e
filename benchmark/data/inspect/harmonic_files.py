"""The official harmonic files beside the coefficients that are computed from the series."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import Dataset
from benchmark.data.official.domain_file import read_arrays
from benchmark.data.official.file_names import parse_official_name
from benchmark.data.representations import harmonic_features
from benchmark.errors import DataError

ROWS_COMPARED: Final = 500
"""Rows, evenly spaced, whose coefficients are compared."""

SAME: Final = 1e-3
"""Reflectance by which coefficients may differ and count as the same."""

ALIKE: Final = 0.999
"""Correlation over rows from which a column of a file is the same coefficient in another place."""

Floats = npt.NDArray[np.float64]


def compare_harmonics(dataset: Dataset) -> tuple[str, ...]:
    """Compare every official harmonic file with what is computed from the series of its domain.

    How the files order bands and harmonics is not known (paper_facts.md, Input). So values are
    compared in the order of the suite, and columns in any order by their correlation over rows.

    Args:
        dataset: The dataset.

    Returns:
        A sentence for each file.
    """
    return tuple(_compare_all(dataset))


def _compare_all(dataset: Dataset) -> Iterator[str]:
    for path in dataset.archives:
        said = parse_official_name(path.name)
        if said is None or said.representation != "harmonic" or said.domain not in dataset.domains:
            continue
        try:
            yield _compare(dataset, said.domain, path)
        except DataError:
            continue  # an unreadable file is told of as a disagreement


def _compare(dataset: Dataset, domain: str, path: Path) -> str:
    arrays, samples = read_arrays(path), dataset.load(domain)
    file = arrays.get("fea")
    if file is None or file.size == 0:
        return f"{path} holds no features: `harmonic.*` computes them."
    rows = np.arange(0, len(samples), max(len(samples) // ROWS_COMPARED, 1))
    places = rows
    if "sample_id" in arrays:
        known = {name: row for row, name in enumerate(samples.sample_ids.tolist())}
        found = [known.get(name, -1) for name in arrays["sample_id"].astype(np.str_).tolist()]
        places = np.flatnonzero(np.array(found) >= 0)[: len(rows)]
        rows = np.array(found, dtype=np.int64)[places]
    elif len(file) != len(samples):
        return f"{path} holds features of {len(file)} samples and the series {len(samples)}."
    computed = _columns(harmonic_features(samples.series[rows]))
    stored = _columns(file[places])
    bands = samples.series.shape[1]
    if stored.shape != computed.shape:
        return (
            f"{path} has {stored.shape[1]} values a sample; what is computed here has "
            f"{computed.shape[1]}, 5 of each of {bands} bands. {_HOW}"
        )
    difference = np.abs(stored - computed)
    if difference.max() <= SAME:
        return f"{path} agrees with what is computed here, to {difference.max():.1g}."
    return (
        f"{path} differs from what is computed here by {np.median(difference):.2g} in the median "
        f"and {difference.max():.2g} at most, where a coefficient varies by "
        f"{np.median(computed.std(axis=0)):.2g}; in any order, {_alike(stored, computed)} of "
        f"{computed.shape[1]} coefficients are found in it. {_HOW}"
    )


_HOW: Final = "`harmonic.*` computes its features; `run --representation-from files` reads these."


def _columns(features: npt.NDArray[np.generic]) -> Floats:
    return np.asarray(features, dtype=np.float64).reshape(len(features), -1)


def _alike(stored: Floats, computed: Floats) -> int:
    """Count the computed coefficients [n, D] that some column of a file [n, D] follows."""
    parts = [part - part.mean(axis=0) for part in (computed, stored)]
    lengths = [
        np.maximum(np.linalg.norm(part, axis=0), np.finfo(np.float64).tiny) for part in parts
    ]
    correlation = (parts[0] / lengths[0]).T @ (parts[1] / lengths[1])
    return int(np.count_nonzero(np.abs(correlation).max(axis=1) > ALIKE))
