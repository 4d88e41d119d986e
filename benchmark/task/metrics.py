"""Scores from probabilities and labels, computed with numpy alone."""

from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmark.data.taxonomy import CROPS
from benchmark.errors import MethodError

METRIC_VERSION: Final = "2"
"""Version of the metrics. Raise it whenever a definition below changes, or the choice of samples or
bands. Rows of different versions are never compared. docs/results-format.md lists the changes."""

CALIBRATION_BINS: Final = 15
"""Equal-width confidence bins of the calibration error (Guo et al. 2017, arXiv 1706.04599)."""

SMALLEST_PROBABILITY: Final = 1e-7
"""Lowest probability inside the logarithm, about the resolution of single precision."""

SUM_TOLERANCE: Final = 1e-3
"""Largest difference between 1 and the sum of the probabilities of a sample."""

Probabilities = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Confusion = npt.NDArray[np.int64]


class CropScores(BaseModel):
    """Scores of one crop.

    Attributes:
        precision: Share of the predictions of this crop that are right; ``None`` without
            predictions.
        recall: Share of the samples of this crop that are predicted as it; ``None`` without
            samples.
        f1: Harmonic mean of precision and recall; 0 if no prediction of this crop is right,
            ``None`` without samples.
        support: Number of samples of this crop.
        predicted: Number of predictions of this crop.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


class Scores(BaseModel):
    """Scores of one method on one set of samples; means are over the crops that have samples.

    Attributes:
        overall_accuracy: Share of samples whose predicted crop is right.
        macro_f1: Mean F1 over the crops that have samples.
        weighted_f1: Mean F1 over the crops that have samples, weighted by their number of samples;
            ``None`` in rows of versions that did not report it.
        balanced_accuracy: Mean recall over the crops that have samples.
        kappa: Cohen's kappa; ``None`` if the agreement by chance is 1.
        log_loss: Mean negative logarithm of the probability of the true crop.
        brier: Mean over samples of the summed squared error of the probabilities.
        calibration_error: Expected calibration error of the most probable class.
        overall_accuracy_all: Share of *all* target samples that are right. Samples of crops that
            the source does not have count as wrong. It is overall accuracy times the share of
            target samples that are of scored crops.
        per_crop: Scores of each crop that has samples or predictions, by name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overall_accuracy: float
    macro_f1: float
    weighted_f1: float | None = None
    balanced_accuracy: float
    kappa: float | None
    log_loss: float
    brier: float
    calibration_error: float
    overall_accuracy_all: float
    per_crop: dict[str, CropScores]


def check_probabilities(probabilities: object, *, samples: int, classes: int) -> Probabilities:
    """Return the output of ``predict_proba`` as an array if it is valid.

    Args:
        probabilities: Output of ``predict_proba``.
        samples: Number of samples that it was given.
        classes: Number of classes.

    Returns:
        The probabilities [samples, classes], float32.

    Raises:
        MethodError: If the shape, a value or the sum of a row is wrong.
    """
    array = np.asarray(probabilities, dtype=np.float32)
    if array.shape != (samples, classes):
        raise MethodError(
            f"predict_proba returned shape {array.shape}: return ({samples}, {classes})."
        )
    if not np.isfinite(array).all():
        raise MethodError("predict_proba returned NaN or infinite values: return probabilities.")
    if array.min(initial=0.0) < 0 or np.abs(array.sum(axis=1) - 1).max(initial=0.0) > SUM_TOLERANCE:
        raise MethodError(
            "predict_proba returned values that are negative or do not sum to one: return "
            "probabilities."
        )
    return array


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> Confusion:
    """Count samples by true class (rows) and predicted class (columns).

    Args:
        labels: True class of each sample [N].
        predicted: Predicted class of each sample [N].
        classes: Number of classes K.

    Returns:
        Counts [K, K].
    """
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes).astype(np.int64)


