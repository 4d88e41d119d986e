"""Estimators of scikit-learn's shape as methods of the benchmark, without a line of glue."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from benchmark.errors import UsageError
from benchmark.task.methods import Card, Context, Features, Labels, Method
from cropglobe.estimator_identity import version_of


@dataclass
class EstimatorClassifier:
    """A copy of an estimator, trained on flattened samples.

    Attributes:
        estimator: The estimator that is copied; it stays unfitted.
        context: What a method is told before it is trained.
    """

    estimator: Any
    context: Context

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Self:
        """Train a copy; the validation samples are not used."""
        from sklearn.base import clone

        del validation
        fitted = clone(self.estimator)
        # A pipeline names the seeds of its steps `STEP__random_state`.
        names = [name for name in fitted.get_params() if name.split("__")[-1] == "random_state"]
        fitted.set_params(**dict.fromkeys(names, self.context.seed % 2**32))
        self.fitted_ = fitted.fit(_flat(x), y)
        return self

    def predict_proba(self, x: Features) -> npt.NDArray[np.floating[Any]]:
        """Return probabilities [N, K] in the order of the context's classes."""
        found = np.asarray(self.fitted_.predict_proba(_flat(x)), dtype=np.float64)
        columns = np.zeros((len(x), len(self.context.classes)))
        columns[:, np.asarray(self.fitted_.classes_, dtype=np.int64)] = found
        return columns


def method_from_estimator(
    estimator: Any, *, representation: str = "median", name: str | None = None
) -> Method:
    """Return a method that trains copies of a scikit-learn estimator.

    Args:
        estimator: An unfitted classifier or pipeline with ``predict_proba``. It is given samples
            flattened to [N, F]; every ``random_state`` in it is set to the seed of the fit.
        representation: Representation that it is given.
        name: Name of the method; made of the representation and the class if ``None``.

    Returns:
        The method, on the inductive track. Its version changes with the estimator's parameters,
        and with functions and classes in it that belong to no installed package.

    Raises:
        UsageError: If the object is no classifier with probabilities.
        MethodError: If a parameter cannot be told from another.
    """
    if isinstance(estimator, type):
        raise UsageError(
            f"{estimator.__name__} is a class: give an estimator that is made of it, "
            f"{estimator.__name__}()."
        )
    missing = [
        part for part in ("fit", "predict_proba", "get_params") if not hasattr(estimator, part)
    ]
    if missing:
        raise UsageError(
            f"{type(estimator).__name__} has no {missing[0]}: give an unfitted scikit-learn "
            "classifier with probabilities, such as LogisticRegression() or "
            "SVC(probability=True)."
        )
    kind = type(estimator[-1] if hasattr(estimator, "steps") else estimator)
    card = Card(
        summary=f"{kind.__name__} of {kind.__module__.partition('.')[0]} on flattened samples.",
        reference="Given to cropglobe.run as an estimator.",
        licence="that of the estimator's package",
    )
    return Method(
        name=name or f"{representation}.{_hyphenated(kind.__name__)}",
        family="estimator",
        representation=representation,
        build=partial(EstimatorClassifier, estimator),
        card=card,
        version=version_of(estimator),
    )


def _flat(x: Features) -> Features:
    return x.reshape(len(x), -1)


def _hyphenated(name: str) -> str:
    """Return ``LogisticRegression`` as ``logistic-regression``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
