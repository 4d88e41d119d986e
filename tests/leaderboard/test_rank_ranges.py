"""Ranks that paired differences leave open."""

from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.rank_ranges import RankRange, rank_ranges
from leaderboard.results import from_rows, read_results
from leaderboard.tables.columns import main_columns, method_frame
from leaderboard.tables.own_comparison import place_of

LABELS = [0, 1, 2] * 40
SEEDS = 3


def wrong(share_of: int, offset: int = 0) -> list[int]:
    """Answer every sample rightly but each so many, from an offset on."""
    return [
        (label + 1) % 3 if (n + offset) % share_of == 0 else label for n, label in enumerate(LABELS)
    ]


def group(
    root: Path, answers: dict[str, list[int]], *, seeds: int = SEEDS, blocks: int = 20
) -> ComparisonGroup:
    given = {(name, seed): [answer] for name, answer in answers.items() for seed in range(seeds)}
    block = [n * blocks // len(LABELS) for n in range(len(LABELS))]
    run = write_run(root, given, labels=[LABELS], block=block)
    (only,) = comparison_groups(read_results([run], draws=200))
    return only


def test_what_cannot_be_told_apart_shares_its_ranks(tmp_path: Path) -> None:
    """By hand: 119 and 118 of 120 right overlap; one half right is below both, above none right."""
    answers = {"a": wrong(120), "b": wrong(60, 7), "half": wrong(2), "none": wrong(1)}
    found = rank_ranges(group(tmp_path, answers))
    assert found == {
        "a": RankRange(1, 2),
        "b": RankRange(1, 2),
        "half": RankRange(3, 3),
        "none": RankRange(4, 4),
    }
    assert [str(found[name]) for name in ("a", "half")] == ["1 to 2", "3"]


def test_equal_methods_may_have_every_rank(tmp_path: Path) -> None:
    found = rank_ranges(group(tmp_path, {name: wrong(4) for name in "abc"}))
    assert set(found.values()) == {RankRange(1, 3)}


@pytest.mark.parametrize(("seeds", "blocks"), [(1, 20), (3, 4)])
def test_too_few_seeds_or_blocks_leave_nothing_to_say(
    tmp_path: Path, seeds: int, blocks: int
) -> None:
    answers = {"a": wrong(120), "none": wrong(1)}
    few = group(tmp_path, answers, seeds=seeds, blocks=blocks)
    assert rank_ranges(few) == {}
    assert not {"best_rank", "worst_rank"} & {c.name for c in main_columns(method_frame(few))}
    assert place_of(few, "none") == "none has rank 2 of 2, macro-F1 0.0."


def test_without_predictions_nothing_is_judged() -> None:
    rows = [make_row(method=name, macro_f1=score) for name, score in (("a", 0.9), ("b", 0.1))]
    (only,) = comparison_groups(from_rows(rows))
    assert rank_ranges(only) == {}


def test_a_method_alone_has_no_range(tmp_path: Path) -> None:
    assert rank_ranges(group(tmp_path, {"a": wrong(4)})) == {}


def test_the_rank_lies_in_its_range(tmp_path: Path) -> None:
    """Methods that become worse by little steps: ranges overlap, and move down with the rank."""
    answers = {f"m{n}": wrong(2 + n, n) for n in range(8)}
    found = group(tmp_path, answers)
    frame = method_frame(found)
    assert (frame["best_rank"] <= frame["rank"]).all()
    assert (frame["rank"] <= frame["worst_rank"]).all()
    assert frame["best_rank"].iloc[0] == 1
    assert frame["worst_rank"].iloc[-1] == len(answers)
    assert (frame["best_rank"] < frame["worst_rank"]).any()
    best = frame.iloc[0]
    assert place_of(found, best["method"]) == (
        f"{best['method']} has rank 1 of 8 (possible ranks: {rank_ranges(found)[best['method']]}), "
        f"macro-F1 {100 * best['macro_f1']:.1f}."
    )
