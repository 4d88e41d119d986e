"""What is found in a dataset."""

from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmark.cli import main
from benchmark.data.dataset import Dataset, DatasetCard, DomainCard, open_dataset, write_dataset
from benchmark.data.inspect.domain_differences import run_warnings
from benchmark.data.inspect.inspection import Inspection, inspect_dataset
from benchmark.data.inspect.terminal_report import show_inspection
from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.simulate.world import simulate_dataset

Make = Callable[..., DomainSamples]


@pytest.fixture
def spoiled(tmp_path: Path, make_samples: Make) -> Dataset:
    """Return FRA with a triple, a label conflict and a constant series; USA shares two series."""
    france = make_samples("FRA", 8)
    series, labels = france.series.copy(), france.labels.copy()
    series[1] = series[0]  # labels 0 and 1: a conflict
    series[2] = series[0]
    series[4] = series[3]
    labels[4] = labels[3]  # a duplicate without conflict
    series[5] = 0.25
    states = make_samples("USA", 4, seed=1)
    shared = states.series.copy()
    shared[:2] = series[[6, 7]]
    cards = {
        "FRA": DomainCard(unknown_codes={"300": 2}, missing_share=0.25, processing_level="L2A"),
        "USA": DomainCard(),
    }
    other_labels = np.array([labels[6], 5, 1, 1])
    write_dataset(
        tmp_path / "data",
        DatasetCard(name="spoiled", domains=cards),
        [
            replace(france, series=series, labels=labels),
            replace(states, series=shared, labels=other_labels, block=None),
        ],
    )
    return open_dataset(tmp_path / "data")


def test_counts_ranges_and_defects(spoiled: Dataset) -> None:
    inspection = inspect_dataset(spoiled)
    france, states = inspection.domains
    assert (france.samples, france.classes["corn"], france.classes["wheat"]) == (8, 2, 2)
    assert (france.duplicates, france.label_conflicts, france.constant_series) == (3, 1, 1)
    assert (states.duplicates, states.label_conflicts, states.constant_series) == (0, 0, 0)
    assert (france.blocks, states.blocks) == (4, None)
    assert france.reading is not None
    assert france.reading.unit == "digital_number"
    assert 0.02 <= france.lowest < france.highest < 0.6001
    assert inspection.fingerprint == spoiled.fingerprint
    assert france.fingerprint != states.fingerprint


def test_series_that_two_domains_share(spoiled: Dataset) -> None:
    (pair,) = inspect_dataset(spoiled).shared
    assert (pair.domains, pair.series, pair.label_conflicts) == (("FRA", "USA"), 2, 1)


def test_equal_values_of_other_bands_are_not_the_same_series(
    tmp_path: Path, make_samples: Make
) -> None:
    cards = {"FRA": DomainCard(bands=("B2", "B3")), "USA": DomainCard(bands=("B2", "B4"))}
    samples = make_samples("FRA", bands=2)
    write_dataset(
        tmp_path, DatasetCard(name="x", domains=cards), [samples, replace(samples, name="USA")]
    )
    assert inspect_dataset(open_dataset(tmp_path)).shared == ()


def test_json_holds_everything(spoiled: Dataset) -> None:
    inspection = inspect_dataset(spoiled)
    assert Inspection.model_validate_json(inspection.model_dump_json()) == inspection


def render(inspection: Inspection, width: int = 140) -> str:
    console = Console(file=StringIO(), width=width)
    for part in show_inspection(inspection):
        console.print(part)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_the_page_says_every_defect(spoiled: Dataset) -> None:
    text = render(inspect_dataset(spoiled))
    for words in (
        "12 samples in 2 domains",
        "real data",
        "FRA: 3 samples with the series of an earlier one",
        "FRA: 1 series carry more than one label",
        "FRA: 1 series never change",
        "FRA and USA share 2 series, 1 of them with different labels",
        "300 (2)",
        "25.0%",
        spoiled.fingerprint,
    ):
        assert words in text


def test_the_page_of_clean_simulated_data(tmp_path: Path, make_samples: Make) -> None:
    card = DatasetCard(name="clean", simulated=True, domains={"FRA": DomainCard()})
    write_dataset(tmp_path, card, [make_samples("FRA")])
    text = render(inspect_dataset(open_dataset(tmp_path)))
    assert "simulated" in text
    assert "No duplicate series, no label conflicts" in text


def test_numbers_that_are_not_what_they_seem_are_noted(tmp_path: Path, make_samples: Make) -> None:
    numbers = np.rint(make_samples("FRA", 30).series * 10_000).astype(np.uint16) + 1000
    numbers[:, 6] = numbers[:, 2]  # B8 as dark as B4: another order, or no plants
    labels = np.zeros(30, np.int64)
    np.savez(tmp_path / "median_S2_FRA_month1-12_day5.npz", fea=numbers, lbl=labels)
    text = " ".join(render(inspect_dataset(open_dataset(tmp_path))).split())
    assert "the order of the bands may be another one: name it under `bands:`" in text
    assert "the 1,000 that processing baseline 04.00 adds: if so, write `offset: 1000`" in text
    assert "Nothing says the order of the bands of FRA" in text


def test_a_run_says_too_that_numbers_may_not_be_what_they_seem(
    tmp_path: Path, make_samples: Make
) -> None:
    """Who runs before looking would train for hours on gaps that were read as zero."""
    numbers = np.rint(make_samples("FRA", 30).series * 10_000).astype(np.uint16) + 1000
    for name in ("FRA", "BEL"):
        labels = np.zeros(30, np.int64)
        np.savez(tmp_path / f"median_S2_{name}_month1-12_day5.npz", fea=numbers, lbl=labels)
        numbers = numbers.copy()
        numbers[:, :, 10] = 0
    said = run_warnings(open_dataset(tmp_path), [("FRA", "BEL"), ("FRA", "BEL")])
    assert [text for text in said if "no digital number is below" in text and "FRA" in text]
    assert [text for text in said if text.startswith("BEL: 1.4% of the dates are zero")]
    assert len(set(said)) == len(said)


def test_the_page_says_how_files_were_read(tmp_path: Path, make_samples: Make) -> None:
    samples = make_samples("FRA", 30)
    np.savez(
        tmp_path / "median_S2_FRA_month1-12_day5.npz",
        fea=samples.series.transpose(0, 2, 1),
        lbl=samples.labels,
    )
    (tmp_path / "domains.yaml").write_text("files: [{file: '*FRA*', unit: reflectance}]")
    np.savez(tmp_path / "unheard_of.npz", fea=np.zeros(3))
    text = " ".join(render(inspect_dataset(open_dataset(tmp_path))).split())
    assert "float32 reflectance* 73 x 10" in text
    assert "Not read: unheard_of.npz" in text


def test_the_page_is_whole_in_a_terminal_of_80_characters(tmp_path: Path) -> None:
    simulate_dataset(tmp_path / "data", samples_per_domain=30, seed=1, domains=["ARG", "USA-2017"])
    text = render(inspect_dataset(open_dataset(tmp_path / "data")), width=80)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    for word in ("sugarcane", "simulated ", "aligned ", "missing", "USA-2017"):
        assert word in text


def test_a_file_gets_wide_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    simulate_dataset(tmp_path / "data", samples_per_domain=30, seed=1, domains=["ARG"])
    with pytest.raises(SystemExit) as end:
        main(["inspect", str(tmp_path / "data")])
    assert not end.value.code
    assert "aligned 07-05" in capsys.readouterr().out
