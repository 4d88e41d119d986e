"""Every relative link of the documentation leads to a file and, after a '#', to a heading of it."""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("**/*.md"),
        *(ROOT / "docs").glob("**/*.ipynb"),
        *(ROOT / "submissions").glob("*.md"),
    ]
)

LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)")
FENCE = re.compile(r"^(```+|~~~+).*?^\1", re.M | re.S)
CODE = re.compile(r"`[^`\n]*`")
ELSEWHERE = ("http://", "https://", "mailto:")


def prose(path: Path) -> str:
    """Return the Markdown of a page or notebook without its code."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return FENCE.sub("", text)


def anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a page: `## A, B` is `a-b`."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", prose(path), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        kept = "".join(
            sign for sign in text if sign in " -_" or unicodedata.category(sign)[0] in "LNM"
        )
        base = name = kept.strip().replace(" ", "-")
        number = 0
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found.add(name)
    return found


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the file and the heading that each relative link of a page names."""
    for target in LINK.findall(CODE.sub("", prose(path))):
        if not target.startswith(ELSEWHERE):
            place, _, heading = target.partition("#")
            yield place, heading


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for place, heading in links(page):
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), f"{place} is not there"
        assert target.is_relative_to(ROOT), f"{place} is outside of the repository"
        if heading:
            assert heading in anchors(target), f"{place} has no heading #{heading}"


def test_the_links_of_pages_are_seen() -> None:
    assert ("docs/leaderboard.md", "what-the-numbers-are") in set(links(ROOT / "README.md"))
    assert "what-the-numbers-are" in anchors(ROOT / "docs" / "leaderboard.md")
    assert ("../submit.md", "") in {
        link for path in PAGES if path.suffix == ".ipynb" for link in links(path)
    }
