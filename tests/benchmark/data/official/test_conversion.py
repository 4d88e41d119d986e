"""Large files are converted once, mapped, and the same as if they had been read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_samples

from benchmark.cli import main
from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.inspect.inspection import inspect_dataset
from benchmark.data.official import conversion
from benchmark.data.official.domain_file import DomainSamples, year_file_name
from benchmark.data.official.stored_numbers import DOMAINS_FILE
from benchmark.errors import DataError

ARRAYS = ("series", "labels", "sample_ids", "longitude", "latitude", "block", "year")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache of its own, and let every file count as large."""
    monkeypatch.setenv("CROPGLOBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(conversion, "LARGE", 0)
    return tmp_path / "cache" / "converted"


def write(root: Path, domain: str = "FRA", *, scale: float = 10_000, **arrays: Any) -> Path:
    samples = make_samples(domain)
    root.mkdir(parents=True, exist_ok=True)
    path = root / year_file_name(domain)
    fea = np.rint(samples.series * scale).astype(np.uint16)
    np.savez_compressed(
        path, **({"fea": fea, "lbl": samples.labels, "block": samples.block} | arrays)
    )
    return path


def read_whole(root: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Open a directory without converting it."""
    dataset = open_dataset(root)
    with monkeypatch.context() as patch:
        patch.setattr(conversion, "LARGE", 2**40)
        for domain in dataset.domains:
            dataset.load(domain)
    return dataset


def assert_same(one: DomainSamples, other: DomainSamples) -> None:
    for name in ARRAYS:
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b)
    assert one.reading == other.reading


def no_reading(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("the file was looked at again")


def test_a_converted_file_is_what_the_file_is(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "data"
    for domain in ("FRA", "USA"):
        write(root, domain)
    whole = read_whole(root, monkeypatch)
    assert not cache.exists()
    converted = open_dataset(root)
    assert converted.fingerprint == whole.fingerprint
    for domain in ("FRA", "USA"):
        assert_same(converted.load(domain), whole.load(domain))
        assert converted.facts(domain) == whole.facts(domain)
        np.testing.assert_array_equal(converted.keys(domain), whole.keys(domain))
    assert inspect_dataset(converted) == inspect_dataset(whole)
    assert len(list(cache.iterdir())) == 2


def test_opening_again_neither_reads_nor_hashes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data")
    before = open_dataset(tmp_path / "data").fingerprint
    for name in ("read_arrays", "conclude", "compute_facts", "series_keys"):
        monkeypatch.setattr(conversion, name, no_reading)
    monkeypatch.setattr("benchmark.data.dataset.domain_fingerprint", no_reading)
    again = open_dataset(tmp_path / "data")
    assert again.fingerprint == before
    assert again.facts("FRA").samples == len(again.load("FRA"))


def test_the_arrays_are_mapped_and_cannot_change_the_cache(tmp_path: Path, cache: Path) -> None:
    write(tmp_path / "data")
    series = open_dataset(tmp_path / "data").load("FRA").series
    assert isinstance(series.base, np.memmap)
    first = float(series[0, 0, 0])
    series[0, 0, 0] = 0.75
    assert open_dataset(tmp_path / "data").load("FRA").series[0, 0, 0] == np.float32(first)


def test_a_file_that_changes_is_converted_again(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path / "data")
    before = open_dataset(tmp_path / "data").fingerprint
    old = {entry.name for entry in cache.iterdir()}
    write(tmp_path / "data", scale=9_000)
    os.utime(path, ns=(1, 1))
    assert open_dataset(tmp_path / "data").fingerprint != before
    assert len(list(cache.iterdir())) == 1  # the older one is removed
    assert not old & {entry.name for entry in cache.iterdir()}


def test_a_change_that_keeps_length_and_time_is_noticed(tmp_path: Path, cache: Path) -> None:
    """Arrays that are not compressed keep their length, and some tools keep the time."""
    path = write(tmp_path / "data")
    with np.load(path) as archive:
        arrays = dict(archive)
    np.savez(path, **arrays)
    before, state = open_dataset(tmp_path / "data").fingerprint, path.stat()
    np.savez(path, **(arrays | {"lbl": arrays["lbl"][::-1]}))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (state.st_size, state.st_mtime_ns)
    assert open_dataset(tmp_path / "data").fingerprint != before


def test_what_is_declared_is_part_of_the_conversion(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write(root, fea=np.full((144, 10, 73), 3000, np.uint16))
    assert open_dataset(root).load("FRA").series[0, 0, 0] == np.float32(0.3)
    (root / DOMAINS_FILE).write_text("files: [{file: '*_FRA_*', offset: 1000}]")
    assert open_dataset(root).load("FRA").series[0, 0, 0] == np.float32(0.2)


@pytest.mark.parametrize("name", ["facts.json", "series.npy", "keys.npy"])
@pytest.mark.parametrize("content", [b"", b"half", None])
def test_a_damaged_conversion_is_made_again(
    tmp_path: Path, cache: Path, name: str, content: bytes | None
) -> None:
    write(tmp_path / "data")
    before = open_dataset(tmp_path / "data").fingerprint
    (place,) = cache.iterdir()
    if content is None:
        (place / name).unlink()
    else:
        (place / name).write_bytes(content)
    again = open_dataset(tmp_path / "data")
    assert again.fingerprint == before
    assert again.load("FRA").keys is not None


def test_a_bad_file_is_named_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    bad = np.full((144, 10, 73), np.nan)
    path = write(tmp_path / "data", fea=bad)
    with pytest.raises(DataError, match=f"{path} has NaN or infinite values in 144 series"):
        open_dataset(tmp_path / "data").load("FRA")
    assert list(cache.iterdir()) == []
    whole = write(tmp_path / "data").read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 4] ^= 0xFF
    path.write_bytes(bytes(damaged))
    with pytest.raises(DataError, match=f"{path} is unreadable or truncated"):
        open_dataset(tmp_path / "data").load("FRA")
    np.savez(path, fea=np.array([{}], dtype=object), lbl=np.zeros(1), allow_pickle=True)
    with pytest.raises(DataError, match="no plain number array under fea"):
        open_dataset(tmp_path / "data").load("FRA")
    np.savez(path, lbl=np.zeros(1))
    with pytest.raises(DataError, match="lacks the array fea"):
        open_dataset(tmp_path / "data").load("FRA")
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "data")
    whole = read_whole(tmp_path / "data", monkeypatch)
    (tmp_path / "cache").write_text("no folder")
    dataset = open_dataset(tmp_path / "data")
    assert_same(dataset.load("FRA"), whole.load("FRA"))
    assert dataset.fingerprint == whole.fingerprint
    assert "large files are read each time" in caplog.text


@pytest.mark.parametrize("kilobytes", [64, 300, 600])
def test_a_cache_that_is_full_costs_time_only(
    tmp_path: Path,
    mounted: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    kilobytes: int,
) -> None:
    """Full while unpacking (211 kB), while the series are written (420 kB), and after that."""
    write(tmp_path / "data")
    whole = read_whole(tmp_path / "data", monkeypatch)
    disk = mounted(f"size={kilobytes}k")
    (disk / "filler").write_bytes(bytes(180_000 if kilobytes == 600 else 0))
    monkeypatch.setenv("CROPGLOBE_CACHE", str(disk / "cache"))
    dataset = open_dataset(tmp_path / "data")
    assert_same(dataset.load("FRA"), whole.load("FRA"))
    assert "large files are read each time" in caplog.text
    assert list((disk / "cache" / "converted").iterdir()) == []


def test_small_files_are_not_converted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "LARGE", 32 * 2**20)
    write(tmp_path / "data")
    assert open_dataset(tmp_path / "data").load("FRA").keys is None
    assert not cache.exists()


def test_progress_is_told_by_part(tmp_path: Path) -> None:
    write(tmp_path / "data")
    told: list[tuple[str, int, int]] = []
    open_dataset(tmp_path / "data").load("FRA", lambda *step: told.append(step))
    assert told == [("FRA", 144, 144)]


AT_ONCE = """
import sys
from pathlib import Path
from benchmark.data.official import conversion
from benchmark.data.dataset import open_dataset
conversion.LARGE = 0
sys.stdin.readline()
print(open_dataset(Path(sys.argv[1])).fingerprint)
"""


@pytest.mark.slow
def test_processes_at_once_end_with_one_conversion(tmp_path: Path, cache: Path) -> None:
    root = tmp_path / "data"
    write(root)
    words = [sys.executable, "-c", AT_ONCE, str(root)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _ in range(3)]
    prints = {process.communicate("go\n", timeout=120)[0].strip() for process in processes}
    assert prints == {open_dataset(root).fingerprint}
    assert len(list(cache.iterdir())) == 1


def test_a_run_on_converted_files_gives_the_rows_of_a_run_on_files(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for domain in ("FRA", "USA"):
        write(tmp_path / "data", domain)

    def predictions(out: str) -> dict[str, bytes]:
        words = [
            "--protocol",
            "smoke",
            "--methods",
            "harmonic.xgboost",
            "median.random-forest",
            "--transfers",
            "FRA:USA",
        ]
        with pytest.raises(SystemExit) as ended:
            main(["run", "--data", str(tmp_path / "data"), "--out", str(tmp_path / out), *words])
        assert ended.value.code in (0, None)
        return {
            str(path.relative_to(tmp_path / out)): path.read_bytes()
            for path in (tmp_path / out).glob("jobs/*/*.npz")
        }

    converted = predictions("one")
    assert cache.exists()
    monkeypatch.setattr(conversion, "LARGE", 2**40)
    read = predictions("two")
    assert len(read) >= 2
    assert converted == read
