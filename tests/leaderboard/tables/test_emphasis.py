"""What stands out in a table: the best and the second, where they are beyond chance."""

from pathlib import Path

import pytest
from sample_rows import make_row, tables, write_run

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import Results, from_rows, read_results
from leaderboard.tables.emphasis import emphasis
from leaderboard.tables.latex_tables import as_latex
from leaderboard.tables.table_formats import as_markdown


def test_best_and_second_stand_out_where_they_are_beyond_chance(results: Results) -> None:
    text = as_markdown(tables(results, "paper"))
    assert "| m | **100.0 ± 0.0** | **100.0 ± 0.0** |" in text
    assert "| m.aug | <u>80.0 ± 0.0</u> | <u>80.0 ± 0.0</u> |" in text
    assert "| z | 0.0 ± 0.0 | 0.0 ± 0.0 |" in text
    assert r"\textbf{100.0 \(\pm\) 0.0}" in as_latex(tables(results, "paper"))


def write_three(root: Path, one: list[int], other: list[int], last: list[int]) -> Results:
    answers = {
        (name, seed): [given]
        for name, given in (("one", one), ("other", other), ("last", last))
        for seed in (1, 2, 3)
    }
    return read_results([write_run(root, answers, labels=[LABELS])], draws=300)


LABELS = [0, 1] * 100


def flipped(first: int, last: int) -> list[int]:
    return [1 - n if first <= i < last else n for i, n in enumerate(LABELS)]


def emphases(results: Results) -> dict[str, str]:
    (group,) = comparison_groups(results)
    return dict(emphasis(group, "FRA:CHN", "overall_accuracy"))


def test_the_best_stands_out_only_if_it_is_beyond_every_other(tmp_path: Path) -> None:
    # `other` errs where `one` does and in 6 samples more: surely worse. `last` errs in 22, none of
    # which is one's: lower than both, and yet by chance perhaps.
    one, other, last = flipped(0, 12), flipped(0, 18), flipped(20, 42)
    (group,) = comparison_groups(write_three(tmp_path / "a", one, other, last))
    draws = [group.draws(name, "FRA:CHN", "overall_accuracy") for name in ("one", "other", "last")]
    assert draws[0] is not None
    assert draws[1] is not None
    assert draws[2] is not None
    assert group.interval(draws[0] - draws[1], 0.03).excludes_zero
    assert not group.interval(draws[0] - draws[2], 0.05).excludes_zero
    assert emphasis(group, "FRA:CHN", "overall_accuracy") == {}


def test_the_second_stands_out_only_below_a_best_that_does(tmp_path: Path) -> None:
    # The first two are alike, and the third far below.
    found = write_three(tmp_path / "a", flipped(0, 10), flipped(10, 20), flipped(0, 150))
    assert emphases(found) == {}
    apart = write_three(tmp_path / "b", LABELS, flipped(10, 50), flipped(0, 150))
    assert emphases(apart) == {"one": "best", "other": "second"}


@pytest.mark.parametrize(("seeds", "marks"), [((1,), {}), ((1, 2), {"good": "best"})])
def test_one_seed_makes_nothing_stand_out(
    tmp_path: Path, seeds: tuple[int, ...], marks: dict[str, str]
) -> None:
    answers = {
        (name, seed): [given]
        for name, given in (("good", LABELS), ("poor", flipped(0, 200)))
        for seed in seeds
    }
    results = read_results([write_run(tmp_path, answers, labels=[LABELS])], draws=100)
    assert emphases(results) == marks


def test_nothing_stands_out_without_predictions_or_in_a_tie(tmp_path: Path) -> None:
    rows = [make_row(method="a", macro_f1=0.9), make_row(method="b", macro_f1=0.1)]
    assert "**" not in as_markdown(tables(from_rows(rows)))
    labels = [0, 1] * 10
    answers = {(name, 1): [labels] for name in ("a", "b", "c")}
    run = write_run(tmp_path / "run", answers, labels=[labels])
    assert "**" not in as_markdown(tables(read_results([run], draws=50)))
