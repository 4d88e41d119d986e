"""A table of the site: cells, filters, what stands above it, and how intervals are drawn in it."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from leaderboard.file_names import slug, transfer_stem
from leaderboard.tables.columns import MISSING

LAST: Final = -1e9
"""What a missing number sorts by."""

WIDTH: Final = 96
"""Width of a drawn interval in pixels."""

SHADES: Final = 10
"""Steps of the colour scale, one for each tenth of 0 to 1."""


@dataclass(frozen=True)
class Item:
    """A cell.

    Attributes:
        text: What it says.
        order: What it sorts by; ``None`` for text.
        link: Page that it leads to, from the site's root.
        limits: Interval of the number; ``None`` without one.
        shade: Step of the colour scale, 0 to 9; ``None`` for a plain cell.
        said: The limits in words.
    """

    text: str
    order: float | None = None
    link: str | None = None
    limits: tuple[float, float] | None = None
    shade: int | None = None
    said: str = ""


@dataclass(frozen=True)
class Filter:
    """A selection above a table.

    Attributes:
        name: Heading of its column.
        column: Index of its column.
        options: Values.
        chosen: The one that a reader finds chosen; empty where all are shown.
    """

    name: str
    column: int
    options: tuple[str, ...]
    chosen: str = ""


@dataclass(frozen=True)
class Scale:
    """From where to where the intervals of a column are drawn.

    Attributes:
        low: Value at the left edge.
        high: Value at the right edge.
    """

    low: float
    high: float

    def place(self, value: float) -> float:
        """Return the distance of a value from the left edge in pixels."""
        return round(3 + (WIDTH - 6) * (value - self.low) / (self.high - self.low), 1)

    @property
    def zero(self) -> float | None:
        """Where zero lies; ``None`` where it is an edge or outside."""
        return self.place(0) if self.low < 0 < self.high else None


@dataclass(frozen=True)
class SiteTable:
    """A table of the site.

    Attributes:
        name: Its id in the page.
        caption: What it shows.
        headings: Heading of each column.
        lines: Cells.
        filtered: Headings of the columns that can be filtered by.
        chosen: What they are filtered by at first: heading and value.
        sortable: Whether it is sorted and searched by readers.
        constants: What is the same in every line: heading and value.
        extra: Headings of the columns that are hidden until a reader chooses them.
        below: Smaller words below a heading, by heading.
    """

    name: str
    caption: str
    headings: tuple[str, ...]
    lines: tuple[tuple[Item, ...], ...]
    filtered: tuple[str, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    sortable: bool = True
    constants: tuple[tuple[str, str], ...] = ()
    extra: frozenset[str] = frozenset()
    below: tuple[tuple[str, str], ...] = ()

    @cached_property
    def numeric(self) -> tuple[bool, ...]:
        """Whether each column holds numbers."""
        count = range(len(self.headings))
        return tuple(any(line[index].order is not None for line in self.lines) for index in count)

    @cached_property
    def scales(self) -> tuple[Scale | None, ...]:
        """How the intervals of each column are drawn; ``None`` for a column without any."""
        return tuple(_scale(column) for column in zip(*self.lines, strict=True))

    @property
    def drawn(self) -> str:
        """From where to where intervals are drawn, in words; empty where none is."""
        pairs = zip(self.headings, self.scales, strict=True) if self.lines else ()
        said = [
            f"{name} from {100 * scale.low:.0f} to {100 * scale.high:.0f}"
            for name, scale in pairs
            if scale is not None and name not in self.extra
        ]
        return f"Intervals are of 95 %, drawn for {', '.join(said)}." if said else ""

    @property
    def is_shaded(self) -> bool:
        """Whether any cell has a colour of the scale."""
        return any(item.shade is not None for line in self.lines for item in line)

    @property
    def words_below(self) -> dict[str, str]:
        """Smaller words below headings."""
        return dict(self.below)

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Filters with more than one value."""
        found = []
        for name in (name for name in self.filtered if name in self.headings):
            index = self.headings.index(name)
            options = tuple(sorted({line[index].text for line in self.lines}))
            given = Filter(name, index, options, dict(self.chosen).get(name, ""))
            found += [given] if len(options) > 1 else []
        return tuple(found)


def _scale(column: Collection[Item]) -> Scale | None:
    """Return whole tenths that hold all intervals and numbers of a column."""
    known = [item for item in column if item.limits is not None]
    ends = [end for item in known for end in (*(item.limits or ()), item.order or 0.0)]
    if not ends:
        return None
    low, high = math.floor(10 * min(ends)) / 10, math.ceil(10 * max(ends)) / 10
    return Scale(low, max(high, low + 0.1))


def drop_empty(table: SiteTable, names: Collection[str]) -> SiteTable:
    """Leave out columns in which nothing is known.

    Args:
        table: The table.
        names: Headings of the columns that may be left out.
    """
    columns = enumerate(table.headings)
    return _with_columns(
        table,
        [
            index
            for index, name in columns
            if name not in names
            or any(line[index].text not in {MISSING, ""} for line in table.lines)
        ],
    )


def lift_constants(table: SiteTable, names: Collection[str]) -> SiteTable:
    """Move columns that say the same in every line above the table.

    Args:
        table: The table.
        names: Headings of the columns that may be moved.

    Returns:
        The table without them, and without those of them and the hidden ones that are empty.
    """
    if not table.lines:
        return table
    table = drop_empty(table, {*names, *table.extra})
    texts = {
        name: {line[index].text for line in table.lines}
        for index, name in enumerate(table.headings)
    }
    same = [name for name, found in texts.items() if name in names and len(found) == 1]
    kept = [index for index, name in enumerate(table.headings) if name not in same]
    lifted = tuple((name, next(iter(texts[name]))) for name in same)
    return replace(_with_columns(table, kept), constants=(*table.constants, *lifted))


def _with_columns(table: SiteTable, kept: Sequence[int]) -> SiteTable:
    return replace(
        table,
        headings=tuple(table.headings[index] for index in kept),
        lines=tuple(tuple(line[index] for index in kept) for line in table.lines),
    )


def method_page(name: str) -> str:
    """Return the page of a method."""
    return f"methods/{slug(name)}.html"


def transfer_page(name: str) -> str:
    """Return the page of a transfer."""
    return f"transfers/{transfer_stem(name)}.html"


def method_item(name: str) -> Item:
    """Return a cell that leads to the page of a method."""
    return Item(name, link=method_page(name))


def number(value: float | None, show: str = "{:.1f}", scale: float = 100) -> Item:
    """Return a cell with a number, or a dash that sorts last."""
    if value is None or math.isnan(value):
        return Item(MISSING, LAST)
    return Item(show.format(scale * value), round(float(value), 9))


def with_interval(item: Item, low: float, high: float, show: str = "{:.1f}") -> Item:
    """Give a cell its interval, in words and to be drawn; without limits it stays as it is.

    Args:
        item: The cell.
        low: Lower limit, a share; NaN without one.
        high: Upper limit.
        show: How a limit is written, in percent.
    """
    if math.isnan(low) or math.isnan(high) or item.text == MISSING:
        return item
    said = f"{show.format(100 * low)} to {show.format(100 * high)}"
    return replace(item, limits=(round(low, 6), round(high, 6)), said=said)


def shaded(value: float | None) -> Item:
    """Return a cell with a share in percent, on a colour of the scale."""
    item = number(value)
    if value is None or math.isnan(value):
        return item
    return replace(item, shade=min(SHADES - 1, max(0, int(SHADES * value))))
