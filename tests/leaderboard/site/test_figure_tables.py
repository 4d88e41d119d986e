"""The numbers of figures as tables, by hand."""

import pytest
from sample_rows import confusion_of, make_row

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.figures.leaderboard_figures import draw_gaps
from leaderboard.results import from_rows
from leaderboard.site.figure_tables import figure_tables
from leaderboard.site.site_tables import SiteTable

# In-domain corn 2 * 9 / (11 + 9) = 0.9.
INSIDE = confusion_of({("corn", "corn"): 9, ("corn", "other"): 2})

# `a` is cheap and good, `b` dear and worse.
SCORES = {"a": {"FRA": 0.9, "CHN": 0.5, "ARG": 0.3}, "b": {"FRA": 0.9, "CHN": 0.4}}


def group() -> ComparisonGroup:
    rows = [
        make_row(
            method=method,
            target=target,
            macro_f1=value,
            crops={"corn": value},
            confusion=INSIDE if target == "FRA" else None,
            fit_seconds={"a": 1.0, "b": 10.0}[method],
        )
        for method, scores in SCORES.items()
        for target, value in scores.items()
    ]
    (only,) = comparison_groups(from_rows(rows))
    return only


def texts(grid: SiteTable) -> list[list[str]]:
    return [[item.text for item in line] for line in grid.lines]


def test_the_heat_map() -> None:
    grid = figure_tables(group())["heat_map"]
    assert grid.headings == ("method", "source", "ARG", "CHN", "FRA")
    assert texts(grid) == [["a", "FRA", "30.0", "50.0", "90.0"], ["b", "FRA", "-", "40.0", "90.0"]]


def test_the_gaps() -> None:
    grid = figure_tables(group())["gap"]
    assert grid.headings == ("method", "cross-continent", "cross-hemisphere")
    assert texts(grid) == [["a", "40.0", "60.0"], ["b", "50.0", "-"]]


def test_a_relation_has_no_gap_without_every_transfer_of_it() -> None:
    scores = {"a": {"CHN": 0.5, "USA": 0.3}, "b": {"CHN": 0.4}}
    rows = [
        make_row(
            method=method,
            target=target,
            macro_f1=value,
            crops={"corn": value},
            confusion=INSIDE if target == "FRA" else None,
        )
        for method, by_target in scores.items()
        for target, value in {"FRA": 0.9, **by_target}.items()
    ]
    (only,) = comparison_groups(from_rows(rows))
    # Both are cross-continent: 0.9 less 0.5 and 0.3 for a, while b lacks one of them.
    assert texts(figure_tables(only)["gap"]) == [["a", "50.0"], ["b", "-"]]
    figure = draw_gaps(only)
    assert figure is not None
    (dots,) = [line for line in figure.axes[0].lines if line.get_label() == "cross-continent"]
    assert list(dots.get_xdata()) == pytest.approx([50])


def test_the_front() -> None:
    rows = [
        make_row(method="cheap", macro_f1=0.5, fit_seconds=1.0),
        make_row(method="dear", macro_f1=0.6, fit_seconds=9.0),
        make_row(method="beaten", macro_f1=0.4, fit_seconds=2.0),
        make_row(method="unmeasured", macro_f1=0.9, fit_seconds=None),
    ]
    (only,) = comparison_groups(from_rows(rows))
    assert {line[0]: line[3] for line in texts(figure_tables(only)["pareto"])} == {
        "cheap": "yes",
        "dear": "yes",
        "beaten": "no",
        "unmeasured": "-",
    }


def test_ranks_where_they_are_compared() -> None:
    assert "ranks" not in figure_tables(group())
    values = {"a": (0.9, 0.8), "b": (0.5, 0.6), "c": (0.1, 0.7)}
    rows = [
        make_row(method=method, target=target, macro_f1=value)
        for method, scores in values.items()
        for target, value in zip(("CHN", "USA"), scores, strict=True)
    ]
    (only,) = comparison_groups(from_rows(rows))
    grid = figure_tables(only)["ranks"]
    assert texts(grid) == [["a", "1.00", "100.0"], ["b", "2.50", "25.0"], ["c", "2.50", "25.0"]]


def test_cells_sort_by_their_value() -> None:
    line = figure_tables(group())["heat_map"].lines[0]
    assert line[2].order == pytest.approx(0.3)
    assert line[0].link == "methods/a.html"
