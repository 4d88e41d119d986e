"""What is asked of Earth Engine, and that the tables it is asked for are those `ingest` reads.

Earth Engine itself is not asked: a stand-in writes down what the client is told.
"""

import csv
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmark.cli import main
from benchmark.data.dataset import open_dataset
from benchmark.data.dataset_card import BANDS
from benchmark.data.ingest import earthengine
from benchmark.data.ingest.earthengine import NOTHING_SEEN, Point, export, read_points, windows
from benchmark.errors import DataError, UsageError

HEADER = "sample_id,lon,lat,crop\n"


class Told:
    """Answers every call and attribute with something that remembers it."""

    def __init__(self, said: list[tuple[str, tuple[Any, ...], dict[str, Any]]], name: str) -> None:
        self._said = said
        self._name = name

    def __getattr__(self, name: str) -> "Told":
        return Told(self._said, f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> "Told":
        self._said.append((self._name, args, kwargs))
        for argument in args:
            if callable(argument) and not isinstance(argument, Told):
                argument(Told(self._said, "item"))
        return Told(self._said, self._name)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Put a stand-in in the place of the client and return what it is told."""
    told: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    module = ModuleType("ee")
    for name in (
        "Initialize", "batch", "FeatureCollection", "Feature", "Geometry", "ImageCollection",
        "Image", "Reducer",
    ):  # fmt: skip
        setattr(module, name, Told(told, name))
    module.EEException = type("EEException", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ee", module)
    return told


def calls(said: list[Any], ending: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [(args, kwargs) for name, args, kwargs in said if name.endswith(ending)]


def point(number: int) -> Point:
    return Point(f"p{number}", -1.5, 47.0, (("crop", "1"),))


def test_points_keep_the_columns_that_belong_to_them(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("\ufeff" + HEADER + "a,1.5,47,wheat\nb,-60,-34.5,\n", encoding="utf-8")
    assert read_points(path) == (
        Point("a", 1.5, 47.0, (("crop", "wheat"),)),
        Point("b", -60.0, -34.5, (("crop", ""),)),
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER, "has no rows"),
        ("lon,lat\n1,2\n", "needs the columns sample_id, lon and lat"),
        ("sample_id,x\na,2\n", "needs the columns"),
        (HEADER + "a,1,2,3\na,1,2,3\n", "has a sample_id twice"),
        (HEADER + "a,1,2,3\nb,,2,3\n", "no place in line 3"),
        (HEADER + "a,200,2,3\n", "no place or no sample_id in line 2"),
        (HEADER + ",20,2,3\n", "no place or no sample_id in line 2"),
    ],
)
def test_tables_that_cannot_be_used_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        read_points(path)


@pytest.mark.parametrize("year", [2023, 2024])
def test_windows_are_the_grid_of_the_year(year: int) -> None:
    found = windows(year)
    assert len(found) == 73
    assert found[0] == (date(year, 1, 1), date(year, 1, 6))
    assert [after for _, after in found[:-1]] == [first for first, _ in found[1:]]
    assert found[-1][1] == date(year + 1, 1, 1)
    assert [(first.timetuple().tm_yday - 1) // 5 for first, _ in found] == list(range(73))


def test_series_are_asked_for_in_tasks(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earthengine, "POINTS_AT_ONCE", 2)
    names = export(
        [point(n) for n in range(5)],
        year=2023, what="series", folder="f", project="p", name="mine",
    )  # fmt: skip
    assert names == tuple(f"mine_series_2023_{n:03d}" for n in range(3))
    assert calls(said, "Initialize") == [((), {"project": "p"})]
    tasks = [kwargs for _, kwargs in calls(said, "table.toDrive")]
    assert [task["fileNamePrefix"] for task in tasks] == list(names)
    assert tasks[0]["selectors"] == ["sample_id", "lon", "lat", "crop", "date", *BANDS]
    assert len(calls(said, "toDrive.start")) == 3
    assert len(calls(said, "Geometry.Point")) == 5
    assert len(calls(said, "reduceRegions")) == 3 * 73
    dates = [args[1] for args, _ in calls(said, "item.set")]
    assert dates[:73] == [first.isoformat() for first, _ in windows(2023)]
    assert ((earthengine.CLEAR,), {}) in calls(said, "gte")
    assert calls(said, "linkCollection")[0][0][1] == ["cs_cdf"]


def test_vectors_are_asked_for_by_year(said: list[Any]) -> None:
    (name,) = export([point(0)], year=2020, what="alphaearth", folder="f", project="p", name="mine")
    assert name == "mine_alphaearth_2020_000"
    ((_, task),) = calls(said, "table.toDrive")
    assert task["selectors"][-64:] == [f"A{n:02d}" for n in range(64)]
    assert (("2020-01-01", "2021-01-01"), {}) in calls(said, "filterDate")


def test_what_earth_engine_refuses_is_one_sentence(
    said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ee = sys.modules["ee"]

    def refuse(**kwargs: Any) -> None:
        raise ee.EEException("no such project")

    monkeypatch.setattr(ee, "Initialize", refuse)
    words: dict[str, Any] = {"year": 2023, "what": "series", "folder": "f", "project": "p"}
    with pytest.raises(UsageError, match=r"refused after 0 tasks \(no such project\)"):
        export([point(0)], name="mine", **words)
    with pytest.raises(UsageError, match="cannot name a task"):
        export([point(0)], name="my points", **words)
    monkeypatch.setitem(sys.modules, "ee", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[earthengine\]'"):
        export([point(0)], name="mine", **words)


def test_the_command_starts_the_tasks(
    said: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.csv").write_text(HEADER + "a,1.5,47,wheat\n")
    with pytest.raises(SystemExit) as ended:
        main(["export-points", str(tmp_path / "mine.csv"), "--year", "2023", "--project", "p"])
    assert ended.value.code in (0, None)
    assert "mine_series_2023_000.csv" in capsys.readouterr().out


def test_a_table_of_these_columns_becomes_a_domain(tmp_path: Path) -> None:
    """Every window stands in its own step, and those without observation are filled."""
    path, labels = tmp_path / "mine_series_2023_000.csv", tmp_path / "map.yaml"
    with path.open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["sample_id", "lon", "lat", "crop", "date", *BANDS])
        for sample, code in (("a", 1), ("b", 2)):
            for step, (first, _) in enumerate(windows(2023)):
                value = NOTHING_SEEN if step == 10 else 1000 + 10 * step
                table.writerow([sample, 1.5, 47.0, code, first.isoformat(), *[value] * 10])
    labels.write_text("{name: mine, source: here, column: crop, codes: {1: corn, 2: wheat}}")
    with pytest.raises(SystemExit) as ended:
        main(
            [
                "ingest",
                str(path),
                str(tmp_path / "data"),
                "--labels",
                str(labels),
                "--region",
                "ESP",
                "--window",
                "5",
                "--level",
                "L2A",
            ]
        )
    assert ended.value.code in (0, None)
    samples = open_dataset(tmp_path / "data").load("ESP")
    wanted = (1000 + 10 * np.arange(73)) / 10_000
    np.testing.assert_allclose(samples.series[0, 0], wanted, atol=1e-4)
    assert samples.labels.tolist() == [0, 3]
