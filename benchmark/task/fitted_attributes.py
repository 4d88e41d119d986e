"""What a fitted classifier reports of itself, read once and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from operator import index
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from benchmark.errors import MethodError

DEVICES: Final = ("cpu", "cuda", "mps")

MOST: Final = 2**63
"""Upper limit of a count, since tables store counts as 64-bit integers."""


MOST_LETTERS: Final = 500
"""Longest reason of a decision; what is longer is cut."""


class Decision(BaseModel):
    """What a method decided on a target that it may adapt to.

    Attributes:
        stopped: Whether it kept its first predictions, in place of adapting.
        why: The reason, in a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stopped: bool
    why: str = Field(max_length=MOST_LETTERS)

    def __str__(self) -> str:
        """Return the decision and its reason as a line."""
        return f"{'stopped' if self.stopped else 'adapted'}: {self.why}"


@dataclass(frozen=True)
class FittedAttributes:
    """Attributes that a fitted classifier reports.

    Attributes:
        parameters: Number of trained parameters; ``None`` if not reported.
        flops_per_sample: Floating-point operations of one prediction; ``None`` if not reported.
        history: Numbers of each epoch by name, finite or NaN; empty if not reported.
        device: Device on which it computes, such as ``cpu`` or ``cuda:0``; ``None`` if not
            reported.
    """

    parameters: int | None = None
    flops_per_sample: int | None = None
    history: tuple[Mapping[str, float], ...] = ()
    device: str | None = None


def read_fitted_attributes(classifier: object) -> FittedAttributes:
    """Read the attributes that a fitted classifier reports (`benchmark.task.methods.Classifier`).

    Args:
        classifier: The classifier.

    Returns:
        Its counts, history and device, as far as it reports them.

    Raises:
        MethodError: If an attribute has a wrong type or value. The message names it.
    """
    return FittedAttributes(
        parameters=_count(classifier, "parameter_count_"),
        flops_per_sample=_count(classifier, "flops_per_sample_"),
        history=_history(getattr(classifier, "history_", None)),
        device=_device(getattr(classifier, "device_", None)),
    )


def read_decision(adapted: object) -> Decision | None:
    """Read what an adapted classifier reports of its decision (`benchmark.task.methods.Adaptable`).

    Args:
        adapted: The classifier that ``adapt`` returned. Its ``decision_`` is an object with
            ``stopped`` (whether it keeps the answers of before) and ``why`` (text).

    Returns:
        The decision, with the reason as one line; ``None`` if it reports none.

    Raises:
        MethodError: If ``decision_`` has no such values.
    """
    found = getattr(adapted, "decision_", None)
    if found is None:
        return None
    stopped, why = getattr(found, "stopped", None), getattr(found, "why", None)
    line = "".join(filter(str.isprintable, " ".join(why.split()))) if isinstance(why, str) else ""
    if not isinstance(stopped, bool) or not line:
        raise MethodError(
            f"decision_ is {found!r:.100}: report an object with stopped (a bool) and why (text)."
        )
    return Decision(stopped=stopped, why=line[:MOST_LETTERS])


def _count(classifier: object, name: str) -> int | None:
    value: Any = getattr(classifier, name, None)
    if value is None:
        return None
    try:
        count = int(value) if float(value).is_integer() else index(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise MethodError(f"{name} is {value!r}: report a whole number.") from error
    if not 0 <= count < MOST:
        raise MethodError(f"{name} is {value!r}: report a count, from 0 to 2^63 - 1.")
    return count


def _device(device: Any) -> str | None:
    """Return the name of a device, given as text or as a torch device."""
    if device is None:
        return None
    if str(device).partition(":")[0] not in DEVICES:
        raise MethodError(f"device_ is {device!r}: report {', '.join(DEVICES)} or cuda:N.")
    return str(device)


def _history(history: Any) -> tuple[Mapping[str, float], ...]:
    if history is None:
        return ()
    try:
        return tuple(
            {_name(name): _number(name, value) for name, value in epoch.items()}
            for epoch in history
        )
    except (TypeError, AttributeError) as error:
        raise MethodError(
            f"history_ is {type(history).__name__}: report a list with a mapping for each epoch."
        ) from error


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise MethodError(f"history_ names a number {name!r}: use text as the name.")
    return name


def _number(name: Any, value: Any) -> float:
    """Return a number as a float; infinity becomes NaN, since JSON has no infinity."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise MethodError(
            f"history_ has {value!r} as '{name}': report a number, or float('nan') without one."
        ) from error
    return number if math.isfinite(number) else math.nan
