"""Classifiers that take any features: random forest, XGBoost and a multilayer perceptron."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmark.data.season import season
from benchmark.randomness import derive_seed
from benchmark.run.training.augmentation import augmentation_of
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Classifier, Context, Features, Labels

MLP_LAYERS: Final = 8
"""Number of hidden layers of the released code's MLP (paper_facts.md, Training, mark C)."""

MLP_WIDTH: Final = 128
"""Units of each hidden layer (the same source)."""

MLP_DROPOUT: Final = 0.3
"""Dropout after each hidden layer (the same source)."""

THREADS: Final = -1
"""All cores that the process may use."""


class RandomForest:
    """scikit-learn's random forest with balanced class weights on flattened features.

    Args:
        context: Seed, class count and the number of trees.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "RandomForest":
        """Grow the trees on x [N, ...], y [N]; the validation data are not used."""
        from sklearn.ensemble import RandomForestClassifier

        del validation
        self.forest_ = RandomForestClassifier(
            n_estimators=self.context.protocol.trees.forest,
            class_weight="balanced",
            n_jobs=THREADS,
            random_state=derive_seed(self.context.seed, "random-forest") % 2**32,
        ).fit(_flat(x), y)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the probability of each class [N, K]."""
        return np.asarray(self.forest_.predict_proba(_flat(x)))


class XGBoost:
    """Gradient-boosted histogram trees with balanced sample weights and early stopping.

    Args:
        context: Seed, class count, device and the limits of boosting.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "XGBoost":
        """Boost on x [N, ...], y [N] until the validation loss stops falling."""
        from xgboost import XGBClassifier

        trees = self.context.protocol.trees
        classes = len(self.context.classes)
        counts = np.bincount(y, minlength=classes)
        weights = len(y) / (classes * counts)
        self.device_ = self.context.device if self.context.device.startswith("cuda") else "cpu"
        self.booster_ = XGBClassifier(
            n_estimators=trees.boosting_rounds,
            early_stopping_rounds=trees.early_stopping_rounds,
            objective="multi:softprob",
            num_class=classes,
            eval_metric="mlogloss",
            tree_method="hist",
            device=self.device_,
            random_state=derive_seed(self.context.seed, "xgboost") % 2**31,
        )
        xv, yv = validation
        self.booster_.fit(
            _flat(x),
            y,
            sample_weight=weights[y],
            eval_set=[(_flat(xv), yv)],
            sample_weight_eval_set=[weights[yv]],
            verbose=False,
        )
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the probability of each class [N, K]."""
        return np.asarray(self.booster_.predict_proba(_flat(x)))


class AugmentedTrees:
    """Trees on season windows and on augmented copies of them.

    Trees have no epochs, so the copies are made once; the protocol gives their number.

    Args:
        context: Seed, class count, device and the limits of the trees.
        head: Function that makes the trees.
    """

    def __init__(self, context: Context, *, head: Callable[[Context], Classifier]) -> None:
        self.context = context
        self.head = head

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "AugmentedTrees":
        """Fit the trees on x [N, B, 73], y [N] and copies; validation windows have no copies."""
        copies = self.context.protocol.augmentation.copies
        augment = augmentation_of(self.context.protocol)
        year = torch.from_numpy(np.ascontiguousarray(x))
        random = torch.Generator().manual_seed(derive_seed(self.context.seed, "copies"))
        windows = [season(x), *(augment(year, random).numpy() for _ in range(copies))]
        xv, yv = validation
        self.trees_ = self.head(self.context).fit(
            np.concatenate(windows), np.tile(y, 1 + copies), validation=(season(xv), yv)
        )
        self.device_ = getattr(self.trees_, "device_", "cpu")
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return the probability of each class [N, K] for whole years x [N, B, 73]."""
        return self.trees_.predict_proba(season(x))


class MultilayerPerceptron(TorchClassifier):
    """The released code's MLP on flattened features, trained like the other networks.

    Args:
        context: Seed, classes, protocol and device.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(Recipe(build=_perceptron, in_released_code=True), context)


def _flat(x: Features) -> Features:
    return np.ascontiguousarray(x.reshape(len(x), -1))


class _Perceptron(nn.Module):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for width in [inputs, *[MLP_WIDTH] * (MLP_LAYERS - 1)]:
            layers += [
                nn.Linear(width, MLP_WIDTH),
                nn.BatchNorm1d(MLP_WIDTH),
                nn.GELU(),
                nn.Dropout(MLP_DROPOUT),
            ]
        self.layers = nn.Sequential(*layers, nn.Linear(MLP_WIDTH, classes))

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.layers(features)
        return logits


def _perceptron(shape: tuple[int, ...], classes: int) -> nn.Module:
    return _Perceptron(int(np.prod(shape)), classes)
