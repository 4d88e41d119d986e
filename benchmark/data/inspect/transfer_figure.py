"""Seasonal curves of a transfer: each crop in the source beside the same crop in the target."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.data.calendar_detection import is_southern, place_year, season_of
from benchmark.data.dataset import Dataset
from benchmark.data.inspect.dataset_figures import DPI, INDICES, Values, mark_months, mark_window
from benchmark.data.season import HALF_YEAR_STEPS, STEP_DAYS, move, step_centres
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError, UsageError, did_you_mean
from benchmark.randomness import generator

LINES: Final = (("source", "#0072B2", "-"), ("target", "#D55E00", "--"))
"""Role, colour (Okabe and Ito's palette) and dashes: told apart in any colour vision, or none."""


MOST_SAMPLES: Final = 2_000
"""Samples of a crop that are drawn: quantiles of more look the same and take seconds."""


def draw_pairs(dataset: Dataset, pairs: Sequence[str], out: Path) -> list[Path]:
    """Draw the seasonal curves of pairs of domains as they are stored.

    Args:
        dataset: Dataset, real or simulated.
        pairs: Domains as ``SOURCE:TARGET``.
        out: Directory for the PNG files, made if needed.

    Returns:
        The files, `season_SOURCE-to-TARGET.png`; none for a pair without the bands.

    Raises:
        UsageError: If a word is no pair of the dataset's domains.
        DataError: If a domain cannot be read or a file cannot be written.
    """
    paths = []
    for word in pairs:
        domains = word.split(":")
        if len(domains) != 2:
            raise UsageError(f"'{word}' is no pair: write SOURCE:TARGET.")
        for name in domains:
            if name not in dataset.domains:
                raise UsageError(f"Unknown domain '{name}': {did_you_mean(name, dataset.domains)}")
        figure = draw_transfer(dataset, domains[0], domains[1], aligned=False)
        if figure is None:
            continue
        path = out / f"season_{domains[0]}-to-{domains[1]}.png"
        try:
            out.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, dpi=DPI)
        except OSError as error:
            raise DataError(f"Cannot write {path}: {error.strerror or error}.") from error
        paths.append(path)
    return paths


def draw_transfer(dataset: Dataset, source: str, target: str, *, aligned: bool) -> Figure | None:
    """Draw vegetation, red-edge and short-wave curves of each crop that either domain has.

    Args:
        dataset: Dataset, real or simulated.
        source: Domain of the training data.
        target: Domain that is scored.
        aligned: Whether southern years are moved by half a year where they are stored as they are.

    Returns:
        A row for each crop and a column for each index that both domains have the bands of;
        ``None`` where they have none.

    Raises:
        DataError: If a domain cannot be read.
    """
    domains = (source, target)
    bands = set.intersection(*(set(dataset.domain_card(name).bands) for name in domains))
    indices = [entry for entry in INDICES.values() if set(entry[1]) <= bands]
    labels = [dataset.load(name).labels for name in domains]
    crops = [crop for number, crop in enumerate(CROPS) if any(number in own for own in labels)]
    if not indices:
        return None
    size = (2.6 * len(indices) + 0.6, 1.15 * len(crops) + 1.5)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(crops), len(indices), squeeze=False, sharex=True, sharey="col")
    start = dataset.domain_card(source).season_start
    rows = [
        [_some(own, name, crop) for crop in crops]
        for name, own in zip(domains, labels, strict=True)
    ]
    for column, (title, used, compute) in enumerate(indices):
        values = [_series(dataset, name, used, aligned=aligned) for name in domains]
        for line, crop in enumerate(crops):
            axis = axes[line][column]
            chosen = [compute(v[own[line]]) for v, own in zip(values, rows, strict=True)]
            _draw(axis, chosen)
            mark_months(axis, start, text=line == len(crops) - 1)
            if line == 0:
                axis.set_title(title, fontsize=8)
            if column == 0:
                counts = " / ".join(f"{(own == CROPS.index(crop)).sum():,}" for own in labels)
                axis.set_ylabel(f"{crop}\nn = {counts}", fontsize=7)
    handles = [axes[0][0].plot([], [], dashes, color=colour)[0] for _, colour, dashes in LINES]
    names = [f"{name} ({role})" for name, (role, *_) in zip(domains, LINES, strict=True)]
    figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=8)
    figure.suptitle(_title(dataset, domains, aligned=aligned), fontsize=9)
    return figure


def _title(dataset: Dataset, domains: tuple[str, str], *, aligned: bool) -> str:
    found = {name: _moved_by(dataset, name, aligned=aligned) for name in domains}
    note = "".join(f"; the year of {name} is moved by {by}" for name, by in found.items() if by)
    what = f"mean and middle half of the samples, {MOST_SAMPLES:,} of a crop at most"
    return f"{domains[0]} to {domains[1]}, {_name(dataset)}\n{what}{note}"


def _name(dataset: Dataset) -> str:
    name = dataset.card.name
    unsaid = dataset.card.simulated and "simulated" not in name.lower()
    return f"{name}{', simulated' if unsaid else ''}"


def _some(labels: npt.NDArray[np.int64], domain: str, crop: str) -> npt.NDArray[np.int64]:
    """Return the rows of a crop, or as many drawn from them as make a smooth curve."""
    rows: npt.NDArray[np.int64] = np.flatnonzero(labels == CROPS.index(crop))
    if len(rows) <= MOST_SAMPLES:
        return rows
    random = generator(0, "seasonal curves", domain, crop)
    return np.sort(random.choice(rows, MOST_SAMPLES, replace=False))


def _moved_by(dataset: Dataset, name: str, *, aligned: bool) -> str:
    """Return in words by how much a year does not begin where the calendar says, or nothing."""
    steps = place_year(dataset, name, aligned=aligned).moved
    stored = is_southern(name) and season_of(dataset, name) == "aligned"
    if stored or steps == HALF_YEAR_STEPS:
        return "half a year"
    return f"{steps * STEP_DAYS} days" if steps else ""


def _series(dataset: Dataset, name: str, bands: tuple[str, ...], *, aligned: bool) -> Values:
    year = place_year(dataset, name, aligned=aligned)
    return move(dataset.series(name, bands), year.moved)


def _draw(axis: Axes, parts: list[Values]) -> None:
    """Draw mean and middle half of [n, 73] values of source and target."""
    mark_window(axis)
    for values, (_, colour, dashes) in zip(parts, LINES, strict=True):
        if len(values):
            lower, upper = np.quantile(values, (0.25, 0.75), axis=0)
            axis.fill_between(step_centres(), lower, upper, color=colour, alpha=0.18, linewidth=0)
            axis.plot(step_centres(), values.mean(axis=0), dashes, color=colour, linewidth=1.3)
