"""Messages arrive as they were sent; what is malformed or too large is refused."""

import json
import socket
from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from benchmark.run.executors.messages import LENGTH, Array, Channel, Message, MessageError


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    both = socket.socketpair()
    yield both
    for end in both:
        end.close()


def sent(message: Message) -> Message:
    """Return a message as it arrives."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = Thread(target=Channel(theirs).send, args=[message])
        sender.start()
        found = Channel(ours).receive(2**30)
        sender.join()
    return found


@given(
    arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.bool_, np.uint8, np.complex64]),
        array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.randoms(use_true_random=False),
)
def test_arrays_keep_numbers_type_and_layout(array: Array, chance: object) -> None:
    axes = list(range(array.ndim))
    chance.shuffle(axes)  # type: ignore[attr-defined]
    moved = array.transpose(axes)
    found = sent(Message("x", {}, {"a": moved})).arrays["a"]
    assert found.dtype == moved.dtype
    assert found.shape == moved.shape
    assert found.tobytes() == moved.tobytes()
    if array.size > 1 and 1 not in array.shape:
        assert found.strides == moved.strides
    assert found.flags.writeable


def test_a_large_message_arrives_whole() -> None:
    array = np.arange(3_000_000, dtype=np.float64)
    values = {"history": [{"loss": float("nan")}] * 1000}
    found = sent(Message("fit", values, {"x": array}))
    assert np.array_equal(found.arrays["x"], array)
    assert len(found.values["history"]) == 1000


def described(**changes: object) -> bytes:
    array = {"name": "a", "type": "<f4", "shape": [2], "axes": [0]} | changes
    return json.dumps({"kind": "x", "values": {}, "arrays": [array]}).encode()


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"\x80\x04K\x01.", "no JSON"),
        (b"[]", "another form"),
        (b"[" * 100_000, "no JSON"),
        (b'{"kind": 1, "values": {}, "arrays": []}', "another form"),
        (described(type="|O"), "array of another form"),
        (described(type="<U4"), "array of another form"),
        (described(type="<f3"), "array of another form"),
        (described(type="<c2"), "array of another form"),
        (described(shape=[-1]), "array of another form"),
        (described(shape=[True]), "array of another form"),
        (described(shape=[1] * 17, axes=list(range(17))), "array of another form"),
        (described(axes=[1]), "array of another form"),
        (described(shape=[2**35]), "expected at most"),
    ],
)
def test_what_is_no_message_is_refused(
    header: bytes, words: str, ends: tuple[socket.socket, socket.socket]
) -> None:
    ends[1].sendall(LENGTH.pack(len(header)) + header)
    with pytest.raises(MessageError, match=words):
        Channel(ends[0]).receive(1000)


def test_a_header_without_end_is_refused(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].sendall(LENGTH.pack(2**40))
    with pytest.raises(MessageError, match="a header of"):
        Channel(ends[0]).receive(1000)


def test_half_a_message_is_none(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].sendall(LENGTH.pack(20) + b"{")
    ends[1].close()
    with pytest.raises(MessageError, match="the other end is gone"):
        Channel(ends[0]).receive(1000)
