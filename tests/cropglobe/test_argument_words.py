"""Messages of the Python interface: arguments, and no options of the command line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

import cropglobe
from benchmark.errors import CropGlobeError
from cropglobe.argument_words import in_arguments


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("use --device auto or cpu.", "use device='auto' or cpu."),
        ("try --workers 0", "try workers=0"),
        ("use --workers 1 or more.", "use workers=1 or more."),
        ("name another with --out.", "name another with `out`."),
        ("leave out --name, or name another", "leave out `name`, or name another"),
        ("say which with --window 30 (they begin)", "say which with window=30 (they begin)"),
        ("or --window 0.", "or window=0."),
        ("with --season-start 07-01, or", "with season_start='07-01', or"),
        ("--offset 1000 --offset-from 2022-01-25", "offset=1000 offset_from='2022-01-25'"),
        (
            "domain with --region, such as --region FRA",
            "domain with `region`, such as region='FRA'",
        ),
        ("choose one with --year or, for", "choose one with `year` or, for"),
        ("again with `--missing 0`", "again with `missing=0`"),
        ("--overwrite stale runs its jobs again.", "overwrite='stale' runs its jobs again."),
        ("give it with --level L1C or L2A.", "give it with level='L1C' or L2A."),
        ("others with --transfers, such as A:B", "others with `transfers`, such as A:B"),
        ("--method-file adds one", "the command line's --method-file adds one"),
        (
            "accept it with `cropglobe inspect DATA --accept`.",
            "accept it with `cropglobe inspect DATA --accept`.",
        ),
        ("a dash -- here, and a-b--c", "a dash -- here, and a-b--c"),
    ],
)
def test_options_become_arguments(said: str, wanted: str) -> None:
    assert in_arguments(said) == wanted


def test_errors_of_a_run_name_arguments(tmp_path: Path) -> None:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))
    (tmp_path / "full").write_text("a file")
    with pytest.raises(CropGlobeError) as refused:
        cropglobe.run(
            tmp_path / "data", ["floor.prior"], protocol="smoke", device="mps", out=tmp_path / "run"
        )
    assert "'auto'" in str(refused.value)
    assert "--" not in str(refused.value)


def test_warnings_of_a_run_name_arguments(tmp_path: Path) -> None:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"), make_samples("ESP"))
    said: list[str] = []
    options = {"protocol": "smoke", "out": tmp_path / "run", "mlflow": False, "workers": 0}
    cropglobe.run(tmp_path / "data", ["floor.prior"], announce=said.append, **options)  # type: ignore[arg-type]
    assert any("name others with `transfers`, such as" in sentence for sentence in said)
    assert not [sentence for sentence in said if "--" in sentence]


def test_errors_and_notes_of_an_ingestion_name_arguments(tmp_path: Path) -> None:
    days = pd.date_range("2021-01-03", periods=70, freq="5D").strftime("%Y-%m-%d")
    lines = [
        {"sample_id": n, "lon": n / 10, "lat": 45.0, "crop": 1 + n % 2, "date": day}
        | {band: int(2000 + 10 * n) for band in ("B2", "B3", "B4", "B8")}
        for n in range(12)
        for day in days
    ]
    table = tmp_path / "points.csv"
    pd.DataFrame(lines).to_csv(table, index=False)
    labels = tmp_path / "map.yaml"
    labels.write_text("name: mine\nsource: mine\ncolumn: crop\ncodes: {1: corn, 2: wheat}\n")
    with pytest.raises(CropGlobeError) as refused:
        cropglobe.ingest(table, tmp_path / "data", labels=labels)
    assert "region='FRA'" in str(refused.value)
    assert "--" not in str(refused.value)
    _, report = cropglobe.ingest(table, tmp_path / "data", labels=labels, region="FRA", window=5)
    notes = [*report.notes, *report.domains[0].card.notes]
    assert any("level='L1C'" in note for note in notes)
    assert not [note for note in notes if "--" in note]
    assert np.isfinite(report.domains[0].samples)
