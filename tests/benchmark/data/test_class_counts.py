"""Samples of each class are frozen on first use."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.cli import main
from benchmark.data.class_counts import COUNTS_FILE
from benchmark.data.dataset_source import open_source
from benchmark.data.official.domain_file import year_file_name
from benchmark.errors import DataError


def write(root: Path, domain: str = "FRA", **arrays: Any) -> None:
    samples = make_samples(domain, crops=("corn", "rice"), per_class=10)
    root.mkdir(parents=True, exist_ok=True)
    np.savez(
        root / year_file_name(domain),
        **({"fea": samples.series, "lbl": samples.labels} | arrays),
    )


def relabel(root: Path) -> None:
    labels = make_samples("FRA", crops=("corn", "rice"), per_class=10).labels.copy()
    labels[3] = 2
    write(root, lbl=labels)


def test_a_change_is_an_error_until_it_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    open_source(str(tmp_path))
    assert (tmp_path / COUNTS_FILE).is_file()
    open_source(str(tmp_path))
    relabel(tmp_path)
    words = "FRA had 10 samples of corn and has 9; if that is meant, accept it with `cropglobe ins"
    with pytest.raises(DataError, match=words):
        open_source(str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(tmp_path), "--accept", "--json"])
    assert ended.value.code in (0, None)
    open_source(str(tmp_path))


def test_a_further_domain_is_no_change_and_a_lost_one_is(tmp_path: Path) -> None:
    write(tmp_path)
    open_source(str(tmp_path))
    write(tmp_path, "USA")
    open_source(str(tmp_path))
    (tmp_path / year_file_name("FRA")).unlink()
    with pytest.raises(DataError, match="domain FRA is gone"):
        open_source(str(tmp_path))


def test_domains_that_were_made_here_may_change(tmp_path: Path) -> None:
    write_tiny(tmp_path, make_samples("USA"))
    open_source(str(tmp_path))
    assert not (tmp_path / COUNTS_FILE).exists()
    write(tmp_path)
    open_source(str(tmp_path))
    assert json.loads((tmp_path / COUNTS_FILE).read_text()) == {"FRA": {"corn": 10, "rice": 10}}


def test_a_directory_that_may_only_be_read(
    tmp_path: Path,
    mounted: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CROPGLOBE_CACHE", str(tmp_path / "cache"))
    disk = mounted("size=1m")
    write(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    open_source(str(disk))
    (kept,) = (tmp_path / "cache" / "counts").iterdir()
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    relabel(disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(DataError, match="FRA had 10 samples of corn and has 9"):
        open_source(str(disk))
    open_source(str(disk), accept=True)
    assert '"corn": 9' in kept.read_text()
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("no folder")
    with pytest.raises(DataError, match="name another cache with CROPGLOBE_CACHE"):
        open_source(str(disk))


@pytest.mark.parametrize("text", ["[]", "{", '{"FRA": 3}', '{"FRA": {"corn": "x"}}'])
def test_damaged_counts_are_named(tmp_path: Path, text: str) -> None:
    write(tmp_path)
    (tmp_path / COUNTS_FILE).write_text(text)
    with pytest.raises(DataError, match="holds no counts of samples"):
        open_source(str(tmp_path))
