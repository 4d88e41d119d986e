"""How datasets and results look in a notebook; every value is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cropglobe.datasets import CropDataset
    from cropglobe.run_results import RunResults

SIMULATED = "simulated: no satellite saw these data"


def dataset_html(dataset: "CropDataset") -> str:
    """Return a dataset as a table of domains and crops."""
    frame = dataset.summary()
    crops = [crop for crop in frame.columns if frame[crop].any()]
    body = [[domain, *(f"{line[crop]:,}" for crop in crops)] for domain, line in frame.iterrows()]
    mark = f" ({SIMULATED})" if dataset.simulated else ""
    return table_html(f"{dataset.name}{mark}", ["domain", *crops], body)


def results_html(results: "RunResults") -> str:
    """Return results as one leaderboard per comparison group."""
    from cropglobe.run_results import leaderboard_cells
    from leaderboard.tables.section_facts import title_of

    parts = []
    for group in results.groups:
        headings, body = leaderboard_cells(group)
        mark = f" ({SIMULATED})" if group.comparable.simulated else ""
        parts.append(table_html(f"{title_of(group.comparable)}{mark}", headings, body))
    missing = len(results.failures())
    if missing:
        parts.append(f"<p>{missing} rows have no score: see <code>failures()</code>.</p>")
    return "\n".join(parts) or "<p>No rows.</p>"


def table_html(caption: str, headings: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """Return a table whose first column are row headings."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    lines = []
    for first, *others in body:
        cells = "".join(f"<td>{escape(str(cell))}</td>" for cell in others)
        lines.append(f'<tr><th scope="row">{escape(str(first))}</th>{cells}</tr>')
    return (
        f"<table><caption>{escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )
