"""One file of the official layout, good and bad."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.data.official.domain_file import (
    DomainSamples,
    read_arrays,
    read_domain_file,
    write_arrays,
    write_domain_file,
    year_file_name,
)
from benchmark.data.official.stored_numbers import Declared
from benchmark.errors import DataError


def save(path: Path, **arrays: Any) -> Path:
    path = path / year_file_name("FRA")
    np.savez(path, **arrays)
    return path


def good(count: int = 4) -> dict[str, Any]:
    return {
        "fea": np.full((count, 10, 73), 2500, dtype=np.uint16),
        "lbl": np.arange(count, dtype=np.int64),
    }


def test_written_samples_come_back(
    tmp_path: Path, make_samples: Callable[..., DomainSamples]
) -> None:
    samples = make_samples("FRA")
    path = tmp_path / "deep" / year_file_name("FRA")
    write_domain_file(path, samples)
    back = read_domain_file(path, "FRA")
    np.testing.assert_allclose(back.series, samples.series, atol=5.1e-5)
    np.testing.assert_array_equal(back.labels, samples.labels)
    np.testing.assert_array_equal(back.sample_ids, samples.sample_ids)
    np.testing.assert_array_equal(back.block, samples.block)
    assert back.longitude is None
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_official_files_with_a_channel_axis_and_without_ids(tmp_path: Path) -> None:
    arrays = good()
    arrays["fea"] = (arrays["fea"][:, None] / 10_000).astype(np.float64)
    arrays["lbl"] = arrays["lbl"][:, None].astype(np.float64)
    samples = read_domain_file(save(tmp_path, **arrays), "FRA")
    assert samples.series.shape == (4, 10, 73)
    assert samples.series.dtype == np.float32
    assert samples.reading is not None
    assert samples.reading.unit == "reflectance"
    assert samples.sample_ids[0] == "FRA:0000000"


@pytest.mark.parametrize(
    ("fea", "unit", "stored", "value"),
    [
        (np.uint16(2500), None, "digital_number", 0.25),
        (np.float32(2500), None, "digital_number", 0.25),
        (np.float32(0.25), None, "reflectance", 0.25),
        (np.int16(1), "digital_number", "digital_number", 0.0001),
        (np.float32(1.5), None, "reflectance", 1.0),  # snow, clipped
        (np.float32(-0.05), None, "reflectance", 0.0),
        (np.float32(1.5), "digital_number", "digital_number", 0.00015),
    ],
)
def test_units_are_detected_unless_declared(
    tmp_path: Path, fea: Any, unit: str | None, stored: str, value: float
) -> None:
    path = save(tmp_path, fea=np.full((2, 10, 73), fea), lbl=np.zeros(2, np.int64))
    samples = read_domain_file(path, "FRA", Declared(unit=unit))
    assert samples.reading is not None
    assert samples.reading.unit == stored
    assert samples.series[0, 0, 0] == pytest.approx(value, rel=1e-5)


def test_take_keeps_every_array_in_step(make_samples: Callable[..., DomainSamples]) -> None:
    samples = make_samples()
    part = samples.take(np.array([4, 1]))
    assert part.sample_ids.tolist() == ["FRA-4", "FRA-1"]
    assert part.labels.tolist() == [4, 1]
    assert part.block is not None
    assert part.block.tolist() == [2, 0]
    assert len(part) == 2


def spoil(**changes: Any) -> dict[str, Any]:
    return good() | changes


def with_value(value: float) -> Any:
    series = np.full((4, 10, 73), 0.25)
    series[2, 3, 4] = value
    return series


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (spoil(lbl=np.zeros(3, np.int64)), "4 series in fea but 3 labels"),
        (spoil(lbl=np.array([0, 1, 7, 2])), "label 7 in row 2"),
        (spoil(lbl=np.array([0, -1, 1, 2])), "label -1 in row 1"),
        (spoil(lbl=np.array([0, 1.5, 1, 2])), "label 1.5 in row 1"),
        (spoil(lbl=np.array(list("abcd"))), "lbl of shape"),
        (spoil(fea=with_value(np.nan)), "NaN or infinite values in 1 series .first: row 2"),
        (spoil(fea=with_value(np.inf)), "NaN or infinite"),
        (spoil(fea=with_value(-0.5)), "no reflectance"),
        (spoil(fea=with_value(40_000.0)), "no reflectance.*missing: THAT-NUMBER"),
        (spoil(fea=np.full((4, 10, 73), 65_535, np.uint16)), "no reflectance"),
        (spoil(fea=np.zeros((4, 10, 43))), "need .samples, bands, 73."),
        (spoil(fea=np.zeros((4, 730))), "rows may run along bands or along steps: write"),
        (spoil(fea=np.full((4, 10, 73), "x")), "fea of type"),
        ({"fea": np.zeros((0, 10, 73)), "lbl": np.zeros(0)}, "no samples"),
        ({"lbl": np.zeros(4)}, "lacks the array fea"),
        (spoil(sample_id=np.array(["a", "b", "a", "c"])), "ids that occur twice"),
        (spoil(block=np.zeros(3)), "3 entries in block but 4 labels"),
    ],
)
def test_bad_content_is_one_sentence_with_the_file(
    tmp_path: Path, arrays: dict[str, Any], words: str
) -> None:
    path = save(tmp_path, **arrays)
    with pytest.raises(DataError, match=words) as caught:
        read_domain_file(path, "FRA")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_python_objects_are_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / year_file_name("FRA")
    np.savez(path, fea=np.array([{"a": 1}], dtype=object), lbl=np.zeros(1), allow_pickle=True)
    with pytest.raises(DataError, match="holds Python objects, which are never loaded"):
        read_domain_file(path, "FRA")


def test_files_that_are_no_archive(tmp_path: Path) -> None:
    whole = save(tmp_path, **good()).read_bytes()
    cases = {"cut.npz": whole[: len(whole) // 2], "empty.npz": b"", "text.npz": b"not an archive"}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            read_arrays(tmp_path / name)
    damaged = bytearray(whole)
    damaged[len(whole) // 4] ^= 0xFF
    (tmp_path / "flipped.npz").write_bytes(bytes(damaged))
    with pytest.raises(DataError, match=r"flipped\.npz"):
        read_arrays(tmp_path / "flipped.npz")
    with zipfile.ZipFile(tmp_path / "header.npz", "w") as archive:
        text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (, }\n"
        archive.writestr("fea.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    with pytest.raises(DataError, match=r"header\.npz"):
        read_arrays(tmp_path / "header.npz")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(DataError, match="single array"):
        read_arrays(tmp_path / "single.npy")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.npz"
    write_arrays(path, {"a": np.zeros(2)})
    before = path.read_bytes()

    def full(handle: Any, **arrays: Any) -> None:
        handle.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.savez", full)
    with pytest.raises(DataError, match=r"Cannot write .*x\.npz: No space left on device"):
        write_arrays(path, {"a": np.ones(2)})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.npz"]
