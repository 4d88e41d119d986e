"""Scores of a confusion matrix against numbers worked out by hand, and the harness's own."""

import numpy as np
import pytest

from leaderboard.statistics.confusion_scores import area_error, macro_f1, overall_accuracy

# Corn, soybeans, rice: 4 corn (3 right, 1 called soybeans), 2 soybeans (1 right, 1 called rice).
CONFUSION = np.array([[3.0, 1, 0], [0, 1, 1], [0, 0, 0]])


def test_scores_of_a_confusion_matrix() -> None:
    assert overall_accuracy(CONFUSION) == pytest.approx(4 / 6)
    # Corn 2 * 3 / (4 + 3) = 6/7, soybeans 2 * 1 / (2 + 2) = 1/2; rice has no samples.
    assert macro_f1(CONFUSION) == pytest.approx((6 / 7 + 1 / 2) / 2)
    # Shares: true 4/6, 2/6, 0; predicted 3/6, 2/6, 1/6: half of 1/6 + 0 + 1/6.
    assert area_error(CONFUSION) == pytest.approx(1 / 6)
    assert np.isnan(macro_f1(np.zeros((3, 3))))


def test_scores_agree_with_those_of_the_harness() -> None:
    from benchmark.task.metrics import score

    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=300)
    probabilities = rng.dirichlet(np.ones(7), size=300).astype(np.float32)
    scores, matrix = score(probabilities, labels)
    assert macro_f1(matrix.astype(float)) == pytest.approx(scores.macro_f1)
    assert overall_accuracy(matrix.astype(float)) == pytest.approx(scores.overall_accuracy)
