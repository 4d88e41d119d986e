"""The calendar of a domain, told from the day on which its series are greenest."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples

from benchmark.cli import main
from benchmark.data.calendar_detection import find_season, season_of
from benchmark.data.dataset import Dataset, open_dataset, write_dataset
from benchmark.data.dataset_card import DatasetCard, DomainCard, Season
from benchmark.data.official.domain_file import DomainSamples


def dataset_of(
    root: Path,
    domain: str,
    steps: int,
    *,
    crops: tuple[str, ...] = ("corn", "rice"),
    **card: object,
) -> Dataset:
    """Write a domain whose crops, green in northern summer, are moved by some steps."""
    made = make_samples(domain, crops=crops)
    series = np.full_like(made.series, 0.1)
    series[:, 6] = np.roll(made.series[:, 6], steps, axis=-1)  # B8; the red band stays dark
    samples = DomainSamples(domain, series, made.labels, made.sample_ids)
    cards = {domain: DomainCard.model_validate(card)} if card else {}
    write_dataset(root, DatasetCard(name="x", domains=cards), [samples])
    return open_dataset(root)


@pytest.mark.parametrize(
    ("domain", "steps", "phase", "season", "judged"),
    [
        ("FRA", 0, "northern", "unknown", False),
        ("ARG", 0, "northern", "aligned", True),
        ("ARG", 36, "southern", "calendar", True),
        ("ARG", 18, "unclear", "unknown", False),
    ],
)
def test_a_season_that_nobody_stated(
    tmp_path: Path, domain: str, steps: int, phase: str, season: Season, judged: bool
) -> None:
    dataset = dataset_of(tmp_path, domain, steps)
    finding = find_season(dataset, domain)
    assert (finding.phase, finding.season, finding.judged) == (phase, season, judged)
    assert season_of(dataset, domain) == season
    assert finding.contradiction is None
    assert finding.looked_at == ("corn", "rice")


@pytest.mark.parametrize(
    ("domain", "steps", "card", "contradicted"),
    [
        ("FRA", 0, {"season": "calendar"}, False),
        ("FRA", 36, {"season": "calendar"}, True),
        ("FRA", 36, {"season": "calendar", "season_start": "07-01"}, False),
        ("ARG", 36, {"season": "calendar"}, False),
        ("ARG", 0, {"season": "calendar"}, True),
        ("ARG", 0, {"season": "aligned"}, False),
        ("ARG", 0, {"season": "aligned", "season_start": "07-01"}, False),
        ("ARG", 36, {"season": "aligned"}, True),
        ("ARG", 18, {"season": "aligned"}, False),
        ("XYZ", 36, {"season": "calendar"}, False),
    ],
)
def test_a_stated_season_is_believed_and_checked(
    tmp_path: Path, domain: str, steps: int, card: dict[str, object], contradicted: bool
) -> None:
    dataset = dataset_of(tmp_path, domain, steps, **card)
    finding = find_season(dataset, domain)
    assert season_of(dataset, domain) == card["season"]
    assert (finding.contradiction is not None) == contradicted
    if finding.contradiction is not None:
        assert f"{domain} is stated as {card['season']}" in finding.contradiction


def test_the_day_of_the_peak_is_that_of_the_crops(tmp_path: Path) -> None:
    finding = find_season(dataset_of(tmp_path, "FRA", 0, crops=("corn", "wheat")), "FRA")
    assert finding.peak_day == 202.5  # corn peaks in step 40, and wheat is not looked at
    assert finding.looked_at == ("corn",)


def test_series_without_a_season_tell_nothing(tmp_path: Path) -> None:
    samples = make_samples("ARG", crops=("corn",))
    flat = DomainSamples("ARG", samples.series * 0 + 0.2, samples.labels, samples.sample_ids)
    write_dataset(tmp_path / "a", DatasetCard(name="x"), [flat])
    assert find_season(open_dataset(tmp_path / "a"), "ARG").phase == "unclear"
    few = DomainSamples("ARG", samples.series[:, :2], samples.labels, samples.sample_ids)
    card = DatasetCard(name="x", domains={"ARG": DomainCard(bands=("B2", "B3"))})
    write_dataset(tmp_path / "b", card, [few])
    finding = find_season(open_dataset(tmp_path / "b"), "ARG")
    assert (finding.peak_day, finding.phase, finding.season) == (None, "unclear", "unknown")


def test_a_run_warns_of_a_contradiction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for domain, steps in (("FRA", 0), ("ARG", 36)):
        dataset_of(tmp_path / "data", domain, steps, season="aligned")
    words = ["--protocol", "smoke", "--transfers", "FRA:ARG", "--methods", "floor.majority"]
    with pytest.raises(SystemExit) as ended:
        main(["run", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *words])
    assert ended.value.code in (0, None)
    said = " ".join("".join(capsys.readouterr()).split())
    assert "Warning: ARG is stated as aligned, but its series are greenest on day" in said
    (rows,) = (tmp_path / "run").glob("jobs/*/rows.json*")
    assert "as a southern calendar year is" in rows.read_text()
