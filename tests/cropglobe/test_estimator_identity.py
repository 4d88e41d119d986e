"""What tells one estimator from another: parameters, and code of one's own, never addresses."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import cropglobe
from benchmark.data.dataset import Dataset
from benchmark.errors import MethodError
from cropglobe.datasets import CropDataset
from cropglobe.estimator_identity import version_of

OWN = """
from sklearn.base import BaseEstimator, TransformerMixin

FACTOR = 2
ITSELF = [FACTOR]
ITSELF.append(ITSELF)


def helper(x):
    return x * FACTOR if ITSELF else x


class Mine(BaseEstimator, TransformerMixin):
    def fit(self, x, y=None):
        return self

    def transform(self, x):
        return helper(x)

    @property
    def half(self):
        return 0.5
"""


def mine(text: str) -> Any:
    """Return a transformer of a notebook's cells, run once more."""
    cells: dict[str, Any] = {"__name__": "__main__"}
    exec(text, cells)
    return make_pipeline(cells["Mine"](), GaussianNB())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return helper(x)", "return helper(x) + 1"),
        ("x * FACTOR", "x / FACTOR"),
        ("FACTOR = 2", "FACTOR = 3"),
        ("return 0.5", "return 0.25"),
    ],
)
def test_an_edit_of_own_code_is_another_version(old: str, new: str) -> None:
    assert version_of(mine(OWN)) == version_of(mine(OWN))
    assert version_of(mine(OWN)) == version_of(mine("# moved down\n\n" + OWN))
    assert OWN.count(old) == 1
    assert version_of(mine(OWN.replace(old, new))) != version_of(mine(OWN))


def test_an_edited_function_is_noticed(tiny: Dataset, tmp_path: Path) -> None:
    """Results of the code before the edit are never shown in silence for those of the new one."""

    def run(function: Callable[[Any], Any], **options: Any) -> float:
        model = make_pipeline(FunctionTransformer(function), LogisticRegression())
        asked = {"protocol": "smoke", "out": tmp_path / "run", "mlflow": False} | options
        results = cropglobe.run(CropDataset(tiny), [model], ["FRA:CHN"], **asked)
        (score,) = results.scores()["macro_f1"]
        return float(score)

    first = run(lambda x: x)
    assert run(lambda x: x) == first
    with pytest.warns(UserWarning, match="1 stored job of these methods, made by .*'stale'"):
        assert run(lambda x: x * 0) == first
    said: list[str] = []
    assert run(lambda x: x * 0, announce=said.append) == first
    assert "overwrite='stale' runs them again" in said[0]
    assert run(lambda x: x * 0, overwrite="stale") < first


CLASSIFIER = """
import numpy as np


class Uniform:
    def __init__(self, context):
        self.count = len(context.classes)

    def fit(self, x, y, *, validation):
        return self

    def predict_proba(self, x):
        return np.full((len(x), self.count), 1 / self.count)
"""


def test_an_edited_class_of_a_notebook_is_noticed(
    tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no file, and so its code is no part of a fingerprint otherwise."""
    card = cropglobe.Card(summary="s", reference="r", licence="MIT", deterministic=True)

    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))

    def run(text: str) -> tuple[str, ...]:
        cells: dict[str, Any] = {"__name__": "__main__"}
        exec(text, cells)
        method = cropglobe.Method(
            name="uniform",
            family="mine",
            representation="median",
            build=cells["Uniform"],
            card=card,
        )
        said: list[str] = []
        asked = {"protocol": "smoke", "out": tmp_path / "run", "announce": said.append}
        cropglobe.run(CropDataset(tiny), [method], ["FRA:CHN"], **asked)
        return tuple(sentence for sentence in said if "stored job" in sentence)

    run(CLASSIFIER)
    assert run(CLASSIFIER) == ()
    (told,) = run(CLASSIFIER.replace("1 / self.count", "2 / self.count / 2"))
    assert "overwrite='stale'" in told


def search(**options: Any) -> GridSearchCV:
    return GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, **options)


@pytest.mark.parametrize(
    ("make", "other"),
    [
        (
            lambda: search(cv=StratifiedKFold(3, shuffle=True, random_state=1)),
            lambda: search(cv=StratifiedKFold(3, shuffle=True, random_state=2)),
        ),
        (
            lambda: make_pipeline(FunctionTransformer(partial(np.clip, a_min=0, a_max=1))),
            lambda: make_pipeline(FunctionTransformer(partial(np.clip, a_min=0, a_max=2))),
        ),
        (
            lambda: make_pipeline(FunctionTransformer(np.log1p)),
            lambda: make_pipeline(FunctionTransformer(np.sqrt)),
        ),
        (
            lambda: LogisticRegression(random_state=np.random.RandomState(1)),
            lambda: LogisticRegression(C=2, random_state=np.random.RandomState(1)),
        ),
    ],
)
def test_what_estimators_are_made_of_is_described(
    make: Callable[[], Any], other: Callable[[], Any]
) -> None:
    assert version_of(make()) == version_of(make())
    assert version_of(make()) != version_of(other())


class Odd(BaseEstimator, TransformerMixin):
    def __init__(self, value: object = None) -> None:
        self.value = value


def test_what_cannot_be_described_is_refused() -> None:
    with pytest.raises(MethodError, match="type Random has no stable description"):
        version_of(Odd(__import__("random").Random(1)))
    with pytest.raises(MethodError, match="type RandomState has no stable description"):
        version_of(
            search(cv=StratifiedKFold(2, shuffle=True, random_state=np.random.RandomState(1)))
        )
