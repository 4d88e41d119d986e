"""The result of a job: rows, predictions, history and the fitted network."""

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
    """The result of a job.

    Attributes:
        rows: One row for each target, for the held-out part of the source if there is one, and for
            each shifted copy of a target.
        predictions: Probabilities of each scored target.
        history: Numbers of each epoch of a trained network.
        network: The fitted network, if it is stored.
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
        """The reason of the first row without a score; ``None`` if all have scores."""
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
