"""Methods by transfers on a colour scale."""

from sample_rows import make_row

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.site.heat_map import heat_map


def test_a_line_for_each_method_and_a_column_for_each_transfer() -> None:
    scores = {"a": {"CHN": 0.5, "GBR": 0.7}, "b": {"CHN": 0.95}}
    rows = [make_row(method=m, target=t, macro_f1=v) for m in scores for t, v in scores[m].items()]
    (only,) = comparison_groups(from_rows(rows))
    grid = heat_map(only, "transfers")
    assert grid.headings == ("method", "mean", "FRA:GBR", "FRA:CHN")
    assert grid.words_below == {"FRA:GBR": "cross-country", "FRA:CHN": "cross-continent"}
    assert [[item.text for item in line] for line in grid.lines] == [
        ["a", "60.0", "70.0", "50.0"],
        ["b", "-", "-", "95.0"],
    ]
    assert [item.shade for item in grid.lines[1]] == [None, None, None, 9]
    assert grid.lines[0][0].link == "methods/a.html"
