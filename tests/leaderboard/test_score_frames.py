"""Means over seeds and transfers of what a row says."""

import pytest
from sample_rows import make_row

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.tables.columns import method_frame


@pytest.mark.parametrize("over", ["target", "seed"])
def test_the_mean_of_rates_is_that_of_equal_work(over: str) -> None:
    """1,000 samples in 10 s, then 1,000 in 0.1 s: 2,000 in 10.1 s, not 5,050 a second."""
    lines = []
    for number, (target, rate) in enumerate((("CHN", 100.0), ("USA", 10_000.0))):
        row = make_row(target=target) if over == "target" else make_row(seed=number)
        cost = row.cost.model_copy(update={"predict_samples_per_second": rate})
        lines.append(row.model_copy(update={"cost": cost}))
    (group,) = comparison_groups(from_rows(lines))
    (found,) = method_frame(group)["predict_samples_per_second"]
    assert found == pytest.approx(2000 / 10.1)
