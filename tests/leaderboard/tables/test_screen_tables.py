"""Leaderboards on a terminal: what is shown where it is narrow, and what is said of the rest."""

import io

import pytest
from rich.console import Console
from rich.table import Table
from sample_rows import make_row

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.tables.column_choice import FIRST, column_named
from leaderboard.tables.columns import main_columns, method_frame
from leaderboard.tables.screen_tables import GAP, fitted_table, fitting_columns
from leaderboard.tables.section_facts import notes, remarks
from leaderboard.tables.text_tables import screen_tables

LONG = "median.random-forest.aug"

ROWS = [
    make_row(method=method, target=target, macro_f1=score)
    for method, score in ((LONG, 0.66), ("ltae", 0.7))
    for target in ("CHN", "USA")
]


def printed(table: Table, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [50, 80, 120, 200])
def test_a_leaderboard_is_as_wide_as_the_terminal_at_most(width: int) -> None:
    results = from_rows(ROWS)
    (table,) = screen_tables(results, width)
    lines = printed(table, width)
    assert max(map(len, lines)) <= width
    assert any(LONG in line and " 66.0 " in line for line in lines), "no cell is cut short"
    titles = {column.title for column in main_columns(method_frame(comparison_groups(results)[0]))}
    shown = {str(column.header).replace("-\n", "-").replace("\n", " ") for column in table.columns}
    assert {"rank", "method", "macro-F1"} <= shown < titles
    left_out = titles - shown - {"family"}
    said = " ".join(str(table.caption).split())
    for title in left_out:
        assert title in said
    assert bool(left_out) == (width < 120)


def test_more_room_shows_more_columns_and_those_that_matter_first() -> None:
    headings, body = ["a", "b", "c", "d", "e"], [["x" * 10] * 5]
    first = ["e", "b", "d"]
    shown = [
        "".join(headings[n] for n in fitting_columns(headings, body, width=w, first=first))
        for w in (10, 34, 46, 57, 58)
    ]
    assert shown == ["bde", "bde", "abde", "abde", "abcde"]
    # Five columns of 10 and the gaps between them.
    assert 5 * 10 + 4 * GAP == 58


def test_what_one_column_leaves_free_a_narrower_one_takes() -> None:
    headings, body = ["a", "b", "c", "wide", "d"], [["1", "2", "3", "4" * 30, "5"]]
    assert fitting_columns(headings, body, width=20, first=headings) == [0, 1, 2, 4]


def test_a_limit_is_not_shown_without_the_other() -> None:
    headings = ["method", "macro-F1", "gap", "95% low", "95% high"]
    body = [["m" * 10, "12.3", "1.0", "10.0", "15.0"]]
    narrow = fitting_columns(headings, body, width=34, first=headings)
    assert narrow == [0, 1, 2]
    assert fitting_columns(headings, body, width=38, first=headings) == [0, 1, 2, 3, 4]


def test_signs_of_markup_are_shown_as_they_are() -> None:
    table = fitted_table("[b]t[/b]", ["method", "[x]"], [["[red]m", "1"]], width=80, first=())
    text = "\n".join(printed(table, 80))
    assert "[red]m" in text
    assert "[b]t[/b]" in text
    assert "[x]" in text


def test_a_name_that_is_wider_than_the_terminal_is_folded() -> None:
    table = fitted_table(
        "t", ["method", "macro-F1"], [["m" * 60, "12.3"]], width=40, first=["method", "macro-F1"]
    )
    lines = printed(table, 40)
    assert max(map(len, lines)) <= 40
    assert "".join(lines).count("m") >= 60
    assert any("12.3" in line for line in lines)


def test_columns_that_matter_exist() -> None:
    assert [column_named(name).name for name in FIRST] == list(FIRST)


def test_methods_without_a_score_are_named_with_the_reason() -> None:
    lacking = [
        make_row(
            method=name, target=target, macro_f1=None, status=status, reason=f"No {what}\nhere."
        )
        for target in ("CHN", "USA")
        for name, status, what in (
            ("presto.mlp", "unavailable", "weights"),
            ("presto.xgboost", "unavailable", "weights"),
            ("mine.broken", "failed", "luck"),
        )
    ]
    (group,) = comparison_groups(from_rows([*ROWS, *lacking]))
    said = notes(group)
    assert "Unavailable: presto.mlp, presto.xgboost: No weights here." in said
    assert "Failed: mine.broken: No luck here." in said
    assert set(said) <= set(remarks(group))
    (table,) = screen_tables(group.results, 80)
    assert "Unavailable: presto.mlp, presto.xgboost: No weights here." in str(table.caption)


def test_a_rank_of_one_method_is_said_to_be_none() -> None:
    alone = [row for row in ROWS if row.method == "ltae"]
    (table,) = screen_tables(from_rows(alone), 200)
    said = " ".join(str(table.caption).split())
    assert "ltae is the only ranked method, so that its rank says nothing; `cropglobe comp" in said
    (both,) = screen_tables(from_rows(ROWS), 200)
    assert "only ranked method" not in str(both.caption)
