"""Tables as Markdown, LaTeX, CSV and HTML; any text is harmless in each."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from leaderboard.tables.columns import MISSING
from leaderboard.tables.latex_tables import as_latex
from leaderboard.tables.leaderboard_files import no_formula
from leaderboard.tables.markdown_text import markdown_cell, markdown_table
from leaderboard.tables.table_content import Emphasis, Notes, Table

_MARKDOWN: Final[Mapping[Emphasis, str]] = {"": "{}", "best": "**{}**", "second": "<u>{}</u>"}


def as_markdown(tables: Sequence[Table], notes: Notes = Notes.full) -> str:
    """Write tables as Markdown."""
    return "\n".join(_markdown(table.with_notes(notes)) for table in tables)


def _markdown(table: Table) -> str:
    body = [
        [_MARKDOWN[c.emphasis].format(markdown_cell(c.text)) for c in line] for line in table.body
    ]
    lines = [f"# {markdown_cell(table.title)}", ""]
    lines += markdown_table([markdown_cell(text) for text in table.full_headings], body, safe=True)
    return "\n".join([*lines, "", *(f"- {markdown_cell(note)}" for note in table.notes), ""])


def as_csv(tables: Sequence[Table], notes: Notes = Notes.none) -> str:
    """Write tables as one CSV, a line per cell, which says of which line of its table it is."""
    del notes  # a file of cells has no place for them
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", "line", "row", "column", "value", "emphasis"])
    for table in tables:
        for number, line in enumerate(table.body, start=1):
            for heading, cell in list(zip(table.full_headings, line, strict=True))[1:]:
                value = "" if cell.text == MISSING else cell.text
                texts = (table.title, str(number), line[0].text, heading, value, cell.emphasis)
                writer.writerow([no_formula(text) for text in texts])
    return out.getvalue()


def as_html(tables: Sequence[Table], notes: Notes = Notes.full) -> str:
    """Write tables as one HTML page that needs no other file."""
    from leaderboard.templating import environment

    noted = [table.with_notes(notes) for table in tables]
    return environment().get_template("tables.html").render(tables=noted)


class Writer(Protocol):
    """Writes tables, with as much under them as is wanted or else as suits the format."""

    def __call__(self, tables: Sequence[Table], notes: Notes = ...) -> str:
        """Return the text of a file."""


FORMATS: Final[Mapping[str, Writer]] = {
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "html": as_html,
}
"""How tables are written: a new format is one entry here."""
