"""Cards kept with a run: whole, safe under any name, and what a damaged one does."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import MethodError, StoreError
from benchmark.results.stored_cards import CARDS, read_cards, write_cards
from benchmark.task.method_cards import card_lines, render_card
from benchmark.task.methods import Card, Method, Pretraining

CARD = Card(
    summary="Answers.",
    reference="Doe 2020",
    licence="MIT",
    pretraining=Pretraining(data="all", countries=("FRA",), years=(2020,), labels="none"),
    notes=("Careful.",),
)


def method(name: str, version: str = "1") -> Method:
    return Method(name, "test", "median", lambda _: None, CARD, version)  # type: ignore[arg-type, return-value]


def test_cards_come_back_as_they_were(tmp_path: Path) -> None:
    write_cards(tmp_path, [method("a.b+c"), method("d")])
    (tmp_path / CARDS / "stray.txt").write_text("no card")
    cards, damaged = read_cards(tmp_path)
    assert damaged == ()
    assert set(cards) == {"a.b+c", "d"}
    assert cards["d"].card == CARD
    for _, value in card_lines(cards["d"]):
        assert value in render_card(method("d"))


def test_a_later_command_replaces_a_card(tmp_path: Path) -> None:
    write_cards(tmp_path, [method("a")])
    write_cards(tmp_path, [method("a", "2")])
    cards, _ = read_cards(tmp_path)
    assert cards["a"].version == "2"


def test_a_run_of_before_has_none(tmp_path: Path) -> None:
    assert read_cards(tmp_path) == ({}, ())


@pytest.mark.parametrize("name", ["../../x", "A", "a", "<script>", "x" * 300, "con/aux"])
def test_any_name_has_a_file_of_its_own_inside_the_run(name: str, tmp_path: Path) -> None:
    (path,) = write_cards(tmp_path, [method(name)])
    assert path.parent == tmp_path / CARDS
    assert set(read_cards(tmp_path)[0]) == {name}
    (other,) = write_cards(tmp_path, [method(name.swapcase() + "1")])
    assert other.name.lower() != path.name.lower()


def test_a_damaged_card_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    first, _ = write_cards(tmp_path, [method("a"), method("b")])
    first.write_text("{}")
    cards, damaged = read_cards(tmp_path)
    assert set(cards) == {"b"}
    assert "a.json is damaged" in damaged[0]


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / CARDS).write_text("in the way")
    with pytest.raises(StoreError, match="Cannot write the card"):
        write_cards(tmp_path, [method("a")])


def test_a_run_keeps_the_cards_of_what_was_asked_for(tiny: Dataset, tmp_path: Path) -> None:
    words = f"run --data {tiny.root} --protocol smoke --methods floor.* --transfers FRA:CHN"
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--out", str(tmp_path / "run")])
    assert not ended.value.code
    cards, damaged = read_cards(tmp_path / "run")
    assert damaged == ()
    assert set(cards) == {"floor.majority", "floor.prior"}


def test_a_card_with_text_that_is_not_unicode_is_kept(tmp_path: Path) -> None:
    odd = CARD.model_copy(update={"summary": "caf\udce9"})
    write_cards(tmp_path, [replace(method("a"), card=odd)])
    cards, damaged = read_cards(tmp_path)
    assert (damaged, cards["a"].card.summary) == ((), "caf\\udce9")


def test_a_name_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(MethodError, match=r"'a\\udce9' is not valid Unicode"):
        method("a\udce9")
