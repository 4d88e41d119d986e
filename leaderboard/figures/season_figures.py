"""Seasonal curves of transfers, where the data of a run still lies where it was."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.inspect.transfer_figure import draw_transfer
from benchmark.errors import CropGlobeError
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.figures.leaderboard_figures import FORMS, render_figure
from leaderboard.file_names import transfer_stem
from leaderboard.results import Results
from leaderboard.tables.leaderboard_files import write_folder

SCREEN_DPI: Final = 80
"""Pixels per inch on the site, which must stay small."""

PRINT_DPI: Final = 150

MOST_TRANSFERS: Final = 16
"""Transfers of the site that have curves, 2 MB; `cropglobe figures` draws all."""


def season_images(
    results: Results,
    groups: Iterable[ComparisonGroup],
    form: str = "png",
    *,
    dpi: int = SCREEN_DPI,
    most: int | None = MOST_TRANSFERS,
) -> dict[str, dict[str, bytes]]:
    """Draw the seasonal curves of every transfer whose data is still there, unchanged.

    Protocols that move southern years alike share a figure.

    Args:
        results: Rows and where their datasets lay.
        groups: Groups of rows.
        form: ``png``, ``svg`` or ``pdf``.
        dpi: Pixels per inch of a PNG.
        most: Transfers that are drawn, near to far; all where ``None``.

    Returns:
        By transfer its figures, path to content; without entry where the data is gone or differs
        from what was scored.
    """
    found: dict[str, dict[str, bytes]] = {}
    seen: set[tuple[str, bool, str]] = set()
    for number, group in enumerate(groups, start=1):
        comparable = group.comparable
        place = results.places.get((comparable.fingerprint, comparable.protocol_hash))
        if place is None:
            continue
        keys = [(comparable.fingerprint, place.aligned, name) for _, name in comparable.transfers]
        new = [key[-1] for key in keys if key not in seen]
        dataset = _unchanged(place.path, group) if new else None
        if dataset is None:
            continue
        seen.update(keys)
        for name in new if most is None else new[: max(most - len(found), 0)]:
            source, _, target = name.partition(":")
            draw = partial(draw_transfer, dataset, source, target, aligned=place.aligned)
            image = render_figure(draw, form, dpi)
            if image is not None:
                path = f"season/{number}/{transfer_stem(name)}.{form}"
                found.setdefault(name, {})[path] = image
    return found


def _unchanged(path: Path, group: ComparisonGroup) -> Dataset | None:
    """Open a dataset if it is there and is what was scored."""
    try:
        dataset = open_dataset(path)
        same = dataset.fingerprint == group.comparable.fingerprint
    except CropGlobeError:
        return None
    return dataset if same else None


def write_season_figures(results: Results, out: Path) -> tuple[Path, ...]:
    """Write the seasonal curves of every transfer whose data is still there, as PNG, SVG and PDF.

    Args:
        results: Rows and where their datasets lay.
        out: Directory.

    Returns:
        The files, below `season`.

    Raises:
        StoreError: If a file cannot be written.
    """
    files: dict[str, bytes] = {}
    for form in FORMS:
        drawn = season_images(results, comparison_groups(results), form, dpi=PRINT_DPI, most=None)
        for images in drawn.values():
            files |= images
    return tuple(sorted(write_folder(out, files, "season-files.json")))
