"""The machine of a row in words, and whether times may be compared."""

import pytest
from sample_rows import make_row

from leaderboard.machine import UNKNOWN, is_one_machine, machine_of


@pytest.mark.parametrize(
    ("device_name", "words"),
    [
        ("Intel(R) Xeon(R) Processor", "Intel Xeon"),
        ("Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz", "Intel Core i7-9750H @ 2.60GHz"),
        ("AMD EPYC 7B13 64-Core Processor", "AMD EPYC 7B13 64-Core"),
        ("cpu", "cpu"),
        (None, UNKNOWN),
    ],
)
def test_a_name_keeps_what_tells_it_from_others(device_name: str | None, words: str) -> None:
    row = make_row(device_name=device_name)
    named = row.model_copy(
        update={"provenance": row.provenance.model_copy(update={"threads": 2, "processors": 8})}
    )
    expected = words if words == UNKNOWN else f"{words}, 2 threads"
    assert machine_of(named) == expected


def test_one_machine_is_one_name_for_all() -> None:
    assert is_one_machine([])
    assert is_one_machine(["a", "a"])
    assert not is_one_machine(["a", "b"])
    assert not is_one_machine(["a; b", "a; b"]), "each method was measured on both"
