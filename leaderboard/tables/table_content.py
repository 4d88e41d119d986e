"""A table free of any format: what is in which cell, what stands out, and what is said of it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

Emphasis = Literal["", "best", "second"]


class Notes(StrEnum):
    """How much is said under a table."""

    full = "full"
    short = "short"
    none = "none"


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        emphasis: Whether it is the best or second of its column, beyond the interval.
    """

    text: str
    emphasis: Emphasis = ""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: What it shows, the data and protocol included.
        notes: What a reader must know, in sentences.
        groups: Headings over the headings, each with how many columns it spans.
        headings: Heading of each column.
        body: Lines of cells.
        caption: Sentences over the table on a page of paper; the title where empty.
        short_notes: What must be said even where there is no room for `notes`.
        names: How many of the first columns name a line, for those parts of a page that begin
            with them.
    """

    title: str
    notes: tuple[str, ...]
    groups: tuple[tuple[str, int], ...]
    headings: tuple[str, ...]
    body: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    short_notes: tuple[str, ...] = ()
    names: int = 1

    @property
    def full_headings(self) -> tuple[str, ...]:
        """Heading of each column with the heading over it, for formats that have one line."""
        if not self.groups:
            return self.headings
        over = [name for name, span in self.groups for _ in range(span)]
        pairs = zip(self.headings, over, strict=True)
        return tuple(f"{text} ({group})" if group else text for text, group in pairs)

    def with_notes(self, choice: Notes) -> "Table":
        """Return the table with as much under it as is wanted."""
        chosen = {Notes.full: self.notes, Notes.short: self.short_notes, Notes.none: ()}
        return replace(self, notes=chosen[choice])
