"""The site of a small run, and an opener of its pages."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browsing import PHONE, Opener
from sample_rows import make_row, write_run

from leaderboard.results import from_rows, read_results
from leaderboard.site.site_builder import write_site

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def browser_paths() -> tuple[str, str]:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("Chromium and its driver are not installed")
    return browser, driver


@pytest.fixture(scope="session")
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


@pytest.fixture
def open_page(site: Path, tmp_path: Path) -> Iterator[Opener]:
    """Return an opener of pages that also checks the console and outside requests at the end."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
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
