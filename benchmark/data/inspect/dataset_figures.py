"""Figures of a dataset: seasonal curves, class shares, missing dates and a map of the samples."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmark.data.dataset import Dataset, DomainSamples
from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR, WINDOW, step_centres
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError

COLOURS: Final = {
    "corn": "#E69F00",
    "soybeans": "#009E73",
    "rice": "#0072B2",
    "wheat": "#D55E00",
    "sugarcane": "#CC79A7",
    "cotton": "#56B4E9",
    "other": "#666666",
}
"""Colour of each crop: Okabe and Ito's palette, which readers with any colour vision tell apart."""

PER_PAGE: Final = 6
"""Domains side by side in one figure of seasonal curves."""

DPI: Final = 110

Values = npt.NDArray[np.float32]


def draw_dataset_figures(dataset: Dataset, out: Path) -> list[Path]:
    """Draw what a dataset looks like.

    Args:
        dataset: Dataset, real or simulated.
        out: Directory for the PNG files, made if needed.

    Returns:
        The files: seasonal curves of NDVI, NDRE and B11 with bands of the quantiles, class shares,
        and where the data has them the missing share by date and a map of the samples.

    Raises:
        DataError: If a domain cannot be read or the directory cannot be written.
    """
    paths = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, draw in dataset_figures(dataset).items():
            path = out / f"{name}.png"
            draw().savefig(path, dpi=DPI)
            paths.append(path)
    except OSError as error:
        raise DataError(f"Cannot write figures to {out}: {error.strerror or error}.") from error
    return paths


def dataset_figures(dataset: Dataset) -> dict[str, Callable[[], Figure]]:
    """Return what draws each figure of a dataset, by name; what the data lacks has none."""
    figures: dict[str, Callable[[], Figure]] = {}
    for index, (title, bands, compute) in INDICES.items():
        names = [name for name in dataset.domains if set(bands) <= set(_bands(dataset, name))]
        for page, start in enumerate(range(0, len(names), PER_PAGE), start=1):
            shown = names[start : start + PER_PAGE]
            draw = partial(_draw_curves, dataset, shown, title, bands, compute)
            figures[f"{index}_{page}"] = draw
    figures["class_shares"] = partial(_draw_shares, dataset)
    if any(dataset.domain_card(name).missing_by_step for name in dataset.domains):
        figures["missing"] = partial(_draw_missing, dataset)
    located = [name for name in dataset.domains if _is_located(dataset.load(name))]
    if located:
        figures["map"] = partial(_draw_map, dataset, located)
    return figures


def ndvi(bands: Values) -> Values:
    """Return the normalised difference of two bands, [N, 2, T] to [N, T].

    The vegetation index (NDVI) of B4 and B8; of B5 and B8A the red-edge index (NDRE), which still
    tells dense canopies apart (Barnes et al. 2000, Proc. 5th Int. Conf. Precision Agriculture).
    """
    red, infrared = bands[:, 0], bands[:, 1]
    total = infrared + red
    return np.asarray(np.divide(infrared - red, total, out=np.zeros_like(red), where=total > 0))


def _first(bands: Values) -> Values:
    return np.asarray(bands[:, 0])


INDICES: Final[dict[str, tuple[str, tuple[str, ...], Callable[[Values], Values]]]] = {
    "ndvi": ("NDVI", ("B4", "B8"), ndvi),
    "ndre": ("NDRE (red edge)", ("B5", "B8A"), ndvi),
    "b11": ("B11 reflectance (1,610 nm)", ("B11",), _first),
}


def _bands(dataset: Dataset, name: str) -> tuple[str, ...]:
    return dataset.domain_card(name).bands


def _caption(dataset: Dataset, text: str) -> str:
    name = dataset.card.name
    unsaid = dataset.card.simulated and "simulated" not in name.lower()
    return f"{text}\n{name}{', simulated' if unsaid else ''}"


def _draw_curves(
    dataset: Dataset,
    names: Sequence[str],
    title: str,
    bands: tuple[str, ...],
    compute: Callable[[Values], Values],
) -> Figure:
    """Draw one index: a row for each crop, a column for each domain."""
    labels = {int(label) for name in names for label in np.unique(dataset.load(name).labels)}
    crops = [crop for number, crop in enumerate(CROPS) if number in labels]
    figure = Figure(figsize=(2.1 * len(names) + 1, 1.35 * len(crops) + 1.3), layout="constrained")
    axes = figure.subplots(len(crops), len(names), squeeze=False, sharey=True)
    for column, name in enumerate(names):
        samples = dataset.load(name)
        values = compute(dataset.series(name, bands))
        for line, crop in enumerate(crops):
            axis = axes[line][column]
            _draw_quantiles(axis, values[samples.labels == CROPS.index(crop)], COLOURS[crop])
            mark_months(axis, dataset.domain_card(name).season_start, text=line == len(crops) - 1)
            if line == 0:
                axis.set_title(name, fontsize=9)
            if column == 0:
                axis.set_ylabel(crop, fontsize=9)
    lines = "median, middle half and 10-90 % of the samples; grey: outside the season window"
    wrapped = fill(f"{title}: {lines}", 30 + 22 * len(names))
    figure.suptitle(_caption(dataset, wrapped), fontsize=9)
    return figure


