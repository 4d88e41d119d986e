"""Figures: the same bytes each time, what is drawn, hostile names."""

import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.image import imread
from sample_rows import make_row, one_and_a_floor

from benchmark.results.rows import AppliedShift
from leaderboard.comparison_group import comparison_groups
from leaderboard.figures.leaderboard_figures import (
    DARK,
    FIGURES,
    FORMS,
    draw_confusion,
    draw_gaps,
    draw_heat_map,
    draw_pareto,
    render,
    write_figures,
)
from leaderboard.results import Results, from_rows
from leaderboard.site.site_tables import confusion_site_table

NEEDS_MORE = ("few_shot", "robustness")
"""Figures that need labels of the target, or shifts."""

CONFUSION = tuple(tuple(10 * (j == k) + (k == 0) for j in range(7)) for k in range(7))


def results(*names: str) -> Results:
    values = {"FRA": 0.9, "CHN": 0.5, "ARG": 0.3}
    return from_rows(
        make_row(
            method=name,
            target=target,
            macro_f1=value / (place + 1),
            crops={"corn": value},
            confusion=CONFUSION,
            fit_seconds=10.0**place,
        )
        for place, name in enumerate(names)
        for target, value in values.items()
    )


def test_the_same_bytes_each_time(tmp_path: Path) -> None:
    first = write_figures(results("a", "b", "c"), tmp_path / "one")
    second = write_figures(results("a", "b", "c"), tmp_path / "two")
    # Without a rate of prediction the figure of cost has one part; every figure is there.
    assert [path.name for path in first] == [
        f"1-{name}.{form}" for name in FIGURES if name not in NEEDS_MORE for form in FORMS
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_what_the_heat_map_shows() -> None:
    (group,) = comparison_groups(results("a"))
    figure = draw_heat_map(group)
    assert figure is not None
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == ["30", "50", "90"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["ARG", "CHN", "FRA"]


def test_a_confusion_over_fewer_transfers_says_so() -> None:
    rows = [row for row in results("a", "b").rows if (row.method, row.target) != ("b", "ARG")]
    (group,) = comparison_groups(from_rows(rows))
    figure = draw_confusion(group)
    assert figure is not None
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["a", "b, 1 of 2 transfers"]
    whole, fewer = (confusion_site_table(group, name, "t") for name in ("a", "b"))
    assert whole is not None
    assert whole.caption.startswith("True crop by predicted crop, all transfers, all seeds: ")
    assert fewer is not None
    assert fewer.caption.startswith("True crop by predicted crop, 1 of 2 transfers, all seeds: ")


def test_what_the_gaps_are() -> None:
    (group,) = comparison_groups(results("a"))
    figure = draw_gaps(group)
    assert figure is not None
    lines = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    # In the source 11 of 17 samples of corn are found and none is given to corn wrongly: F1 22/28.
    # The gap is that less 0.5 across the continent, and less 0.3 across the hemisphere.
    assert list(lines["cross-continent"]) == pytest.approx([100 * 22 / 28 - 50])
    assert list(lines["cross-hemisphere"]) == pytest.approx([100 * 22 / 28 - 30])


def test_the_front_has_the_cheaper_and_better() -> None:
    (group,) = comparison_groups(results("a", "b"))
    figure = draw_pareto(group)
    assert figure is not None
    (front,) = (line for line in figure.axes[0].lines if line.get_label() == "Pareto front")
    assert list(front.get_xdata()) == [1.0]


def test_floors_are_listed_and_not_drawn_beside_other_methods() -> None:
    rows = one_and_a_floor()
    (group,) = comparison_groups(from_rows(rows))
    figure = draw_pareto(group)
    assert figure is not None
    axis = figure.axes[0]
    assert [label for label in axis.get_legend_handles_labels()[1] if label == "floor"] == []
    assert axis.get_xlim()[0] > 0.01
    assert [text.get_text() for text in axis.texts][-1] == "1  a\n2  constant, 10.0, not drawn"
    (alone,) = comparison_groups(from_rows(rows[1:]))
    figure = draw_pareto(alone)
    assert figure is not None
    assert figure.axes[0].get_legend_handles_labels()[1][-1] == "floor"


def test_times_of_two_machines_have_no_front() -> None:
    rows = [make_row(method=name, device_name=f"processor {name}") for name in ("a", "b")]
    (group,) = comparison_groups(from_rows(rows))
    figure = draw_pareto(group)
    assert figure is not None
    assert [line.get_label() for line in figure.axes[0].lines] == []
    assert "times of several machines" in figure.get_suptitle()


def test_hostile_names_are_drawn_as_they_are() -> None:
    names = ("<script>alert(1)</script>", "$\\frac$", "]]>&", "%s", "long" * 100)
    (group,) = comparison_groups(results(*names))
    few = [
        make_row(method=f"{name}.5", track="oracle").model_copy(
            update={"target_labels_per_class": 5}
        )
        for name in names
    ]
    hazy = AppliedShift(name="level-l1c", factor="level", strength=1)
    shifted = [row.model_copy(update={"shift": hazy}) for row in group.comparable.rows]
    (moved,) = comparison_groups(from_rows([*group.comparable.rows, *shifted]))
    others = {"robustness": moved}
    others["few_shot"] = comparison_groups(from_rows([*group.comparable.rows, *few]))[-1]
    for name, draw in FIGURES.items():
        svg = render(draw, others.get(name, group), "svg")
        assert svg is not None
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
        assert not {"script", "a", "foreignObject"} & tags


def test_tied_methods_have_numbers_of_their_own() -> None:
    rows = [make_row(method=name, fit_seconds=1.0 + place) for place, name in enumerate("abc")]
    (group,) = comparison_groups(from_rows(rows))
    figure = draw_pareto(group)
    assert figure is not None
    *numbers, listed = (text.get_text() for text in figure.axes[0].texts)
    assert listed == "1  a\n2  b\n3  c"
    assert numbers == ["1", "2", "3"]


def ink_at_the_edge(image: bytes) -> bool:
    pixels = imread(io.BytesIO(image), format="png")[..., :3]
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return any(bool((edge < 0.9).any()) for edge in edges)


def test_long_names_and_titles_are_not_cut_off() -> None:
    long = "words-that-say-what-the-method-is-and-where"
    few = [
        make_row(method=f"{name}.5", track="oracle").model_copy(
            update={"target_labels_per_class": 5}
        )
        for name in ("a", long)
    ]
    hazy = AppliedShift(name="level-l1c", factor="level", strength=1)
    (group,) = comparison_groups(results("a", long, long.upper(), "b"))
    shifted = [row.model_copy(update={"shift": hazy}) for row in group.comparable.rows]
    rows = [*group.comparable.rows, *shifted, *few]
    for drawn in (*comparison_groups(from_rows(rows)), *comparison_groups(results("a"))):
        for name, draw in FIGURES.items():
            image = render(draw, drawn, "png")
            assert image is None or not ink_at_the_edge(image), name


def test_nothing_to_draw_is_no_figure(tmp_path: Path) -> None:
    (group,) = comparison_groups(from_rows([make_row(fit_seconds=None)]))
    drawn = {name for name, draw in FIGURES.items() if render(draw, group, "png") is not None}
    assert drawn == {"heat_map"}
    failed = make_row(macro_f1=None, status="failed", reason="broke")
    assert write_figures(from_rows([failed]), tmp_path) == ()


def test_a_relation_has_one_colour_and_one_mark_in_every_figure_of_gaps() -> None:
    """ARG is another hemisphere than FRA, CHN another continent: with and without the latter."""
    looks, rows = [], results("a").rows
    for targets in (("FRA", "CHN", "ARG"), ("FRA", "ARG")):
        (group,) = comparison_groups(from_rows(row for row in rows if row.target in targets))
        figure = draw_gaps(group)
        assert figure is not None
        lines = [line for line in figure.axes[0].lines if line.get_label() == "cross-hemisphere"]
        looks.append([(line.get_color(), line.get_marker()) for line in lines])
    assert looks[0] == looks[1]
    assert len(looks[0]) == 1


def test_numbers_on_a_colour_can_be_read() -> None:
    values = np.linspace(0, 1, 201)
    rgb = colormaps["cividis"](values)[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    contrast = np.where(values < DARK, 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05)
    assert contrast.min() >= 4.5
