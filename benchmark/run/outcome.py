"""The result of a job: rows, predictions, history and the fitted network."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.results.fitted_networks import Network
from benchmark.results.rows import Row, Status, worst_status
from benchmark.results.store import Prediction


@dataclass(frozen=True)
class Outcome:
    """The result of a job.

    Attributes:
        rows: One row for each target and, if there is one, the held-out part of the source.
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
        """The worst status of its rows."""
        return worst_status(self.rows)

    @property
    def reason(self) -> str | None:
        """The reason of the first row without a score; ``None`` if all have scores."""
        return next((row.reason for row in self.rows if row.reason is not None), None)