def _draw_quantiles(axis: Axes, values: Values, colour: str) -> None:
    """Draw the quantiles over the samples of [n, 73] values."""
    centres = step_centres()
    mark_window(axis)
    if not len(values):
        axis.text(0.5, 0.5, "no samples", transform=axis.transAxes, ha="center", fontsize=7)
        return
    low, lower, middle, upper, high = np.quantile(values, (0.1, 0.25, 0.5, 0.75, 0.9), axis=0)
    axis.fill_between(centres, low, high, color=colour, alpha=0.2, linewidth=0)
    axis.fill_between(centres, lower, upper, color=colour, alpha=0.35, linewidth=0)
    axis.plot(centres, middle, color=colour, linewidth=1.3)
    axis.text(0.03, 0.9, f"n = {len(values):,}", transform=axis.transAxes, fontsize=6, va="top")


def mark_window(axis: Axes) -> None:
    """Show the year on the axis, what lies outside the season window in grey."""
    axis.axvspan(0, WINDOW.start * STEP_DAYS, color="0.94", linewidth=0)
    axis.axvspan(WINDOW.stop * STEP_DAYS, STEPS_PER_YEAR * STEP_DAYS, color="0.94", linewidth=0)
    axis.set_xlim(0, STEPS_PER_YEAR * STEP_DAYS)
    axis.tick_params(labelsize=7)


def mark_months(axis: Axes, season_start: str | None, *, text: bool) -> None:
    """Name every third month on the axis, counted from where the stored year begins."""
    month, day = (int(part) for part in (season_start or "01-01").split("-"))
    start = date(2023, month, day)
    ticks = [at for at in range(365) if (start + timedelta(at)).day == 1]
    ticks = [at for at in ticks if (start + timedelta(at)).month % 3 == 1]
    names = [f"{start + timedelta(at):%b}" for at in ticks]
    axis.set_xticks(ticks, names if text else [""] * len(ticks))


def _draw_shares(dataset: Dataset) -> Figure:
    """Draw the class shares as one bar for each domain."""
    names = dataset.domains
    figure = Figure(figsize=(8, 0.34 * len(names) + 1.5), layout="constrained")
    axis = figure.subplots()
    place = np.arange(len(names))
    counts = np.array(
        [np.bincount(dataset.load(name).labels, minlength=len(CROPS)) for name in names]
    )
    shares = counts / counts.sum(axis=1, keepdims=True)
    left = np.zeros(len(names))
    for number, crop in enumerate(CROPS):
        axis.barh(place, shares[:, number], left=left, color=COLOURS[crop], edgecolor="white")
        for line in np.flatnonzero(shares[:, number] > 0.035).tolist():
            middle = left[line] + shares[line, number] / 2
            axis.text(middle, line, f"{100 * shares[line, number]:.0f}", ha="center", va="center")
        left += shares[:, number]
    axis.set_yticks(place, [f"{name} (n = {counts[i].sum():,})" for i, name in enumerate(names)])
    axis.invert_yaxis()
    axis.set_xlim(0, 1)
    axis.set_xlabel("share of the samples (numbers in %)")
    _add_legend(figure)
    figure.suptitle(_caption(dataset, "Class shares"), fontsize=10)
    return figure


def _add_legend(figure: Figure) -> None:
    handles = [Patch(color=colour, label=crop) for crop, colour in COLOURS.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=8)


def _draw_missing(dataset: Dataset) -> Figure:
    """Draw the share of the samples without observation at each step, as the cards state it."""
    cards = {name: dataset.domain_card(name).missing_by_step for name in dataset.domains}
    known = {name: shares for name, shares in cards.items() if shares}
    figure = Figure(figsize=(9, 0.36 * len(known) + 1.6), layout="constrained")
    axis = figure.subplots()
    extent = (0, STEPS_PER_YEAR * STEP_DAYS, len(known) - 0.5, -0.5)
    image = axis.imshow(
        np.array(list(known.values())), aspect="auto", vmin=0, vmax=1, cmap="cividis", extent=extent
    )
    axis.set_yticks(range(len(known)), list(known))
    axis.set_xlabel("day after the start of the stored year (July in aligned southern domains)")
    for edge in (WINDOW.start, WINDOW.stop):
        axis.axvline(edge * STEP_DAYS, color="white", linewidth=1)
    figure.colorbar(image, ax=axis, label="share missing before filling")
    title = "Missing observations by date; white lines: the season window"
    figure.suptitle(_caption(dataset, title), fontsize=10)
    return figure


def _is_located(samples: DomainSamples) -> bool:
    """Return whether any sample of a domain has a place."""
    if samples.longitude is None or samples.latitude is None:
        return False
    return bool(np.isfinite(samples.longitude + samples.latitude).any())


def _draw_map(dataset: Dataset, names: Sequence[str]) -> Figure:
    """Draw where the samples of each domain lie, coloured by crop."""
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(2.9 * columns, 2.7 * rows + 0.8), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, name in zip(axes, names, strict=False):
        _draw_places(axis, dataset.load(name))
        axis.set_title(name, fontsize=9)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    _add_legend(figure)
    title = "Samples, degrees east and north (equirectangular at the middle latitude)"
    figure.suptitle(_caption(dataset, title), fontsize=10)
    return figure


def _draw_places(axis: Axes, samples: DomainSamples) -> None:
    assert samples.longitude is not None
    assert samples.latitude is not None
    colours = np.array([COLOURS[crop] for crop in CROPS])[samples.labels]
    axis.scatter(samples.longitude, samples.latitude, c=colours, s=2, linewidths=0)
    middle = float(np.nanmedian(samples.latitude))
    axis.set_aspect(1 / max(np.cos(np.deg2rad(middle)), 0.1), adjustable="datalim")
    axis.grid(visible=True, linewidth=0.3)
    axis.tick_params(labelsize=7)
