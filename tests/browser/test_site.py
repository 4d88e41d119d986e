"""The site in a real browser: sorting, filtering, opening, downloading, keyboard, phone width."""

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


def names(window: Any) -> list[str]:
    """Methods of the first sortable table, in its order, read at one moment."""
    found: list[str] = window.execute_script(
        "return [...document.querySelector('table.sortable').tBodies[0].rows]"
        ".map((row) => row.cells[0].textContent)"
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


def expect(window: Any, *methods: str) -> None:
    """Wait until the table shows these methods: it sorts a moment after it was asked to."""
    wanted = list(methods)
    wait_for(window, lambda: names(window) == wanted, lambda: f"{names(window)}, not {wanted}")


def heading(window: Any, title: str) -> Any:
    """Return the heading of a column, once DataTables has made it one to sort by."""

    def find() -> Any:
        cells = window.find_elements("css selector", "#leaderboard thead th")
        return next((cell for cell in cells if cell.text.strip() == title), None)

    wait_for(
        window,
        lambda: window.find_elements("css selector", "div.dt-container #leaderboard") and find(),
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
    assert len(names(window)) == 6
    choose(window, "relation", "cross-hemisphere")
    expect(window, "made-up")


def test_the_numbers_of_a_figure_open_by_keyboard(open_page: Opener) -> None:
    window = open_page("sections/1.html")
    summary = window.find_element("tag name", "summary")
    table = window.find_element("id", "heat-map-numbers")
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


@pytest.mark.parametrize(
    "page",
    ["index.html", "methods/good.html", "methodology.html", "claims.html", "sections/1.html"],
)
def test_a_phone_scrolls_tables_and_not_the_page(open_page: Opener, page: str) -> None:
    window = open_page(page, PHONE)
    wide = window.execute_script("return document.documentElement.scrollWidth")
    assert wide <= PHONE[0]


def test_every_control_has_a_name(open_page: Opener) -> None:
    window = open_page("index.html")
    for control in window.find_elements("css selector", "select, input, a, button"):
        assert control.accessible_name, control.get_attribute("outerHTML")
