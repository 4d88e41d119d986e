"""What a reader does on a page of the site in a browser, and what tests wait for."""

from collections.abc import Callable
from typing import Any

import pytest

PHONE = (390, 844)

PATIENCE = 30
"""Seconds that a page may take on a busy machine."""


Opener = Callable[..., Any]


def names(window: Any, table: str = "leaderboard") -> list[str]:
    """Methods of a table, in its order, read at one moment."""
    found: list[str] = window.execute_script(
        "return [...document.getElementById(arguments[0]).tBodies[0].rows]"
        ".map((row) => row.cells[0].textContent)",
        table,
    )
    return found


def wait_for(window: Any, condition: Callable[[], Any], what: Callable[[], str]) -> None:
    """Wait until a condition holds, and say what was there instead if it never does."""
    from selenium.common.exceptions import TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    try:
        WebDriverWait(window, PATIENCE).until(lambda _: condition())
    except TimeoutException:
        pytest.fail(what())


def expect(window: Any, *methods: str, table: str = "leaderboard") -> None:
    """Wait until a table shows these methods: it sorts a moment after it was asked to."""
    wanted = list(methods)
    wait_for(
        window,
        lambda: names(window, table) == wanted,
        lambda: f"{names(window, table)}, not {wanted}",
    )


def heading(window: Any, title: str, table: str = "leaderboard") -> Any:
    """Return the heading of a column, once DataTables has made it one to sort by."""

    def find() -> Any:
        cells = window.find_elements("css selector", f"#{table} thead th")
        return next((cell for cell in cells if cell.text.split("\n")[0].strip() == title), None)

    wait_for(
        window,
        lambda: window.find_elements("css selector", f"div.dt-container #{table}") and find(),
        lambda: f"no heading {title}",
    )
    return find()


def expect_order(window: Any, title: str, order: str | None) -> None:
    """Wait until a heading says in which order its column is."""
    wait_for(
        window,
        lambda: heading(window, title).get_attribute("aria-sort") == order,
        lambda: f"{title} is {heading(window, title).get_attribute('aria-sort')}, not {order}",
    )


def choose(window: Any, label: str, option: str) -> list[str]:
    """Choose an option of a filter and return all of them."""
    from selenium.webdriver.support.ui import Select

    found = window.find_element("xpath", f"//label[starts-with(., '{label}')]/select")
    Select(found).select_by_visible_text(option)
    return [choice.text for choice in Select(found).options]


def address(window: Any) -> str:
    found: str = window.execute_script("return decodeURIComponent(location.hash)")
    return found.replace("+", " ")
