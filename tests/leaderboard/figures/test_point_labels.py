"""Numbers of points can be read: they lie on no marker and on no other number."""

import numpy as np
from matplotlib.figure import Figure

from leaderboard.figures.point_labels import MARKER, SIZE, label_offsets


def boxes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of points and of their numbers on paper, in typographic points."""
    figure = Figure(figsize=(6, 5), dpi=144)
    axis = figure.subplots()
    axis.set_xscale("log")
    axis.set(xlim=(1, 1000), ylim=(0, 100))
    offsets = np.array(label_offsets(axis, points)).reshape(-1, 2)
    places = axis.transData.transform(points) / 2
    return places, places + offsets


def test_close_points_have_numbers_apart() -> None:
    """Three points within the size of one number, as methods of one family often are."""
    points = np.array([[100.0, 50.0], [104.0, 50.5], [98.0, 51.5], [400.0, 20.0]])
    places, numbers = boxes(points)
    width, height = SIZE
    for index, (x, y) in enumerate(numbers):
        for other in places:
            away = abs(x - other[0]), abs(y - other[1])
            assert away[0] >= (width + MARKER) / 2 or away[1] >= (height + MARKER) / 2
        for other in numbers[:index]:
            assert abs(x - other[0]) >= width or abs(y - other[1]) >= height


def test_a_number_of_a_point_alone_stands_at_its_upper_right() -> None:
    ((place, number),) = zip(*boxes(np.array([[10.0, 50.0]])), strict=True)
    assert (number > place).all()
    assert np.abs(number - place).max() < 10


def test_no_points_have_no_numbers() -> None:
    assert len(boxes(np.zeros((0, 2)))[1]) == 0
