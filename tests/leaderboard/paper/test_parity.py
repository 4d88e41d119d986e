"""The paper's numbers beside ours; simulated data never beside them."""

from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from benchmark.errors import UsageError
from leaderboard.paper.parity import parity, parity_table, published
from leaderboard.results import from_rows, read_results


def test_every_published_number_has_a_source_and_a_mark() -> None:
    """Numbers as in the project's notes on the paper (shared/spec/paper_facts.md)."""
    numbers = published()
    assert len(numbers) == 25
    assert {number.mark for number in numbers} == {"P", "T", "secondary"}
    assert all(number.origin and number.metric == "overall_accuracy" for number in numbers)
    assert all(0.4 < number.value < 1 for number in numbers)
    by_cell = {(n.source, n.target, n.method): n.value for n in numbers}
    assert len(by_cell) == 25
    assert by_cell["USA", "AUS", "cropnet"] == pytest.approx(0.867)
    assert by_cell["FRA", "BEL", "cropnet.aug"] == pytest.approx(0.9824)
    # A third party's page lists several systems: that one of them is CropNet is a guess.
    assert all("is a guess" in n.caution for n in numbers if n.mark == "T")
    assert sum(n.mark == "T" for n in numbers) == 10


def test_published_deviations_are_those_of_table_11() -> None:
    """paper_facts.md, Read again: time transfer with standard deviations, a secondary source."""
    known = {n.value: n.deviation for n in published() if n.deviation is not None}
    expected = {95.52: 0.04, 96.03: 0.05, 96.37: 0.03, 96.81: 0.03}
    expected |= {85.39: 0.08, 85.66: 0.09, 87.68: 0.06, 88.31: 0.06}
    assert known == pytest.approx({a / 100: b / 100 for a, b in expected.items()})


def test_ours_and_the_difference() -> None:
    rows = [
        make_row(method="cropnet.aug", target="CHN", seed=seed, overall_accuracy=value)
        for seed, value in ((82, 0.80), (83, 0.84))
    ]
    ((group, comparisons),) = parity(from_rows(rows))
    (ours,) = (c for c in comparisons if c.ours is not None)
    assert ours.published.value == pytest.approx(0.8252)
    assert ours.ours == pytest.approx(0.82)
    assert ours.difference == pytest.approx(-0.0052)
    assert ours.deviation == pytest.approx(0.02)
    assert ours.limits is None
    reasons = " ".join(ours.reasons)
    assert "protocol smoke, not the released code's" in reasons
    assert "2 of the paper's 10 seeds" in reasons
    table = parity_table(group, comparisons)
    assert "24 of 25 published numbers have no row here." in table.notes
    (line,) = (cells for cells in table.body if cells[3].text != "-")
    assert [cell.text for cell in line][2:7] == ["82.52 [T]", "82.0", "2.0", "-", "-0.5"]


def test_seeds_are_those_of_the_number_beside_it() -> None:
    rows = [make_row(method="cropnet.aug", target="CHN", seed=seed) for seed in range(3)]
    elsewhere = [make_row(method="cropnet.aug", target="GBR", seed=seed) for seed in range(10)]
    failed = [
        make_row(method="cropnet.aug", seed=seed, macro_f1=None, status="failed", reason="why")
        for seed in range(3, 10)
    ]
    ((_, comparisons),) = parity(from_rows([*rows, *elsewhere, *failed]))
    (china,) = (c for c in comparisons if c.ours is not None and c.published.target == "CHN")
    assert "3 of the paper's 10 seeds" in china.reasons


def test_an_interval_where_predictions_are_stored(tmp_path: Path) -> None:
    labels = [0, 1] * 50
    nearly = [1, 0] * 5 + labels[10:]
    run = write_run(tmp_path / "run", {("cropnet.aug", 82): [nearly]}, labels=[labels])
    ((_, comparisons),) = parity(read_results([run], draws=300))
    (ours,) = (c for c in comparisons if c.ours is not None)
    assert ours.limits is not None
    # 90 of 100: within 0.9 -+ 1.96 * 0.03 or nearly so.
    assert ours.limits.low == pytest.approx(0.84, abs=0.02)
    assert ours.limits.high == pytest.approx(0.95, abs=0.02)


def test_simulated_data_is_refused() -> None:
    rows = [make_row(method="cropnet"), make_row(method="cropnet", simulated=True, fingerprint="f")]
    with pytest.raises(UsageError, match=r"Simulated data \(tiny\) is never compared"):
        parity(from_rows(rows))


def test_nothing_is_no_comparison() -> None:
    with pytest.raises(UsageError, match="no row"):
        parity(from_rows([]))
