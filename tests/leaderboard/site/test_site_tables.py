"""Tables of the site: groups that share their names are told apart in them."""

import pytest
from sample_rows import make_row

from benchmark.results.rows import Row
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.site.site_table import SiteTable
from leaderboard.site.site_tables import (
    every_score_site_table,
    leaderboard_site_table,
    row_site_table,
)

ROW = make_row(method="a", fingerprint="a" * 64)


def made(other: Row) -> list[SiteTable]:
    groups = comparison_groups(from_rows([ROW, other]))
    return [
        leaderboard_site_table(groups),
        every_score_site_table(groups, "cells"),
        row_site_table(groups, "a"),
    ]


@pytest.mark.parametrize(
    ("other", "column", "texts"),
    [
        (
            make_row(method="a", fingerprint="b" * 64),
            "dataset",
            {"tiny aaaaaaaa", "tiny bbbbbbbb"},
        ),
        (
            ROW.model_copy(update={"protocol_hash": "0123456789abcdef"}),
            "protocol",
            {"smoke hash of ", "smoke 01234567"},
        ),
        (
            make_row(method="a", fingerprint="a" * 64, metric_version="1"),
            "protocol",
            {"smoke", "smoke, metrics version 1"},
        ),
    ],
)
def test_groups_of_one_name_are_told_apart(other: Row, column: str, texts: set[str]) -> None:
    for table in made(other):
        assert column not in dict(table.constants)
        index = table.headings.index(column)
        assert {line[index].text for line in table.lines} == texts
        assert next(f for f in table.filters if f.name == column).options == tuple(sorted(texts))


def test_readers_find_one_group_alone() -> None:
    # Sorted by score, rows of other data, protocols or tracks would be one ranking.
    rows = [
        make_row(method="a", macro_f1=0.4),
        make_row(method="b", macro_f1=0.5, protocol="quick"),
        make_row(method="c", macro_f1=0.6, fingerprint="f", simulated=True),
        make_row(method="d", macro_f1=0.7, track="oracle"),
    ]
    groups = comparison_groups(from_rows(rows))
    for table in (leaderboard_site_table(groups), every_score_site_table(groups, "cells")):
        chosen = {f.column: f.chosen for f in table.filters if f.chosen}
        found = [
            line[0].text
            for line in table.lines
            if all(line[column].text == text for column, text in chosen.items())
        ]
        assert found == [table.lines[0][0].text]
        # Which group a line is of stands beside its score, and not at the far end.
        first = table.headings.index("macro-F1")
        assert table.headings[first + 1 : first + 4] == ("dataset", "protocol", "track")
    alone = leaderboard_site_table(groups[:1])
    assert [f.chosen for f in alone.filters] == []
