"""Kept copies are what is made anew, to the last digit; the folder stays small."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.data.cache import DAY, keep_array, read_array
from benchmark.data.dataset_card import BANDS
from benchmark.data.shifted_copies import kept_copies as module
from benchmark.data.shifted_copies.kept_copies import COSTLY, shifted_series
from benchmark.data.shifts.shift_table import Fields, Shift, apply_shift, factors, shifts

LEVEL = shifts()["level-l1c"]


def make_fields(rows: slice | list[int] = slice(None)) -> Fields:
    series = np.random.default_rng(1).uniform(0.02, 0.6, (8, len(BANDS), 73)).astype(np.float32)
    bands = tuple(np.array(BANDS)[rows].tolist())
    return Fields("FRA", series[:, rows], bands, np.arange(8) % 3, np.full(8, 47.0))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    def counting(shift: Shift, fields: Fields) -> Any:
        names.append(shift.name)
        return apply_shift(shift, fields)

    monkeypatch.setattr(module, "apply_shift", counting)
    return names


@pytest.mark.parametrize("rows", [slice(None), [1, 2, 6, 8]], ids=["all", "four"])
@pytest.mark.parametrize("shift", shifts().values(), ids=lambda shift: shift.name)
def test_a_kept_copy_is_what_is_made_in_values_and_in_memory(
    shift: Shift, rows: slice | list[int], made: list[str], tmp_path: Path
) -> None:
    """The order in memory counts too, since sums are taken along it."""
    fields = make_fields(rows)
    expected = apply_shift(shift, fields)
    for _ in range(2):
        found = shifted_series(shift, fields, "content", tmp_path)
        assert np.array_equal(found, expected)
        assert found.dtype == expected.dtype
        assert found.strides == expected.strides
    assert len(made) == (1 if shift.factor in COSTLY else 2)
    assert len(list(tmp_path.iterdir())) == (shift.factor in COSTLY)


def test_what_a_copy_depends_on_makes_another_one(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_fields()
    shifted_series(LEVEL, base, "content", tmp_path)
    for fields in (
        replace(base, domain="CHN"),
        replace(base, bands=BANDS[::-1]),
        replace(base, first_day=185),
        replace(base, scene=np.zeros(8, np.int64)),
        replace(base, latitude=np.zeros(8)),
        replace(base, series=base.series[:7], scene=base.scene[:7], latitude=base.latitude[:7]),
    ):
        found = shifted_series(LEVEL, fields, "content", tmp_path)
        assert np.array_equal(found, apply_shift(LEVEL, fields))
    shifted_series(LEVEL, base, "another", tmp_path)
    shifted_series(replace(LEVEL, strength=0.7), base, "content", tmp_path)
    shifted_series(LEVEL, base, None, tmp_path)
    shifted_series(LEVEL, replace(base, series=base.series + np.float32(0.1)), None, tmp_path)
    monkeypatch.setattr(module, "code_digest", lambda: "another release")
    shifted_series(LEVEL, base, "content", tmp_path)
    assert len(made) == len(list(tmp_path.iterdir())) == 12
    shifted_series(LEVEL, base, "content", tmp_path)
    assert len(made) == 12


def test_the_code_that_copies_are_made_with_is_known_by_its_content() -> None:
    names = {content.split(b"\n")[0] for content in module._code()}
    assert b'"""Class shares: the same fields in other numbers."""' in names
    assert any(b"shifts that `cropglobe run --shifts` scores" in name for name in names)
    assert any(b"gap-free 5-day grid" in name for name in names)


def test_a_damaged_copy_is_made_again(made: list[str], tmp_path: Path) -> None:
    expected = shifted_series(LEVEL, make_fields(), "content", tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert np.array_equal(shifted_series(LEVEL, make_fields(), "content", tmp_path), expected)
    assert len(made) == 2
    shifted_series(LEVEL, make_fields(), "content", tmp_path)
    assert len(made) == 2


def test_without_a_folder_nothing_is_kept(made: list[str]) -> None:
    for _ in range(2):
        shifted_series(LEVEL, make_fields(), "content", None)
    assert len(made) == 2


def test_every_costly_factor_is_one() -> None:
    assert set(factors()) > COSTLY


def age(path: Path, days: float) -> None:
    then = time.time() - days * DAY
    os.utime(path, (then, then))


def test_room_is_made_by_what_was_not_used_for_longest(tmp_path: Path) -> None:
    array = np.zeros(1000, np.float32)
    size = 2 * array.nbytes + 1000
    for name, days in (("a", 3.0), ("b", 2.0), ("c", 0.1)):
        keep_array(tmp_path / f"{name}.npy", array)
        age(tmp_path / f"{name}.npy", days)
    keep_array(tmp_path / "d.npy", array, most_bytes=4 * (array.nbytes + 200))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["a", "b", "c", "d"]
    keep_array(tmp_path / "e.npy", array, most_bytes=4 * (array.nbytes + 200))
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["b", "c", "d", "e"]
    # What was used today is never driven out: the new array is not kept.
    keep_array(tmp_path / "f.npy", array, most_bytes=size)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["c", "d", "e"]
    age(tmp_path / "c.npy", 91)
    keep_array(tmp_path / "g.npy", array)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["d", "e", "g"]


def test_reading_an_array_is_using_it(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    keep_array(path, np.ones(3, np.float32))
    age(path, 60)
    found = read_array(path, mapped=True)
    assert found is not None
    assert found.tolist() == [1, 1, 1]
    assert not found.flags.writeable
    assert time.time() - path.stat().st_mtime < DAY
    assert read_array(tmp_path / "none.npy") is None
