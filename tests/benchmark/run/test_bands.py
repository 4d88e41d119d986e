"""Bands belong to a transfer: no other transfer of a run changes them, and `--bands` fixes them."""

from pathlib import Path

import pytest
from smoke_command import Cli, rows_of, smoke_run
from tiny import make_samples, write_tiny

from benchmark.data.dataset import BANDS, Dataset
from benchmark.results.rows import Row
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import read_results

SIX = BANDS[:6]
METHOD = ("--methods", "harmonic.random-forest")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Ten bands of France, China and the USA, six of Kenya."""
    return write_tiny(
        tmp_path_factory.mktemp("mixed") / "data",
        make_samples("FRA"),
        make_samples("CHN", shift=4),
        make_samples("USA", crops=("corn", "wheat", "other"), shift=3),
        make_samples("KEN", bands=6, shift=2),
    )


def by_transfer(run: Path) -> dict[tuple[str, tuple[str, ...]], Row]:
    return {(row.transfer, row.data.bands): row for row in rows_of(run)}


def test_a_target_with_fewer_bands_changes_no_other_transfer(
    cli: Cli, mixed: Dataset, tmp_path: Path
) -> None:
    smoke_run(cli, mixed.root, tmp_path / "one", *METHOD, "--transfers", "FRA:CHN")
    code, _, err = smoke_run(
        cli, mixed.root, tmp_path / "all", *METHOD, "--transfers", "FRA:CHN", "FRA:KEN", "FRA:USA"
    )
    assert code == 0
    assert "2 jobs to run" in err, "one fit for the targets of ten bands, one for that of six"
    alone, together = by_transfer(tmp_path / "one"), by_transfer(tmp_path / "all")
    assert set(together) == {
        *(("FRA:FRA", BANDS), ("FRA:CHN", BANDS), ("FRA:USA", BANDS)),
        *(("FRA:FRA", SIX), ("FRA:KEN", SIX)),
    }
    for place in alone:
        assert alone[place].without_circumstances() == together[place].without_circumstances()


def test_transfers_of_several_sets_of_bands_are_ranked_together(
    cli: Cli, mixed: Dataset, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    smoke_run(cli, mixed.root, run, *METHOD, "floor.majority", "--transfers", "FRA:CHN", "FRA:KEN")
    results = read_results([run], draws=20)
    assert results.problems == ()
    (group,) = comparison_groups(results)
    assert sorted(group.grid.columns) == ["FRA:CHN", "FRA:KEN"]
    frame = group.scores[group.scores["method"] == "harmonic.random-forest"]
    rows = by_transfer(run)
    # All crops of France are scored in both, so that the in-domain score is that of the whole row
    # of the same fit.
    rows = {place: row for place, row in rows.items() if row.method == "harmonic.random-forest"}
    for transfer, bands in (("FRA:CHN", BANDS), ("FRA:KEN", SIX)):
        home = next(
            row
            for row in rows_of(run)
            if (row.method, row.transfer, row.data.bands)
            == ("harmonic.random-forest", "FRA:FRA", bands)
        )
        assert home.scores is not None
        (found,) = frame.loc[frame["transfer"] == transfer, "in_domain_macro_f1"]
        assert found == pytest.approx(home.scores.macro_f1)
    assert group.confirmed_share("harmonic.random-forest") == 1


def test_fixed_bands_are_given_to_every_transfer_and_are_not_compared_with_others(
    cli: Cli, mixed: Dataset, tmp_path: Path
) -> None:
    words = (*METHOD, "--transfers", "FRA:CHN", "FRA:KEN")
    smoke_run(cli, mixed.root, tmp_path / "run", *words)
    code, _, err = smoke_run(cli, mixed.root, tmp_path / "run", *words, "--bands", "B4", "B3")
    assert code == 0
    assert "1 job to run" in err
    fixed = [row for row in rows_of(tmp_path / "run") if row.protocol == "smoke-2-bands"]
    assert {row.transfer for row in fixed} == {"FRA:FRA", "FRA:CHN", "FRA:KEN"}
    assert {row.data.bands for row in fixed} == {("B3", "B4")}
    assert len({row.comparability_key for row in rows_of(tmp_path / "run")}) == 2


def test_a_domain_without_a_fixed_band_is_left_out_or_refused(
    cli: Cli, mixed: Dataset, tmp_path: Path
) -> None:
    words = ("--bands", "B4", "B12", "--methods", "floor.majority", "--transfers")
    code, _, err = smoke_run(cli, mixed.root, tmp_path / "all", *words, "all")
    assert code == 0
    assert "Domain KEN lacks B12 of the bands that are asked for (B4 B12)" in " ".join(err.split())
    assert "KEN" not in {row.target for row in rows_of(tmp_path / "all")}
    code, _, err = smoke_run(cli, mixed.root, tmp_path / "named", *words, "FRA:KEN")
    assert code == 2
    assert "Domain KEN lacks B12" in err
    code, _, err = smoke_run(cli, mixed.root, tmp_path / "x", "--bands", "B9", *words[2:], "all")
    assert code == 2
    assert "there is no band 'B9'" in err


def test_plan_counts_the_jobs_of_a_run(cli: Cli, mixed: Dataset) -> None:
    words = ("plan", "--data", mixed.root, "--protocol", "smoke", "--methods", "floor.majority")
    transfers = ("--transfers", "FRA:CHN", "FRA:KEN", "USA:CHN")
    code, out, _ = cli(*words, *transfers)
    assert code == 0
    assert "3 jobs, 0 stored already" in out
    code, out, _ = cli(*words, *transfers, "--bands", "B2", "B3")
    assert code == 0
    assert "2 jobs, 0 stored already" in out
