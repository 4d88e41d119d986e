"""What readers choose in tables: order, filters, columns, and the address of a view."""

from pathlib import Path
from typing import Any

import pytest
from browsing import Opener, address, choose, expect, expect_order, heading, names, wait_for

pytestmark = pytest.mark.browser


def open_all(open_page: Opener, page: str = "index.html") -> Any:
    """Open a page and choose the rows of every dataset."""
    window = open_page(page)
    assert choose(window, "dataset", "all") == ["all", "tiny", "tiny (simulated)"]
    return window


def test_a_page_begins_with_one_group(open_page: Opener) -> None:
    window = open_page("index.html")
    expect(window, "good", "poor")
    heading(window, "macro-F1").click()
    expect(window, "poor", "good")
    choose(window, "dataset", "tiny (simulated)")
    expect(window, "made-up")
    assert "leaderboard.dataset=tiny (simulated)" in address(window)
    window.refresh()
    expect(window, "made-up")
    choose(window, "dataset", "all")
    expect(window, "poor", "made-up", "good")
    window.refresh()
    expect(window, "poor", "made-up", "good")


def test_sorting_by_mouse_and_keyboard(open_page: Opener) -> None:
    window = open_all(open_page)
    expect(window, "good", "poor", "made-up")
    heading(window, "macro-F1").click()
    expect(window, "poor", "made-up", "good")
    expect_order(window, "macro-F1", "ascending")
    control = heading(window, "macro-F1").find_element("css selector", "[tabindex='0']")
    control.send_keys("\ue007")
    expect(window, "good", "made-up", "poor")
    expect_order(window, "macro-F1", "descending")


def test_filtering_and_searching(open_page: Opener) -> None:
    window = open_all(open_page)
    assert choose(window, "family", "other") == ["all", "other", "test"]
    expect(window, "made-up")
    choose(window, "family", "all")
    window.find_element("css selector", "input[type='search']").send_keys("poo")
    expect(window, "poor")


def test_the_leaderboard_of_one_relation(open_page: Opener) -> None:
    window = open_all(open_page)
    expect(window, "good", "poor", "made-up")
    options = choose(window, "relation", "cross-hemisphere")
    assert options == ["all", "all transfers", "cross-continent", "cross-hemisphere"]
    expect(window, "made-up")


def test_what_was_checked_can_be_chosen(open_page: Opener) -> None:
    window = open_page("index.html")
    choose(window, "verified", "verified by rerun")
    expect(window, "good")


def test_relations_can_be_chosen(open_page: Opener) -> None:
    window = open_page("transfers.html")
    expect(window, "good", "poor", "good", "poor", table="cells")
    choose(window, "dataset", "all")
    assert len(names(window, "cells")) == 6
    choose(window, "relation", "cross-hemisphere")
    expect(window, "made-up", table="cells")


def test_transfers_are_sorted_by_any_of_them(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    expect(window, "good", "poor", table="transfers")
    heading(window, "FRA:CHN", "transfers").click()
    expect(window, "poor", "good", table="transfers")


def chosen(window: Any, label: str) -> str:
    found: str = window.find_element(
        "xpath", f"//label[starts-with(., '{label}')]/select"
    ).get_property("value")
    return found


def test_back_and_forward_give_back_what_was_chosen(open_page: Opener) -> None:
    window = open_all(open_page)
    expect(window, "good", "poor", "made-up")
    choose(window, "family", "other")
    expect(window, "made-up")
    assert address(window) == "#?leaderboard.dataset=&leaderboard.family=other"
    window.back()
    expect(window, "good", "poor", "made-up")
    assert chosen(window, "family") == ""
    window.forward()
    expect(window, "made-up")
    assert chosen(window, "family") == "other"
    window.find_element("link text", "made-up").click()
    window.back()
    expect(window, "made-up")
    assert chosen(window, "family") == "other"


def test_a_link_opens_the_view_that_it_names(open_page: Opener, site: Path) -> None:
    window = open_page("index.html")
    view = (
        "#?leaderboard.dataset=&leaderboard.family=test"
        "&leaderboard.sort=macro-F1&leaderboard.search=o"
    )
    window.get((site / "index.html").as_uri() + view)
    window.refresh()
    expect(window, "poor", "good")
    expect_order(window, "macro-F1", "ascending")
    assert chosen(window, "family") == "test"
    # Another place in the page, as of the link to its content, leaves the view as it is.
    window.execute_script("location.hash = '#main'")
    expect(window, "poor", "good")
    # What no table knows is left alone.
    window.get(
        (site / "index.html").as_uri()
        + "#?leaderboard.dataset=&leaderboard.relation=moon&leaderboard.sort=x&y"
    )
    expect(window, "good", "poor", "made-up")


def columns(window: Any) -> list[str]:
    found: list[str] = window.execute_script(
        "return [...document.querySelectorAll('#leaderboard thead th')].map((c) => c.dataset.name)"
    )
    return found


def test_columns_are_chosen_remembered_and_in_the_address(open_page: Opener, site: Path) -> None:
    window = open_page("index.html")
    heading(window, "macro-F1")
    assert "fit s" in columns(window)
    assert "average rank" not in columns(window)
    window.find_element("css selector", ".columns summary").click()
    for name in ("fit s", "average rank"):
        window.find_element("css selector", f".columns input[value='{name}']").click()
    wait_for(window, lambda: "average rank" in columns(window), lambda: str(columns(window)))
    assert "fit s" not in columns(window)
    assert "average rank" in address(window)
    window.get((site / "index.html").as_uri())
    heading(window, "macro-F1")
    assert "average rank" in columns(window)
    assert "fit s" not in columns(window)
    window.get((site / "methodology.html").as_uri())
    window.get((site / "index.html").as_uri() + "#?leaderboard.columns=method,rank,macro-F1")
    heading(window, "macro-F1")
    assert columns(window) == ["method", "rank", "macro-F1"]


def test_a_page_works_where_nothing_may_be_remembered(open_page: Opener, site: Path) -> None:
    window = open_page("index.html")
    window.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument",
        {
            "source": "Object.defineProperty(window, 'localStorage',"
            " {get() { throw new DOMException('refused'); }});"
        },
    )
    window.refresh()
    choose(window, "dataset", "all")
    choose(window, "family", "other")
    expect(window, "made-up")
    window.find_element("id", "theme").click()
    assert "dark" in window.find_element("tag name", "html").get_attribute("class")
