"""The static site: pages that open from disk, with no server and no network."""

import io
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
from leaderboard.site.main_pages import (
    compare_page,
    group_page,
    index_page,
    submit_page,
    transfers_page,
)
from leaderboard.site.pages import (
    Badge,
    badges,
    claims_page,
    draw_badge,
    method_pages,
    render_page,
    stamp_of,
    transfer_pages,
)
from leaderboard.statistics.bootstrap import DRAWS
from leaderboard.tables.columns import COLUMNS
from leaderboard.tables.leaderboard_files import csv_text, method_table, write_folder
from leaderboard.tables.text_tables import tidy

ASSETS: Final = (
    "site.css",
    "settings.js",
    "address.js",
    "site.js",
    "cost-chart.js",
    "compare.js",
    "jquery.min.js",
    "jquery-licence.txt",
    "datatables.min.js",
    "datatables.min.css",
    "datatables-licence.txt",
    "d3.min.js",
    "d3-licence.txt",
    "plot.min.js",
    "plot-licence.txt",
)

LISTING: Final = "site-files.json"
"""Names the files of a site, so that the next one in its folder removes what it lacks."""

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
    marked = list(zip(stamps, groups, strict=True))
    pages: dict[str, str] = {
        "index.html": index_page(marked, DOWNLOADS),
        "transfers.html": transfers_page(marked),
        "compare.html": compare_page(marked),
        "claims.html": claims_page(results, stamps),
        "methodology.html": render_page(
            *("methodology.html", "Methodology", stamps),
            page="methodology.html",
            columns=COLUMNS,
            draws=DRAWS,
        ),
        "submit.html": submit_page(stamps),
    }
    marks: dict[str, Badge] = {}
    for mark, group in marked:
        images = _images(mark.number, group)
        site |= images
        marks |= badges(mark, group)
        pages[f"sections/{mark.number}.html"] = group_page(mark, group, images)
    curves = season_images(results, groups)
    site |= {path: image for found in curves.values() for path, image in found.items()}
    pages |= {path: draw_badge(badge) for path, badge in marks.items()}
    pages |= method_pages(groups, stamps, marks)
    pages |= transfer_pages(groups, stamps, {name: list(found) for name, found in curves.items()})
    return site | {path: text.encode() for path, text in pages.items()}


def write_site(results: Results, out: Path) -> tuple[Path, ...]:
    """Write the site, and remove pages and badges of an earlier one that this one lacks.

    Args:
        results: Rows and what is known of them.
        out: Directory.

    Returns:
        The files.

    Raises:
        UsageError: If there is no row.
        StoreError: If a file cannot be written or removed.
    """
    return write_folder(out, build_site(results), LISTING)


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