def macro_f1(labels: Labels, predicted: Labels, *, over_predicted: bool = False) -> float:
    """Return the mean F1 over the classes that have samples.

    Args:
        labels: True class of each sample [N].
        predicted: Predicted class of each sample [N].
        over_predicted: Whether the mean is also over classes that have predictions only, as the
            released code does for its validation score (paper_facts.md, defect 5).

    Returns:
        A value in [0, 1].
    """
    classes = int(max(labels.max(), predicted.max())) + 1
    matrix = confusion_matrix(labels, predicted, classes)
    _, _, f1 = _precision_recall_f1(matrix)
    used = matrix.sum(axis=1) > 0
    if over_predicted:
        used |= matrix.sum(axis=0) > 0
    return float(np.mean(f1[used]))


def score(
    probabilities: Probabilities,
    labels: Labels,
    *,
    predicted: Labels | None = None,
    unscored: int = 0,
    scorable: int | None = None,
) -> tuple[Scores, Confusion]:
    """Score probabilities over all seven classes against the true classes.

    Args:
        probabilities: Probability of each class [N, 7]; zero for classes the source lacks.
        labels: True class index [N].
        predicted: Predicted class index [N], if it is not the most probable class (the released
            code rewrites predictions). By default the most probable class, and of several the one
            with the lowest index.
        unscored: Number of target samples left out because the source lacks their crop.
        scorable: Number of target samples of the other crops, from which a cap may have drawn the
            scored ones. By default the number of scored samples.

    Returns:
        The scores and the confusion matrix [7, 7], true crop by predicted crop.

    Raises:
        MethodError: If there is no sample to score.
    """
    if len(labels) == 0:
        raise MethodError("There is no sample to score: give one or more.")
    chosen = probabilities.argmax(axis=1).astype(np.int64) if predicted is None else predicted
    matrix = confusion_matrix(labels, chosen, len(CROPS))
    precision, recall, f1 = _precision_recall_f1(matrix)
    support, given = matrix.sum(axis=1), matrix.sum(axis=0)
    present = support > 0
    right = float(np.trace(matrix))
    total = len(labels)
    whole = total if scorable is None else scorable
    scores = Scores(
        overall_accuracy=right / total,
        macro_f1=float(f1[present].mean()),
        weighted_f1=float(f1 @ support) / total,
        balanced_accuracy=float(recall[present].mean()),
        kappa=_kappa(matrix),
        log_loss=_log_loss(probabilities, labels),
        brier=_brier(probabilities, labels),
        calibration_error=_calibration_error(probabilities, labels),
        overall_accuracy_all=right * whole / (total * (whole + unscored)),
        per_crop={
            crop: CropScores(
                precision=float(precision[k]) if given[k] else None,
                recall=float(recall[k]) if support[k] else None,
                f1=float(f1[k]) if support[k] else None,
                support=int(support[k]),
                predicted=int(given[k]),
            )
            for k, crop in enumerate(CROPS)
            if support[k] or given[k]
        },
    )
    return scores, matrix


def _precision_recall_f1(
    matrix: Confusion,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    right = np.diag(matrix).astype(np.float64)
    support, given = matrix.sum(axis=1), matrix.sum(axis=0)
    precision = right / np.maximum(given, 1)
    recall = right / np.maximum(support, 1)
    return precision, recall, 2 * right / np.maximum(support + given, 1)


def _kappa(matrix: Confusion) -> float | None:
    total = matrix.sum()
    chance = float((matrix.sum(axis=0) / total) @ (matrix.sum(axis=1) / total))
    if chance >= 1:
        return None
    return (float(np.trace(matrix)) / float(total) - chance) / (1 - chance)


def _log_loss(probabilities: Probabilities, labels: Labels) -> float:
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0)).mean())


def _brier(probabilities: Probabilities, labels: Labels) -> float:
    error = probabilities.astype(np.float64)
    error[np.arange(len(labels)), labels] -= 1
    return float(np.square(error).sum(axis=1).mean())


def _calibration_error(probabilities: Probabilities, labels: Labels) -> float:
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    gap = np.bincount(bins, weights=right - confidence, minlength=CALIBRATION_BINS)
    return float(np.abs(gap).sum() / len(labels))
