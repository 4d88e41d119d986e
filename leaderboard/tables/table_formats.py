"""Tables as Markdown, LaTeX, CSV and HTML; any text is harmless in each."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from leaderboard.tables.columns import MISSING
from leaderboard.tables.emphasis import Emphasis
from leaderboard.tables.leaderboard_files import no_formula
from leaderboard.tables.markdown_text import markdown_cell, markdown_table
from leaderboard.tables.paper_tables import Cell, Table

_MARKDOWN: Final[Mapping[Emphasis, str]] = {"": "{}", "best": "**{}**", "second": "<u>{}</u>"}
_LATEX: Final[Mapping[Emphasis, str]] = {
    "": "{}",
    "best": r"\textbf{{{}}}",
    "second": r"\underline{{{}}}",
}
_LATEX_SIGNS: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "#": r"\#",
        "%": r"\%",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        "[": "{[}",  # after a line's end it would begin an optional argument
        "*": "{*}",  # likewise a starred form
        "±": r"\(\pm\)",
    }
)


def latex_text(text: str) -> str:
    """Return a text as LaTeX that typesets it and does nothing else."""
    flat = " ".join(text.split()).translate(_LATEX_SIGNS)
    return "".join(sign if sign.isprintable() else "?" for sign in flat)


def as_markdown(tables: Sequence[Table]) -> str:
    """Write tables as Markdown."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    groups = [name for name, span in table.groups for _ in range(span)]
    headings = list(table.headings)
    if groups:
        pairs = zip(headings, groups, strict=True)
        headings = [f"{text} ({group})" if group else text for text, group in pairs]
    body = [
        [_MARKDOWN[c.emphasis].format(markdown_cell(c.text)) for c in line] for line in table.body
    ]
    lines = [f"# {markdown_cell(table.title)}", ""]
    lines += markdown_table([markdown_cell(text) for text in headings], body, safe=True)
    return "\n".join([*lines, "", *(f"- {markdown_cell(note)}" for note in table.notes), ""])


def as_latex(tables: Sequence[Table]) -> str:
    r"""Write tables as LaTeX; the preamble needs ``\usepackage{booktabs,graphicx,textcomp}``."""
    return "\n".join(_latex(table) for table in tables)


def _latex(table: Table) -> str:
    columns = len(table.headings)
    lines = [
        r"\begin{table*}",
        rf"\caption{{{latex_text(table.title)}}}",
        r"\centering\small",
        _FITTING,
        rf"\begin{{tabular}}{{l{'r' * (columns - 1)}}}",
        r"\toprule",
    ]
    if table.groups:
        spans = [rf"\multicolumn{{{n}}}{{c}}{{{latex_text(name)}}}" for name, n in table.groups]
        lines += [" & ".join(spans) + r" \\", *_rules(table.groups)]
    lines += [" & ".join(map(latex_text, table.headings)) + r" \\", r"\midrule"]
    lines += [" & ".join(map(_latex_cell, line)) + r" \\" for line in table.body]
    lines += [r"\bottomrule", r"\end{tabular}}"]
    lines += [rf"\par\footnotesize {latex_text(note)}" for note in table.notes]
    return "\n".join([*lines, r"\end{table*}", ""])


_FITTING: Final = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%"
"""What makes a table that is wider than the page as wide as it, and leaves others as they are."""


def _rules(groups: Sequence[tuple[str, int]]) -> list[str]:
    lines, first = [], 1
    for name, span in groups:
        lines += [rf"\cmidrule(lr){{{first}-{first + span - 1}}}"] if name else []
        first += span
    return lines


def _latex_cell(cell: Cell) -> str:
    text = "--" if cell.text == MISSING else latex_text(cell.text)
    return _LATEX[cell.emphasis].format(text)


def as_csv(tables: Sequence[Table]) -> str:
    """Write tables as one CSV, a line per cell, which says of which line of its table it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["table", "line", "row", "column", "value", "emphasis"])
    for table in tables:
        for number, line in enumerate(table.body, start=1):
            for heading, cell in list(zip(table.headings, line, strict=True))[1:]:
                value = "" if cell.text == MISSING else cell.text
                texts = (table.title, str(number), line[0].text, heading, value, cell.emphasis)
                writer.writerow([no_formula(text) for text in texts])
    return out.getvalue()


def as_html(tables: Sequence[Table]) -> str:
    """Write tables as one HTML page that needs no other file."""
    from leaderboard.templating import environment

    return environment().get_template("tables.html").render(tables=tables)


FORMATS: Final[Mapping[str, Callable[[Sequence[Table]], str]]] = {
    "markdown": as_markdown,
    "latex": as_latex,
    "csv": as_csv,
    "html": as_html,
}
"""How tables are written: a new format is one entry here."""
