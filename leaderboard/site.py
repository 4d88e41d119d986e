"""The static site: pages that open from disk, with no server and no network."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import pandas as pd

from benchmark.errors import UsageError
from benchmark.results.rows import Row
from leaderboard.citation import bibtex
from leaderboard.columns import COLUMNS, method_frame
from leaderboard.evidence import VERIFICATIONS, Evidence
from leaderboard.field import Field, fields
from leaderboard.figures import FIGURES, render
from leaderboard.grids import (
    cell_grid,
    confusion_grid,
    leaderboard_grid,
    method_page,
    row_grid,
    slug,
    space_facts,
    transfer_page,
)
from leaderboard.statistics import DRAWS
from leaderboard.tables import facts, tidy, title_of
from leaderboard.templating import environment
from leaderboard.writing import csv_text, method_table, write_whole

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
}

DOWNLOADS: Final = (
    ("data/leaderboard.csv", "Leaderboard (CSV)"),
    ("data/transfers.csv", "Every method and transfer (CSV)"),
    ("data/transfers.parquet", "Every method and transfer (Parquet)"),
    ("data/cite.bib", "How to cite (BibTeX)"),
)

BADGE_SIGN: Final = 7
"""Width of a character of a badge in pixels, for a font of 11."""


@dataclass(frozen=True)
class Stamp:
    """What every page says of a group of rows.

    Attributes:
        number: Its number, from 1.
        title: Dataset, protocol and track.
        fingerprint: Dataset fingerprint, 16 digits.
        protocol_hash: Hash of the protocol.
        metric_version: Version of the metrics.
        version: Versions of the package that wrote the rows.
        date: First and last day on which they were written.
        simulated: Whether no satellite saw the data.
    """

    number: int
    title: str
    fingerprint: str
    protocol_hash: str
    metric_version: str
    version: str
    date: str
    simulated: bool


def stamp(number: int, field: Field) -> Stamp:
    """Return the stamp of a group."""
    section = field.section
    days = sorted({row.provenance.created[:10] for row in section.rows})
    versions = sorted({row.provenance.package_version for row in section.rows})
    return Stamp(
        number=number,
        title=title_of(section),
        fingerprint=section.fingerprint[:16],
        protocol_hash=section.protocol_hash,
        metric_version=section.metric_version,
        version=", ".join(versions),
        date=" to ".join(dict.fromkeys((days[0], days[-1]))),
        simulated=section.simulated,
    )


def build_site(evidence: Evidence) -> dict[str, bytes]:
    """Make every file of the site.

    Args:
        evidence: Rows and what is known of them.

    Returns:
        Contents by path below the site's root; the same for the same rows.

    Raises:
        UsageError: If there is no row.
    """
    groups = fields(evidence)
    if not groups:
        raise UsageError("There is no row to show: run a method first.")
    stamps = [stamp(number, field) for number, field in enumerate(groups, start=1)]
    assets = files("leaderboard").joinpath("assets")
    site = {f"assets/{name}": assets.joinpath(name).read_bytes() for name in ASSETS}
    site |= _downloads(evidence)
    pages: dict[str, str] = {
        "index.html": _render(
            "index.html",
            "Leaderboard",
            stamps,
            table=leaderboard_grid(groups),
            downloads=DOWNLOADS,
        ),
        "transfers.html": _page("Transfers", stamps, tables=[cell_grid(groups, "cells")]),
        "methodology.html": _render(
            "methodology.html", "Methodology", stamps, columns=COLUMNS, draws=DRAWS
        ),
    }
    for mark, field in zip(stamps, groups, strict=True):
        images = _images(mark.number, field)
        site |= images
        pages[f"sections/{mark.number}.html"] = _page(
            mark.title,
            [mark],
            root="../",
            facts=facts(field),
            images=[(path, CAPTIONS[Path(path).stem]) for path in images],
            tables=[leaderboard_grid([field])],
        )
        pages |= _badges(mark, field)
    pages |= _method_pages(groups, stamps) | _transfer_pages(groups, stamps)
    return site | {path: text.encode() for path, text in pages.items()}


def write_site(evidence: Evidence, out: Path) -> tuple[Path, ...]:
    """Write the site.

    Args:
        evidence: Rows and what is known of them.
        out: Directory.

    Returns:
        The files.

    Raises:
        UsageError: If there is no row.
        StoreError: If a file cannot be written.
    """
    site = build_site(evidence)
    for path, content in site.items():
        write_whole(out / path, content)
    return tuple(out / path for path in site)


def _render(template: str, title: str, stamps: Sequence[Stamp], **values: object) -> str:
    page = environment().get_template(template)
    return page.render({"root": "", "title": title, "stamps": stamps} | values)


def _page(title: str, stamps: Sequence[Stamp], **values: object) -> str:
    empty: Mapping[str, object] = {"facts": [], "commands": [], "images": [], "tables": []}
    return _render("page.html", title, stamps, **{**empty, **values})


def _method_pages(groups: Sequence[Field], stamps: Sequence[Stamp]) -> dict[str, str]:
    pages = {}
    for method in sorted({row.method for field in groups for row in field.section.rows}):
        rows = [row for field in groups for row in field.section.rows if row.method == method]
        first = rows[-1]
        matrices = [
            confusion_grid(field, method, f"confusion-{number}")
            for number, field in enumerate(groups, start=1)
        ]
        about = [
            f"Family {first.family}, track {first.track}, representation {first.representation}, "
            f"version {first.method_version}.",
            f"{sum(row.scores is not None for row in rows)} of {len(rows)} rows have a score.",
        ]
        pages[method_page(method)] = _page(
            method,
            _of(rows, groups, stamps),
            root="../",
            facts=about,
            commands=_commands(method),
            tables=[row_grid(groups, method), *(grid for grid in matrices if grid)],
        )
    return pages


def _of(rows: Sequence[Row], groups: Sequence[Field], stamps: Sequence[Stamp]) -> list[Stamp]:
    """Choose the stamps of the groups that rows belong to."""
    keys = {(row.comparability_key, row.track) for row in rows}
    pairs = zip(stamps, groups, strict=True)
    return [mark for mark, group in pairs if (group.section.key, group.section.track) in keys]


def _commands(method: str) -> list[tuple[str, str]]:
    """Return what to type for a method's card and a run; nothing for a name unsafe in a shell."""
    if not all(sign.isalnum() or sign in ".+-_" for sign in method):
        return []
    return [
        ("Its card", f"cropglobe methods show '{method}'"),
        ("Run it", f"cropglobe run --methods '{method}'"),
    ]


