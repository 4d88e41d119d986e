"""Four ways to adapt a trained CropNet to the unlabelled series of a target."""

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
"""Self-training uses the most confident 30 % of each predicted class, and at most 400 samples.
Source: the project's pilot."""

SHIFT_ROUNDS: Final = 200
SHIFT_TOLERANCE: Final = 1e-6
"""Largest number of rounds of expectation-maximisation, and the change of a share below which it
stops."""

LINEAR_ROUNDS: Final = 1000
SMALLEST_SPREAD: Final = 1e-6


class SelfTraining(Wrapped):
    """Class-balanced self-training: train again on the source and confident target samples."""

    def adapt(self, x: Features) -> Classifier:
        """Return a new classifier, trained on the source and on pseudo-labelled target samples.

        Args:
            x: Samples of the target [M, ...], without labels.
        """
        rows, labels = most_confident(self.inner_.predict_proba(x))
        xs, ys, validation = self.source_
        joint = np.concatenate([xs, x[rows]]), np.concatenate([ys, labels])
        return self.again("student").fit(*joint, validation=validation)


class PriorShift(Wrapped):
    """Re-weights classes by their shares in the target, estimated from the predictions."""

    def adapt(self, x: Features) -> Classifier:
        """Return the classifier with its probabilities re-weighted by the class shares in x.

        Args:
            x: Samples of the target [M, ...], without labels.
        """
        probabilities = np.asarray(self.inner_.predict_proba(x), dtype=np.float64)
        weights = estimate_shares(probabilities) * probabilities.shape[1]
        return _Reweighted(self.inner_, weights)


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
    """A network whose batch-norm statistics are replaced by those of the target (AdaBN).

    Reference: Li et al. 2016, Revisiting Batch Normalization for Practical Domain Adaptation,
    arXiv 1603.04779.
    """

    def adapt(self, x: Features) -> TorchClassifier:
        """Return a copy of the network with the batch-norm statistics of x.

        Args:
            x: Samples of the target [M, ...], without labels. All have the same weight.
        """
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
        # Shuffled, since each batch is normalised by its own statistics.
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
    """CORAL: a linear classifier on source features that have the target's mean and covariance.

    The features are the input of the network's linear layer. Reference: Sun, Feng & Saenko 2016,
    Return of Frustratingly Easy Domain Adaptation, arXiv 1511.05547, algorithm 1 with its unit
    ridge. In addition, features are standardised by the source and means are matched.
    """

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "CorrelationAlignment":
        """Train the network, and keep the features of the source for `adapt`."""
        super().fit(x, y, validation=validation)
        features = self.embed(x)
        self.mean_, self.spread_ = features.mean(axis=0), features.std(axis=0) + SMALLEST_SPREAD
        self.source_ = features, y
        return self

    def embed(self, x: Features) -> npt.NDArray[np.float64]:
        """Return the features before the linear layer [N, D] of samples x [N, ...]."""
        network = self.network_
        assert isinstance(network, CropNet)
        with torch.inference_mode():
            parts = [network.embed(batch).cpu().numpy() for batch in self.batches(x)]
        return np.asarray(np.concatenate(parts), dtype=np.float64)

    def adapt(self, x: Features) -> "_Aligned":
        """Return a classifier for the target.

        Args:
            x: Samples of the target [M, ...], without labels.
        """
        from sklearn.linear_model import LogisticRegression

        features, labels = self.source_
        source, target = self.standardise(features), self.standardise(self.embed(x))
        linear = LogisticRegression(class_weight="balanced", max_iter=LINEAR_ROUNDS)
        return _Aligned(self, linear.fit(align(source, target), labels))

    def standardise(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return features [N, D] minus the source's mean, divided by its standard deviation."""
        return np.asarray((features - self.mean_) / self.spread_)


class _Aligned:
    """A linear classifier, fitted for one target, on the features of a network."""

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


def most_confident(probabilities: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Labels]:
    """Choose the most confident samples of each predicted class.

    Args:
        probabilities: Probability of each class [M, K].

    Returns:
        Row numbers in ascending order, and the predicted class of each.
    """
    values = np.asarray(probabilities)
    predicted, confidence = values.argmax(axis=1), values.max(axis=1)
    chosen = []
    for label in np.unique(predicted):
        rows = np.flatnonzero(predicted == label)
        most = min(max(round(CONFIDENT_SHARE * len(rows)), 1), CONFIDENT_MOST)
        chosen.append(rows[np.argsort(-confidence[rows], kind="stable")[:most]])
    rows = np.sort(np.concatenate(chosen)).astype(np.int64)
    return rows, predicted[rows].astype(np.int64)


def estimate_shares(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Estimate class shares by expectation-maximisation from the predictions of a classifier.

    Reference: Saerens, Latinne & Decaestecker 2002, Adjusting the Outputs of a Classifier to New a
    Priori Probabilities. The training shares are taken as equal, since training weighs all classes
    equally.

    Args:
        probabilities: Probability of each class [M, K].

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
    """Transform source features so that they have the mean and covariance of target features.

    A unit ridge is added to both covariances, so that they can be inverted. Reference: see
    `CorrelationAlignment`.

    Args:
        source: Features of the source [N, D].
        target: Features of the target [M, D].

    Returns:
        Transformed source features [N, D].
    """
    ridge = np.eye(source.shape[1])
    whiten = _power(np.cov(source, rowvar=False) + ridge, -0.5)
    colour = _power(np.cov(target, rowvar=False) + ridge, 0.5)
    return np.asarray((source - source.mean(axis=0)) @ whiten @ colour + target.mean(axis=0))


def _power(matrix: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)
