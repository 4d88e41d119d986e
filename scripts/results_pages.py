"""Write the tables of docs/results-real.md and docs/results-simulated.md from the shipped rows.

What stands between ``<!-- rows: DATASET, PROTOCOL -->`` and ``<!-- end of rows -->`` is replaced;
everything else on the pages is written by hand.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmark.task.methods import registry
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.paper.claim_tables import claim_tables
from leaderboard.paper.claims import evaluate_claims
from leaderboard.reference.agreement import every_reference
from leaderboard.reference.shipped_files import reference_folder
from leaderboard.results import Results, read_results
from leaderboard.tables.markdown_text import markdown_cell, markdown_table
from leaderboard.tables.paper_tables import FEW_TRANSFERS, summary_table
from leaderboard.tables.section_facts import notes
from leaderboard.tables.table_content import Table

DOCS: Final = Path(__file__).parent.parent / "docs"
PAGES: Final = (DOCS / "results-real.md", DOCS / "results-simulated.md")

BLOCK: Final = re.compile(r"(<!-- rows: (.+), (.+) -->\n).*?(<!-- end of rows -->)", re.DOTALL)

NEEDS_FILES: Final = ("alphaearth.", "embedding.", "harmonic-files.")
"""Families of methods that read vectors of samples, which are not at hand."""


def shipped_results() -> Results:
    """Return the reference rows that are shipped with the package, and their intervals."""
    return read_results([], references=lambda _: every_reference(reference_folder()).references)


def filled(page: str, results: Results) -> str:
    """Return the text of a page with its tables made again.

    Args:
        page: Text of the page.
        results: The shipped rows.

    Raises:
        ValueError: If a block names rows that are not there.
    """

    def block(found: re.Match[str]) -> str:
        begin, dataset, protocol, end = found.groups()
        return f"{begin}\n{section(results, dataset, protocol)}\n{end}"

    return BLOCK.sub(block, page)


def section(results: Results, dataset: str, protocol: str) -> str:
    """Return the rankings, the tested sentences and what was not run, of one set of rows.

    Args:
        results: The shipped rows.
        dataset: Name of the dataset.
        protocol: Name of the protocol.

    Raises:
        ValueError: If there are no such rows.
    """
    groups = [
        group
        for group in comparison_groups(results)
        if (group.comparable.dataset, group.comparable.protocol) == (dataset, protocol)
    ]
    if not groups:
        raise ValueError(f"The shipped files have no rows of {dataset} under {protocol}.")
    comparables = [group.comparable for group in groups]
    title = f"`{protocol}`{', simulated' if comparables[0].simulated else ''}"
    parts = [_ranking(group, title) for group in groups]
    parts += [table for group in groups if (table := _each_transfer(group, title))]
    parts += [
        _sentences(claim_tables(group, found, "macro_f1")[0], title)
        for group, found in evaluate_claims(results, "macro_f1")
        if group.comparable in comparables
    ]
    parts.append(_not_run(row.method for known in comparables for row in known.rows))
    return "\n".join(parts)


def _ranking(group: ComparisonGroup, title: str) -> str:
    """Return the table of a track; what holds for all tracks is said under the first alone."""
    table, track = summary_table(group), group.comparable.track
    body = [
        [f"`{method.text}`", *(markdown_cell(cell.text) for cell in others)]
        for method, *others in table.body
    ]
    lines = markdown_table([*map(markdown_cell, table.headings)], body, safe=True)
    said = table.notes if track == "inductive" else notes(group)
    bullets = [f"- {markdown_cell(note)}" for note in said if "only ranked method" not in note]
    return "\n".join([f"### Track {track}, {title}", "", *lines, "", *bullets, ""])


def _each_transfer(group: ComparisonGroup, title: str) -> str:
    """Return macro-F1 by transfer, where the transfers are too many for the ranking."""
    table = group.grid.loc[group.grid.mean(axis=1).sort_values(ascending=False).index]
    if len(table.columns) <= FEW_TRANSFERS or group.comparable.track != "inductive":
        return ""
    body = [
        [f"`{name}`", *(f"{100 * value:.1f}" for value in line)]
        for name, *line in table.itertuples()
    ]
    lines = markdown_table(["method", *table.columns], body, safe=True)
    return "\n".join([f"### Each transfer, macro-F1, {title}", "", *lines, ""])


def _sentences(table: Table, title: str) -> str:
    """Return the sentences of the paper that these rows can test."""
    columns = [table.headings.index(name) for name in ("sentence", "here", "for", "because")]
    lines = [[line[column].text for column in columns] for line in table.body]
    tested = markdown_table(
        ["sentence", "here", "for", "because"], [line for line in lines if line[1] != "not run"]
    )
    return "\n".join([f"### The paper's sentences, {title}", "", *tested, ""])


def _not_run(run: Iterable[str]) -> str:
    left = sorted(set(registry().all()) - set(run))
    names = [f"`{name}`" for name in left if not name.startswith(NEEDS_FILES)]
    files = ", ".join(f"`{family}*`" for family in NEEDS_FILES)
    without = f"{files} read files of vectors, which nobody had for these samples."
    said = f"No rows yet: {', '.join(names)}. " if names else ""
    return f"{said}{without}\n"


if __name__ == "__main__":
    shipped = shipped_results()
    for path in PAGES:
        path.write_text(filled(path.read_text("utf-8"), shipped), "utf-8")
