"""Texts and tables in Markdown in which nothing of a text is markup."""

import re
from typing import Final

WITHOUT_SCHEME: Final = re.compile(r"\b(www)\.", re.IGNORECASE)
"""What some readers of Markdown make a link of although no scheme stands before it."""


def markdown_table(heading: list[str], body: list[list[str]], *, safe: bool = False) -> list[str]:
    """Write a table as lines of Markdown.

    Args:
        heading: Headings.
        body: Lines of cells.
        safe: Whether the texts are Markdown already; they are made harmless otherwise.
    """
    if not body:
        return ["No method has a score."]
    lines = [heading, ["---"] * len(heading), *body]
    cells = lines if safe else [[markdown_cell(text) for text in line] for line in lines]
    return ["| " + " | ".join(line) + " |" for line in cells]


def markdown_cell(text: str) -> str:
    """Make a text harmless inside a Markdown line or table cell: no tag, link or mention."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\|`[]":
        flat = flat.replace(sign, "\\" + sign)
    flat = flat.replace("://", "&#58;//").replace("@", "&#64;")
    return WITHOUT_SCHEME.sub(r"\1&#46;", flat)
