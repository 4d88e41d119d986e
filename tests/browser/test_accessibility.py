"""Accessibility of every kind of page, at three widths, in light and dark."""

from pathlib import Path

import pytest
from browsing import PHONE, Opener, choose, expect

pytestmark = pytest.mark.browser

SIZES = ((1440, 900), (768, 1024), PHONE)
AXE = Path(__file__).parent / "axe" / "axe.min.js"
"""Rules of accessibility: axe-core 4, MPL 2.0, licence beside it."""


PAGES = (
    "index.html",
    "transfers.html",
    "compare.html",
    "claims.html",
    "methodology.html",
    "submit.html",
    "sections/1.html",
    "methods/good.html",
    "transfers/FRA-to-CHN.html",
)
"""One page of each kind."""


RULES = """const done = arguments[0];
axe.run({preload: false, resultTypes: ["violations"]}).then((found) =>
    done(found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)])));"""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size[0]))
def test_no_page_breaks_a_rule_of_accessibility(
    open_page: Opener, site: Path, size: tuple[int, int]
) -> None:
    """Run the rules of axe-core, in light and in dark; tables scroll and the page does not."""
    window = open_page(PAGES[0], size)
    for page in PAGES:
        window.get((site / page).as_uri())
        window.execute_script(AXE.read_text("utf-8"))
        for _ in ("light", "dark"):
            mode = window.find_element("tag name", "html").get_attribute("class")
            assert window.execute_async_script(RULES) == [], (page, mode)
            window.find_element("id", "theme").click()
        wide = window.execute_script("return document.documentElement.scrollWidth")
        assert wide <= size[0], page


def test_names_stay_whole_on_a_phone(open_page: Opener) -> None:
    window = open_page("index.html", PHONE)
    choose(window, "dataset", "all")
    expect(window, "good", "poor", "made-up")
    cells = window.execute_script(
        """return [...document.querySelectorAll("#leaderboard tbody th a")].map((link) =>
            [link.textContent, new Set([...link.getClientRects()].map((r) => r.top)).size]);"""
    )
    assert dict(cells) == {"good": 1, "poor": 1, "made-up": 1}


def test_every_control_has_a_name(open_page: Opener) -> None:
    window = open_page("index.html")
    window.find_element("css selector", ".columns summary").click()
    for control in window.find_elements("css selector", "select, input, a, button"):
        assert control.accessible_name, control.get_attribute("outerHTML")
