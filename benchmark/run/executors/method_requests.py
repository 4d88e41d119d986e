"""Convert requests to a method's process, and its replies, to messages and back.

A worker sends a fit request and then targets; the method's process replies with a fit report and
with predictions. The worker does not trust the replies, so they are checked when they are read.
Requests are not checked, since the worker made them.
"""

import re
import sys
from types import SimpleNamespace
from typing import Any, Final

import numpy as np

from benchmark.errors import MethodError
from benchmark.run.device import PROCESSOR, Measurement
from benchmark.run.executors.messages import PLAIN_TYPES, Array, Message
from benchmark.run.executors.method_process import FIT, FITTED, PREDICT, PREDICTED
from benchmark.run.fitting.started_method import FitReport, FitRequest, PredictionReport
from benchmark.run.fitting.target_prediction import ShownTarget, Teaching
from benchmark.task.fitted_attributes import Decision, read_decision, read_fitted_attributes
from benchmark.task.methods import Context, Target
from benchmark.task.metrics import check_probabilities
from benchmark.task.protocol import Protocol

PARAMETER_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
RESERVED: Final = frozenset({"file", "allow_pickle"})
"""Names of arguments of `numpy.savez`, which cannot be names of arrays."""

HEAVY: Final = (
    "scipy.stats",
    "sklearn.neural_network",
    "timm.models.vision_transformer",
    "torch",
    "xgboost",
)
"""Libraries that take long to load. The report of a fit names those that were loaded, and the
method server then loads them once for all later jobs."""

MOST_SECONDS: Final = 1e9
MOST_COUNT: Final = 2**63


def fit_message(request: FitRequest) -> Message:
    """Convert a fit request to a message; the worker calls this."""
    context = request.context
    values = {
        "seed": context.seed,
        "classes": context.classes,
        "protocol": context.protocol.model_dump_json(),
        "device": context.device,
        "bands": context.bands,
        "sample_shape": context.sample_shape,
        "keep_network": request.keep_network,
    }
    (x, y), (xv, yv) = request.training, request.validation
    return Message(FIT, values, {"x": x, "y": y, "xv": xv, "yv": yv})


def read_fit_request(message: Message) -> FitRequest:
    """Return the fit request in a message; the method's process calls this."""
    values, arrays = message.values, message.arrays
    context = Context(
        seed=values["seed"],
        classes=tuple(values["classes"]),
        protocol=Protocol.model_validate_json(values["protocol"]),
        device=values["device"],
        bands=tuple(values["bands"]),
        sample_shape=tuple(values["sample_shape"]),
    )
    training, validation = (arrays["x"], arrays["y"]), (arrays["xv"], arrays["yv"])
    return FitRequest(context, training, validation, values["keep_network"])


def predict_message(shown: ShownTarget) -> Message:
    """Convert the part of a target that a method may see to a message; the worker calls this."""
    arrays: dict[str, Array] = {"x": shown.x}
    if shown.unlabelled is not None:
        arrays["unlabelled"] = shown.unlabelled
    for number, part in enumerate(shown.teaching):
        arrays |= {f"x{number}": part.x, f"y{number}": part.y, f"asked{number}": part.asked}
    facts = None
    if shown.facts is not None:
        facts = [shown.facts.domain, shown.facts.southern, shown.facts.first_day]
    values = {
        "track": shown.track,
        "classes": shown.classes,
        "facts": facts,
        "parts": len(shown.teaching),
    }
    return Message(PREDICT, values, arrays)


def read_shown_target(message: Message) -> ShownTarget:
    """Return the shown part of a target in a message; the method's process calls this."""
    values, arrays = message.values, message.arrays
    return ShownTarget(
        track=values["track"],
        classes=values["classes"],
        x=arrays["x"],
        unlabelled=arrays.get("unlabelled"),
        facts=None if values["facts"] is None else Target(*values["facts"]),
        teaching=tuple(
            Teaching(arrays[f"x{number}"], arrays[f"y{number}"], arrays[f"asked{number}"])
            for number in range(values["parts"])
        ),
    )


def fit_report_message(report: FitReport) -> Message:
    """Convert the report of a fit to a message; the method's process calls this.

    The message also names the libraries of `HEAVY` that this process has loaded.

    Raises:
        MethodError: If the network has an array that is not of plain numbers.
    """
    values = {
        "parameters": report.reported.parameters,
        "flops_per_sample": report.reported.flops_per_sample,
        "history": [dict(epoch) for epoch in report.reported.history],
        "reported_device": report.reported.device,
        "measurement": _measurement_values(report.measurement),
        "draws": report.draws,
        "device": report.device,
        "network": report.network is not None,
        "loaded": [name for name in HEAVY if name in sys.modules],
    }
    network = {} if report.network is None else report.network
    arrays = {name: np.asarray(array) for name, array in network.items()}
    for name, array in arrays.items():
        if PLAIN_TYPES.fullmatch(array.dtype.str) is None:
            raise MethodError(f"export() gives '{name}' as {array.dtype}: give plain numbers.")
    return Message(FITTED, values, arrays)


