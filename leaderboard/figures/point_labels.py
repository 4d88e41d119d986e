"""Where the numbers of points in a scatter plot stand, so that they can be read."""

from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

OFFSETS: Final = tuple(
    (side * far, height * near)
    for far, near in ((8.0, 6.0), (11.0, 9.0), (16.0, 12.0), (22.0, 16.0))
    for side, height in ((1, 1), (-1, 1), (1, -1), (-1, -1), (1, 0), (-1, 0))
)
"""Offsets of a number from its point in typographic points, the preferred first."""

SIZE: Final = (9.0, 7.0)
"""Width and height that a number of two digits takes, in typographic points."""

MARKER: Final = 5.0
"""Width and height that a marker takes, in typographic points."""


def label_offsets(axis: Axes, points: npt.NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    """Return where the number of each point stands.

    One point after the other takes the first offset at which its number lies on no marker and on no
    number before it, or else the one at which the least is covered.

    Args:
        axis: Axis with its scales, on which everything but the numbers is drawn.
        points: Places of the points in data coordinates [N, 2], the most important first.

    Returns:
        Offset of each number from its point in typographic points.
    """
    figure = axis.get_figure()
    dots = 72 / (figure.dpi if figure is not None else 72)
    places = axis.transData.transform(points) * dots
    offsets = np.array(OFFSETS)
    centres, sizes = places, np.full(places.shape, MARKER)
    found = []
    for place in places:
        numbers = place + offsets
        best = int(np.argmin(_covered(numbers, centres, sizes)))
        found.append(OFFSETS[best])
        centres, sizes = np.vstack([centres, numbers[best]]), np.vstack([sizes, SIZE])
    return tuple(found)


def _covered(
    numbers: npt.NDArray[np.float64],
    centres: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Return the area that a number at each place would share with what is there, square points."""
    apart = np.abs(numbers[:, None] - centres)
    shared = np.clip((sizes + SIZE) / 2 - apart, 0, None)
    covered: npt.NDArray[np.float64] = shared.prod(axis=2).sum(axis=1)
    return covered
