"""Tables for the terminal: as many columns as fit, those that matter most first."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.table import Table

GAP: Final = 2
"""Characters between two columns."""

ALWAYS: Final = 3
"""Columns that are shown however narrow the terminal is: rank, method and score."""

TOGETHER: Final = (("95% low", "95% high"), ("from", "to"), ("best rank", "worst rank"))
"""Headings of limits: neither is shown without the other."""

ELSEWHERE: Final = "a wider terminal or `cropglobe tables --columns` shows them."


def fitted_table(
    title: str,
    headings: Sequence[str],
    body: Sequence[Sequence[str]],
    *,
    width: int,
    first: Sequence[str],
    notes: Sequence[str] = (),
    elsewhere: str = ELSEWHERE,
) -> "Table":
    """Return a table that is no wider than the terminal.

    Args:
        title: What it shows.
        headings: Heading of each column; that of names is ``method``.
        body: Lines of texts.
        width: Characters of a line of the terminal.
        first: Headings of the columns that matter most, in that order; the others follow from left
            to right.
        notes: Sentences under the table; another one names the columns that do not fit.
        elsewhere: What shows those, as the end of that sentence.

    Returns:
        The table, its columns in the order of the headings.
    """
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    kept = fitting_columns(headings, body, width=width, first=first)
    left_out = [heading for n, heading in enumerate(headings) if n not in kept]
    said = [*notes]
    if left_out:
        names = ", ".join(left_out)
        said.append(f"Left out, since {width} characters hold no more: {names}; {elsewhere}")
    table = Table(
        title=escape(title),
        caption=escape("\n".join(said)) or None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP - 1, 0, 0),
    )
    for heading in (headings[n] for n in kept):
        is_name = heading == "method"
        table.add_column(
            escape("\n".join(_lines(heading))),
            justify="left" if is_name else "right",
            no_wrap=not is_name,
            overflow="fold",
        )
    for line in body:
        table.add_row(*(escape(line[n]) for n in kept))
    return table


def fitting_columns(
    headings: Sequence[str], body: Sequence[Sequence[str]], *, width: int, first: Sequence[str]
) -> list[int]:
    """Return the positions of the columns that fit, from left to right; see `fitted_table`."""
    from rich.cells import cell_len

    def importance(n: int) -> int:
        return first.index(headings[n]) if headings[n] in first else len(first)

    kept: list[int] = []
    room = width + GAP
    for n in sorted(range(len(headings)), key=importance):
        texts = [*_lines(headings[n]), *(line[n] for line in body)]
        needed = max(map(cell_len, texts)) + GAP
        if needed <= room or len(kept) < ALWAYS:
            kept.append(n)
            room -= needed
    shown = {headings[n] for n in kept}
    halves = {name for pair in TOGETHER if not shown.issuperset(pair) for name in pair}
    return [n for n in sorted(kept) if headings[n] not in halves]


def _lines(heading: str) -> list[str]:
    """Divide a heading into lines, after its hyphens too."""
    return re.sub(r"-(?=\w)", "- ", heading).split()
