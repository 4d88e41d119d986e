"""Transfers: relations, selection, and label accounting."""

import pytest

from benchmark.data.taxonomy import CROPS
from benchmark.errors import UsageError
from benchmark.task.transfers import (
    Transfer,
    groups,
    label_space,
    parse_transfer,
    select_transfers,
)

ALL_COUNTRIES = ["ARG", "AUS", "BEL", "CHN", "FRA", "GBR", "NLD", "USA", "USA-2017"]


@pytest.mark.parametrize(
    ("pair", "relation"),
    [
        # The paper's grouping, paper_facts.md.
        ("FRA:BEL", "cross-country"),
        ("FRA:NLD", "cross-country"),
        ("FRA:GBR", "cross-country"),
        ("FRA:CHN", "cross-continent"),
        ("FRA:USA", "cross-continent"),
        ("USA:FRA", "cross-continent"),
        ("FRA:ARG", "cross-hemisphere"),
        ("USA:AUS", "cross-hemisphere"),
        ("USA:ARG", "cross-hemisphere"),
        ("USA:USA-2017", "cross-year"),
        ("USA-AR:USA-CA", "cross-region"),
        ("USA-AR-2021:USA-AR-2022", "cross-year"),
        ("USA-AR-2021:USA-CA-2021", "cross-region"),
        ("USA-AR-2021:USA-CA-2022", "cross-year"),
        ("USA-AR:USA-AR-2022", "cross-year"),
        ("USA:BRA", "unknown"),
    ],
)
def test_relation(pair: str, relation: str) -> None:
    assert parse_transfer(pair).relation == relation


def test_nine_published_transfers() -> None:
    assert len(groups()["published"]) == 9


def test_default_is_what_is_published_and_in_the_data() -> None:
    chosen = {str(t) for t in select_transfers([], ALL_COUNTRIES)}
    assert chosen == {str(t) for t in groups()["published"]} | {"USA:USA-2017"}


def test_default_without_published_pairs_is_every_pair() -> None:
    chosen = select_transfers([], ["USA-AR", "USA-CA"])
    assert chosen == (Transfer("USA-AR", "USA-CA"), Transfer("USA-CA", "USA-AR"))


def test_a_group_keeps_what_the_data_has() -> None:
    assert select_transfers(["cross-country"], ["FRA", "NLD", "USA"]) == (Transfer("FRA", "NLD"),)


def test_pairs_and_groups_are_taken_once() -> None:
    chosen = select_transfers(["FRA:CHN", "cross-continent"], ALL_COUNTRIES)
    assert [str(t) for t in chosen] == ["FRA:CHN", "FRA:USA", "USA:FRA"]


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("FRA:CNH", "'CHN'"),
        ("cross-contry", "'cross-country'"),
        ("FRA", "Unknown transfer or group 'FRA'"),
        ("FRA:", "SOURCE:TARGET"),
        ("FRA:FRA", "both sides"),
        ("time", "allows no transfer"),
    ],
)
def test_what_cannot_be_selected_is_named(word: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        select_transfers([word], ["FRA", "CHN", "USA"])


def test_one_domain_is_no_transfer() -> None:
    with pytest.raises(UsageError, match="one domain only"):
        select_transfers([], ["FRA"])


def test_label_space() -> None:
    space = label_space([0, 2, 6], [0, 1, 6], too_few=[3])
    assert space.shared == ("corn", "other")
    assert space.source_only == ("rice",)
    assert space.target_only == ("soybeans",)
    assert space.too_few == (CROPS[3],)
