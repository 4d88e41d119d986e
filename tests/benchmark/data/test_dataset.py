"""A directory of domains: opened, checked, written whole or not at all."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.data.dataset import (
    BANDS,
    CARD_FILE,
    DatasetCard,
    DomainCard,
    open_dataset,
    write_dataset,
)
from benchmark.data.official.domain_file import DomainSamples, write_domain_file, year_file_name
from benchmark.errors import DataError, UsageError

Make = Callable[..., DomainSamples]
Card = Callable[..., DatasetCard]


def everything_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_written_dataset_is_opened_with_its_card(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    root = tmp_path / "data"
    samples = [make_samples("FRA"), make_samples("USA-AR", seed=1)]
    write_dataset(root, card_of("FRA", "USA-AR", year=2021), samples)
    dataset = open_dataset(root)
    assert dataset.domains == ("FRA", "USA-AR")
    assert dataset.domain_card("USA-AR").year == 2021
    assert everything_below(root) == [
        CARD_FILE,
        year_file_name("FRA"),
        year_file_name("USA-AR"),
    ]
    assert dataset.load("FRA") is dataset.load("FRA")


def test_files_are_found_in_folders_and_need_no_card(tmp_path: Path, make_samples: Make) -> None:
    write_domain_file(tmp_path / "for_CropNet" / year_file_name("FRA"), make_samples("FRA"))
    (tmp_path / "median_S2_FRA_month5-11_day5.npz").write_bytes(b"another representation")
    dataset = open_dataset(tmp_path)
    assert dataset.domains == ("FRA",)
    assert dataset.domain_card("FRA").season == "unknown"


def test_the_fingerprint_follows_values_labels_ids_blocks_bands_and_season(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    def fingerprint(name: str, samples: DomainSamples, **card: Any) -> str:
        write_dataset(tmp_path / name, card_of("FRA", **card), [samples])
        return open_dataset(tmp_path / name).fingerprint

    def changed(**arrays: Any) -> DomainSamples:
        return DomainSamples(**{**vars(make_samples("FRA")), **arrays})

    base = make_samples("FRA")
    other = base.series.copy()
    other[0, 0, 0] += 0.01
    prints = [
        fingerprint("base", base),
        fingerprint("value", changed(series=other)),
        fingerprint("label", changed(labels=base.labels[::-1].copy())),
        fingerprint("id", changed(sample_ids=np.char.add(base.sample_ids, "x"))),
        fingerprint("block", changed(block=base.labels)),
        fingerprint("bands", base, bands=BANDS[::-1]),
        fingerprint("season", base, season="aligned"),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint("again", base) == prints[0]
    assert fingerprint("note", base, notes=("a note changes no score",)) == prints[0]


def test_common_bands_are_in_the_official_order(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    write_dataset(
        tmp_path,
        DatasetCard(
            name="tiny",
            domains={"FRA": DomainCard(bands=("B8", "B4", "B2")), "USA": DomainCard()},
        ),
        [make_samples("FRA", bands=3), make_samples("USA")],
    )
    dataset = open_dataset(tmp_path)
    common = dataset.common_bands(["FRA", "USA"])
    assert common == ("B2", "B4", "B8")
    np.testing.assert_array_equal(
        dataset.series("FRA", common), dataset.load("FRA").series[:, [2, 1, 0]]
    )
    np.testing.assert_array_equal(
        dataset.series("USA", common), dataset.load("USA").series[:, [0, 2, 6]]
    )


def test_domains_without_a_common_band(tmp_path: Path, make_samples: Make) -> None:
    cards = {"FRA": DomainCard(bands=("B2",)), "USA": DomainCard(bands=("B8",))}
    write_dataset(
        tmp_path,
        DatasetCard(name="tiny", domains=cards),
        [make_samples("FRA", bands=1), make_samples("USA", bands=1)],
    )
    with pytest.raises(DataError, match=r"FRA, USA .* share no band"):
        open_dataset(tmp_path).common_bands(["FRA", "USA"])


def test_an_unknown_domain_brings_a_suggestion(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    write_dataset(tmp_path, card_of("FRA"), [make_samples("FRA")])
    with pytest.raises(UsageError, match="no domain 'FRAN': did you mean 'FRA'"):
        open_dataset(tmp_path).load("FRAN")


def test_a_file_of_other_bands_than_declared(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    write_dataset(tmp_path, card_of("FRA"), [make_samples("FRA", bands=9)])
    with pytest.raises(DataError, match="9 bands where 10 are declared"):
        open_dataset(tmp_path).load("FRA")


def test_two_files_for_one_domain(tmp_path: Path, make_samples: Make) -> None:
    for folder in ("a", "b"):
        write_domain_file(tmp_path / folder / year_file_name("FRA"), make_samples("FRA"))
    with pytest.raises(DataError, match="both hold domain FRA: keep one"):
        open_dataset(tmp_path)


def test_what_a_killed_writer_left_is_not_read(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    for name in ("FRA", "USA"):
        write_domain_file(tmp_path / ".writing-abc" / year_file_name(name), make_samples(name))
    write_dataset(tmp_path, card_of("FRA"), [make_samples("FRA")])
    assert open_dataset(tmp_path).domains == ("FRA",)


def test_directories_that_hold_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no data directory .*gone"):
        open_dataset(tmp_path / "gone")
    with pytest.raises(DataError, match="holds no file named like"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    "text",
    ['{"name": "x"', "[]", '{"name": "x", "colour": 1}', '{"domains": {}}', "\xff\xfe"],
)
def test_a_damaged_card_is_named(tmp_path: Path, make_samples: Make, text: str) -> None:
    write_domain_file(tmp_path / year_file_name("FRA"), make_samples("FRA"))
    (tmp_path / CARD_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"dataset\.json is not a dataset card") as caught:
        open_dataset(tmp_path)
    assert "\n" not in str(caught.value)


def test_added_domains_stand_beside_the_old_ones(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    first = card_of("FRA").model_copy(update={"name": "mine", "source": "one"})
    second = card_of("USA").model_copy(update={"name": "other", "source": "two"})
    write_dataset(tmp_path, first, [make_samples("FRA")])
    write_dataset(tmp_path, second, [make_samples("USA")])
    card = open_dataset(tmp_path).card
    assert (card.name, card.source, sorted(card.domains)) == ("mine", "one; two", ["FRA", "USA"])


def test_domains_that_another_process_adds_meanwhile_keep_their_cards(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    def while_another_writes(other: str) -> Iterator[DomainSamples]:
        write_dataset(tmp_path, card_of(other, year=2022), [make_samples(other, seed=1)])
        yield make_samples("FRA")

    write_dataset(tmp_path, card_of("FRA", year=2021), while_another_writes("GBR"))
    dataset = open_dataset(tmp_path)
    assert {name: dataset.domain_card(name).year for name in dataset.domains} == {
        "FRA": 2021,
        "GBR": 2022,
    }
    assert everything_below(tmp_path) == [CARD_FILE, year_file_name("FRA"), year_file_name("GBR")]


def test_a_domain_that_another_process_writes_first_is_kept(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    def too_late() -> Iterator[DomainSamples]:
        write_dataset(tmp_path, card_of("FRA", year=2022), [make_samples("FRA", seed=1)])
        yield make_samples("FRA")

    with pytest.raises(DataError, match="has domain FRA already"):
        write_dataset(tmp_path, card_of("FRA", year=2021), too_late())
    dataset = open_dataset(tmp_path)
    assert dataset.domain_card("FRA").year == 2022
    assert (dataset.load("FRA").series == make_samples("FRA", seed=1).series).all()


def test_what_may_not_be_mixed_is_refused_and_nothing_changes(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    root = tmp_path / "data"
    write_dataset(root, card_of("FRA"), [make_samples("FRA")])
    before = everything_below(root), (root / CARD_FILE).read_bytes()
    with pytest.raises(DataError, match="has domain FRA already"):
        write_dataset(root, card_of("FRA"), [make_samples("FRA")])
    with pytest.raises(DataError, match="keep simulated and real domains in separate"):
        write_dataset(root, card_of("USA", simulated=True), [make_samples("USA")])
    with pytest.raises(DataError, match="cannot name a domain"):
        write_dataset(root, card_of("U_S"), [make_samples("U_S")])
    assert (everything_below(root), (root / CARD_FILE).read_bytes()) == before


def test_simulations_of_two_seeds_do_not_share_a_directory(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    def seeded(name: str, seed: int) -> DatasetCard:
        return card_of(name, simulated=True).model_copy(update={"seed": seed})

    write_dataset(tmp_path, seeded("FRA", 1), [make_samples("FRA")])
    write_dataset(tmp_path, seeded("USA", 1), [make_samples("USA")])
    with pytest.raises(DataError, match="simulate into another directory"):
        write_dataset(tmp_path, seeded("BEL", 2), [make_samples("BEL")])


def test_an_error_half_way_leaves_nothing(
    tmp_path: Path, make_samples: Make, card_of: Card
) -> None:
    root = tmp_path / "data"

    def domains() -> Any:
        yield make_samples("FRA")
        raise DataError("the second domain is bad")

    with pytest.raises(DataError, match="the second domain is bad"):
        write_dataset(root, card_of("FRA", "USA"), domains())
    assert not root.exists()


@pytest.mark.parametrize("call", ["os.fsync", "numpy.savez"])
def test_a_full_disk_leaves_nothing(
    tmp_path: Path,
    make_samples: Make,
    card_of: Card,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    root = tmp_path / "data"
    monkeypatch.setattr(call, full)
    with pytest.raises(DataError, match=r"Cannot write .*No space left on device"):
        write_dataset(root, card_of("FRA"), [make_samples("FRA")])
    assert not root.exists()


def test_a_full_disk_while_the_card_is_written_leaves_nothing(
    tmp_path: Path, make_samples: Make, card_of: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    root = tmp_path / "data"
    monkeypatch.setattr("benchmark.data.dataset.write_text", full)
    with pytest.raises(DataError, match=f"Cannot write to {root}: No space left"):
        write_dataset(root, card_of("FRA"), [make_samples("FRA")])
    assert not root.exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, make_samples: Make, card_of: Card) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match="is a file: name a directory"):
        write_dataset(tmp_path / "file", card_of("FRA"), [make_samples("FRA")])
    with pytest.raises(DataError, match="Cannot write to"):
        write_dataset(tmp_path / "file" / "below", card_of("FRA"), [make_samples("FRA")])
    assert (tmp_path / "file").read_text() == "x"


def test_a_disk_that_is_really_full(
    mounted: Callable[[str], Path], make_samples: Make, card_of: Card
) -> None:
    disk = mounted("size=64k")
    write_dataset(disk / "small", card_of("FRA"), [make_samples("FRA", 4)])
    before = everything_below(disk)
    with pytest.raises(DataError, match=r"Cannot write .*: No space left on device"):
        write_dataset(disk / "large", card_of("FRA"), [make_samples("FRA", 200)])
    assert everything_below(disk) == before
    assert open_dataset(disk / "small").load("FRA").labels.tolist() == [0, 1, 2, 3]


def test_a_disk_that_may_only_be_read(
    mounted: Callable[[str], Path], make_samples: Make, card_of: Card
) -> None:
    disk = mounted("size=64k,ro")
    with pytest.raises(DataError, match=r"Cannot write to .*: Read-only file system"):
        write_dataset(disk / "data", card_of("FRA"), [make_samples("FRA")])


def test_the_card_on_disk_is_plain_json(tmp_path: Path, make_samples: Make, card_of: Card) -> None:
    write_dataset(tmp_path, card_of("FRA", year=2023), [make_samples("FRA")])
    card = json.loads((tmp_path / CARD_FILE).read_text())
    assert card["domains"]["FRA"]["year"] == 2023
    assert card["simulated"] is False
