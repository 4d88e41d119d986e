"""The points of the chart of accuracy and cost."""

import json

from sample_rows import make_row, one_and_a_floor

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.site.cost_chart import cost_chart


def test_a_point_for_each_ranked_method() -> None:
    rows = [
        make_row(method="cheap", macro_f1=0.5, fit_seconds=1.0),
        make_row(method="dear", macro_f1=0.6, fit_seconds=9.0),
        make_row(method="beaten", macro_f1=0.4, fit_seconds=2.0),
        make_row(method="unmeasured", macro_f1=0.3, fit_seconds=None),
    ]
    (only,) = comparison_groups(from_rows(rows))
    chart = cost_chart(only)
    assert chart is not None
    json.dumps(chart, allow_nan=False)
    assert chart["axes"] == {"fit": "fit (seconds)"}, "nobody measured predictions"
    found = {point["name"]: point for point in chart["points"]}
    assert {name for name, point in found.items() if point["front"] == ["fit"]} == {"cheap", "dear"}
    assert found["cheap"] | {"front": []} == {
        "name": "cheap",
        "family": "test",
        "page": "methods/cheap.html",
        "score": 50.0,
        "low": None,
        "high": None,
        "costs": {"fit": 1.0},
        "front": [],
    }
    assert found["unmeasured"]["costs"] == {"fit": None}


def test_times_of_two_machines_have_no_front() -> None:
    """A slow machine's method would be beaten by a dearer one of a fast machine."""
    rows = [
        make_row(method="cheap", macro_f1=0.5, fit_seconds=5.0, device_name="a slow processor"),
        make_row(method="dear", macro_f1=0.6, fit_seconds=4.0, device_name="a fast processor"),
    ]
    (only,) = comparison_groups(from_rows(rows))
    chart = cost_chart(only)
    assert chart is not None
    assert [point["front"] for point in chart["points"]] == [[], []]
    assert {point["costs"]["fit"] for point in chart["points"]} == {5.0, 4.0}


def test_floors_are_named_and_not_drawn() -> None:
    rows = one_and_a_floor()
    (only,) = comparison_groups(from_rows(rows))
    chart = cost_chart(only)
    assert chart is not None
    assert [point["name"] for point in chart["points"]] == ["a"]
    assert chart["note"] == "Not drawn: constant (10.0 %)."


def test_no_chart_without_costs() -> None:
    (only,) = comparison_groups(from_rows([make_row(fit_seconds=None)]))
    assert cost_chart(only) is None
