"""Whether the files of other representations hold the samples of the series, in their order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.data.official.domain_file import DomainSamples, read_arrays, read_labels
from benchmark.data.official.file_names import SERIES, parse_official_name
from benchmark.data.official.stored_numbers import Array
from benchmark.data.season import WINDOW_STEPS, season
from benchmark.errors import DataError

ROWS_COMPARED: Final = 500
"""Rows, evenly spaced, whose season medians are compared with the series."""

SAME: Final = 1e-3
"""Reflectance by which a season median may differ from the series of the same sample."""


def disagreements(dataset: Dataset) -> tuple[str, ...]:
    """Compare every file of a known name with the series of its domain.

    Args:
        dataset: The dataset.

    Returns:
        A sentence for each file that does not agree in length, labels or, for the season medians,
        values.
    """
    return tuple(_compare_all(dataset))


def _compare_all(dataset: Dataset) -> Iterator[str]:
    for path in dataset.archives:
        said = parse_official_name(path.name)
        if said is None or said.representation == SERIES or said.domain not in dataset.domains:
            continue
        compare_values = said.representation == "median"
        try:
            arrays = read_arrays(path, but=None if compare_values else "fea")
            reason = _reason(path, arrays, dataset.load(said.domain))
        except DataError as error:
            yield str(error)
            continue
        if reason is None and compare_values:
            reason = _other_values(arrays, _in_order(arrays, dataset.load(said.domain)))
        if reason is not None:
            yield f"{path} does not agree with the series of {said.domain}: {reason}."


def _reason(path: Path, arrays: dict[str, Array], samples: DomainSamples) -> str | None:
    if "lbl" not in arrays:
        return "it has no labels to compare"
    labels = read_labels(path, arrays["lbl"])
    if "sample_id" in arrays:
        place = {name: row for row, name in enumerate(samples.sample_ids.tolist())}
        rows = [place.get(name, -1) for name in arrays["sample_id"].astype(np.str_).tolist()]
        unknown = rows.count(-1)
        if unknown:
            return f"{unknown} of its {len(rows)} sample ids are not among the series"
        wrong = np.flatnonzero(samples.labels[rows] != labels)
        return f"{len(wrong)} samples carry another label" if len(wrong) else None
    if len(labels) != len(samples):
        return f"it has {len(labels)} samples and the series {len(samples)}"
    wrong = np.flatnonzero(labels != samples.labels)
    if not len(wrong):
        return None
    shuffled = np.array_equal(np.sort(labels), np.sort(samples.labels))
    order = (
        "; each class is as large, so its rows are probably in another order" if shuffled else ""
    )
    return f"{len(wrong)} of {len(labels)} labels differ, the first in row {wrong[0]}{order}"


def _in_order(arrays: dict[str, Array], samples: DomainSamples) -> DomainSamples:
    """Return the samples of a file whose ids are known, in its order."""
    if "sample_id" not in arrays:
        return samples
    place = {name: row for row, name in enumerate(samples.sample_ids.tolist())}
    names = arrays["sample_id"].astype(np.str_).tolist()
    return samples.take(np.array([place[name] for name in names], dtype=np.int64))


def _other_values(arrays: dict[str, Array], samples: DomainSamples) -> str | None:
    """Find rows that are out of order within one crop, where labels cannot tell."""
    features = arrays.get("fea")
    if features is None or features.size == 0:
        return "it has no values"
    if len(features) != len(samples):
        return f"it has values of {len(features)} samples and labels of {len(samples)}"
    rows = np.arange(0, len(samples), max(len(samples) // ROWS_COMPARED, 1))
    some = np.asarray(features[rows], dtype=np.float64).reshape(len(rows), -1)
    wanted = np.asarray(season(samples.series[rows]), dtype=np.float64)
    bands = samples.series.shape[1]
    if some.shape[1] != bands * WINDOW_STEPS:
        return f"it has {some.shape[1]} values a sample where {bands * WINDOW_STEPS} are expected"
    reading = samples.reading
    observed = np.ones(some.shape, dtype=np.bool_)
    if reading is not None and isinstance(reading.missing, float):
        observed = some != reading.missing
    if reading is not None and reading.unit == "digital_number":
        some = (some - reading.offset) / 10_000
    turned = reading is not None and reading.orientation == "steps-bands"
    flat = (wanted.transpose(0, 2, 1) if turned else wanted).reshape(len(rows), -1)
    if reading is not None and reading.missing is not None:
        # What was interpolated in the series is a gap here, and is not compared.
        some = np.where(np.isnan(some) | ~observed, flat, some)
    differing = np.abs(np.clip(some, 0, 1) - flat).max(axis=1) > SAME
    if not differing.any():
        return None
    return (
        f"{np.count_nonzero(differing)} of {len(rows)} rows looked at have other values, the first "
        f"in row {rows[differing][0]}: its rows are in another order, or its medians are others"
    )
