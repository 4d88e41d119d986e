"""One content in many layouts: read alike, or refused with the line that settles it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tiny import make_samples

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.inspect.inspection import inspect_dataset
from benchmark.data.official.domain_file import year_file_name
from benchmark.data.official.stored_numbers import DOMAINS_FILE
from benchmark.errors import DataError

PLAIN = make_samples("FRA")
NUMBERS = np.rint(PLAIN.series * 10_000).astype(np.uint16)


def save(root: Path, fea: Any, *, place: str = year_file_name("FRA"), **arrays: Any) -> Path:
    path = root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **({"fea": fea, "lbl": PLAIN.labels} | arrays))
    return path


def say(root: Path, *rules: dict[str, Any], ignore: tuple[str, ...] = ()) -> None:
    content = {"files": list(rules), "ignore": list(ignore)}
    (root / DOMAINS_FILE).write_text(yaml.safe_dump(content))


def plain(root: Path) -> Dataset:
    save(root / "plain", NUMBERS)
    return open_dataset(root / "plain")


LAYOUTS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "singleton axis": (lambda: NUMBERS[:, None], {}),
    "last singleton axis": (lambda: NUMBERS[..., None], {}),
    "steps first": (lambda: NUMBERS.transpose(0, 2, 1), {"orientation": "steps-bands"}),
    "steps first, singleton axis": (
        lambda: NUMBERS.transpose(0, 2, 1)[:, None],
        {"orientation": "steps-bands"},
    ),
    "signed 32-bit": (lambda: NUMBERS.astype(np.int32), {"unit": "digital_number"}),
    "big-endian": (lambda: NUMBERS.astype(">i4"), {}),
    "digital floats": (lambda: NUMBERS.astype(np.float32), {"unit": "digital_number"}),
    "double digital": (lambda: NUMBERS.astype(np.float64), {"unit": "digital_number"}),
    "reflectance": (lambda: PLAIN.series, {"unit": "reflectance"}),
    "double reflectance": (lambda: PLAIN.series.astype(np.float64), {"unit": "reflectance"}),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_that_are_told_from_their_numbers(tmp_path: Path, name: str) -> None:
    make, concluded = LAYOUTS[name]
    save(tmp_path / "other" / "for_CropNet" / "deep", make())
    dataset, reference = open_dataset(tmp_path / "other"), plain(tmp_path)
    np.testing.assert_allclose(
        dataset.load("FRA").series, reference.load("FRA").series, rtol=0, atol=1e-7
    )
    np.testing.assert_array_equal(dataset.load("FRA").labels, PLAIN.labels)
    (domain,) = inspect_dataset(dataset).domains
    assert domain.reading is not None
    assert domain.reading.declared == ()
    assert domain.reading.model_dump().items() >= concluded.items()


def test_the_fingerprint_follows_what_is_read_and_not_how_it_is_packed(tmp_path: Path) -> None:
    prints = {"plain": plain(tmp_path).fingerprint}
    for name in ("singleton axis", "signed 32-bit", "steps first"):
        save(tmp_path / name, LAYOUTS[name][0]())
        prints[name] = open_dataset(tmp_path / name).fingerprint
    assert prints["plain"] == prints["singleton axis"] == prints["signed 32-bit"]
    assert prints["steps first"] != prints["plain"]


REFUSED: dict[str, tuple[Callable[[], Any], str, dict[str, str] | None]] = {
    "flat rows": (
        lambda: NUMBERS.reshape(len(NUMBERS), -1),
        "bands or along steps: write .*orientation: bands-steps",
        {"orientation": "bands-steps"},
    ),
    "flat rows, steps first": (
        lambda: NUMBERS.transpose(0, 2, 1).reshape(len(NUMBERS), -1),
        "orientation",
        {"orientation": "steps-bands"},
    ),
    "reflectance with a wild value": (
        lambda: np.where(np.arange(73) == 3, 2.5, PLAIN.series),
        "neither reflectance nor digital numbers .* write .*unit: digital_number",
        None,
    ),
    "percent": (lambda: PLAIN.series * 100, "typically .*, which are neither", None),
    "bytes": (lambda: (PLAIN.series * 255).astype(np.uint8), "uint8 values up to", None),
    "season window": (lambda: NUMBERS[..., 24:67], "it may be the season window alone", None),
    "missing values": (
        lambda: np.where(np.arange(73) == 3, 65_535, NUMBERS),
        "if a number stands for missing observations write .*missing: THAT-NUMBER",
        None,
    ),
    "words": (lambda: NUMBERS.astype(np.str_), "numbers are needed", None),
    "truth values": (lambda: NUMBERS > 3000, "numbers are needed", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_layouts_that_are_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    make, words, settling = REFUSED[name]
    path = save(tmp_path / "other", make())
    with pytest.raises(DataError, match=words) as caught:
        open_dataset(tmp_path / "other").load("FRA")
    assert str(path) in str(caught.value)
    if settling is None:
        return
    say(tmp_path / "other", {"file": path.name, **settling})
    samples = open_dataset(tmp_path / "other").load("FRA")
    np.testing.assert_array_equal(samples.series, plain(tmp_path).load("FRA").series)
    assert samples.reading is not None
    assert samples.reading.declared == ("orientation",)


def test_a_square_of_steps_is_ambiguous(tmp_path: Path) -> None:
    save(tmp_path, np.full((len(PLAIN), 73, 73), 2500, np.uint16))
    with pytest.raises(DataError, match="as many bands as steps: write"):
        open_dataset(tmp_path).load("FRA")


def test_what_is_declared_must_fit(tmp_path: Path) -> None:
    save(tmp_path, NUMBERS)
    say(tmp_path, {"file": "*_FRA_*", "orientation": "steps-bands"})
    with pytest.raises(DataError, match="not steps-bands as declared: correct `orientation`"):
        open_dataset(tmp_path).load("FRA")
    say(tmp_path, {"file": "*_FRA_*", "bands": ["B4", "B8"]})
    with pytest.raises(DataError, match="10 bands where 2 are declared"):
        open_dataset(tmp_path).load("FRA")
    say(tmp_path, {"file": "*_FRA_*", "unit": "reflectance"})
    with pytest.raises(DataError, match="after division by 1, which is no reflectance"):
        open_dataset(tmp_path).load("FRA")


def test_an_offset_is_taken_off_where_it_is_declared(tmp_path: Path) -> None:
    save(tmp_path / "other", NUMBERS + np.uint16(1000))
    say(tmp_path / "other", {"file": "*_FRA_*", "offset": 1000})
    dataset, reference = open_dataset(tmp_path / "other"), plain(tmp_path)
    np.testing.assert_array_equal(dataset.load("FRA").series, reference.load("FRA").series)
    assert dataset.fingerprint != reference.fingerprint
    save(tmp_path / "other", PLAIN.series)
    with pytest.raises(DataError, match="reflectance, which has no offset"):
        open_dataset(tmp_path / "other").load("FRA")


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        (65_535, 65_535, np.uint16),
        (0, 0, np.int32),
        (-9999, -9999, np.float32),
        (np.nan, "nan", float),
        (np.nan, float("nan"), float),
    ],
)
def test_missing_observations_are_interpolated_where_they_are_declared(
    tmp_path: Path, code: float, said: Any, kind: Any
) -> None:
    ramp = np.broadcast_to(1000 + 10.0 * np.arange(73), NUMBERS.shape).copy()
    gaps = ramp.copy()
    gaps[:, :, [5, 6, 40]] = code
    gaps[3, 2, 20] = code  # one band of one date: the date is not seen
    gaps[4, :, :3] = code
    save(tmp_path, gaps.astype(kind))
    say(tmp_path, {"file": "*_FRA_*", "missing": said})
    series = open_dataset(tmp_path).load("FRA").series
    ramp[4, :, :3] = ramp[4, 0, 3]  # held before the first observation
    np.testing.assert_allclose(series, ramp / 10_000, atol=1e-6)
    gaps[7] = code
    save(tmp_path, gaps.astype(kind))
    with pytest.raises(DataError, match=r"without one complete observation \(first: row 7\)"):
        open_dataset(tmp_path).load("FRA")


def test_infinite_numbers_are_never_gaps(tmp_path: Path) -> None:
    series = PLAIN.series.copy()
    series[2, 3, 4] = np.inf
    save(tmp_path, series)
    say(tmp_path, {"file": "*_FRA_*", "missing": "nan"})
    with pytest.raises(DataError, match=r"NaN or infinite values in 1 series \(first: row 2\)"):
        open_dataset(tmp_path).load("FRA")


def test_dates_that_are_zero_are_noticed(tmp_path: Path) -> None:
    numbers = NUMBERS.copy()
    numbers[:, :, 7] = 0
    save(tmp_path, numbers)
    (domain,) = inspect_dataset(open_dataset(tmp_path)).domains
    assert domain.dark_share == pytest.approx(1 / 73)


def test_files_of_other_names_and_years(tmp_path: Path) -> None:
    save(tmp_path, NUMBERS)
    save(tmp_path, NUMBERS[::-1], place="years/S2_USA_17.npz", lbl=PLAIN.labels[::-1])
    dataset = open_dataset(tmp_path)
    assert dataset.domains == ("FRA",)
    assert inspect_dataset(dataset).unread == ("years/S2_USA_17.npz",)
    say(
        tmp_path,
        {"file": "years/S2_*_17.npz", "domain": "USA-2017", "year": 2017, "season": "calendar"},
    )
    dataset = open_dataset(tmp_path)
    assert dataset.domains == ("FRA", "USA-2017")
    card = dataset.domain_card("USA-2017")
    assert (card.year, card.season) == (2017, "calendar")
    assert inspect_dataset(dataset).unread == ()
    say(tmp_path, ignore=("years/*",))
    assert inspect_dataset(open_dataset(tmp_path)).unread == ()


def test_one_of_two_files_of_a_domain_may_be_ignored(tmp_path: Path) -> None:
    save(tmp_path, NUMBERS)
    save(tmp_path, NUMBERS, place=f"old/{year_file_name('FRA')}")
    with pytest.raises(DataError, match="both hold domain FRA: keep one, name the other "):
        open_dataset(tmp_path)
    say(tmp_path, ignore=("old/*",))
    assert open_dataset(tmp_path).file("FRA") == tmp_path / year_file_name("FRA")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("files: [{file: a.npz}]", "names a.npz, which fits no .npz file"),
        ("files: [{file: x.npz}]", "does not say which domain x.npz holds: add `domain:`"),
        ("files: [{file: x.npz, domain: U_S}]", "'U_S' cannot name a domain"),
        ("files: [{file: x*, domain: A}, {file: '*.npz', domain: B}]", "has 2 rules for x.npz"),
        ("files: [{file: x.npz, unitt: reflectance}]", "files.0.unitt: .*did you mean 'unit'"),
        ("files: [{file: x.npz, unit: metres}]", "is wrong at files.0.unit"),
        ("files: [{file: x.npz, season_start: 13-01}]", "season_start: .*'13-01' is no season st"),
        ("fils: []", "did you mean 'files'"),
        ("[", "is not YAML"),
        ("- 3", "is wrong at the file"),
    ],
)
def test_rules_that_are_wrong_are_named(tmp_path: Path, text: str, words: str) -> None:
    save(tmp_path, NUMBERS, place="x.npz")
    (tmp_path / DOMAINS_FILE).write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        open_dataset(tmp_path)
    assert "\n" not in str(caught.value)
