"""Tables of the site: what is lifted above them, how intervals are drawn, how names break."""

import re
from math import nan
from pathlib import Path

import pytest

from leaderboard.site.site_table import (
    SHADES,
    Item,
    SiteTable,
    drop_empty,
    lift_constants,
    number,
    shaded,
    with_interval,
)
from leaderboard.templating import breakable, with_code

STYLE = (Path(__file__).parents[3] / "leaderboard/site/assets/site.css").read_text("utf-8")


def table(*lines: tuple[str, ...]) -> SiteTable:
    made = tuple(tuple(map(Item, line)) for line in lines)
    return SiteTable("t", "T", ("method", "track", "note"), made, filtered=("track",))


def test_what_is_the_same_in_every_line_stands_above() -> None:
    found = lift_constants(table(("a", "oracle", "x"), ("b", "oracle", "y")), ("track", "note"))
    assert found.headings == ("method", "note")
    assert found.constants == (("track", "oracle"),)
    assert [[item.text for item in line] for line in found.lines] == [["a", "x"], ["b", "y"]]
    assert found.filters == ()


def test_what_differs_or_may_not_be_moved_stays() -> None:
    mixed = table(("a", "oracle", "x"), ("b", "inductive", "x"))
    assert lift_constants(mixed, ("track",)) == mixed
    assert [made.options for made in mixed.filters] == [("inductive", "oracle")]


def test_columns_without_a_value_are_left_out() -> None:
    empty = table(("a", "-", "x"), ("b", "", "y"))
    assert drop_empty(empty, ("track", "note")).headings == ("method", "note")
    assert drop_empty(empty, ()).headings == empty.headings
    assert lift_constants(empty, ("track",)).constants == ()


def test_an_interval_is_written_and_drawn_on_whole_tenths() -> None:
    cell = with_interval(number(0.52), 0.445, 0.61)
    assert (cell.text, cell.said, cell.limits) == ("52.0", "44.5 to 61.0", (0.445, 0.61))
    only = SiteTable("t", "T", ("method", "score"), ((Item("a"), cell),))
    names, score = only.scales
    assert names is None
    assert score is not None
    assert (score.low, score.high) == (0.4, 0.7)
    assert score.place(0.4) == 3
    assert score.place(0.7) == 93
    assert score.place(0.55) == pytest.approx(48)
    assert score.zero is None
    assert only.drawn == "Intervals are of 95 %, drawn for score from 40 to 70."
    difference = SiteTable("t", "T", ("d",), ((with_interval(number(0.0), -0.1, 0.1),),))
    (scale,) = difference.scales
    assert scale is not None
    assert scale.zero == 48


def test_a_score_without_an_interval_has_nothing_drawn() -> None:
    cell = with_interval(number(0.5), nan, nan)
    assert cell == number(0.5)
    assert SiteTable("t", "T", ("score",), ((cell,),)).drawn == ""
    assert with_interval(number(None), 0.1, 0.2).limits is None


def test_the_shade_is_the_tenth() -> None:
    assert [shaded(value).shade for value in (0, 0.099, 0.1, 0.55, 1)] == [0, 0, 1, 5, 9]
    assert shaded(None).shade is None


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb` (WCAG 2.2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [":root", ":root.dark"])
def test_text_on_every_colour_can_be_read(mode: str) -> None:
    (block,) = re.findall(rf"^\s*{re.escape(mode)} {{(.*?)}}", STYLE, re.M | re.S)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    shades = [f"h{step}" for step in range(SHADES)]
    for name in (*shades, "paper", "soft", "marked"):
        assert contrast(colours["ink"], colours[name]) >= 4.5, name
    for name in ("ink", "faint", "accent"):
        assert contrast(colours[name], colours["paper"]) >= 4.5, name
    for name in ("edge", "dot", "focus", *(f"series-{index}" for index in range(7))):
        assert contrast(colours[name], colours["paper"]) >= 3, name
    steps = [luminance(colours[name]) for name in shades]
    assert steps in (sorted(steps), sorted(steps, reverse=True))


def test_names_break_after_signs_and_not_inside_words() -> None:
    assert breakable("median.random-forest") == "median.<wbr>random-<wbr>forest"
    assert breakable("harmonic.xgboost") == "harmonic.<wbr>xgboost"
    assert breakable("<b>") == "&lt;b&gt;"
    assert breakable("") == ""
    assert breakable("a" * 50) == "a" * 24 + "<wbr>" + "a" * 24 + "<wbr>" + "aa"
    assert breakable("..a").replace("<wbr>", "") == "..a"


def test_what_stands_between_backticks_is_code_and_everything_is_escaped() -> None:
    assert with_code("run `a < b` & see") == "run <code>a &lt; b</code> &amp; see"
    # A single backtick, such as one in a name, is a sign like others.
    assert with_code("a`b") == "a`b"
    assert with_code("``") == "``"
    assert with_code("`<script>`") == "<code>&lt;script&gt;</code>"
