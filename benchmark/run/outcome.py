"""What a job leaves: rows, predictions, history and the fitted network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import CROPS
from benchmark.results.fitted_networks import Network
from benchmark.results.rows import Row, Status, worst_status
from benchmark.results.store import Prediction
from benchmark.task.metrics import Probabilities
from benchmark.task.samples.preparation import TargetSet


@dataclass(frozen=True)
class Outcome:
    """What a job left.

    Attributes:
        rows: One per target, the source's own held-out part included, and one per shifted copy.
        predictions: Probabilities of each scored target.
        history: Numbers of each epoch of a trained network.
        network: The fitted network, where it is kept.
    """

    rows: tuple[Row, ...]
    predictions: tuple[Prediction, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()
    network: Network | None = None

    @property
    def status(self) -> Status:
        """The worst status of its rows; what a shifted copy lacks is no lack of the job."""
        return worst_status(self._ordinary)

    @property
    def reason(self) -> str | None:
        """Why a row has no score, if one has none."""
        return next((row.reason for row in self._ordinary if row.reason is not None), None)

    @property
    def _ordinary(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.shift is None)


def make_prediction(
    samples: DomainSamples,
    chosen: TargetSet,
    classes: Sequence[int],
    probabilities: Probabilities,
) -> Prediction:
    """Put probabilities together with what is known of the samples.

    Args:
        samples: Samples of the target.
        chosen: Those of them that are scored [N].
        classes: Class indices that were learned [K].
        probabilities: Probability of each learned class [N, K].
    """
    return Prediction(
        target=samples.name,
        sample_ids=samples.sample_ids[chosen.rows],
        probabilities=probabilities,
        classes=tuple(CROPS[index] for index in classes),
        labels=samples.labels[chosen.rows],
        block=None if samples.block is None else samples.block[chosen.rows],
    )
