"""The site in a real browser: sorting, filtering, opening, downloading, keyboard, phone width."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_rows import make_row, write_run

from leaderboard.evidence import from_rows, read_evidence
from leaderboard.site import write_site

pytestmark = pytest.mark.browser

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = (390, 844)


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
    read = read_evidence([write_run(root / "run", answers, labels=[labels, labels])], draws=50)
    more = [
        make_row(method="made-up", family="other", target=target, simulated=True, fingerprint="f")
        for target in ("CHN", "ARG")
    ]
    together = from_rows([*read.rows, *more])
    write_site(together, root / "site")
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
    found = window.find_elements("css selector", "table.sortable tbody tr th")
    return [element.text for element in found]


def expect(window: Any, *methods: str) -> None:
    """Wait until the table shows these methods: it sorts a moment after it was asked to."""
    from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
    from selenium.webdriver.support.ui import WebDriverWait

    wait = WebDriverWait(window, 10, ignored_exceptions=(StaleElementReferenceException,))
    try:
        wait.until(lambda _: names(window) == list(methods))
    except TimeoutException:
        assert names(window) == list(methods)


def heading(window: Any, title: str) -> Any:
    cells = window.find_elements("css selector", "#leaderboard thead th")
    return next(cell for cell in cells if cell.text.strip() == title)


def test_sorting_by_mouse_and_keyboard(open_page: Opener) -> None:
    window = open_page("index.html")
    assert sorted(names(window)) == ["good", "made-up", "poor"]
    heading(window, "macro-F1").click()
    expect(window, "poor", "made-up", "good")
    assert heading(window, "macro-F1").get_attribute("aria-sort") == "ascending"
    control = heading(window, "macro-F1").find_element("css selector", "[tabindex='0']")
    control.send_keys("\ue007")
    expect(window, "good", "made-up", "poor")
    assert heading(window, "macro-F1").get_attribute("aria-sort") == "descending"


def test_filtering_and_searching(open_page: Opener) -> None:
    window = open_page("index.html")
    choice = window.find_element("xpath", "//label[starts-with(., 'family')]/select")
    options = {option.text: option for option in choice.find_elements("tag name", "option")}
    assert list(options) == ["all", "other", "test"]
    options["other"].click()
    expect(window, "made-up")
    options["all"].click()
    window.find_element("css selector", "input[type='search']").send_keys("poo")
    expect(window, "poor")


def test_relations_can_be_chosen(open_page: Opener) -> None:
    window = open_page("transfers.html")
    assert len(names(window)) == 6
    choice = window.find_element("xpath", "//label[starts-with(., 'relation')]/select")
    options = {option.text: option for option in choice.find_elements("tag name", "option")}
    options["cross-hemisphere"].click()
    expect(window, "made-up")


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


@pytest.mark.parametrize("page", ["index.html", "methods/good.html", "methodology.html"])
def test_a_phone_scrolls_tables_and_not_the_page(open_page: Opener, page: str) -> None:
    window = open_page(page, PHONE)
    wide = window.execute_script("return document.documentElement.scrollWidth")
    assert wide <= PHONE[0]


def test_every_control_has_a_name(open_page: Opener) -> None:
    window = open_page("index.html")
    for control in window.find_elements("css selector", "select, input, a, button"):
        assert control.accessible_name, control.get_attribute("outerHTML")
