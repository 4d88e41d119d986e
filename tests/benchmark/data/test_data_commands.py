"""The data commands as a user meets them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from benchmark.data.data_commands import register
from benchmark.data.dataset import Dataset, open_dataset
from benchmark.errors import CropGlobeError

Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]


@pytest.fixture
def cropglobe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a caller of the data commands that gives their output or raises their error."""
    monkeypatch.setenv("COLUMNS", "140")
    app = typer.Typer()
    register(app)

    def call(*words: object) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


def test_ingest_then_inspect(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    path = save(long_table(tuple("abc"), codes=(1, 5, 300), region=("USA-AR",) * 3))
    page = cropglobe("ingest", path, tmp_path / "out", "--labels", "cdl")
    assert "USA-AR: 10 bands" in page
    assert "1 sample counted as other for a code that the map cdl cannot tell: 300 (1)" in page
    page = cropglobe("inspect", tmp_path / "out")
    assert "3 samples in 1 domain" in page
    assert "with the series of an earlier one" in page  # the samples of the tiny table are alike


def test_every_option_of_ingest_arrives(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    table = long_table(count=74, crop=(1, 5), zone=("A", "B")).drop(columns="cdl_code")
    table.columns = [name.removeprefix("S2-L2A-") for name in table]
    options = ["--labels", "cdl", "--label-column", "crop", "--region-column", "zone"]
    options += ["--year", "2022", "--season-start", "10-01", "--level", "L1C"]
    options += ["--min-observations", "30", "--window", "0", "--json"]
    report = json.loads(cropglobe("ingest", save(table), tmp_path / "out", *options))
    assert (report["first_day"], report["last_day"]) == ("2021-10-01", "2022-09-30")
    assert [domain["name"] for domain in report["domains"]] == ["A", "B"]
    card = report["domains"][0]["card"]
    assert (card["processing_level"], card["season_start"]) == ("L1C", "10-01")
    assert "Dates are acquisition days." in card["notes"]


def test_options_that_say_what_values_and_dates_are(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    table = long_table(count=37)
    bands = [name for name in table if name.startswith("S2")]
    table[bands] += 1000
    table.loc[5, bands[:2]] = -9999
    words = ["--labels", "cdl", "--region", "FRA-1", "--window", "10", "--stamp", "last", "--json"]
    words += ["--missing", "-9999", "--offset", "1000", "--offset-from", "2021-01-01"]
    words += ["--year", "2021"]
    path = save(table.drop(columns=["lon", "lat"]))
    report = json.loads(cropglobe("ingest", path, tmp_path / "out", *words))
    (domain,) = report["domains"]
    said = [*report["notes"], *domain["card"]["notes"]]
    assert any("1000 was subtracted" in note and "from 2021-01-01 on" in note for note in said)
    assert any(note.startswith("Dates are days of composites of about 10 days") for note in said)
    series = open_dataset(tmp_path / "out").load("FRA-1").series
    # Windows end on their date: day 10 has 0.11 and stands at 10 - 9 + 5 = day 6.
    assert series[0, 0, 1] == pytest.approx(0.1115, abs=1e-4)
    with pytest.raises(CropGlobeError, match="'none' is no number: give --missing a number or nan"):
        cropglobe("ingest", path, tmp_path / "x", "--labels", "cdl", "--missing", "none")


def test_a_dataset_has_the_name_and_the_terms_that_are_given(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    def ingest(region: str, *words: str) -> None:
        table = save(long_table(region=(region,) * 2))
        cropglobe("ingest", table, tmp_path / "out", "--labels", "cdl", *words)

    def said() -> tuple[str, str]:
        card = open_dataset(tmp_path / "out").card
        return card.name, card.licence

    with pytest.raises(CropGlobeError, match="name is blank"):
        ingest("USA-AR", "--name", " ")
    assert not (tmp_path / "out").exists()
    ingest("USA-AR", "--name", "Two states", "--licence", "public domain")
    assert said() == ("Two states", "public domain")
    ingest("USA-CA", "--licence", "CC-BY-4.0")
    assert said() == ("Two states", "public domain; CC-BY-4.0")
    with pytest.raises(CropGlobeError, match="is named 'Two states' already: leave out --name"):
        ingest("USA-NE", "--name", "Three states")
    ingest("USA-NE", "--name", "Two states")
    assert said() == ("Two states", "public domain; CC-BY-4.0; not stated")


def test_vectors_go_to_the_domain_that_is_named(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    for region in ("FRA", "ESP"):
        path = save(long_table())
        cropglobe("ingest", path, tmp_path / "out", "--labels", "cdl", "--region", region)
    vectors = pd.DataFrame({f"A{k:02d}": [0.5, 0.25] for k in range(64)}).assign(
        sample_id=["a", "b"]
    )
    words = ["ingest", save(vectors, "v.csv"), tmp_path / "out", "--representation", "alphaearth"]
    with pytest.raises(CropGlobeError, match="which both ESP and FRA have"):
        cropglobe(*words)
    assert cropglobe(*words, "--region", "ESP") == "ESP: alphaearth for 100.0% of the samples\n"


def test_inspect_as_json(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    cropglobe("ingest", save(long_table()), tmp_path / "out", "--labels", "cdl", "--region", "FRA")
    facts = json.loads(cropglobe("inspect", tmp_path / "out", "--json"))
    assert facts["fingerprint"] == open_dataset(tmp_path / "out").fingerprint
    assert facts["domains"][0]["classes"] == {"corn": 1, "soybeans": 1}


def test_inspect_draws_figures_where_it_is_told(
    tmp_path: Path,
    long_table: Table,
    save: Save,
    cropglobe: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[tuple[tuple[str, ...], Path]] = []

    def draw(dataset: Dataset, out: Path) -> None:
        drawn.append((dataset.domains, out))

    monkeypatch.setattr("benchmark.data.inspect.dataset_figures.draw_dataset_figures", draw)
    cropglobe("ingest", save(long_table()), tmp_path / "out", "--labels", "cdl", "--region", "FRA")
    cropglobe("inspect", tmp_path / "out", "--figures", tmp_path / "pictures")
    assert drawn == [(("FRA",), tmp_path / "pictures")]


def test_simulate_writes_the_domains_asked_for(
    tmp_path: Path, cropglobe: Callable[..., str]
) -> None:
    options = ["--samples-per-domain", 30, "--seed", 5, "--domains", "FRA", "--domains", "AUS"]
    cropglobe("simulate", tmp_path / "out", *options)
    dataset = open_dataset(tmp_path / "out")
    assert dataset.domains == ("AUS", "FRA")
    assert (dataset.card.simulated, dataset.card.seed) == (True, 5)
    assert len(dataset.load("FRA")) == 30
    assert dataset.domain_card("AUS").season == "aligned"


def test_simulate_on_the_calendar_of_the_south(
    tmp_path: Path, cropglobe: Callable[..., str]
) -> None:
    options = ["--samples-per-domain", 30, "--domains", "AUS", "--calendar-season"]
    cropglobe("simulate", tmp_path / "out", *options)
    assert open_dataset(tmp_path / "out").domain_card("AUS").season == "calendar"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ingest", "gone.csv", "out", "--labels", "cdl"], "gone.csv"),
        (["ingest", "gone.csv", "out", "--labels", "cld"], "did you mean 'cdl'"),
        (["inspect", "gone"], "no data directory gone"),
        (["simulate", "out", "--domains", "FRAN"], "FRAN"),
    ],
)
def test_errors_are_those_of_the_project_and_leave_nothing(
    tmp_path: Path,
    cropglobe: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CropGlobeError, match=said):
        cropglobe(*words)
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_says_an_error_in_one_line_and_exits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(["inspect", "gone"])
    assert caught.value.code not in (0, None)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "no data directory gone" in err


def test_the_commands_import_nothing_heavy() -> None:
    code = "import sys, benchmark.data.data_commands; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    ).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "torch", "pydantic"} & set(loaded)


def test_simulated_is_a_dataset_like_any_other(
    cropglobe: Callable[..., str], monkeypatch: Any
) -> None:
    monkeypatch.setattr("benchmark.data.dataset_source.DEFAULT_SAMPLES_PER_DOMAIN", 30)
    page = cropglobe("inspect", "simulated")
    assert "simulated" in page
    assert "270 samples in 9 domains" in page


def test_vectors_are_ingested_for_samples_that_are_there(
    tmp_path: Path, long_table: Table, save: Save, cropglobe: Callable[..., str]
) -> None:
    table = long_table(tuple("abc"), codes=(1, 5, 1), region=("USA-AR",) * 3)
    cropglobe("ingest", save(table), tmp_path / "out", "--labels", "cdl")
    ids = open_dataset(tmp_path / "out").load("USA-AR").sample_ids[:2]
    vectors = pd.DataFrame({"sample_id": ids, **{f"A{k:02d}": [0.5, 0.25] for k in range(64)}})
    vectors.to_csv(tmp_path / "vectors.csv", index=False)
    options = ["--representation", "alphaearth"]
    page = cropglobe("ingest", tmp_path / "vectors.csv", tmp_path / "out", *options)
    assert "USA-AR: alphaearth for 66.7% of the samples" in page
    with pytest.raises(CropGlobeError, match="needs a label map"):
        cropglobe("ingest", tmp_path / "vectors.csv", tmp_path / "out")
