r"""Tables as LaTeX that a two-column paper can take as it is: 8 points, in parts where it is wide.

Nothing is scaled: letters are as large as ``\footnotesize`` makes them. What is wider than the page
is continued below with the names of its lines, and what is longer in a further table.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import Final

from leaderboard.tables.columns import MISSING
from leaderboard.tables.table_content import Cell, Emphasis, Notes, Table

PAGE_WIDTH: Final = 395.0
"""Points: fits both columns of LaTeX's article (453 on A4) and of journals (504 to 522), and the
one column of NeurIPS and ICLR (397.5)."""

SEPARATION: Final = 4.0
"""Points on each side of a column; 6 in LaTeX."""

WIDEST: Final = 130.0
"""Points: wider texts of several words are broken into lines."""

MOST_LINES: Final = 50
"""Lines of tables in one float, which with caption and notes fill a page."""

SHORT_HEADING: Final = 9
"""Letters of a line of a heading, unless a word has more."""

HEADING_LINES: Final = 4
"""Lines that headings and rules take."""

HEAD: Final = (
    "% Needs the package booktabs, and textcomp in a LaTeX of before 2020. Where the font encoding",
    "% is T1, load lmodern as well: without it letters may be pictures and not outlines.",
)

_WIDTHS: Final = (
    ("ijlft.,:;'|!()[]- ", 2.9),
    ("mwMW@%", 7.1),
    ("ABCDEFGHIJKLNOPQRSTUVXYZ+±=<>", 6.2),
)
_WIDTH: Final = 4.5
_BOLD: Final = 1.15
"""Points of a letter of Computer Modern at 8 points, rounded up, and how much wider bold is."""

_EMPHASIS: Final[dict[Emphasis, str]] = {
    "": "{}",
    "best": r"\textbf{{{}}}",
    "second": r"\underline{{{}}}",
}

_SIGNS: Final = str.maketrans(
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
        '"': r"\char34{}",
        "`": r"\textasciigrave{}",
        "'": r"\textquotesingle{}",
        "[": "{[}",  # after a line's end it would begin an optional argument
        "*": "{*}",  # likewise a starred form
        "±": r"\(\pm\)",
    }
)


def latex_text(text: str) -> str:
    """Return a text as LaTeX that typesets it and does nothing else."""
    flat = " ".join(text.split()).translate(_SIGNS)
    return "".join(sign if sign.isprintable() else "?" for sign in flat)


def as_latex(tables: Sequence[Table], notes: Notes = Notes.short) -> str:
    """Write tables as LaTeX; its head says which packages it needs.

    Args:
        tables: The tables.
        notes: How much is said under each table; the rest stands above it as comments.
    """
    labels: set[str] = set()
    return "\n".join([*HEAD, "", *(_floats(table, notes, labels) for table in tables)])


def _floats(table: Table, notes: Notes, labels: set[str]) -> str:
    """Return a table as one float or several, each of a page at most."""
    label = _label(table.title, labels)
    shown = table.with_notes(notes).notes
    lines = [f"% {latex_text(table.title)}"]
    lines += [f"% {latex_text(note)}" for note in table.notes if note not in shown]
    parts = _parts(table)
    for number, tabulars in enumerate(parts):
        caption = latex_text(table.caption or table.title)
        if number:
            caption = f"{latex_text(table.title)}, continued"
        lines += [
            r"\begin{table*}",
            rf"\caption{{{caption}}}",
            rf"\label{{{label}{f'-{number + 1}' if number else ''}}}",
            rf"\centering\footnotesize\setlength{{\tabcolsep}}{{{SEPARATION:g}pt}}",
        ]
        lines += [r"\par\medskip".join(f"{tabular}\n" for tabular in tabulars).rstrip()]
        if number == len(parts) - 1:
            lines += [rf"\par\smallskip\raggedright {latex_text(note)}" for note in shown]
        lines += [r"\end{table*}", ""]
    return "\n".join(lines)


def _label(title: str, labels: set[str]) -> str:
    """Return a label that no other table of the file has."""
    base = "tab:" + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    label, number = base, 1
    while label in labels:
        number += 1
        label = f"{base}-{number}"
    labels.add(label)
    return label


def _parts(table: Table) -> list[list[str]]:
    """Return the tabulars of each float."""
    floats: list[list[str]] = [[]]
    used = 0
    widths = [_column_width(table, n) for n in range(len(table.headings))]
    for body in _of_a_page(table, widths):
        for columns in _of_the_width(table, widths):
            needed = sum(_lines_of(line, widths) for line in body) + HEADING_LINES
            if used and used + needed > MOST_LINES:
                floats.append([])
                used = 0
            floats[-1].append(_tabular(table, body, columns))
            used += needed
    return floats


Lines = Sequence[tuple[Cell, ...]]


def _of_a_page(table: Table, widths: Sequence[float]) -> list[list[tuple[Cell, ...]]]:
    """Divide the lines of a table into pages."""
    pages: list[list[tuple[Cell, ...]]] = [[]]
    used = HEADING_LINES
    for line in table.body:
        needed = _lines_of(line, widths)
        if pages[-1] and used + needed > MOST_LINES:
            pages.append([])
            used = HEADING_LINES
        pages[-1].append(line)
        used += needed
    return pages


def _of_the_width(table: Table, widths: Sequence[float]) -> list[list[int]]:
    """Divide the columns of a table into what fits the page; each part begins with the names."""
    named = table.names
    names = list(range(named))
    taken = sum(widths[n] + 2 * SEPARATION for n in names)
    parts: list[list[int]] = [[*names]]
    room = PAGE_WIDTH - taken
    for n in range(named, len(table.headings)):
        needed = widths[n] + 2 * SEPARATION
        if needed > room and len(parts[-1]) > named:
            parts.append([*names])
            room = PAGE_WIDTH - taken
        parts[-1].append(n)
        room -= needed
    return parts


def _tabular(table: Table, body: Lines, columns: Sequence[int]) -> str:
    broken = {n for n in columns if _is_broken(table, n)}
    kinds = [f"p{{{WIDEST:g}pt}}" if n in broken else "r" if n else "l" for n in columns]
    lines = [rf"\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}", r"\toprule"]
    if table.groups:
        names = [name for name, span in table.groups for _ in range(span)]
        lines += _spans([names[n] for n in columns])
    lines += [" & ".join(_heading(table.headings[n]) for n in columns) + r" \\", r"\midrule"]
    for line in body:
        cells = (_cell(line[n], broken=n in broken) for n in columns)
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _spans(names: Iterable[str]) -> list[str]:
    """Return the line of headings over headings, and the rules below it."""
    texts, rules, first = [], [], 1
    for name, members in groupby(names):
        span = len(list(members))
        texts.append(rf"\multicolumn{{{span}}}{{c}}{{{latex_text(name)}}}")
        rules += [rf"\cmidrule(lr){{{first}-{first + span - 1}}}"] if name else []
        first += span
    return [" & ".join(texts) + r" \\", *rules]


def _heading(text: str) -> str:
    """Return a heading, long words below each other."""
    lines = _heading_lines(text)
    if len(lines) == 1:
        return latex_text(text)
    stacked = r"\\ ".join(map(latex_text, lines))
    return rf"\shortstack[r]{{{stacked}}}"


def _heading_lines(text: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + len(word) < SHORT_HEADING:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _cell(cell: Cell, *, broken: bool) -> str:
    text = "--" if cell.text == MISSING else latex_text(cell.text)
    marked = _EMPHASIS[cell.emphasis].format(text)
    return rf"{{\raggedright {marked}\par}}" if broken else marked


def _lines_of(line: Sequence[Cell], widths: Sequence[float]) -> int:
    """Return how many lines of the page a line of a table takes."""
    return max(1, *(ceil(_width(c) / max(w, 1)) for c, w in zip(line, widths, strict=True)))


def _is_broken(table: Table, n: int) -> bool:
    widest = max((line[n] for line in table.body), key=_width, default=Cell(""))
    return _width(widest) > WIDEST and " " in widest.text.strip()


def _column_width(table: Table, n: int) -> float:
    """Return the width of a column in points."""
    if _is_broken(table, n):
        return WIDEST
    texts = [*map(Cell, _heading_lines(table.headings[n])), *(line[n] for line in table.body)]
    return max(map(_width, texts))


def _width(cell: Cell) -> float:
    """Return the width of a text in points."""
    points = 0.0
    for sign in cell.text:
        points += next((width for signs, width in _WIDTHS if sign in signs), _WIDTH)
    return points * (_BOLD if cell.emphasis == "best" else 1)
