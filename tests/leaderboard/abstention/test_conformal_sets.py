"""Thresholds and sets by hand, and the guarantee where it must hold."""

import numpy as np
import pytest

from leaderboard.abstention.conformal_sets import (
    class_thresholds,
    fewest_samples,
    prediction_sets,
    score_sets,
)


def two(first: np.ndarray) -> np.ndarray:
    return np.stack([first, 1 - first], axis=1)


def test_a_threshold_is_the_probability_at_the_rank_of_the_level() -> None:
    """Nine samples of the first class, three of the second, level 0.8.

    The rank in the first is ceil(10 x 0.8) = 8: the eighth of 0.9, 0.8, ... is 0.2. In the second
    it is ceil(4 x 0.8) = 4, and there are three.
    """
    probabilities = two(np.array([0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.3, 0.2, 0.1]))
    labels = np.repeat([0, 1], [9, 3])
    assert class_thresholds(probabilities, labels, 0.8).tolist() == [0.2, -np.inf]
    assert class_thresholds(probabilities, labels, 0.9).tolist() == [0.1, -np.inf]
    assert class_thresholds(probabilities, labels, 0.5)[1] == pytest.approx(0.8)


@pytest.mark.parametrize(("level", "fewest"), [(0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_a_class_has_a_threshold_from_so_many_samples_on(level: float, fewest: int) -> None:
    assert fewest_samples(level) == fewest
    for number, known in ((fewest - 1, False), (fewest, True)):
        labels = np.zeros(number, np.int64)
        found = class_thresholds(np.full((number, 1), 0.5), labels, level)
        assert bool(np.isfinite(found[0])) is known


def test_scores_of_sets_by_hand() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.3, 0.5], [0.3, 0.3, 0.4]])
    sets = prediction_sets(probabilities, np.array([0.4, 0.5, 0.5]))
    assert sets.tolist() == [
        [True, False, False],
        [True, True, False],
        [False, False, True],
        [False, False, False],
    ]
    scores = score_sets(sets, np.array([0, 1, 1, 1]))
    assert scores.coverage == pytest.approx(2 / 4)
    assert scores.worst == pytest.approx(1 / 3)
    assert scores.size == pytest.approx(4 / 4)
    assert scores.single == pytest.approx(2 / 4)
    assert scores.right == pytest.approx(1 / 2)
    assert np.isnan(score_sets(sets[1:2], np.array([1])).right)
    # A class that the method cannot predict is in no set, not even in one of all classes.
    unknown = score_sets(np.ones((2, 3), dtype=bool), np.array([-1, 2]))
    assert (unknown.coverage, unknown.worst) == (0.5, 0.0)


def test_sets_cover_each_class_under_other_class_shares_but_not_under_another_shift() -> None:
    """Averaged over calibrations the guarantee is exact to 1 / (n + 1)."""
    random = np.random.default_rng(4)

    def draw(labels: np.ndarray, moved: float = 0.0) -> np.ndarray:
        seen = random.normal(2.0 * labels - 1 - moved, 1.0)
        return two(1 / (1 + np.exp(2 * seen)))

    known, rare = np.repeat([0, 1], 60), np.repeat([0, 1], [20, 380])
    covered = {"same": [], "moved": []}  # type: ignore[var-annotated]
    for _ in range(200):
        thresholds = class_thresholds(draw(known), known, 0.9)
        for name, moved in (("same", 0.0), ("moved", 1.5)):
            scores = score_sets(prediction_sets(draw(rare, moved), thresholds), rare)
            covered[name].append(scores.coverage)
    assert 0.89 < np.mean(covered["same"]) < 0.93
    assert np.mean(covered["moved"]) < 0.6
