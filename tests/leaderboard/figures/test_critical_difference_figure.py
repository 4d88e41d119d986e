"""The diagram of average ranks says what its bar means, and its numbers do not overlap."""

from itertools import pairwise

import pytest
from matplotlib import rc_context

from leaderboard.figures.critical_difference_figure import draw_ranks
from leaderboard.figures.leaderboard_figures import STYLE
from leaderboard.statistics.ranking import CriticalDifference


@pytest.mark.parametrize(
    ("count", "difference", "numbers", "said"),
    [
        (5, 2.5, ["1", "2", "3", "4", "5"], "critical difference 2.50"),
        (5, 4.31, ["1", "2", "3", "4", "5"], "critical difference 4.31, longer than the scale"),
        (20, 7.0, ["1", "5", "10", "15", "20"], "critical difference 7.00"),
    ],
)
def test_ranks_and_the_critical_difference(
    count: int, difference: float, numbers: list[str], said: str
) -> None:
    ranks = tuple(float(rank) for rank in range(1, count + 1))
    found = CriticalDifference(ranks, 9, 1.0, 0.01, difference, ())
    (axis,) = draw_ranks(found, [f"m{n}" for n in range(count)], "made up").axes
    texts = [text.get_text() for text in axis.texts]
    assert [text for text in texts if text.isdigit()] == numbers
    assert said in texts
    lengths = [
        float(segment[1, 0] - segment[0, 0])
        for lines in axis.collections
        for segment in lines.get_segments()  # type: ignore[attr-defined]
        if segment[0, 1] == segment[1, 1] == -0.65
    ]
    assert lengths == ([pytest.approx(difference)] if "longer" not in said else [])


@pytest.mark.parametrize("count", [3, 12, 15])
def test_numbers_of_the_scale_keep_apart_beside_long_names(count: int) -> None:
    ranks = tuple(float(rank) for rank in range(1, count + 1))
    found = CriticalDifference(ranks, 9, 1.0, 0.01, 2.0, ())
    with rc_context(STYLE):
        figure = draw_ranks(found, ["name" * 10] * count, "made up")
        figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text().isdigit()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
