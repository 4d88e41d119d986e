"""Formats of tables: every one with hostile names, and with as many notes as are wanted."""

import csv
import io
import re
from html.parser import HTMLParser

import pytest
from sample_rows import HOSTILE, hostile_rows, simulated_rows, tables

from leaderboard.comparison_group import comparison_groups
from leaderboard.results import Results
from leaderboard.tables.leaderboard_files import csv_text
from leaderboard.tables.paper_tables import STYLES
from leaderboard.tables.section_facts import SIMULATED_MARK
from leaderboard.tables.table_content import Notes
from leaderboard.tables.table_formats import FORMATS, as_csv, as_html, as_markdown


def test_lines_of_a_csv_can_be_told_apart(results: Results) -> None:
    found = list(csv.DictReader(io.StringIO(as_csv(tables(results)))))
    keys = {(cell["table"], cell["line"], cell["column"]) for cell in found}
    assert len(keys) == len(found)
    assert {cell["row"] for cell in found if cell["line"] == "1"} == {"m", "m.aug"}


@pytest.mark.parametrize("form", ["markdown", "html", "latex"])
def test_notes_are_as_many_as_are_wanted(form: str) -> None:
    (table,) = tables(simulated_rows(), "summary")
    fingerprint = next(note for note in table.notes if "fingerprint" in note)
    texts = {choice: FORMATS[form]([table], choice) for choice in Notes}
    under = {
        choice: "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        for choice, text in texts.items()
    }
    assert fingerprint in under[Notes.full]
    assert [fingerprint in under[n] for n in (Notes.short, Notes.none)] == [False, False]
    assert [SIMULATED_MARK in under[n] for n in Notes] == [True, True, False]
    # What is not shown in LaTeX stands above it as a comment.
    assert (fingerprint in texts[Notes.none]) == (form == "latex")


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_the_same_each_time_and_never_empty(form: str) -> None:
    one, two = (FORMATS[form](tables(hostile_rows())) for _ in range(2))
    assert one == two
    assert len(one) > 1000


def test_hostile_names_in_markdown() -> None:
    text = as_markdown(tables(hostile_rows()))
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(", text)


class Tags(HTMLParser):
    """Collects the tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_in_html() -> None:
    page = Tags()
    page.feed(as_html(tables(hostile_rows())))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert not {"a", "img", "iframe"} & page.tags


def test_hostile_names_in_csv() -> None:
    for text in (
        as_csv(tables(hostile_rows())),
        csv_text(comparison_groups(hostile_rows())[0].transfers),
    ):
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        names = {cell for cell in cells if "calc" in cell}
        assert names == {"'" + HOSTILE[3]}
        assert not [c for c in cells if re.match(r"[=@\t\r]|[+-](?![\d.]+$)", c)]


def test_styles_have_names_that_commands_know() -> None:
    assert set(STYLES) == {"summary", "paper", "full"}
    assert set(FORMATS) == {"markdown", "latex", "csv", "html"}
