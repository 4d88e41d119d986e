"""Intervals in the sentences about results are those that the shipped rows give today.

Tables are held to the rows by test_documentation; sentences are written by hand, and go stale when
a formula or a row changes.
"""

import importlib
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.statistics.intervals import Draws, interval

ROOT = Path(__file__).parents[1]
METRIC = "macro_f1"
REAL = ("DATA", "standard")
SIMULATED = ("CropGlobe (simulated)", "standard")
MADE = re.compile(r"<!-- rows.*?<!-- end of rows -->|^\|[^\n]*$", re.S | re.M)
INTERVAL = re.compile(r"([+-]?\d+\.\d)\s+to\s+([+-]?\d+\.\d)")
BEFORE = 160
"""Characters before an interval in which its middle stands."""

Shown = tuple[float, float, float]


def shown(point: float, draws: Draws) -> Shown:
    limits = interval(draws, point)
    found = (round(100 * value, 1) + 0.0 for value in (point, limits.low, limits.high))
    point, low, high = found
    return point, low, high


def intervals(groups: list[ComparisonGroup], transfer: str | None) -> Iterator[Shown]:
    """Yield every score and every difference, either way round, on a transfer or in the mean."""
    known: list[tuple[float, Draws]] = []
    for group in groups:
        for method in sorted(set(group.transfers["method"])):
            lines = group.transfers[group.transfers["method"] == method]
            if transfer is not None:
                lines = lines[lines["transfer"] == transfer]
            drawn = (
                group.mean_draws(method, METRIC)
                if transfer is None
                else group.draws(method, transfer, METRIC)
            )
            if drawn is not None and len(lines):
                known.append((float(lines[METRIC].mean()), drawn))
    for point, draws in known:
        yield shown(point, draws)
    for (one, first), (other, second) in combinations(known, 2):
        point, low, high = shown(one - other, first - second)
        yield point, low, high
        yield -point + 0.0, -high + 0.0, -low + 0.0


def sentences(name: str) -> str:
    text = (ROOT / name).read_text("utf-8")
    if name == "README.md":
        parts = re.findall(r"<!-- (?:simulated|real) leaderboard -->(.*?)<!-- end -->", text, re.S)
        text = "\n".join(parts)
    return MADE.sub("", text)


Said = tuple[set[float], float, float]
"""What may be the middle of an interval in a sentence, and its limits."""


def intervals_said(text: str) -> Iterator[Said]:
    for match in INTERVAL.finditer(text):
        before = text[max(0, match.start() - BEFORE) : match.start()]
        points = {float(number) for number in re.findall(r"[+-]?\d+\.\d", before)}
        yield points, float(match[1]), float(match[2])


def without_those_of(groups: list[ComparisonGroup], said: list[Said]) -> list[Said]:
    for transfer in (None, *(name for _, name in groups[0].comparable.transfers)):
        if said:
            known: dict[tuple[float, float], set[float]] = {}
            for point, low, high in intervals(groups, transfer):
                known.setdefault((low, high), set()).add(point)
            said = [one for one in said if not one[0] & known.get(one[1:], set())]
    return said


@pytest.fixture(scope="module")
def groups_of() -> Callable[[str, str], list[ComparisonGroup]]:
    """A function, since pytest would write out groups of a test that fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        results = importlib.import_module("results_pages").shipped_results()
    found = comparison_groups(results)

    def of(dataset: str, protocol: str) -> list[ComparisonGroup]:
        return [
            group
            for group in found
            if (group.comparable.dataset, group.comparable.protocol) == (dataset, protocol)
        ]

    return of


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("README.md", (REAL, SIMULATED, ("CropGlobe (simulated)", "quick"))),
        ("docs/results-real.md", (REAL,)),
        ("docs/results-simulated.md", (SIMULATED,)),
    ],
)
def test_intervals_in_sentences_are_those_of_the_shipped_rows(
    name: str,
    runs: tuple[tuple[str, str], ...],
    groups_of: Callable[[str, str], list[ComparisonGroup]],
) -> None:
    said = list(intervals_said(sentences(name)))
    assert len(said) >= 5
    for dataset, protocol in runs:
        said = without_those_of(groups_of(dataset, protocol), said)
    assert [f"{low} to {high}" for _, low, high in said] == []
