"""The site in a real browser: what readers choose, where they go, each width and colour mode."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_rows import make_row, write_run

from leaderboard.results import from_rows, read_results
from leaderboard.site.site_builder import write_site

pytestmark = pytest.mark.browser

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = (390, 844)
SIZES = ((1440, 900), (768, 1024), PHONE)
AXE = Path(__file__).parent / "axe" / "axe.min.js"
"""Rules of accessibility: axe-core 4, MPL 2.0, licence beside it."""

PATIENCE = 30
"""Seconds that a page may take on a busy machine."""


def browser_paths() -> tuple[str, str]:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium and its driver are not installed")
    return browser, driver


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two groups: `good` and `poor` with predictions, and `made-up` on simulated data."""
    root = tmp_path_factory.mktemp("site")
    labels = [0, 1, 2] * 20
    answers = {("good", 1): [labels, labels], ("poor", 1): [[0] * 60, [1] * 60]}
    read = read_results([write_run(root / "run", answers, labels=[labels, labels])], draws=50)
    more = [
        make_row(method="made-up", family="other", target=target, simulated=True, fingerprint="f")
        for target in ("CHN", "ARG")
    ]
    more.append(make_row(method="absent", macro_f1=None, status="unavailable", reason="no weights"))
    rows = from_rows([*read.rows, *more]).rows
    write_site(replace(read, rows=rows, verification={"good": "verified by rerun"}), root / "site")
    return root / "site"


Opener = Callable[..., Any]


@pytest.fixture
def open_page(site: Path, tmp_path: Path) -> Iterator[Opener]:
    """Return an opener of pages that also checks the console and outside requests at the end."""
    browser, driver = browser_paths()
    opened = []

    def open_one(page: str, size: tuple[int, int] = (1280, 900)) -> Any:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
            options.add_argument(word)
        options.add_argument(f"--window-size={size[0]},{size[1]}")
        if size == PHONE:
            metrics = {"width": size[0], "height": size[1], "pixelRatio": 1.0, "touch": True}
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
        options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        opened.append(window)
        window.get((site / page).as_uri())
        return window

    yield open_one
    try:
        for window in opened:
            assert window.get_log("browser") == []
            sent = [
                entry["message"]
                for entry in window.get_log("performance")
                if '"Network.requestWillBeSent"' in entry["message"]
            ]
            assert sent
            assert not [text for text in sent if '"url":"http' in text]
    finally:
        for window in opened:
            window.quit()


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


def test_sorting_by_mouse_and_keyboard(open_page: Opener) -> None:
    window = open_page("index.html")
    expect(window, "good", "poor", "made-up")
    heading(window, "macro-F1").click()
    expect(window, "poor", "made-up", "good")
    expect_order(window, "macro-F1", "ascending")
    control = heading(window, "macro-F1").find_element("css selector", "[tabindex='0']")
    control.send_keys("\ue007")
    expect(window, "good", "made-up", "poor")
    expect_order(window, "macro-F1", "descending")


def test_filtering_and_searching(open_page: Opener) -> None:
    window = open_page("index.html")
    assert choose(window, "family", "other") == ["all", "other", "test"]
    expect(window, "made-up")
    choose(window, "family", "all")
    window.find_element("css selector", "input[type='search']").send_keys("poo")
    expect(window, "poor")


def test_the_leaderboard_of_one_relation(open_page: Opener) -> None:
    window = open_page("index.html")
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
    assert len(names(window, "cells")) == 6
    choose(window, "relation", "cross-hemisphere")
    expect(window, "made-up", table="cells")


def test_transfers_are_sorted_by_any_of_them(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    expect(window, "good", "poor", table="transfers")
    heading(window, "FRA:CHN", "transfers").click()
    expect(window, "poor", "good", table="transfers")


def address(window: Any) -> str:
    found: str = window.execute_script("return decodeURIComponent(location.hash)")
    return found.replace("+", " ")


def chosen(window: Any, label: str) -> str:
    found: str = window.find_element(
        "xpath", f"//label[starts-with(., '{label}')]/select"
    ).get_property("value")
    return found


def test_back_and_forward_give_back_what_was_chosen(open_page: Opener) -> None:
    window = open_page("index.html")
    expect(window, "good", "poor", "made-up")
    choose(window, "family", "other")
    expect(window, "made-up")
    assert address(window) == "#?leaderboard.family=other"
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
    view = "#?leaderboard.family=test&leaderboard.sort=macro-F1&leaderboard.search=o"
    window.get((site / "index.html").as_uri() + view)
    window.refresh()
    expect(window, "poor", "good")
    expect_order(window, "macro-F1", "ascending")
    assert chosen(window, "family") == "test"
    # Another place in the page, as of the link to its content, leaves the view as it is.
    window.execute_script("location.hash = '#main'")
    expect(window, "poor", "good")
    # What no table knows is left alone.
    window.get((site / "index.html").as_uri() + "#?leaderboard.relation=moon&leaderboard.sort=x&y")
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
    choose(window, "family", "other")
    expect(window, "made-up")
    window.find_element("id", "theme").click()
    assert "dark" in window.find_element("tag name", "html").get_attribute("class")


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


def test_two_methods_side_by_side(open_page: Opener) -> None:
    window = open_page("compare.html")

    def cells() -> list[list[str]]:
        rows = window.find_elements("css selector", "#compare-table tbody tr")
        return [[c.text for c in row.find_elements("css selector", "th, td")] for row in rows]

    first = cells()
    assert [line[0] for line in first] == [
        "all transfers",
        "FRA:CHN\ncross-continent",
        "FRA:USA\ncross-continent",
    ]
    assert first[0][2:4] == ["100.0", "16.7"]
    assert first[0][1].startswith("+83.3 (+")
    assert first[0][4] == "undecided, fewer than 3 seeds"
    said = window.find_element("id", "compare-verdict").text
    assert said.startswith("good is 83.3 points above poor over all transfers (+")
    window.find_element("id", "swap").click()
    assert cells()[0][2:4] == ["16.7", "100.0"]
    assert cells()[0][1].startswith("-83.3 (-")
    assert window.find_element("id", "compare-verdict").text == said
    assert address(window) == "#?group=1&first=poor&second=good"
    window.refresh()
    assert cells()[0][2:4] == ["16.7", "100.0"]
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
