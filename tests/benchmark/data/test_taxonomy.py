"""Crops, countries and label maps."""

from pathlib import Path

import pytest

from benchmark.data.taxonomy import (
    CROPS,
    OTHER,
    check_domain_name,
    countries,
    country_of,
    crop_index,
    label_map_names,
    load_label_map,
    parse_code,
)
from benchmark.errors import DataError, UsageError


def test_classes_have_the_indices_of_the_released_code() -> None:
    assert CROPS == ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
    assert OTHER == 6


def test_southern_countries_are_argentina_and_australia() -> None:
    assert {code for code, c in countries().items() if c.hemisphere == "south"} == {"ARG", "AUS"}
    assert len(countries()) == 8


def test_a_domain_belongs_to_the_country_before_the_hyphen() -> None:
    assert country_of("USA-2017") == countries()["USA"]
    assert country_of("ESP") is None


@pytest.mark.parametrize("name", ["", "USA_AR", "USA-", "-AR", "US A", "../USA", "FRÄ"])
def test_a_name_that_cannot_be_part_of_a_file_name_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="cannot name a domain"):
        check_domain_name(name)


def test_an_unknown_crop_brings_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'soybeans'"):
        crop_index("soybean")


@pytest.mark.parametrize(
    ("code", "crop"),
    [
        (1, "corn"),
        (2, "cotton"),
        (3, "rice"),
        (5, "soybeans"),
        (22, "wheat"),
        (23, "wheat"),
        (24, "wheat"),
        (45, "sugarcane"),
        (26, "other"),  # soybeans after winter wheat
        (12, "other"),  # sweet corn
        (61, "other"),
        (176, "other"),
        (254, "other"),
    ],
)
def test_cdl_codes(code: int, crop: str) -> None:
    assert load_label_map("cdl").class_of(code) == CROPS.index(crop)


@pytest.mark.parametrize("code", [0, 81, 256, -1, "corn"])
def test_cdl_does_not_know_background_clouds_and_what_is_no_code(code: int | str) -> None:
    assert load_label_map("cdl").class_of(code) is None


@pytest.mark.parametrize(
    ("code", "crop"),
    [
        (1101060000, "corn"),
        (1101060002, "corn"),  # silage maize
        (1101010011, "wheat"),
        (1101010040, "wheat"),  # spelt
        (1101080000, "rice"),
        (1106000020, "soybeans"),
        (1105010010, "other"),  # beans, which are no soybeans
        (1108000010, "cotton"),
        (1108020020, "other"),  # hemp
        (1111010100, "sugarcane"),
        (1111010110, "other"),  # brome grasses
        (1101020011, "other"),  # winter barley
        (1101110010, "other"),  # wheat sown with rye
        (2001020022, "other"),
        (4000000000, "other"),
    ],
)
def test_ewoc_codes(code: int, crop: str) -> None:
    assert load_label_map("ewoc").class_of(code) == CROPS.index(crop)


@pytest.mark.parametrize("code", [0, 1000000000, 1101000000, 1106000000, 1108000000, 110101])
def test_ewoc_codes_that_may_be_a_crop_of_the_benchmark_are_unknown(code: int) -> None:
    assert load_label_map("ewoc").class_of(code) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("5", 5), ("5.0", 5), ("1101060000.00", 1101060000), ("-1.0", -1), ("007", 7)],
)
def test_a_whole_number_is_a_code_however_it_is_written(text: str, code: int) -> None:
    assert parse_code(text) == code


@pytest.mark.parametrize("text", ["5.5", "5.", ".0", "1e3", "5.0a", "maize", "", "nan", "5.01"])
def test_what_is_no_whole_number_stays_a_word(text: str) -> None:
    assert parse_code(text) == text