def read_fit_report(message: Message, request: FitRequest) -> FitReport:
    """Return the checked report of a fit in a message; the worker calls this.

    Args:
        message: Reply of the method's process.
        request: The request. Its device limits the reported device; the network is kept only if it
            asks for it.

    Raises:
        MethodError: If the reply is no report of a fit, or a value in it is not possible.
    """
    if message.kind != FITTED:
        raise MethodError(f"The method's process replied '{message.kind:.40}' to a fit.")
    values = message.values
    reported = read_fitted_attributes(
        SimpleNamespace(
            parameter_count_=values.get("parameters"),
            flops_per_sample_=values.get("flops_per_sample"),
            history_=values.get("history"),
            device_=values.get("reported_device"),
        )
    )
    device = values.get("device")
    if device not in (PROCESSOR, request.context.device):
        raise MethodError(f"The method's process reports the device {device!r:.40}.")
    for name in message.arrays:
        if PARAMETER_NAME.fullmatch(name) is None or name in RESERVED:
            raise MethodError(
                f"export() names an array {name!r:.60}: use letters, digits and dots."
            )
    network = message.arrays if request.keep_network and values.get("network") is True else None
    draws = _count(values.get("draws"))
    measured = _measurement(values.get("measurement"))
    return FitReport(reported, measured, draws, device, network)


def prediction_message(report: PredictionReport) -> Message:
    """Convert the report of a prediction to a message; the method's process calls this."""
    decision = report.decision
    values = {
        "measurement": _measurement_values(report.measurement),
        "decision": None if decision is None else [decision.stopped, decision.why],
    }
    return Message(PREDICTED, values, {"probabilities": report.probabilities})


def read_prediction(message: Message, shown: ShownTarget) -> PredictionReport:
    """Return the checked report of a prediction in a message; the worker calls this.

    Args:
        message: Reply of the method's process.
        shown: The target for which it predicted.

    Raises:
        MethodError: If the reply has not one probability for each sample and class, or its cost or
            decision is not possible.
    """
    if message.kind != PREDICTED or "probabilities" not in message.arrays:
        raise MethodError(f"The method's process replied '{message.kind:.40}' to a target.")
    array = message.arrays["probabilities"]
    if array.dtype.kind != "f":
        raise MethodError(f"The method's process replied with numbers of type {array.dtype}.")
    probabilities = check_probabilities(array, samples=len(shown.x), classes=shown.classes)
    measured = _measurement(message.values.get("measurement"))
    return PredictionReport(probabilities, measured, _decision(message.values.get("decision")))


def _decision(value: Any) -> Decision | None:
    """Return a reported decision, or raise a MethodError if it has another form."""
    if value is None:
        return None
    stopped, why = value if isinstance(value, list) and len(value) == 2 else (None, None)
    return read_decision(SimpleNamespace(decision_=SimpleNamespace(stopped=stopped, why=why)))


def _measurement_values(measurement: Measurement) -> dict[str, float | int | None]:
    return {
        "seconds": measurement.seconds,
        "peak_memory_bytes": measurement.peak_memory_bytes,
        "energy_joules": measurement.energy_joules,
    }


def _measurement(value: Any) -> Measurement:
    """Return a reported measurement, or raise a MethodError if it is not possible."""
    if not isinstance(value, dict):
        raise MethodError("The method's process does not report time and memory.")
    energy, peak = value.get("energy_joules"), value.get("peak_memory_bytes")
    return Measurement(
        seconds=_number(value.get("seconds")),
        peak_memory_bytes=None if peak is None else _count(peak),
        energy_joules=None if energy is None else _number(energy),
    )


def _number(value: Any) -> float:
    """Return a number from 0 to `MOST_SECONDS`; other values, NaN included, raise a MethodError."""
    valid = isinstance(value, int | float) and not isinstance(value, bool)
    if not valid or not 0 <= value <= MOST_SECONDS:
        raise MethodError(f"The method's process measured {value!r:.40}.")
    return float(value)


def _count(value: Any) -> int:
    """Return an integer from 0 to below `MOST_COUNT`; other values raise a MethodError."""
    if type(value) is not int or not 0 <= value < MOST_COUNT:
        raise MethodError(f"The method's process counted {value!r:.40}.")
    return value
