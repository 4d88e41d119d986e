"""The site in a real browser: pages, figures, colours, paper and downloads."""

from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Opener, address, choose, wait_for
from sample_rows import make_row

from leaderboard.results import from_rows
from leaderboard.site.site_builder import write_site

pytestmark = pytest.mark.browser


def background(window: Any) -> str:
    found: str = window.execute_script("return getComputedStyle(document.body).backgroundColor")
    return found


def test_dark_is_the_systems_wish_or_the_readers(open_page: Opener, site: Path) -> None:
    window = open_page("index.html")
    light = background(window)
    assert light == "rgb(255, 255, 255)"
    wish = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    wait_for(window, lambda: background(window) != light, lambda: "the page stays light")
    button = window.find_element("id", "theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert background(window) == light
    window.get((site / "methods" / "good.html").as_uri())
    assert background(window) == light, "what was chosen is remembered"


def test_paper_is_light_and_holds_every_row(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    window.find_element("id", "theme").click()
    window.execute_script(
        """window.seen = [];
        window.addEventListener("beforeprint", () => window.seen.push(
            [...document.querySelectorAll("details:not(.columns)")].every((d) => d.open)));"""
    )
    window.execute_cdp_cmd("Page.printToPDF", {})
    assert window.execute_script("return window.seen") == [True]
    assert not window.execute_script("return document.querySelector('details').open")
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert background(window) == "rgb(255, 255, 255)"
    assert not window.find_element("tag name", "nav").is_displayed()


def test_the_chart_has_a_point_for_each_method(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    points = window.find_elements("css selector", ".chart svg a")
    assert {point.get_attribute("aria-label").split(",")[0] for point in points} == {"good", "poor"}
    assert not window.find_elements("css selector", ".chart img")
    tips = "return document.querySelector('.chart g[aria-label=tip]').textContent"
    assert window.execute_script(tips) == ""
    from selenium.webdriver import ActionChains

    window.execute_script("arguments[0].scrollIntoView({block: 'center'})", points[0])
    ActionChains(window).move_to_element(points[0]).perform()
    wait_for(window, lambda: "macro-F1" in window.execute_script(tips), lambda: "no tip")
    points[0].send_keys("\ue007")
    assert window.find_element("tag name", "h1").text in {"good", "poor"}


def test_names_in_the_chart_keep_apart(open_page: Opener, tmp_path: Path) -> None:
    scores = {"best-of-the-one-family": 0.800, "best-of-the-other-family": 0.798, "third": 0.797}
    rows = [
        make_row(method=name, family=name, macro_f1=score, fit_seconds=10.0)
        for name, score in scores.items()
    ]
    rows.append(make_row(method="low", family="low", macro_f1=0.2, fit_seconds=10.0))
    rows.append(make_row(method="slow", family="low", macro_f1=0.1, device_name="another"))
    write_site(from_rows(rows), tmp_path / "crowded")
    window = open_page("index.html")
    window.get((tmp_path / "crowded" / "sections" / "1.html").as_uri())
    found = window.execute_script(
        """return [...document.querySelectorAll(".chart g[aria-label='text'] text")].map((name) => {
            const { left, right, top, bottom } = name.getBoundingClientRect();
            return [name.textContent, left, right, top, bottom];
        });"""
    )
    # One above its point, one below; the third has no place, and the last is far from them.
    assert [name for name, *_ in found] == [*list(scores)[:2], "low"]
    (_, *first), (_, *second), _ = found
    assert first[3] < second[2]


def test_two_methods_side_by_side(open_page: Opener) -> None:
    window = open_page("compare.html")

    def cells() -> list[list[str]]:
        rows = window.find_elements("css selector", "#compare-table tbody tr")
        return [[c.text for c in row.find_elements("css selector", "th, td")] for row in rows]

    wait_for(window, lambda: len(cells()) == 3, lambda: str(cells()))
    first = cells()
    assert [line[0] for line in first] == [
        "all transfers",
        "FRA:CHN\ncross-continent",
        "FRA:USA\ncross-continent",
    ]
    assert first[0][2:4] == ["100.0", "16.7"]
    assert first[0][1].startswith("+83.3 (+")
    assert first[0][4] == "undecided, fewer than 2 seeds"
    said = window.find_element("id", "compare-verdict").text
    assert said.startswith("good is 83.3 points above poor over all transfers (+")
    window.find_element("id", "swap").click()
    assert cells()[0][2:4] == ["16.7", "100.0"]
    assert cells()[0][1].startswith("-83.3 (-")
    assert window.find_element("id", "compare-verdict").text == said
    assert address(window) == "#?group=1&first=poor&second=good"
    swapped = cells()
    window.refresh()
    wait_for(window, lambda: cells() == swapped, lambda: str(cells()))
    window.back()
    wait_for(window, lambda: cells() == first, lambda: str(cells()))
    choose(window, "group", "tiny (simulated), protocol smoke")
    assert "no two methods" in window.find_element("id", "compare-verdict").text


def test_tables_can_be_read_without_scripts(open_page: Opener, site: Path) -> None:
    window = open_page("index.html")
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    for page in ("index.html", "sections/1.html", "compare.html"):
        window.get((site / page).as_uri())
        tables = window.find_elements("css selector", ".scroll table")
        assert any("poor" in table.text for table in tables), page
        assert not window.find_element("id", "theme").is_displayed()
    assert "needs scripts" in window.find_element("tag name", "main").text
    window.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_numbers_of_a_figure_open_by_keyboard(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    table = window.find_element("id", "heat-map-numbers")
    summary = table.find_element("xpath", "ancestor::details/summary")
    assert not table.is_displayed()
    summary.send_keys("\ue007")
    wait_for(window, table.is_displayed, lambda: "the table stays shut")
    assert "good" in table.text


def test_opening_a_method_and_a_transfer(open_page: Opener) -> None:
    window = open_page("index.html")
    window.find_element("link text", "good").click()
    assert window.find_element("tag name", "h1").text == "good"
    assert "cropglobe run --methods 'good'" in window.find_element("tag name", "main").text
    window.find_element("link text", "FRA:CHN").click()
    assert window.find_element("tag name", "h1").text == "FRA:CHN"


def test_what_is_wider_than_a_phone_says_so(open_page: Opener) -> None:
    window = open_page("methods/good.html", PHONE)
    box = "const box = document.querySelector('.scroll:has(table)');"
    is_marked = "return box.classList.contains('more')"
    wait_for(window, lambda: window.execute_script(box + is_marked), lambda: "no mark")
    window.execute_script(box + "box.scrollLeft = box.scrollWidth")
    wait_for(
        window, lambda: not window.execute_script(box + is_marked), lambda: "marked at its end"
    )
    height = "return document.querySelector('.badge img').getBoundingClientRect().height"
    assert window.execute_script(height) == 20, "a badge is not made smaller than it can be read"


def test_captions_stay_in_sight_on_a_phone(open_page: Opener) -> None:
    window = open_page("index.html", PHONE)
    beyond = window.execute_script(
        """return [...document.querySelectorAll("caption")]
            .filter((caption) => {
                const edge = caption.closest(".scroll").getBoundingClientRect().right;
                return caption.getBoundingClientRect().right > edge + 1;
            })
            .map((caption) => caption.textContent);"""
    )
    assert beyond == []


def test_figures_are_shown(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    widths = window.execute_async_script(
        """const done = arguments[0];
        const decode = (image) => {
            image.loading = "eager";
            return image.decode().then(() => image.naturalWidth);
        };
        Promise.all([...document.images].map(decode)).then(done);"""
    )
    assert widths
    assert min(widths) > 300


def test_downloads(open_page: Opener, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    window = open_page("index.html")
    window.find_element("link text", "Leaderboard (CSV)").click()
    file = tmp_path / "leaderboard.csv"
    WebDriverWait(window, 10).until(lambda _: file.is_file())
    assert "macro_f1" in file.read_text("utf-8")
