"""Ways of adapting a trained CropNet to the unlabelled series of a target."""

import copy
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from benchmark.randomness import generator
from benchmark.run.training.target_label_wrappers import Wrapped
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.methods import Classifier, Features, Labels
from cropnet.model import CropNet

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

CONFIDENT_SHARE: Final = 0.3
CONFIDENT_MOST: Final = 400
"""Of each predicted class, the most confident 30 % and at most 400 are kept (the pilot's)."""

SHIFT_ROUNDS: Final = 200
SHIFT_TOLERANCE: Final = 1e-6
"""Rounds of expectation-maximisation, and the change of a share below which it has converged."""

LINEAR_ROUNDS: Final = 1000
SMALLEST_SPREAD: Final = 1e-6


class SelfTraining(Wrapped):
    """Class-balanced self-training: learn anew from the source and the surest target samples."""

    def adapt(self, x: Features) -> Classifier:
        """Return a student trained from scratch on the source and pseudo-labelled x [M, ...]."""
        rows, labels = surest(self.inner_.predict_proba(x))
        xs, ys, validation = self.source_
        joint = np.concatenate([xs, x[rows]]), np.concatenate([ys, labels])
        return self.again("student").fit(*joint, validation=validation)


class PriorShift(Wrapped):
    """Re-weights classes by the target's shares, estimated from the answers themselves."""

    def adapt(self, x: Features) -> Classifier:
        """Return the teacher with its probabilities re-weighted for the shares found in x."""
        answers = np.asarray(self.inner_.predict_proba(x), dtype=np.float64)
        return _Reweighted(self.inner_, estimate_shares(answers) * answers.shape[1])


class _Reweighted:
    """A fitted classifier whose probabilities are multiplied by class weights [K]."""

    def __init__(self, classifier: Classifier, weights: npt.NDArray[np.float64]) -> None:
        self.classifier = classifier
        self.weights = weights

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "_Reweighted":
        self.classifier = self.classifier.fit(x, y, validation=validation)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.float64]:
        weighted = np.asarray(self.classifier.predict_proba(x), dtype=np.float64) * self.weights
        total = np.maximum(weighted.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return np.asarray(weighted / total)


class AdaptiveBatchNorm(TorchClassifier):
    """A network whose batch-norm statistics are replaced by the target's (AdaBN).

    Reference: Li et al. 2016, Revisiting Batch Normalization for Practical Domain Adaptation,
    arXiv 1603.04779.
    """

    def adapt(self, x: Features) -> TorchClassifier:
        """Return a copy with batch-norm statistics of x [M, ...], each sample weighing alike."""
        adapted = copy.copy(self)
        adapted.network_ = copy.deepcopy(self.network_).eval()
        layers = [
            module
            for module in adapted.network_.modules()
            if isinstance(module, nn.modules.batchnorm._BatchNorm)
        ]
        for layer in layers:
            layer.reset_running_stats()
            layer.train()
        # Shuffled, since the statistics of a batch are those that its samples are normalised by.
        order = generator(self.context.seed, "statistics").permutation(len(x))
        seen = 0
        with torch.inference_mode():
            for batch in adapted.batches(x[order]):
                seen += len(batch)
                for layer in layers:
                    layer.momentum = len(batch) / seen  # the mean over samples, not over batches
                adapted.network_(batch)
        adapted.network_.eval()
        return adapted


class CorrelationAlignment(TorchClassifier):
    """CORAL: a linear classifier on source features with the target's mean and covariance.

    Features are those before the network's linear layer. Reference: Sun, Feng & Saenko 2016,
    Return of Frustratingly Easy Domain Adaptation, arXiv 1511.05547, algorithm 1 with its unit
    ridge; features are standardised by the source, and means are matched too.
    """

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "CorrelationAlignment":
        """Train the network and remember the source's features."""
        super().fit(x, y, validation=validation)
        features = self.embed(x)
        self.mean_, self.spread_ = features.mean(axis=0), features.std(axis=0) + SMALLEST_SPREAD
        self.source_ = features, y
        return self

    def embed(self, x: Features) -> npt.NDArray[np.float64]:
        """Return the features before the linear layer [N, D]."""
        network = self.network_
        assert isinstance(network, CropNet)
        with torch.inference_mode():
            parts = [network.embed(batch).cpu().numpy() for batch in self.batches(x)]
        return np.asarray(np.concatenate(parts), dtype=np.float64)

    def adapt(self, x: Features) -> "_Aligned":
        """Return a classifier for a target whose samples are like x [M, ...]."""
        from sklearn.linear_model import LogisticRegression

        features, labels = self.source_
        source, target = self.standardise(features), self.standardise(self.embed(x))
        linear = LogisticRegression(class_weight="balanced", max_iter=LINEAR_ROUNDS)
        return _Aligned(self, linear.fit(align(source, target), labels))

    def standardise(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return features with the source's mean and spread taken out."""
        return np.asarray((features - self.mean_) / self.spread_)


class _Aligned:
    """A network's features under a linear classifier that was fitted for one target."""

    def __init__(self, network: CorrelationAlignment, linear: "LogisticRegression") -> None:
        self.network = network
        self.linear = linear

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "_Aligned":
        del validation
        self.linear.fit(self.network.standardise(self.network.embed(x)), y)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.float64]:
        features = self.network.standardise(self.network.embed(x))
        return np.asarray(self.linear.predict_proba(features))


def surest(probabilities: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Labels]:
    """Choose the most confident samples of each predicted class.

    Args:
        probabilities: Of each class [M, K].

    Returns:
        Row numbers, ascending, and their predicted classes.
    """
    answers = np.asarray(probabilities)
    predicted, confidence = answers.argmax(axis=1), answers.max(axis=1)
    chosen = []
    for label in np.unique(predicted):
        rows = np.flatnonzero(predicted == label)
        most = min(max(round(CONFIDENT_SHARE * len(rows)), 1), CONFIDENT_MOST)
        chosen.append(rows[np.argsort(-confidence[rows], kind="stable")[:most]])
    rows = np.sort(np.concatenate(chosen)).astype(np.int64)
    return rows, predicted[rows].astype(np.int64)


def estimate_shares(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Estimate class shares by expectation-maximisation, from answers of a balanced classifier.

    Reference: Saerens, Latinne & Decaestecker 2002, Adjusting the Outputs of a Classifier to New a
    Priori Probabilities; the training shares are equal, since training weighs classes equally.

    Args:
        probabilities: Of each class [M, K].

    Returns:
        Shares [K] that sum to one.
    """
    classes = probabilities.shape[1]
    shares = np.full(classes, 1 / classes)
    for _ in range(SHIFT_ROUNDS):
        weighted = probabilities * shares
        weighted /= np.maximum(weighted.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
        before, shares = shares, weighted.mean(axis=0)
        if np.abs(shares - before).max() < SHIFT_TOLERANCE:
            break
    return shares


def align(
    source: npt.NDArray[np.float64], target: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return source features [N, D] with the mean and covariance of target features [M, D].

    Covariances have a unit ridge, so that they can be inverted.
    """
    ridge = np.eye(source.shape[1])
    whiten = _power(np.cov(source, rowvar=False) + ridge, -0.5)
    colour = _power(np.cov(target, rowvar=False) + ridge, 0.5)
    return np.asarray((source - source.mean(axis=0)) @ whiten @ colour + target.mean(axis=0))


def _power(matrix: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)
