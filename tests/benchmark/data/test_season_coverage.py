"""Whether a season was seen: at ingest, in `inspect` and in `run`."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples

from benchmark.cli import main
from benchmark.data.dataset import Dataset, open_dataset, write_dataset
from benchmark.data.dataset_card import DatasetCard, DomainCard
from benchmark.data.inspect.domain_differences import pair_differences, run_warnings
from benchmark.data.inspect.inspection import inspect_dataset
from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.season_coverage import (
    Gap,
    coverage_warnings,
    find_gap,
    gap_of_samples,
    longest_run,
    widen,
    window_steps,
)


def dataset_of(root: Path, hold: dict[str, slice], **cards: DomainCard) -> Dataset:
    """Write domains whose series are held over some steps, as gap filling holds them."""
    domains = []
    for name, steps in hold.items():
        made = make_samples(name)
        series = made.series.copy()
        series[..., steps] = series[..., steps.start : steps.start + 1]
        domains.append(DomainSamples(name, series, made.labels, made.sample_ids))
    known = {name: cards.get(name.replace("-", "_"), DomainCard()) for name in hold}
    write_dataset(root, DatasetCard(name="x", domains=known), domains)
    return open_dataset(root)


def test_the_longest_run_and_where_it_begins() -> None:
    unseen = np.array([[0, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
    first, length = longest_run(unseen)
    assert first.tolist() == [1, 0, 0]
    assert length.tolist() == [2, 5, 0]


def test_an_acquisition_reaches_to_the_next_pass() -> None:
    seen = np.zeros((1, 7), dtype=bool)
    seen[0, 3] = True
    assert np.flatnonzero(widen(seen, 1)[0]).tolist() == [2, 3, 4]
    assert np.flatnonzero(widen(seen, 0)[0]).tolist() == [3]


@pytest.mark.parametrize(
    ("hidden", "too_large"),
    [(slice(10, 21), False), (slice(10, 22), True), (slice(28, 43), True)],
)
def test_sixty_days_in_half_of_the_samples_are_too_many(hidden: slice, too_large: bool) -> None:
    seen = np.ones((4, 43), dtype=bool)
    seen[:2, hidden] = False
    gap = gap_of_samples(seen, 0)
    assert gap.too_large == too_large
    assert gap.first == hidden.start
    seen[1] = True  # a quarter of the samples may have it
    assert not gap_of_samples(seen, 0).too_large


def test_a_third_of_the_steps_that_nobody_saw_is_too_much() -> None:
    seen = np.ones((3, 43), dtype=bool)
    seen[:, ::3] = False  # 15 of 43
    assert gap_of_samples(seen, 0) == Gap(unobserved=15, first=0, days=5)
    assert gap_of_samples(seen, 0).too_large
    assert not gap_of_samples(seen, 1).too_large


@pytest.mark.parametrize(("held", "named"), [(slice(30, 42), False), (slice(30, 44), True)])
def test_series_that_stand_still_are_named_without_a_card(
    tmp_path: Path, held: slice, named: bool
) -> None:
    dataset = dataset_of(tmp_path, {"FRA": held})
    (said,) = [inspect_dataset(dataset).domains[0].unseen_season]
    assert (said is not None) == named
    if said is not None:
        assert said.startswith("FRA has no observation for 65 days of the season window in half")


def test_the_card_of_an_ingested_domain_names_it(tmp_path: Path) -> None:
    missing = tuple(1.0 if 30 <= step < 45 else 0.0 for step in range(73))
    card = DomainCard(missing_by_step=missing, cadence_days=5.0)
    dataset = dataset_of(tmp_path, {"FRA": slice(0, 1)}, FRA=card)
    gap = find_gap(dataset, "FRA", 0)
    assert gap is not None
    assert (gap.unobserved, gap.days) == (15, 75)
    assert find_gap(dataset, "FRA", 36) is None  # that protocol's window is the other half year


def test_what_to_do_fits_how_the_data_were_made(tmp_path: Path) -> None:
    """`simulate` has no --season-start and no --year."""
    dataset = dataset_of(tmp_path, {"FRA": slice(28, 50)})
    (said,) = coverage_warnings(dataset, ("FRA",))
    assert "--season-start" in said
    card = tmp_path / "dataset.json"
    card.write_text(card.read_text("utf-8").replace('"simulated": false', '"simulated": true'))
    (said,) = coverage_warnings(open_dataset(tmp_path), ("FRA",))
    assert "simulate more" in said
    assert "--season-start" not in said


def test_the_window_moves_with_the_year() -> None:
    assert window_steps().tolist() == list(range(24, 67))
    assert window_steps(36)[0] == 61
    assert len(set(window_steps(36).tolist())) == 43


def differences(root: Path, *, aligned: bool = False, **target: object) -> tuple[str, ...]:
    cards = {
        "FRA": DomainCard(season="calendar", season_start="01-01"),
        "AUS": DomainCard.model_validate(target),
    }
    dataset = dataset_of(root, {"FRA": slice(0, 1), "AUS": slice(0, 1)}, **cards)
    return pair_differences(dataset, "FRA", "AUS", aligned=aligned)


def test_a_southern_year_that_runs_as_intended_is_no_difference(tmp_path: Path) -> None:
    assert differences(tmp_path / "a", season="aligned", season_start="07-01") == ()
    assert differences(tmp_path / "b", season="aligned") == ()
    calendar = {"season": "calendar", "season_start": "01-01"}
    assert differences(tmp_path / "c", aligned=True, **calendar) == ()
    (said,) = differences(tmp_path / "d", **calendar)
    assert said.startswith("Source and target differ in season: calendar from 01-01 and calendar")
    assert "days out of phase" in said


def test_differences_are_said_once_for_all_their_transfers(tmp_path: Path) -> None:
    cards = {
        "FRA": DomainCard(processing_level="L2A", season="calendar"),
        "BEL": DomainCard(processing_level="L1C", season="calendar"),
        "NLD": DomainCard(processing_level="L1C", season="calendar"),
    }
    dataset = dataset_of(tmp_path, dict.fromkeys(cards, slice(0, 1)), **cards)
    said = run_warnings(dataset, [("FRA", "BEL"), ("FRA", "NLD")])
    assert said[0] == (
        "FRA:BEL, FRA:NLD: Source and target differ in processing level: L2A and L1C."
    )


def test_a_run_says_differences_and_unseen_seasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cards = {
        "FRA": DomainCard(processing_level="L2A"),
        "CHN": DomainCard(processing_level="L1C"),
    }
    dataset_of(tmp_path / "data", {"FRA": slice(0, 1), "CHN": slice(28, 50)}, **cards)
    words = ["--protocol", "smoke", "--transfers", "FRA:CHN", "--methods", "floor.majority"]
    with pytest.raises(SystemExit) as ended:
        main(["run", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), *words])
    assert ended.value.code in (0, None)
    said = " ".join("".join(capsys.readouterr()).split())
    assert "Warning: FRA:CHN: Source and target differ in processing level: L2A and L1C." in said
    assert "Warning: CHN has no observation for 105 days of the season window" in said
    (rows,) = (tmp_path / "run").glob("jobs/*/rows.json*")
    assert "no observation for 105 days" in rows.read_text("utf-8")
