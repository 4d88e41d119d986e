"""Fit a method and ask it about targets: what is handed over, what comes back, and where it runs.

In this process the method of a job is an `InProcessMethod`. Executors offer one that runs in a
process of its own, which is handed arrays and holds no label of a target.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from benchmark.errors import MethodError
from benchmark.results.rows import Isolation, Status
from benchmark.run.device import Measurement, device_of, measure, measure_all
from benchmark.run.fitting.target_prediction import ShownTarget, predict_target
from benchmark.run.jobs import Job
from benchmark.run.tracebacks import describe_error
from benchmark.task.fitted_attributes import FittedAttributes, read_fitted_attributes
from benchmark.task.methods import Classifier, Context, Exportable, Features, Labels, Method
from benchmark.task.metrics import Probabilities


class MethodRaisedError(Exception):
    """A method raised an error in its own process, which goes on.

    Args:
        reason: The error and the end of its traceback.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoAnswerError(Exception):
    """A method answers no more; unlike what a method raises, that concerns all its targets."""


class MethodProcessLostError(NoAnswerError):
    """The process of a method has died or was stopped; the job has no scores.

    Args:
        status: What happened.
        reason: Why.
        again: Whether the job is worth another try, as others may have caused it.
    """

    def __init__(self, status: Status, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.again = again


@dataclass(frozen=True)
class FitRequest:
    """What a method is handed to be fitted.

    Attributes:
        context: What it is told before.
        training: Samples [N, ...] of the source and their classes [N].
        validation: Samples [M, ...] of the source and their classes [M], to choose by.
        keep_network: Whether its fitted network is wanted.
    """

    context: Context
    training: tuple[Features, Labels]
    validation: tuple[Features, Labels]
    keep_network: bool = False


@dataclass(frozen=True)
class FitReport:
    """What a fit left.

    Attributes:
        reported: What the classifier tells of itself.
        measurement: What the fit took.
        draws: Training samples that it drew, over all epochs.
        device: Where it was fitted, which need not be the protocol's device.
        network: Numbers of the fitted network by name, where they are wanted.
    """

    reported: FittedAttributes
    measurement: Measurement
    draws: int
    device: str
    network: Mapping[str, npt.NDArray[Any]] | None = None


@dataclass
class Ending:
    """How the process of a method ended; filled in when it is closed.

    Attributes:
        isolation: How the method was kept apart; ``None`` if it was not.
        processes_left: Processes that it had left running, which were ended.
        peak_memory_bytes: Highest memory as seen from outside; ``None`` if it was not looked at.
    """

    isolation: Isolation | None = None
    processes_left: int | None = None
    peak_memory_bytes: int | None = None


class StartedMethod(Protocol):
    """The method of one job, fitted once and asked about each target."""

    @property
    def ending(self) -> Ending:
        """How its process ended, once it is closed."""
        ...

    def fit(self, request: FitRequest) -> FitReport:
        """Fit it.

        Raises:
            UnavailableError: If the method lacks something here.
            MethodRaisedError: If it raised an error in its own process.
            MethodProcessLostError: If its process died or was stopped.
        """
        ...

    def predict(self, shown: ShownTarget) -> tuple[Probabilities, Measurement]:
        """Return its probabilities for the scored samples of a target, and what they took.

        Raises:
            MethodError: If it was not fitted, lacks what its track asks for, or answers wrongly.
            UnavailableError: If it cannot work with what the target has to show.
            MethodRaisedError: If it raised an error in its own process.
            MethodProcessLostError: If its process died or was stopped.
        """
        ...


StartMethod = Callable[[Job], AbstractContextManager[StartedMethod]]
"""Starts the method of a job."""


class InProcessMethod:
    """A method in this process; nothing keeps it apart from the harness.

    Args:
        method: The method.
    """

    def __init__(self, method: Method) -> None:
        self.method = method
        self.ending = Ending()
        self._classifier: Classifier | None = None
        self._device = "cpu"

    def fit(self, request: FitRequest) -> FitReport:
        """Build a classifier, fit it and read what it tells of itself."""
        (x, y), device = request.training, request.context.device
        classifier = self.method.build(request.context)
        with measure_all(device) as measured:
            classifier.fit(x, y, validation=request.validation)
        reported = read_fitted_attributes(classifier)
        used = device_of(reported.device, device, measured)
        draws = sum(int(epoch.get("samples", len(x))) for epoch in reported.history or ({},))
        network = _network(self.method, classifier) if request.keep_network else None
        self._classifier, self._device = classifier, used
        return FitReport(reported, measured[used], draws, used, network)

    def predict(self, shown: ShownTarget) -> tuple[Probabilities, Measurement]:
        """Ask the classifier about a target."""
        if self._classifier is None:
            raise MethodError(f"{self.method.name} was asked before it was fitted.")
        with measure(self._device) as measurement:
            probabilities = predict_target(self.method, self._classifier, shown)
        return probabilities, measurement


@contextmanager
def start_in_process(job: Job) -> Iterator[InProcessMethod]:
    """Start the method of a job in this process."""
    yield InProcessMethod(job.method)


def reason_of(error: BaseException) -> str:
    """Return the error of a method, in this process or in its own, and the end of its traceback."""
    return error.reason if isinstance(error, MethodRaisedError) else describe_error(error)


def _network(method: Method, classifier: Classifier) -> Mapping[str, npt.NDArray[Any]]:
    if not isinstance(classifier, Exportable):
        raise MethodError(f"{method.name} keeps its network but has no export().")
    return classifier.export()
