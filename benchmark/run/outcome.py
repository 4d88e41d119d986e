"""What a job leaves: rows, predictions, history and the fitted network."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.results.fitted_networks import Network
from benchmark.results.rows import Row, Status, worst_status
from benchmark.results.store import Prediction


@dataclass(frozen=True)
class Outcome:
    """What a job left.

    Attributes:
        rows: One per target, the source's own held-out part included.
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
        """The worst status of its rows."""
        return worst_status(self.rows)

    @property
    def reason(self) -> str | None:
        """Why a row has no score, if one has none."""
        return next((row.reason for row in self.rows if row.reason is not None), None)
