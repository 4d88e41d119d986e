"""The pages that everybody sees: front page, groups, transfers, two methods, how to submit."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.site.addresses import outside_links
from leaderboard.site.comparison_page import against_leader_table, comparison_data
from leaderboard.site.cost_chart import cost_chart
from leaderboard.site.figure_tables import figure_tables
from leaderboard.site.heat_map import heat_map
from leaderboard.site.overview import lead_sentence, leaders_table
from leaderboard.site.pages import Stamp, plain_page, render_page
from leaderboard.site.site_tables import every_score_site_table, leaderboard_site_table
from leaderboard.site.unscored import unscored_table
from leaderboard.tables.section_facts import facts, without_score

Groups = Sequence[tuple[Stamp, ComparisonGroup]]
"""Groups of rows, each with its stamp."""

CAPTIONS: Final[Mapping[str, str]] = {
    "heat_map": "Macro-F1 by source and target",
    "gap": "Transfer gap by relation",
    "confusion": "Confusion matrices",
    "ranks": "Average ranks and critical difference",
    "few_shot": "Macro-F1 by labelled samples of the target",
    "robustness": "Macro-F1 lost on shifted copies of the targets, by factor and strength",
}
"""Figures that a group's page shows as pictures, in this order; a script draws that of cost."""

CHART: Final = "pareto"
"""The figure that stands in for the drawn chart where no script runs."""

STEPS: Final = (
    ("Begin with a file that works:", "cropglobe methods new my-method"),
    ("Check it against the contract:", "cropglobe check my_method.py"),
    (
        "Run it on the published transfers:",
        "cropglobe run --method-file my_method.py --protocol quick --transfers published "
        "--out MINE",
    ),
    ("See where it stands among the reference results:", "cropglobe compare MINE"),
    (
        "Pack what is sent:",
        "cropglobe pack MINE --method my-method --method-file my_method.py "
        '--author "Ada Lovelace" --out submission.zip',
    ),
    ("Let somebody else verify it:", "cropglobe verify submission.zip"),
)
"""From nothing to a verdict, as in docs/submit.md."""


def index_page(groups: Groups, downloads: Sequence[tuple[str, str]]) -> str:
    """Return the front page: who leads, all methods, what has no score, what can be downloaded."""
    alone = [group for _, group in groups]
    return render_page(
        "index.html",
        "Leaderboard",
        [mark for mark, _ in groups],
        page="index.html",
        outside=outside_links(),
        leads=[
            (mark, lead_sentence(group), leaders_table(group, f"leaders-{mark.number}"))
            for mark, group in groups
        ],
        table=leaderboard_site_table(alone),
        unscored=unscored_table(alone, "unscored"),
        downloads=downloads,
    )


def group_page(mark: Stamp, group: ComparisonGroup, images: Iterable[str]) -> str:
    """Return the page of a group.

    Args:
        mark: Its stamp.
        group: Its methods.
        images: Paths of its figures from the site's root.
    """
    numbers = figure_tables(group)
    paths = {Path(path).stem: path for path in images}
    chart = cost_chart(group) if CHART in paths else None
    in_table = without_score(group)  # its own table on this page has these methods
    return render_page(
        "group.html",
        mark.title,
        [mark],
        root="../",
        sentence=lead_sentence(group),
        leaders=leaders_table(group, "leaders"),
        methods=leaderboard_site_table([group]),
        unscored=unscored_table([group], "unscored"),
        transfers=heat_map(group, "transfers"),
        chart=chart,
        chart_image=paths.get(CHART),
        chart_numbers=numbers.get(CHART),
        facts=[fact for fact in facts(group) if fact not in in_table],
        images=[
            (paths[name], caption, numbers.get(name))
            for name, caption in CAPTIONS.items()
            if name in paths
        ],
    )


def transfers_page(groups: Groups) -> str:
    """Return the page of all transfers: shaded for an overview, then a line for each score."""
    alone = [group for _, group in groups]
    maps = [heat_map(group, f"transfers-{mark.number}") for mark, group in groups]
    return plain_page(
        "Transfers",
        [mark for mark, _ in groups],
        page="transfers.html",
        tables=[*(grid for grid in maps if grid.lines), every_score_site_table(alone, "cells")],
        unscored=unscored_table(alone, "unscored"),
    )


def compare_page(groups: Groups) -> str:
    """Return the page on which two methods are chosen and compared."""
    tables = [against_leader_table(group, f"behind-{mark.number}") for mark, group in groups]
    return render_page(
        "compare.html",
        "Two methods side by side",
        [mark for mark, _ in groups],
        page="compare.html",
        data=comparison_data([group for _, group in groups]),
        tables=[table for table in tables if table.lines],
    )


def submit_page(stamps: Sequence[Stamp]) -> str:
    """Return the page that says how a method is submitted."""
    return render_page(
        "submit.html",
        "Submit a method",
        stamps,
        page="submit.html",
        steps=STEPS,
        outside=[link for link in outside_links() if link[0] != "The paper"],
    )
