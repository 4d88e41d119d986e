"""Long texts in figures: names are shortened, and a figure grows where a text would be cut off."""

from typing import Final

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

LONGEST_NAME: Final = 40
"""Characters of a method's name in a figure."""

EDGE: Final = 0.1
"""Inches around what reaches beyond a figure's edge."""


def short(name: str) -> str:
    """Return a name as figures show it: one line of at most 40 characters."""
    flat = " ".join(name.split())
    return flat if len(flat) <= LONGEST_NAME else f"{flat[: LONGEST_NAME - 3]}..."


def whole_page(figure: Figure, dpi: int) -> Bbox | None:
    """Return the page that holds all of a figure in inches; ``None`` where its own size does.

    Titles and names reach beyond the edge where few panels are narrower than the text above them.

    Args:
        figure: The figure.
        dpi: Pixels per inch of its file, which decide how wide letters are.
    """
    figure.set_dpi(dpi)
    figure.draw_without_rendering()
    page = Bbox.from_bounds(0, 0, *figure.get_size_inches())
    drawn = figure.get_tightbbox()
    if page.x0 <= drawn.x0 and page.y0 <= drawn.y0 and drawn.x1 <= page.x1 and drawn.y1 <= page.y1:
        return None
    return Bbox.union([page, drawn.padded(EDGE)])
