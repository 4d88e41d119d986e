"""Descriptions of methods from another process: each wrong value is named for what it is."""

import pytest

from benchmark.errors import MethodError
from benchmark.task.described_methods import from_plain, to_plain
from benchmark.task.methods import registry


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"track": "unlabeled"}, r"unknown track 'unlabeled': use one of inductive, .*only\.$"),
        ({"track": ["inductive"]}, r"unknown track \['inductive'\]: use one of"),
        ({"keeps_network": "no"}, r"has keeps_network='no': say True or False\.$"),
        ({"released_division": "any"}, "unknown division 'any': use one of"),
        ({"name": 3}, "values that are not text"),
        ({"card": {}}, "The card of 'floor.majority' is wrong"),
    ],
)
def test_a_wrong_value_is_named(value: dict[str, object], message: str) -> None:
    plain = to_plain(registry().get("floor.majority"))
    assert from_plain(plain).name == "floor.majority"
    with pytest.raises(MethodError, match=message):
        from_plain(plain | value)