def write_map(folder: Path, body: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(f"name: mine\nsource: here\ncolumn: crop\n{body}")
    return str(path)


def test_a_map_of_words_and_quoted_numbers(tmp_path: Path) -> None:
    mine = load_label_map(write_map(tmp_path, "codes: {maize: corn, '7': rice}\nother: [grass]\n"))
    assert [mine.class_of(code) for code in ("maize", 7, "grass", "tea")] == [0, 2, OTHER, None]


def test_capitals_of_words_do_not_matter(tmp_path: Path) -> None:
    wheat = CROPS.index("wheat")
    body = "codes: {Blé: wheat}\nother: [autre]\ndrop: [No Answer]\n"
    mine = load_label_map(write_map(tmp_path, body))
    assert [mine.class_of(code) for code in ("BLÉ", "blé", "Autre")] == [wheat, wheat, OTHER]
    assert mine.drops("no answer")
    with pytest.raises(DataError, match="'rice' is two crops"):
        load_label_map(write_map(tmp_path, "codes: {Rice: corn, rice: rice}\n"))


def test_codes_are_the_text_that_they_are_written_as(tmp_path: Path) -> None:
    body = (
        "codes: {010: corn, yes: rice, 1:30: wheat, 1_1: cotton, 2021-01-05: soybeans}\n"
        "other: [on, null]\ndrop: [no, 09]\nother_below: 9\n"
    )
    mine = load_label_map(write_map(tmp_path, body))
    words = ("010", "8", "yes", "1:30", "90", "1_1", "11", "2021-01-05", "on", "null")
    found = [mine.class_of(parse_code(word)) for word in words]
    assert found == [0, OTHER, 2, 3, None, 5, None, 1, OTHER, OTHER]
    assert [mine.drops(parse_code(word)) for word in ("no", "9", "on")] == [True, True, False]


def test_the_longest_block_wins(tmp_path: Path) -> None:
    mine = load_label_map(
        write_map(tmp_path, "codes: {120: cotton}\nblocks: {1xx: other, 12x: rice}\n")
    )
    assert [mine.class_of(code) for code in (120, 121, 130, 12, 1200)] == [5, 2, OTHER, None, None]


def test_a_named_code_goes_before_blocks_and_may_be_called_other_twice(tmp_path: Path) -> None:
    body = "codes: {7: other}\nother: [7, 125]\nambiguous: [126]\nblocks: {12x: corn}\n"
    mine = load_label_map(write_map(tmp_path, body))
    assert [mine.class_of(code) for code in (7, 124, 125, 126)] == [OTHER, 0, OTHER, None]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("codes: {1: maize}\n", "maize"),
        ("codes: {1: corn}\nblock: {}\n", "block"),
        ("codes: {1: corn}\nblocks: {x1: corn}\n", "x1"),
        ("codes: [1, 2\n", "mine.yaml"),
        ("codes: 3\n", "codes"),
        ("codes:\n  1: corn\n  2: rice\n  1: wheat\n", "'1' stands a second time in line 7"),
        ("codes: {1: corn, '1.0': rice}\n", "wrong at codes: '1.0' is two crops"),
        ("codes: {5: corn}\nother: [5]\n", "'5' stands as corn under codes and under other: leave"),
        ("codes: {5: corn}\nignore: ['5.0']\n", "'5' stands as corn under codes and under drop"),
        ("codes: {Tea: rice}\nambiguous: [tea]\n", "'tea' stands as rice under codes and under am"),
        ("codes: {1: corn}\ndrop: [0]\nother: [0]\n", "'0' stands under drop and under other"),
    ],
)
def test_a_wrong_map_is_named_with_its_word(tmp_path: Path, body: str, word: str) -> None:
    with pytest.raises(DataError, match=word) as caught:
        load_label_map(write_map(tmp_path, body))
    assert "mine.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_map_brings_a_suggestion() -> None:
    assert label_map_names() == ("cdl", "ewoc", "worldcereal")
    with pytest.raises(UsageError, match="did you mean 'ewoc'"):
        load_label_map("ewocs")


def test_a_missing_map_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.yaml cannot be read"):
        load_label_map(str(tmp_path / "gone.yaml"))
