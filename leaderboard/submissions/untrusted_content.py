"""Read untrusted bytes as text, JSON, YAML and arrays, with limits and without pickle."""

import io
import json
import math
from collections.abc import Callable
from tokenize import TokenError
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from benchmark.errors import SubmissionError
from leaderboard.submissions.archive import printable

MOST_TEXT: Final = 64 * 1024**2
"""Largest text in bytes; rows of all pairs of eight countries with ten seeds take about 2 MB."""

MOST_YAML: Final = 8 * 1024
"""Largest protocol in bytes; the shipped ones take 1 kB."""

MOST_BRACKETS: Final = 64
"""Largest number of opening brackets in a protocol; PyYAML needs minutes for 10,000 nested ones."""

MOST_CODE: Final = 256 * 1024
"""Largest method file in bytes; it has code, not weights."""

MOST_CLASSES: Final = 100

ARRAY_HEADER: Final = 10_000
"""Longest header of an array in bytes; numpy has the same limit."""

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")


def read_text(content: bytes, name: str, most: int = MOST_TEXT) -> str:
    """Return bytes as UTF-8 text.

    Raises:
        SubmissionError: If they are too many or not UTF-8.
    """
    if len(content) > most:
        raise SubmissionError(f"{name} has {len(content)} bytes: {most} are the limit.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(
            f"{name} is not UTF-8 text (byte {error.start}): save it in that encoding."
        ) from error


def read_json(content: bytes, name: str) -> Any:
    """Return the content of JSON text.

    Raises:
        SubmissionError: If it is not valid JSON, or has NaN, infinity, a number that is too large
            or a repeated key.
    """
    text = read_text(content, name)
    try:
        return json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unrepeated,
        )
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{name} is not valid JSON: {printable(str(error))}.") from error


def read_model(content: Any, model: type[Model], name: str) -> Model:
    """Return plain values as a model.

    Raises:
        SubmissionError: If a value is wrong. The message names the first wrong key.
    """
    found = _validated(lambda: model.model_validate(content), name)
    _require_finite(found, name)
    return found


def read_models(content: Any, model: type[Model], name: str) -> tuple[Model, ...]:
    """Return a list of plain values as models.

    Raises:
        SubmissionError: If a value is wrong. The message names the first wrong key.
    """
    found = _validated(lambda: TypeAdapter(list[model]).validate_python(content), name)  # type: ignore[valid-type]
    for each in found:
        _require_finite(each, name)
    return tuple(found)


def check_yaml(content: bytes, name: str) -> str:
    """Return YAML text if it is safe to load: small, without anchors and aliases.

    Raises:
        SubmissionError: If it is not safe to load.
    """
    text = read_text(content, name, MOST_YAML)
    if sum(text.count(sign) for sign in "[{") > MOST_BRACKETS:
        raise SubmissionError(f"{name} has more than {MOST_BRACKETS} brackets: write it plainly.")
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise SubmissionError(f"{name} has anchors or aliases: write values out.")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SubmissionError(f"{name} is not valid YAML: {printable(str(error))}.") from error
    return text


def read_probabilities(content: bytes, name: str) -> npt.NDArray[np.float32]:
    """Return a two-dimensional float32 array from the bytes of an .npy file.

    The size in the header is compared with the length of the data before anything is allocated.

    Raises:
        SubmissionError: If the bytes are anything else, such as Python objects.
    """
    stream = io.BytesIO(content)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise SubmissionError(f"{name} is not of version 1.0 of the .npy form.")
        shape, fortran, kind = np.lib.format.read_array_header_1_0(
            stream, max_header_size=ARRAY_HEADER
        )
    except (ValueError, SyntaxError, TypeError, TokenError, RecursionError, MemoryError) as error:
        raise SubmissionError(
            f"{name} is no array in .npy form: {printable(str(error))}."
        ) from error
    if kind.hasobject:
        raise SubmissionError(f"{name} holds Python objects, which are never loaded.")
    if kind != np.dtype("<f4") or fortran or len(shape) != 2 or not 1 <= shape[1] <= MOST_CLASSES:
        raise SubmissionError(
            f"{name} is {kind} {printable(str(shape))}: need float32 [samples, classes]."
        )
    data = content[stream.tell() :]
    if shape[0] < 0 or shape[0] * shape[1] * kind.itemsize != len(data):
        raise SubmissionError(
            f"{name} says {printable(str(shape))} but holds {len(data)} bytes of data."
        )
    return np.frombuffer(data, dtype=kind).reshape(shape)


def write_probabilities(probabilities: npt.NDArray[np.float32]) -> bytes:
    """Return an array as the bytes of an .npy file."""
    stream = io.BytesIO()
    array = np.ascontiguousarray(probabilities, dtype="<f4")
    np.lib.format.write_array(stream, array, version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def _validated(read: Callable[[], Read], name: str) -> Read:
    try:
        return read()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SubmissionError(
            f"{name} does not have the form of a submission: '{printable(place)}': "
            f"{printable(first['msg'])}."
        ) from error
    except (RecursionError, OverflowError) as error:
        raise SubmissionError(f"{name} does not have the form of a submission.") from error


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _finite(text: str) -> float:
    """Return a number; refuse 1e999 and the like, which Python reads as infinity."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{printable(text, 20)} is larger than any number here")
    return number


def _require_finite(model: BaseModel, name: str) -> None:
    """Check that no number of a model is NaN or infinite (pydantic reads the text "inf" as one)."""
    waiting: list[Any] = [model.model_dump()]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            raise SubmissionError(f"{name} has a number that is NaN or infinite.")
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found