def _transfer_pages(groups: Sequence[Field], stamps: Sequence[Stamp]) -> dict[str, str]:
    names = sorted({name for field in groups for _, name in field.section.transfers})
    pages = {}
    for name in names:
        rows = [row for field in groups for row in field.section.rows if row.transfer == name]
        pages[transfer_page(name)] = _page(
            name,
            _of(rows, groups, stamps),
            root="../",
            facts=[f"Relation: {rows[0].relation}.", *space_facts(rows)],
            tables=[cell_grid(groups, "cells", name)],
        )
    return pages


def _images(number: int, field: Field) -> dict[str, bytes]:
    if field.transfers.empty:
        return {}
    drawn = {name: render(draw, field, "png") for name, draw in FIGURES.items()}
    return {f"figures/{number}/{name}.png": image for name, image in drawn.items() if image}


def _badges(mark: Stamp, field: Field) -> dict[str, str]:
    """Make a badge for each ranked method that is verified, or whose stored predictions agree."""
    frame = method_frame(field)
    ranked = frame[frame["rank"].notna()]
    checked = (ranked["confirmed"] == 1) | (ranked["verification"] != VERIFICATIONS[0])
    pages = {}
    for line in ranked[checked].to_dict("records"):
        label = f"CropGlobe {mark.title}"
        standing = f"rank {line['rank']:.0f} of {len(ranked)}"
        value = f"macro-F1 {100 * line['macro_f1']:.1f}, {standing}, {line['verification']}"
        split = BADGE_SIGN * len(label) + 12
        pages[f"badges/{mark.number}-{slug(str(line['method']))}.svg"] = (
            environment()
            .get_template("badge.svg")
            .render(
                label=label,
                value=value,
                split=split,
                width=split + BADGE_SIGN * len(value) + 12,
                verified=line["verification"] != VERIFICATIONS[0],
            )
        )
    return pages


def _downloads(evidence: Evidence) -> dict[str, bytes]:
    cells = tidy(evidence)
    parquet = io.BytesIO()
    pd.DataFrame(cells).to_parquet(parquet, index=False)
    return {
        "data/leaderboard.csv": csv_text(method_table(evidence)).encode(),
        "data/transfers.csv": csv_text(cells).encode(),
        "data/transfers.parquet": parquet.getvalue(),
        "data/cite.bib": bibtex().encode(),
    }
