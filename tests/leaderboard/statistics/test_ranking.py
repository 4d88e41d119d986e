"""Ranks, critical differences and the Pareto front against numbers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from leaderboard.statistics.ranking import critical_difference, pareto_front, ranks, win_rates

# Three methods on four transfers. On the second transfer the first two tie.
SCORES = np.array([[0.9, 0.5, 0.7, 0.8], [0.8, 0.5, 0.9, 0.6], [0.1, 0.2, 0.3, 0.4]])


def test_ranks_and_wins_with_a_tie() -> None:
    assert ranks(SCORES).tolist() == [[1, 1.5, 2, 1], [2, 1.5, 1, 2], [3, 3, 3, 3]]
    # Of eight comparisons the first wins 4 + 2 and ties one: 6.5; hence (3 - 5.5 / 4) / 2.
    assert win_rates(SCORES).tolist() == pytest.approx([6.5 / 8, 5.5 / 8, 0])
    assert np.isnan(win_rates(SCORES[:1])).all()


def test_critical_difference_as_in_the_literature() -> None:
    found = critical_difference(SCORES)
    assert found is not None
    assert found.average_ranks == pytest.approx((1.375, 1.625, 3))
    # Demsar 2006, table 5a: q = 2.343 for three methods; times sqrt(3 * 4 / (6 * 4)).
    assert found.difference == pytest.approx(2.343 * np.sqrt(0.5), abs=1e-3)
    assert found.p_value == pytest.approx(stats.friedmanchisquare(*SCORES).pvalue)
    # 3 - 1.375 = 1.625 is within 1.657: four transfers cannot part them.
    assert found.groups == ((0, 1, 2),)


def test_methods_far_apart_are_parted() -> None:
    found = critical_difference(np.tile(np.array([[0.9], [0.8], [0.1]]), (1, 8)))
    assert found is not None
    # Ranks 1, 2, 3 on eight transfers: difference 2.343 * sqrt(12 / 48) = 1.17.
    assert found.groups == ((0, 1), (1, 2))
    assert critical_difference(SCORES[:2]) is None
    assert critical_difference(np.ones((3, 4))) is None


def test_the_front_has_what_nothing_beats() -> None:
    front = pareto_front(np.array([1.0, 2, 3, 1, 2]), np.array([0.5, 0.7, 0.6, 0.5, 0.4]))
    assert front.tolist() == [True, True, False, True, False]
