"""Metrics against hand calculation and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from benchmark.errors import MethodError
from benchmark.task.metrics import check_probabilities, confusion_matrix, macro_f1, score


def certain(predicted: list[int]) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[predicted]


def test_scores_of_a_hand_computed_example() -> None:
    # corn: 2 of 3 found, 1 false; rice: 1 of 1 found, 1 false; wheat: 0 of 1 found, none false.
    labels = np.array([0, 0, 0, 2, 3])
    scores, confusion = score(certain([0, 0, 2, 2, 0]), labels)
    assert scores.overall_accuracy == pytest.approx(3 / 5)
    assert scores.per_crop["corn"].f1 == pytest.approx(2 / 3)
    assert scores.per_crop["rice"].f1 == pytest.approx(2 / 3)
    assert scores.per_crop["wheat"].f1 == 0
    assert scores.per_crop["wheat"].precision is None
    assert scores.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert scores.weighted_f1 == pytest.approx((3 * 2 / 3 + 1 * 2 / 3 + 1 * 0) / 5)
    assert scores.balanced_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)
    # chance agreement: (3*3 + 1*2 + 1*0) / 25 = 11/25
    assert scores.kappa == pytest.approx((3 / 5 - 11 / 25) / (1 - 11 / 25))
    assert confusion[0, 2] == 1
    assert confusion.sum() == 5


def test_a_crop_that_is_only_predicted_does_not_lower_the_mean() -> None:
    scores, _ = score(certain([0, 0, 5]), np.array([0, 0, 0]))
    assert scores.macro_f1 == pytest.approx(2 * 2 / (3 + 2))
    assert scores.per_crop["cotton"].support == 0
    assert scores.per_crop["cotton"].f1 is None


def test_unscored_samples_count_as_errors_in_the_accuracy_over_all() -> None:
    scores, _ = score(certain([0, 0]), np.array([0, 0]), unscored=2)
    assert scores.overall_accuracy == 1
    assert scores.overall_accuracy_all == pytest.approx(0.5)


def test_the_accuracy_over_all_counts_what_a_cap_has_left_out() -> None:
    # 3 of 4 scored samples are right; they are drawn from 30 samples of scored crops, and 10 are of
    # crops that the source lacks: 0.75 * 30 / 40.
    scores, _ = score(certain([0, 0, 2, 0]), np.array([0, 0, 2, 2]), scorable=30, unscored=10)
    assert scores.overall_accuracy == 0.75
    assert scores.overall_accuracy_all == 0.5625


def test_calibration_error_by_hand() -> None:
    # Two samples at confidence 0.8 (one right), so one bin with accuracy 0.5: error 0.3.
    probabilities = np.zeros((2, 7), dtype=np.float32)
    probabilities[:, 0], probabilities[:, 1] = 0.8, 0.2
    scores, _ = score(probabilities, np.array([0, 1]))
    assert scores.calibration_error == pytest.approx(0.3, abs=1e-6)
    assert scores.log_loss == pytest.approx(-(np.log(0.8) + np.log(0.2)) / 2, abs=1e-6)
    assert scores.brier == pytest.approx((0.04 + 0.04 + 0.64 + 0.64) / 2, abs=1e-6)


def test_rewritten_predictions_change_the_confusion_but_not_the_log_loss() -> None:
    probabilities, labels = certain([3, 3]), np.array([6, 3])
    plain, _ = score(probabilities, labels)
    rewritten, confusion = score(probabilities, labels, predicted=np.array([6, 6]))
    assert plain.overall_accuracy == rewritten.overall_accuracy == 0.5
    assert confusion[6, 6] == 1
    assert plain.log_loss == rewritten.log_loss


pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=60)


@given(pairs)
def test_scores_agree_with_scikit_learn(answers: list[tuple[int, int]]) -> None:
    labels, predicted = (np.array(column) for column in zip(*answers, strict=True))
    scores, confusion = score(certain(list(predicted)), labels)
    present = sorted(set(labels.tolist()))
    expected = reference.f1_score(
        labels, predicted, labels=present, average="macro", zero_division=0
    )
    assert scores.macro_f1 == pytest.approx(expected)
    assert macro_f1(labels, predicted) == pytest.approx(expected)
    recall = reference.recall_score(
        labels, predicted, labels=present, average="macro", zero_division=0
    )
    assert scores.balanced_accuracy == pytest.approx(recall)
    assert scores.overall_accuracy == pytest.approx(reference.accuracy_score(labels, predicted))
    np.testing.assert_array_equal(
        confusion, reference.confusion_matrix(labels, predicted, labels=range(7))
    )
    union = reference.f1_score(labels, predicted, average="macro", zero_division=0)
    assert macro_f1(labels, predicted, over_predicted=True) == pytest.approx(union)


@given(pairs, st.randoms())
def test_scores_do_not_depend_on_the_order(answers: list[tuple[int, int]], random: object) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def scored(these: list[tuple[int, int]]) -> float:
        labels, predicted = (np.array(column) for column in zip(*these, strict=True))
        return score(certain(list(predicted)), labels)[0].macro_f1

    assert scored(answers) == pytest.approx(scored(shuffled))


def test_confusion_counts_true_in_rows() -> None:
    assert confusion_matrix(np.array([1]), np.array([0]), 2).tolist() == [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.ones((2, 3)) / 3, "shape"),
        (np.ones((3, 3)), "sum to one"),
        (np.array([[1.5, -0.5, 0]] * 3), "negative"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.ones(3), "shape"),
    ],
)
def test_wrong_probabilities_are_refused(answer: np.ndarray, words: str) -> None:
    with pytest.raises(MethodError, match=words):
        check_probabilities(answer, samples=3, classes=3)


def test_nothing_to_score_is_an_error() -> None:
    with pytest.raises(MethodError, match="no sample"):
        score(np.empty((0, 7), dtype=np.float32), np.empty(0, dtype=np.int64))
