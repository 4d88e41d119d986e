"""Fit requests, shown targets and their answers as messages, and back.

What the harness reads came from a method's process and is checked; what that process reads came
from the harness.
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
from benchmark.run.fitting.started_method import FitReport, FitRequest
from benchmark.run.fitting.target_prediction import ShownTarget, Teaching
from benchmark.task.fitted_attributes import read_fitted_attributes
from benchmark.task.methods import Context, Target
from benchmark.task.metrics import Probabilities, check_probabilities
from benchmark.task.protocol import Protocol

PARAMETER_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}")
RESERVED: Final = frozenset({"file", "allow_pickle"})
"""Names of arguments of numpy's `savez`, which no array can have."""

HEAVY: Final = (
    "scipy.stats",
    "sklearn.neural_network",
    "timm.models.vision_transformer",
    "torch",
    "xgboost",
)
"""Libraries that take long to load; loaded once for all jobs after a first has needed them."""

MOST_SECONDS: Final = 1e9
MOST_COUNT: Final = 2**63


def fit_message(request: FitRequest) -> Message:
    """Return a fit request as a message."""
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
    """Return the fit request that the harness has sent."""
    told, arrays = message.values, message.arrays
    context = Context(
        seed=told["seed"],
        classes=tuple(told["classes"]),
        protocol=Protocol.model_validate_json(told["protocol"]),
        device=told["device"],
        bands=tuple(told["bands"]),
        sample_shape=tuple(told["sample_shape"]),
    )
    training, validation = (arrays["x"], arrays["y"]), (arrays["xv"], arrays["yv"])
    return FitRequest(context, training, validation, told["keep_network"])


def predict_message(shown: ShownTarget) -> Message:
    """Return what a method is shown of a target as a message."""
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
    """Return what the harness shows of a target."""
    told, arrays = message.values, message.arrays
    return ShownTarget(
        track=told["track"],
        classes=told["classes"],
        x=arrays["x"],
        unlabelled=arrays.get("unlabelled"),
        facts=None if told["facts"] is None else Target(*told["facts"]),
        teaching=tuple(
            Teaching(arrays[f"x{number}"], arrays[f"y{number}"], arrays[f"asked{number}"])
            for number in range(told["parts"])
        ),
    )


def fit_report_message(report: FitReport) -> Message:
    """Return what a fit left as a message."""
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
    """Return what a method's process says that its fit has left.

    Raises:
        MethodError: If it is not what a fit leaves.
    """
    if message.kind != FITTED:
        raise MethodError(f"The method's process answered '{message.kind:.40}' to a fit.")
    said = message.values
    reported = read_fitted_attributes(
        SimpleNamespace(
            parameter_count_=said.get("parameters"),
            flops_per_sample_=said.get("flops_per_sample"),
            history_=said.get("history"),
            device_=said.get("reported_device"),
        )
    )
    device = said.get("device")
    if device not in (PROCESSOR, request.context.device):
        raise MethodError(f"The method's process says that it worked on {device!r:.40}.")
    for name in message.arrays:
        if PARAMETER_NAME.fullmatch(name) is None or name in RESERVED:
            raise MethodError(
                f"export() names an array {name!r:.60}: use letters, digits and dots."
            )
    network = message.arrays if request.keep_network and said.get("network") is True else None
    draws = _count(said.get("draws"))
    measured = _measurement(said.get("measurement"))
    return FitReport(reported, measured, draws, device, network)


def prediction_message(probabilities: Probabilities, measurement: Measurement) -> Message:
    """Return a method's answer for a target as a message."""
    values = {"measurement": _measurement_values(measurement)}
    return Message(PREDICTED, values, {"probabilities": probabilities})


def read_prediction(message: Message, shown: ShownTarget) -> tuple[Probabilities, Measurement]:
    """Return a method's answer for a target.

    Raises:
        MethodError: If it is no probability for each sample and class.
    """
    if message.kind != PREDICTED or "probabilities" not in message.arrays:
        raise MethodError(f"The method's process answered '{message.kind:.40}' to a target.")
    answer = message.arrays["probabilities"]
    if answer.dtype.kind != "f":
        raise MethodError(f"The method's process answered with numbers of type {answer.dtype}.")
    probabilities = check_probabilities(answer, samples=len(shown.x), classes=shown.classes)
    return probabilities, _measurement(message.values.get("measurement"))


def _measurement_values(measurement: Measurement) -> dict[str, float | int | None]:
    return {
        "seconds": measurement.seconds,
        "peak_memory_bytes": measurement.peak_memory_bytes,
        "energy_joules": measurement.energy_joules,
    }


def _measurement(said: Any) -> Measurement:
    if not isinstance(said, dict):
        raise MethodError("The method's process does not say what it took.")
    energy, peak = said.get("energy_joules"), said.get("peak_memory_bytes")
    return Measurement(
        seconds=_number(said.get("seconds")),
        peak_memory_bytes=None if peak is None else _count(peak),
        energy_joules=None if energy is None else _number(energy),
    )


def _number(said: Any) -> float:
    valid = isinstance(said, int | float) and not isinstance(said, bool)
    if not valid or not 0 <= said <= MOST_SECONDS:  # NaN is not, either
        raise MethodError(f"The method's process measured {said!r:.40}.")
    return float(said)


def _count(said: Any) -> int:
    if type(said) is not int or not 0 <= said < MOST_COUNT:
        raise MethodError(f"The method's process counted {said!r:.40}.")
    return said
