"""Confusion counts of a row by resampling unit, computed from its stored predictions."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError
from benchmark.results.rows import Row
from benchmark.results.store import Prediction, RunStore, StoredJob
from benchmark.task.absent_crops import without_absent_crops
from benchmark.task.metrics import Confusion, Scores, score
from leaderboard.score_agreement import score_differences
from leaderboard.statistics.bootstrap import Integers, tabulate

UnitKind = Literal["blocks", "samples"]
"""What the bootstrap resamples: spatial blocks or, without blocks, samples."""

CELLS: Final = len(CROPS) ** 2
"""Cells of a confusion matrix."""


@dataclass(frozen=True, eq=False)
class ConfusionCounts:
    """Confusion counts of one row by resampling unit.

    Attributes:
        kind: Kind of unit.
        table: Counts [U, 49] as a sparse matrix: a row for each unit, a column for each pair of
            true and predicted crop.
        names: Name of each unit [U], its block or the id of its sample; ``None`` in-domain, and
            where a file of reference results lacks them.
        one_block: Whether all samples lie in one block. They are resampled, but nothing can be
            told from them about other blocks. A file of reference results does not say so.
    """

    kind: UnitKind
    table: Any
    names: npt.NDArray[Any] | None = None
    one_block: bool = False

    @property
    def units(self) -> int:
        """Number of units U."""
        return int(self.table.shape[0])

    @property
    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """The confusion matrix of all units together, in the form that rows have."""
        whole = np.asarray(self.table.sum(axis=0)).reshape(len(CROPS), len(CROPS))
        return tuple(tuple(int(count) for count in line) for line in whole)

    def same_samples(self, other: "ConfusionCounts") -> bool:
        """Return whether both have the same units with the same numbers of each true crop."""
        if (self.kind, self.units) != (other.kind, other.units):
            return False
        return bool(np.array_equal(self._support(), other._support()))

    def _support(self) -> Integers:
        """Return the number of samples of each true crop in each unit [U, 7]."""
        counts = self.table.toarray().reshape(self.units, len(CROPS), len(CROPS))
        return np.asarray(counts.sum(axis=2), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class CountedRow:
    """A row with the counts that its intervals need.

    Attributes:
        row: The row.
        counts: Its counts; ``None`` if no stored predictions give its scores.
    """

    row: Row
    counts: ConfusionCounts | None


@dataclass(frozen=True, eq=False)
class StoredPrediction:
    """A row of a run, with access to its stored predictions.

    Attributes:
        store: Store of the run.
        job: The job of the row.
        row: The row.
    """

    store: RunStore
    job: StoredJob
    row: Row

    def read(self) -> Prediction:
        """Return the predictions of the row.

        Raises:
            StoreError: If they were not stored, or are damaged.
        """
        return self.store.predictions(self.job, self.row.target)


EvaluatedRow = StoredPrediction | CountedRow
"""A row with its predictions or, of reference results, with its counts."""


def count_confusions(prediction: Prediction, row: Row) -> ConfusionCounts:
    """Count the predictions of a row by unit, true crop and predicted crop.

    Args:
        prediction: Stored predictions of the row.
        row: The row.

    Returns:
        The counts. An in-domain row has one unit, since it is not resampled.

    Raises:
        StoreError: If the predictions do not give the row's confusion matrix and scores.
    """
    predicted = _confirmed(prediction, row)
    if predicted is None:
        raise StoreError("its stored predictions do not give its stored scores: run the job again.")
    names: npt.NDArray[Any] | None
    kind, names, units = units_of(prediction)
    one_block = kind == "samples" and prediction.block is not None
    if row.relation == "in-domain":
        kind, names, units = "samples", None, np.zeros(len(prediction.labels), dtype=np.int64)
    table = tabulate(prediction.labels, predicted[None], units, len(CROPS))
    return ConfusionCounts(kind, table, names, one_block)


def units_of(prediction: Prediction) -> tuple[UnitKind, npt.NDArray[Any], Integers]:
    """Return what is resampled of the samples of a target.

    Args:
        prediction: Stored predictions of a target.

    Returns:
        Kind of unit, the name of each unit [U] (its block, or the id of its sample), and the number
        of each sample's unit [N].
    """
    if prediction.block is not None and len(blocks := np.unique(prediction.block)) > 1:
        return "blocks", blocks, np.searchsorted(blocks, prediction.block).astype(np.int64)
    return "samples", prediction.sample_ids, np.arange(len(prediction.labels), dtype=np.int64)


def _confirmed(prediction: Prediction, row: Row) -> Integers | None:
    """Return the predicted classes [N] if they give the row's confusion matrix and scores.

    The predicted class is the most probable one or, if the matrix needs it, the class to which the
    released code changes crops that the target does not grow (paper_facts.md, defect 4).
    """
    names = np.array([CROPS.index(name) for name in prediction.classes], dtype=np.int64)
    predicted: Integers = names[prediction.probabilities.argmax(axis=1)]
    options = [predicted, without_absent_crops(row.target, predicted)]
    for option in options:
        if option is None or row.confusion is None or row.scores is None:
            continue
        scores, confusion = _scored(prediction, row, option)
        agree = np.array_equal(confusion, np.array(row.confusion))
        if agree and not any(score_differences(row.scores, scores)):
            return option
    return None


def _scored(prediction: Prediction, row: Row, predicted: Integers) -> tuple[Scores, Confusion]:
    """Score stored predictions as the run of their row did."""
    return score(
        prediction.over_all_crops(),
        prediction.labels,
        predicted=predicted,
        unscored=row.data.n_unscored or 0,
        scorable=row.data.n_scorable,
    )
