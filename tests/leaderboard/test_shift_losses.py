"""What shifts cost, by hand; rankings do not see shifted rows."""

from pathlib import Path

import pytest
from sample_rows import make_row

from benchmark.results.rows import AppliedShift, Row
from leaderboard.comparison_group import comparison_groups
from leaderboard.figures.leaderboard_figures import draw_robustness
from leaderboard.results import from_rows
from leaderboard.shift_losses import shift_losses, worst_factor
from leaderboard.site.figure_tables import figure_tables
from leaderboard.tables.columns import main_columns, method_frame
from leaderboard.tables.leaderboard_files import write_leaderboard
from leaderboard.tables.section_facts import notes

HAZE = AppliedShift(name="level-l1c", factor="level", strength=1)
LATE = AppliedShift(name="season-late-15", factor="season", strength=15)


def row(method: str, target: str, seed: int, value: float | None, **more: object) -> Row:
    made = make_row(method=method, target=target, seed=seed, macro_f1=value)
    return made.model_copy(update=more)


PLAIN = [
    row("a", "CHN", 1, 0.6),
    row("a", "CHN", 2, 0.8),
    row("a", "USA", 1, 0.5),
    row("a", "USA", 2, 0.5),
    row("b", "CHN", 1, 0.4),
    row("b", "CHN", 2, 0.4),
    row("b", "USA", 1, 0.3),
    row("b", "USA", 2, 0.3),
]
SHIFTED = [
    row("a", "CHN", 1, 0.2, shift=HAZE),
    row("a", "CHN", 2, 0.6, shift=HAZE),
    row("a", "USA", 1, 0.1, shift=HAZE),
    row("a", "CHN", 1, 0.7, shift=LATE),
    row("a", "USA", 2, None, shift=LATE, status="failed"),
    row("a", "GBR", 1, 0.9, shift=LATE),
    row("b", "CHN", 1, 0.3, shift=LATE),
]


def test_losses_by_hand() -> None:
    (group,) = comparison_groups(from_rows([*PLAIN, *SHIFTED]))
    haze, late, other = shift_losses(group)
    # China loses 0.4 and 0.2 with the two seeds, the USA 0.4 with the one that was scored.
    assert (haze.method, haze.factor, haze.scores) == ("a", "level", 3)
    assert haze.loss == pytest.approx((0.3 + 0.4) / 2)
    assert haze.macro_f1 == pytest.approx((0.4 + 0.1) / 2)
    assert haze.transfers == ("FRA:CHN", "FRA:USA")
    # A row without a score, and one of a target that was not scored as it is, have no pair.
    assert (late.loss, late.scores) == (pytest.approx(-0.1), 1)
    assert (other.method, other.loss) == ("b", pytest.approx(0.1))
    found = worst_factor(group, "a")
    assert found is not None
    assert found.shift == "level-l1c"
    assert worst_factor(group, "c") is None


def test_the_column_is_there_where_shifts_were_scored() -> None:
    (group,) = comparison_groups(from_rows([*PLAIN, *SHIFTED]))
    frame = method_frame(group)
    assert frame["worst_factor"].tolist() == ["level -35.0", "-"]
    assert "worst_factor" in {column.name for column in main_columns(frame)}
    (same,) = comparison_groups(from_rows([*PLAIN, row("a", "CHN", 1, 0.6, shift=HAZE)]))
    assert method_frame(same)["worst_factor"].tolist()[0] == "level +0.0", "no loss has no minus"
    (plain,) = comparison_groups(from_rows(PLAIN))
    assert "worst_factor" not in {column.name for column in main_columns(method_frame(plain))}


def test_rankings_are_the_same_whether_shifts_were_scored_or_not(tmp_path: Path) -> None:
    for name, rows in (("with", [*PLAIN, *SHIFTED]), ("without", PLAIN)):
        write_leaderboard(from_rows(rows), tmp_path / name)
    one, other = (tmp_path / name / "transfers.csv" for name in ("with", "without"))
    assert one.read_bytes() == other.read_bytes()
    (group,) = comparison_groups(from_rows([*PLAIN, *SHIFTED]))
    (plain,) = comparison_groups(from_rows(PLAIN))
    assert group.comparable == plain.comparable
    shared = [name for name in method_frame(plain).columns if name != "worst_factor"]
    assert method_frame(group)[shared].equals(method_frame(plain)[shared])


def test_the_figure_and_its_numbers() -> None:
    (group,) = comparison_groups(from_rows([*PLAIN, *SHIFTED]))
    figure = draw_robustness(group)
    assert figure is not None
    level, season = figure.axes[:2]
    assert [axis.get_title(loc="left") for axis in (level, season)] == ["level", "season"]
    (line,) = [line for line in level.lines if line.get_label() == "a"]
    assert line.get_xydata().ravel() == pytest.approx([0, 0, 1, 35])
    (plain,) = comparison_groups(from_rows(PLAIN))
    assert draw_robustness(plain) is None
    assert "robustness" not in figure_tables(plain)
    table = figure_tables(group)["robustness"]
    assert [cell.text for cell in table.lines[0]] == ["a", "35.0", "-10.0"]
    assert [cell.text for cell in table.lines[1]] == ["b", "-", "10.0"]


def test_a_loss_over_fewer_transfers_stands_beside_no_other() -> None:
    fewer = [row("b", "CHN", 1, 0.3, shift=HAZE)]
    (group,) = comparison_groups(from_rows([*PLAIN, *SHIFTED, *fewer]))
    table = figure_tables(group)["robustness"]
    assert {line[0].text: line[1].text for line in table.lines} == {"a": "35.0", "b": "-"}
    figure = draw_robustness(group)
    assert figure is not None
    (drawn,) = (line for line in figure.axes[0].lines if line.get_label() == "b")
    assert len(drawn.get_xydata()) == 1
    worst = method_frame(group).set_index("method")["worst_factor"]
    assert worst.to_dict() == {"a": "level -35.0", "b": "-"}
    said = "What a shift costs is left out, since a transfer of the shift is missing: b (FRA:USA)."
    assert said in notes(group)


def test_the_worst_of_fewer_shifts_stands_beside_no_other() -> None:
    late = [row("b", "CHN", 1, 0.3, shift=LATE)]
    haze = [row("b", "CHN", 1, 0.1, shift=HAZE)]
    other = [row("a", "CHN", 1, 0.1, shift=HAZE), row("a", "CHN", 1, 0.5, shift=LATE)]
    unshifted = [row("c", "CHN", 1, 0.1), row("c", "USA", 1, 0.1)]
    (group,) = comparison_groups(from_rows([*PLAIN, *unshifted, *other, *late]))
    worst = method_frame(group).set_index("method")["worst_factor"]
    assert worst.to_dict() == {"a": "level -50.0", "b": "-", "c": "-"}
    said = "No worst factor, since a shift that others were scored under is missing: b (level-l1c)."
    assert said in notes(group)
    (whole,) = comparison_groups(from_rows([*PLAIN, *unshifted, *other, *late, *haze]))
    worst = method_frame(whole).set_index("method")["worst_factor"]
    assert worst.to_dict() == {"a": "level -50.0", "b": "level -30.0", "c": "-"}
    assert not any("No worst factor" in note for note in notes(whole))
