"""The contract of a started method, with its requests and reports, and its form in this process.

In this process the method of a job is an `InProcessMethod`. Executors have another form that runs
in a separate process, which is given arrays and has no label of a target.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from benchmark.errors import MethodError
from benchmark.results.rows import Isolation, Status
from benchmark.run.device import Measurement, device_of, measure, measure_all
from benchmark.run.fitting.target_prediction import (
    PROBED,
    PredictionRequest,
    ShownTarget,
    predict_target,
    require_each_alone,
    show_target,
    without_file_order,
)
from benchmark.run.jobs import Job
from benchmark.run.tracebacks import describe_error
from benchmark.task.fitted_attributes import Decision, FittedAttributes, read_fitted_attributes
from benchmark.task.methods import (
    Classifier,
    Context,
    Exportable,
    Features,
    Labels,
    Method,
    ask,
)
from benchmark.task.metrics import Probabilities
from benchmark.task.tracks import Track

SAME_ANSWER: Final = 1e-4
"""Largest change of a probability between the same question asked twice."""


class MethodRaisedError(Exception):
    """A method raised an error in its own process; the process goes on.

    Args:
        reason: The error and the end of its traceback.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoAnswerError(Exception):
    """A method can no longer predict. Unlike an error of the method, this affects all targets."""


class MethodProcessLostError(NoAnswerError):
    """The process of a method died or was stopped, so the job has no scores.

    Args:
        status: Status of the job's rows.
        reason: Reason in the job's rows.
        again: Whether to run the job once more, since another process may have caused this.
    """

    def __init__(self, status: Status, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.again = again


@dataclass(frozen=True)
class FitRequest:
    """The data for fitting a method.

    Attributes:
        context: Context with which the classifier is built.
        training: Training samples [N, ...] of the source and their labels [N].
        validation: Validation samples [M, ...] of the source and their labels [M].
        keep_network: Whether the report must have the fitted network.
    """

    context: Context
    training: tuple[Features, Labels]
    validation: tuple[Features, Labels]
    keep_network: bool = False


@dataclass(frozen=True)
class FitReport:
    """The report of a fit.

    Attributes:
        reported: Attributes that the classifier reports.
        measurement: Time, memory and energy of the fit.
        draws: Number of training samples drawn, over all epochs.
        device: Device of the fit, which may differ from the protocol's device.
        network: Parameters of the fitted network by name, if the request asks for them.
    """

    reported: FittedAttributes
    measurement: Measurement
    draws: int
    device: str
    network: Mapping[str, npt.NDArray[Any]] | None = None


@dataclass(frozen=True)
class PredictionReport:
    """The report of a prediction.

    Attributes:
        probabilities: Probability of each class for the scored samples of a target [N, K].
        measurement: Time, memory and energy of the prediction.
        decision: What the method decided on the target; ``None`` if it reports nothing.
    """

    probabilities: Probabilities
    measurement: Measurement
    decision: Decision | None = None


@dataclass
class Ending:
    """How the process of a method ended. The values are set when the method is closed.

    Attributes:
        isolation: How the method was isolated; ``None`` if it was not.
        processes_left: Number of processes that it left running and that were ended.
        peak_memory_bytes: Highest memory, measured from outside; ``None`` if not measured.
    """

    isolation: Isolation | None = None
    processes_left: int | None = None
    peak_memory_bytes: int | None = None


class StartedMethod(Protocol):
    """The method of one job: it is fitted once and predicts each target."""

    @property
    def ending(self) -> Ending:
        """How its process ended, once it is closed."""
        ...

    def fit(self, request: FitRequest) -> FitReport:
        """Fit the method.

        Raises:
            UnavailableError: If the method needs something that is missing.
            MethodRaisedError: If it raised an error in its own process.
            MethodProcessLostError: If its process died or was stopped.
        """
        ...

    def predict(self, shown: ShownTarget) -> PredictionReport:
        """Predict the scored samples of a target.

        Raises:
            MethodError: If the method was not fitted, lacks a function that its track needs, or
                returns no probabilities.
            UnavailableError: If the method needs something for this target that is missing.
            MethodRaisedError: If it raised an error in its own process.
            MethodProcessLostError: If its process died or was stopped.
        """
        ...


StartMethod = Callable[[Job], AbstractContextManager[StartedMethod]]
"""Function that starts the method of a job."""


class InProcessMethod:
    """A method in this process, which is not isolated from the harness.

    Args:
        method: The method.
    """

    def __init__(self, method: Method) -> None:
        self.method = method
        self.ending = Ending()
        self._classifier: Classifier | None = None
        self._device = "cpu"

    def fit(self, request: FitRequest) -> FitReport:
        """Build a classifier, fit it, and read the attributes that it reports."""
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

    def predict(self, shown: ShownTarget) -> PredictionReport:
        """Return the classifier's probabilities for a target, their cost, and its decision."""
        if self._classifier is None:
            raise MethodError(f"{self.method.name} must be fitted before it predicts.")
        before, some = self._probe(shown), shown.x[:PROBED].copy()
        with measure(self._device) as measurement:
            predicted = predict_target(self.method, self._classifier, shown)
        overwritten = not np.array_equal(some, shown.x[:PROBED])
        require_each_alone(self.method, predicted, shown, overwritten=overwritten)
        after = self._probe(shown)
        changed = before is not None and after is not None and np.abs(after - before).max()
        if changed > SAME_ANSWER:
            raise MethodError(
                f"{self.method.name} changes when it is adapted to a target, so that the next "
                "target would depend on this one: return another classifier instead, and leave "
                "self as it is."
            )
        return PredictionReport(predicted.probabilities, measurement, predicted.decision)

    def _probe(self, shown: ShownTarget) -> Probabilities | None:
        """Return answers of the classifier as it is, where the target may adapt it."""
        if shown.track == "inductive" or self._classifier is None:
            return None
        return ask(self._classifier, shown.x[:PROBED], shown.classes)


def predict_without_order(
    started: StartedMethod, track: Track, request: PredictionRequest
) -> PredictionReport:
    """Let a method predict a target of which it does not see the order of the file.

    Args:
        started: The fitted method.
        track: Track of the method.
        request: The target.

    Returns:
        The method's report, its probabilities in the order of the request.
    """
    shuffled, order = without_file_order(request)
    report = started.predict(show_target(track, shuffled))
    probabilities = np.empty_like(report.probabilities)
    probabilities[order] = report.probabilities
    return replace(report, probabilities=probabilities)


@contextmanager
def start_in_process(job: Job) -> Iterator[InProcessMethod]:
    """Start the method of a job in this process."""
    yield InProcessMethod(job.method)


def reason_of(error: BaseException) -> str:
    """Return an error of a method in words, raised in this process or in its own."""
    return error.reason if isinstance(error, MethodRaisedError) else describe_error(error)


def _network(method: Method, classifier: Classifier) -> Mapping[str, npt.NDArray[Any]]:
    if not isinstance(classifier, Exportable):
        raise MethodError(f"{method.name} keeps its network but has no export(): add it.")
    return classifier.export()
