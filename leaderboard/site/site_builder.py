"""The static site: pages that open from disk, with no server and no network."""

import io
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

import pandas as pd

from benchmark.errors import UsageError
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.figures.leaderboard_figures import FIGURES, render
from leaderboard.figures.season_figures import season_images
from leaderboard.paper.citation import bibtex
from leaderboard.results import Results
from leaderboard.site.figure_tables import figure_tables
from leaderboard.site.pages import (
    Stamp,
    badges,
    claims_page,
    method_pages,
    plain_page,
    render_page,
    stamp_of,
    transfer_pages,
)
from leaderboard.site.site_tables import leaderboard_site_table, transfer_site_table
from leaderboard.statistics.bootstrap import DRAWS
from leaderboard.tables.columns import COLUMNS
from leaderboard.tables.leaderboard_files import csv_text, method_table, write_whole
from leaderboard.tables.section_facts import facts
from leaderboard.tables.text_tables import tidy

ASSETS: Final = (
    "site.css",
    "site.js",
    "jquery.min.js",
    "jquery-licence.txt",
    "datatables.min.js",
    "datatables.min.css",
    "datatables-licence.txt",
)

CAPTIONS: Final = {
    "heat_map": "Macro-F1 by source and target",
    "gap": "Transfer gap by relation",
    "pareto": "Accuracy and cost with the Pareto front",
    "confusion": "Confusion matrices",
    "ranks": "Average ranks and critical difference",
    "few_shot": "Macro-F1 by labelled samples of the target",
    "robustness": "Macro-F1 lost on shifted copies of the targets, by factor and strength",
}

DOWNLOADS: Final = (
    ("data/leaderboard.csv", "Leaderboard (CSV)"),
    ("data/transfers.csv", "Every method and transfer (CSV)"),
    ("data/transfers.parquet", "Every method and transfer (Parquet)"),
    ("data/cite.bib", "How to cite (BibTeX)"),
)


def build_site(results: Results) -> dict[str, bytes]:
    """Make every file of the site.

    Args:
        results: Rows and what is known of them.

    Returns:
        Contents by path below the site's root; the same for the same rows.

    Raises:
        UsageError: If there is no row.
    """
    groups = comparison_groups(results)
    if not groups:
        raise UsageError("There is no row to show: run a method first.")
    stamps = [stamp_of(number, group) for number, group in enumerate(groups, start=1)]
    assets = files("leaderboard.site").joinpath("assets")
    site = {f"assets/{name}": assets.joinpath(name).read_bytes() for name in ASSETS}
    site |= _downloads(results)
    pages: dict[str, str] = {
        "index.html": render_page(
            "index.html",
            "Leaderboard",
            stamps,
            table=leaderboard_site_table(groups),
            downloads=DOWNLOADS,
        ),
        "transfers.html": plain_page(
            "Transfers", stamps, tables=[transfer_site_table(groups, "cells")]
        ),
        "claims.html": claims_page(results, stamps),
        "methodology.html": render_page(
            "methodology.html", "Methodology", stamps, columns=COLUMNS, draws=DRAWS
        ),
    }
    marks: dict[str, str] = {}
    for mark, group in zip(stamps, groups, strict=True):
        images = _images(mark.number, group)
        site |= images
        marks |= badges(mark, group)
        pages[f"sections/{mark.number}.html"] = _section_page(mark, group, images)
    curves = season_images(results, groups)
    site |= {path: image for found in curves.values() for path, image in found.items()}
    pages |= marks | method_pages(groups, stamps, marks)
    pages |= transfer_pages(groups, stamps, {name: list(found) for name, found in curves.items()})
    return site | {path: text.encode() for path, text in pages.items()}


def _section_page(mark: Stamp, group: ComparisonGroup, images: Iterable[str]) -> str:
    numbers = figure_tables(group)
    figures = [(path, Path(path).stem) for path in images]
    return plain_page(
        mark.title,
        [mark],
        root="../",
        facts=facts(group),
        images=[(path, CAPTIONS[name], numbers.get(name)) for path, name in figures],
        tables=[leaderboard_site_table([group])],
    )


def write_site(results: Results, out: Path) -> tuple[Path, ...]:
    """Write the site.

    Args:
        results: Rows and what is known of them.
        out: Directory.

    Returns:
        The files.

    Raises:
        UsageError: If there is no row.
        StoreError: If a file cannot be written.
    """
    site = build_site(results)
    for path, content in site.items():
        write_whole(out / path, content)
    return tuple(out / path for path in site)


def _images(number: int, group: ComparisonGroup) -> dict[str, bytes]:
    if group.transfers.empty:
        return {}
    drawn = {name: render(draw, group, "png") for name, draw in FIGURES.items()}
    return {f"figures/{number}/{name}.png": image for name, image in drawn.items() if image}


def _downloads(results: Results) -> dict[str, bytes]:
    cells = tidy(results)
    parquet = io.BytesIO()
    pd.DataFrame(cells).to_parquet(parquet, index=False)
    return {
        "data/leaderboard.csv": csv_text(method_table(results)).encode(),
        "data/transfers.csv": csv_text(cells).encode(),
        "data/transfers.parquet": parquet.getvalue(),
        "data/cite.bib": bibtex().encode(),
    }
