"""Differences of all pairs: paired, bounded, and what the page is given."""

import json
from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.results import from_rows, read_results
from leaderboard.site.comparison_page import against_leader_table, comparison_data
from leaderboard.site.paired_differences import (
    MEAN,
    MOST_DIFFERENCES,
    MOST_METHODS,
    NO_INTERVAL,
    all_differences,
    compared_methods,
    shares,
)
from leaderboard.tables.columns import percent


def resampled(root: Path) -> ComparisonGroup:
    labels = [0, 1, 2] * 20
    better = labels[:50] + [0] * 10
    answers = {
        (name, seed): given
        for name, given in (("a", [labels, better]), ("b", [better, labels]))
        for seed in (1, 2, 3)
    }
    run = write_run(root, answers, labels=[labels, labels])
    (only,) = comparison_groups(read_results([run], draws=200))
    return only


def many(methods: int, targets: tuple[str, ...]) -> ComparisonGroup:
    rows = [
        make_row(method=f"m{number:02}", target=target, macro_f1=number / methods)
        for number in range(methods)
        for target in targets
    ]
    (only,) = comparison_groups(from_rows(rows))
    return only


def test_differences_by_transfer_and_over_all(tmp_path: Path) -> None:
    found = resampled(tmp_path)
    differences = all_differences(found, ["a", "b"])["a", "b"]
    assert set(differences) == {"FRA:CHN", "FRA:USA", MEAN}
    assert differences["FRA:CHN"].point == pytest.approx(-differences["FRA:USA"].point)
    assert differences[MEAN].point == pytest.approx(0)
    draws = [found.mean_draws(name, "macro_f1") for name in ("a", "b")]
    assert draws[0] is not None
    assert draws[1] is not None
    # Paired: the interval is that of the resamples' difference.
    assert differences[MEAN].limits == found.interval(draws[0] - draws[1], 0.0)
    turned = all_differences(found, ["b", "a"])["b", "a"]
    assert turned["FRA:CHN"].point == -differences["FRA:CHN"].point


def test_a_pair_has_what_both_have() -> None:
    rows = [make_row(method="a"), make_row(method="a", target="USA"), make_row(method="b")]
    (only,) = comparison_groups(from_rows(rows))
    ((pair, found),) = all_differences(only, ["a", "b"]).items()
    assert pair == ("a", "b")
    assert list(found) == ["FRA:CHN"]
    assert found["FRA:CHN"].verdict == NO_INTERVAL


def test_pairs_are_bounded_and_the_page_says_how_many_are_left_out() -> None:
    wide = many(50, ("CHN", "USA"))
    assert compared_methods(wide, MOST_DIFFERENCES) == [f"m{n:02}" for n in range(49, 9, -1)]
    assert len(compared_methods(wide, MOST_DIFFERENCES)) == MOST_METHODS
    assert compared_methods(wide, 9) == ["m49", "m48", "m47"]
    assert len(compared_methods(wide, 0)) == 2
    (data,) = comparison_data([wide])["groups"]
    assert data["left_out"] == 10
    assert len(data["pairs"]) == MOST_METHODS * (MOST_METHODS - 1) / 2


def test_what_small_groups_do_not_need_goes_to_the_large_ones() -> None:
    """With ten groups an equal share would leave 18 methods of 40 in the largest ones."""
    large, small = many(40, ("CHN", "USA")), many(3, ("CHN", "USA"))
    found = shares([large, small, large, *[small] * 7])
    assert found[1] == 3 * 3, "three pairs on two transfers and over all"
    whole = 40 * 39 // 2 * 3
    assert found[0] == found[2] == whole
    many_groups = shares([large] * 8)
    assert sum(many_groups) == MOST_DIFFERENCES
    assert max(many_groups) - min(many_groups) <= 1


def test_what_the_page_is_given(tmp_path: Path) -> None:
    given = json.loads(json.dumps(comparison_data([resampled(tmp_path)])))
    (data,) = given["groups"]
    assert [name for name, _ in data["methods"]] == ["a", "b"]
    assert data["transfers"] == [
        [MEAN, ""],
        ["FRA:CHN", "cross-continent"],
        ["FRA:USA", "cross-continent"],
    ]
    assert data["scores"][0][1] == 1000
    (pair,) = data["pairs"]
    point, low, high, verdict = pair[1]
    assert low <= point <= high
    assert given["verdicts"][verdict] in {"beyond chance", "not told apart"}
    assert data["scores"][0][1] - data["scores"][1][1] == pytest.approx(point, abs=1)


def test_the_page_rounds_as_tables_do() -> None:
    value = 0.0005  # 0.05 %, whose nearest number in base 2 lies above it; 1,000 times it is 0.5
    (group,) = comparison_groups(
        from_rows([make_row(method="a", macro_f1=value), make_row(method="b", macro_f1=0.5)])
    )
    (data,) = comparison_data([group])["groups"]
    names = [name for name, _ in data["methods"]]
    assert data["scores"][names.index("a")][0] / 10 == float(percent(value)) == 0.1


def test_how_far_others_are_behind() -> None:
    rows = [make_row(method=m, macro_f1=v) for m, v in (("a", 0.5), ("b", 0.4), ("c", 0.1))]
    (only,) = comparison_groups(from_rows(rows))
    grid = against_leader_table(only, "behind")
    assert [(line[0].text, line[3].text) for line in grid.lines] == [("b", "+10.0"), ("c", "+40.0")]
    (alone,) = comparison_groups(from_rows(rows[:1]))
    assert against_leader_table(alone, "behind").lines == ()
