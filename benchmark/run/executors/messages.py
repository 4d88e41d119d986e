"""Messages between the harness and a method's process: JSON and plain arrays, never a pickle.

A method can write any bytes as a message of its process. Messages are therefore read with limited
memory, and every part is checked.

A message is eight bytes (length of the header), the header (JSON), and the bytes of its arrays.
"""

import json
import math
import re
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LENGTH: Final = struct.Struct("<Q")

MOST_HEADER_BYTES: Final = 16 * 2**20
"""Longest header in bytes, enough for a history of 100,000 epochs."""

MOST_DIMENSIONS: Final = 16
MOST_ARRAYS: Final = 100_000
PIECE: Final = 2**20

PLAIN_TYPES: Final = re.compile(r"[<>|][biufc](1|2|4|8|16)")
"""Allowed types of numbers, in numpy's notation: no objects and no types of variable length."""

Array = npt.NDArray[Any]


class MessageError(Exception):
    """A message is malformed or too large, or the other end of the channel is closed."""


@dataclass(frozen=True)
class Message:
    """A message.

    Attributes:
        kind: Kind of message.
        values: Values that JSON can store, by name.
        arrays: Arrays of numbers by name.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)


class Channel:
    """One end of a stream of messages.

    Args:
        connection: A connected stream socket.
        check: Function that is called before and during each wait. It returns the seconds until it
            must be called again, or ``None``. An error that it raises ends the wait.
        beside: Another descriptor. When it can be read, `check` is called.
    """

    def __init__(
        self,
        connection: socket.socket,
        check: Callable[[], float | None] | None = None,
        beside: int | None = None,
    ) -> None:
        self.connection = connection
        self._check = check or (lambda: None)
        self._beside = beside
        connection.setblocking(False)

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            MessageError: If the other end is closed.
        """
        described, pieces = [], []
        for name, array in message.arrays.items():
            axes = _axes_in_memory(array)
            ordered = np.asarray(array.transpose(axes), order="C")
            described.append(
                {"name": name, "type": array.dtype.str, "shape": ordered.shape, "axes": axes}
            )
            pieces.append(ordered)
        header = {"kind": message.kind, "values": message.values, "arrays": described}
        text = json.dumps(header).encode()
        self._send(LENGTH.pack(len(text)) + text)
        for piece in pieces:
            if piece.nbytes:
                self._send(_bytes_of(piece))

    def receive(self, most_bytes: int) -> Message:
        """Wait for a message.

        Args:
            most_bytes: Largest size of all its arrays together.

        Raises:
            MessageError: If it is malformed or too large, or the other end is closed.
        """
        (length,) = LENGTH.unpack(self._receive(LENGTH.size))
        if length > MOST_HEADER_BYTES:
            raise MessageError(f"a header of {length} bytes")
        header = _header(bytes(self._receive(length)))
        described = [_description(each) for each in header["arrays"]]
        total = sum(math.prod(shape) * dtype.itemsize for _, dtype, shape, _ in described)
        if total > most_bytes:
            raise MessageError(f"{total} bytes where {most_bytes} are expected at most")
        arrays = {}
        for name, dtype, shape, axes in described:
            array = np.empty(shape, dtype)
            if array.nbytes:
                self._fill(_bytes_of(array))
            arrays[name] = array.transpose(np.argsort(axes))
        return Message(header["kind"], header["values"], arrays)

    def _send(self, content: bytes | memoryview) -> None:
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[self.connection.send(rest[:PIECE]) :]
            except BlockingIOError:
                self._wait(select.POLLOUT)
            except OSError as error:
                raise MessageError("the other end is gone") from error

    def _receive(self, count: int) -> bytearray:
        content = bytearray(count)
        self._fill(memoryview(content))
        return content

    def _fill(self, view: memoryview) -> None:
        while view:
            try:
                got = self.connection.recv_into(view[:PIECE])
            except BlockingIOError:
                self._wait(select.POLLIN)
                continue
            except OSError as error:
                raise MessageError("the other end is gone") from error
            if not got:
                raise MessageError("the other end is gone")
            view = view[got:]

    def _wait(self, event: int) -> None:
        seconds = self._check()
        poll = select.poll()
        poll.register(self.connection, event)
        if self._beside is not None:
            poll.register(self._beside, select.POLLIN)
        poll.poll(None if seconds is None else 1000 * seconds)

    def stop_watching(self) -> None:
        """Do not watch the other descriptor any longer."""
        self._beside = None


def _bytes_of(array: Array) -> memoryview:
    """Return the memory of an array that is contiguous and not empty."""
    return array.reshape(-1).view(np.uint8).data


def _axes_in_memory(array: Array) -> list[int]:
    """Return the axes from the slowest to the fastest in memory, so that the layout is kept."""
    if array.flags.c_contiguous:
        return list(range(array.ndim))
    return sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))


def _header(text: bytes) -> dict[str, Any]:
    try:
        header: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MessageError("a header that is no JSON") from error
    valid = (
        isinstance(header, dict)
        and isinstance(header.get("kind"), str)
        and isinstance(header.get("values"), dict)
        and isinstance(header.get("arrays"), list)
        and len(header["arrays"]) <= MOST_ARRAYS
    )
    if not valid:
        raise MessageError("a header of another form")
    return dict(header)


def _description(described: Any) -> tuple[str, np.dtype[Any], tuple[int, ...], list[int]]:
    if not isinstance(described, dict):
        raise MessageError("an array of another form")
    name, kind = described.get("name"), described.get("type")
    shape, axes = described.get("shape"), described.get("axes")
    valid = (
        isinstance(name, str)
        and isinstance(kind, str)
        and PLAIN_TYPES.fullmatch(kind) is not None
        and isinstance(shape, list)
        and isinstance(axes, list)
        and len(shape) <= MOST_DIMENSIONS
        and all(type(length) is int and 0 <= length < 2**40 for length in shape)
        and sorted(map(repr, axes)) == sorted(map(repr, range(len(shape))))
    )
    if not valid:
        raise MessageError("an array of another form")
    try:
        return str(name), np.dtype(str(kind)), tuple(shape or ()), list(axes or ())
    except TypeError as error:
        raise MessageError("an array of another form") from error
