"""Few-shot curves by hand: which points belong together, on which transfers, how they are drawn."""

from pathlib import Path

import numpy as np
import pytest
from sample_rows import make_row, write_run

from benchmark.results.rows import Row
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.few_shot_curves import few_shot_curves
from leaderboard.figures.few_shot_figure import apart, draw_few_shot
from leaderboard.results import Results, from_rows, read_results
from leaderboard.tables.paper_tables import paper_tables


def rows(method: str, labels: int | None, scores: dict[str, float], track: str) -> list[Row]:
    return [
        make_row(method=method, target=target, macro_f1=value, track=track).model_copy(
            update={"target_labels_per_class": labels}
        )
        for target, value in scores.items()
    ]


# `mine.20` lacks the USA, so that the curve has the two other transfers alone.
ROWS = [
    *rows("mine", None, {"CHN": 0.2, "USA": 0.3, "GBR": 0.4}, "inductive"),
    *rows("mine.100", 100, {"CHN": 0.6, "USA": 0.9, "GBR": 0.7}, "oracle"),
    *rows("mine.20", 20, {"CHN": 0.4, "GBR": 0.5}, "oracle"),
    *rows("oracle.mine", None, {"CHN": 0.8, "USA": 0.9, "GBR": 0.9}, "oracle"),
    *rows("oracle.other", None, {"CHN": 0.9, "USA": 0.9, "GBR": 0.9}, "oracle"),
    *rows("stray.5", 5, {"CHN": 0.1}, "oracle"),
]


def oracle(found: Results) -> ComparisonGroup:
    return next(group for group in comparison_groups(found) if group.comparable.track == "oracle")


def test_a_hand_computed_curve() -> None:
    (curve,) = few_shot_curves(oracle(from_rows(ROWS)))
    assert curve.method == "mine"
    assert sorted(curve.transfers) == ["FRA:CHN", "FRA:GBR"]
    assert [point.name for point in curve.points] == ["0", "20", "100", "all"]
    assert [point.method for point in curve.points] == [
        *("mine", "mine.20", "mine.100", "oracle.mine"),
    ]
    means = [point.mean for point in curve.points]
    assert means == pytest.approx([0.3, 0.45, 0.65, 0.85])
    assert all(point.limits is None for point in curve.points)


def test_other_tracks_and_rows_without_a_budget_have_no_curve() -> None:
    for group in comparison_groups(from_rows(ROWS)):
        if group.comparable.track != "oracle":
            assert few_shot_curves(group) == ()
    older = [row.model_copy(update={"target_labels_per_class": None}) for row in ROWS]
    assert draw_few_shot(oracle(from_rows(older))) is None
    alone = [row for row in ROWS if row.track == "oracle"]
    assert few_shot_curves(oracle(from_rows(alone))) == ()


def test_a_curve_never_mixes_two_methods() -> None:
    """`mine.aug.5` is a variant of `mine.aug`, also where only `mine` has rows without labels."""
    several = [
        *ROWS,
        *rows("mine.aug.5", 5, {"CHN": 0.7, "GBR": 0.8}, "oracle"),
        *rows("oracle.mine.aug", None, {"CHN": 0.9, "GBR": 0.9}, "oracle"),
    ]
    (curve,) = few_shot_curves(oracle(from_rows(several)))
    assert [point.method for point in curve.points] == [
        *("mine", "mine.20", "mine.100", "oracle.mine"),
    ]
    plain = rows("mine.aug", None, {"CHN": 0.4, "GBR": 0.6}, "inductive")
    first, second = few_shot_curves(oracle(from_rows([*several, *plain])))
    assert first == curve
    assert [(point.method, point.mean) for point in second.points] == [
        ("mine.aug", pytest.approx(0.5)),
        ("mine.aug.5", pytest.approx(0.75)),
        ("oracle.mine.aug", pytest.approx(0.9)),
    ]


def test_intervals_come_from_stored_predictions(tmp_path: Path) -> None:
    labels = [0, 1] * 50
    half = [1, 0] * 20 + labels[40:]
    write_run(tmp_path / "a", {("mine", 1): [half]}, labels=[labels])
    write_run(tmp_path / "b", {("mine.5", 1): [labels]}, labels=[labels], track="oracle")
    found = read_results([tmp_path / "a", tmp_path / "b"], draws=300)
    budget = {"target_labels_per_class": 5}
    kept = [r.model_copy(update=budget if r.method == "mine.5" else {}) for r in found.rows]
    (curve,) = few_shot_curves(oracle(Results(tuple(kept), (), found.draws, found.units)))
    none, five = curve.points
    assert none.limits is not None
    # 60 of 100: 0.6 -+ 1.96 * 0.049 or nearly so.
    assert none.limits.low == pytest.approx(0.50, abs=0.03)
    assert none.limits.high == pytest.approx(0.70, abs=0.03)
    assert five.limits is not None
    assert (five.limits.low, five.limits.high) == (1, 1)


def test_the_figure_has_a_line_for_each_transfer_and_one_for_their_mean() -> None:
    figure = draw_few_shot(oracle(from_rows(ROWS)))
    assert figure is not None
    (axis,) = figure.axes
    assert [tick.get_text() for tick in axis.get_xticklabels()] == ["0", "20", "100", "all"]
    drawn = {line.get_label(): np.asarray(line.get_ydata()) for line in axis.lines}
    assert drawn["mean over transfers, 95 % interval"] == pytest.approx([30, 45, 65, 85])
    assert len(axis.lines) == 3
    assert {text.get_text() for text in axis.texts} == {"FRA:CHN", "FRA:GBR"}


def test_the_table_says_the_same() -> None:
    table = next(s for s in paper_tables(oracle(from_rows(ROWS)), "full") if "labels" in s.title)
    assert table.headings[2:] == ("0", "20", "100", "all")
    assert [cell.text for cell in table.body[0]] == [
        *("mine", "mean, 95 % interval", "30.0", "45.0", "65.0", "85.0"),
    ]
    assert {line[1].text for line in table.body[1:]} == {"FRA:CHN", "FRA:GBR"}


def test_labels_stand_in_order_where_curves_have_others() -> None:
    more = [
        *rows("another", None, {"CHN": 0.2}, "inductive"),
        *rows("another.50", 50, {"CHN": 0.3}, "oracle"),
    ]
    table = next(
        s for s in paper_tables(oracle(from_rows([*more, *ROWS])), "full") if "labels" in s.title
    )
    assert table.headings[2:] == ("0", "20", "50", "100", "all")
    assert [cell.text for cell in table.body[0]][2:] == ["20.0", "-", "30.0", "-", "-"]


def test_names_at_the_ends_do_not_overlap() -> None:
    heights = np.array([50.0, 50.5, 51.0, 80.0, 49.0])
    moved = apart(heights, 3.5)
    order = np.argsort(heights)
    assert (np.diff(moved[order]) >= 3.5 - 1e-6).all()
    assert moved[3] == pytest.approx(80)
    # The others stand evenly about their mean.
    assert np.delete(moved, 3).mean() == pytest.approx(np.delete(heights, 3).mean())
