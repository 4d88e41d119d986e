"""Who leads, by how much and on which relation."""

from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.results import from_rows, read_results
from leaderboard.site.overview import ALL, lead_of, lead_sentence, leaders_table, parts_of


def group(scores: dict[str, dict[str, float]]) -> ComparisonGroup:
    rows = [make_row(method=m, target=t, macro_f1=v) for m in scores for t, v in scores[m].items()]
    (only,) = comparison_groups(from_rows(rows))
    return only


def resampled(root: Path, seeds: int, blocks: int | None = None) -> ComparisonGroup:
    """`good` is always right; `poor` answers the first crop."""
    block = None if blocks is None else [n * blocks // 60 for n in range(60)]
    labels = [0, 1, 2] * 20
    answers = {
        (name, seed): [given]
        for name, given in (("good", labels), ("poor", [0] * 60))
        for seed in range(seeds)
    }
    run = write_run(root, answers, labels=[labels], block=block)
    (only,) = comparison_groups(read_results([run], draws=50))
    return only


def test_another_method_may_lead_on_another_relation() -> None:
    found = group({"a": {"CHN": 0.2, "GBR": 0.9}, "b": {"CHN": 0.5, "GBR": 0.3}})
    grid = leaders_table(found, "leaders")
    place = [grid.headings.index(name) for name in ("relation", "transfers", "leads", "next")]
    ahead = grid.headings.index("ahead by (points)")
    assert [[line[index].text for index in (*place, ahead)] for line in grid.lines] == [
        [ALL, "2", "a", "b", "+15.0"],
        ["cross-country", "1", "a", "b", "+60.0"],
        ["cross-continent", "1", "b", "a", "+30.0"],
    ]
    assert [name for name, _ in parts_of(found)] == [line[0].text for line in grid.lines]


def test_the_sentence_says_what_is_known() -> None:
    alone = group({"a": {"CHN": 0.5}})
    assert lead_sentence(alone) == "a leads with macro-F1 50.0 %; no other method is ranked."
    pair = group({"a": {"CHN": 0.5}, "b": {"CHN": 0.4}})
    assert "10.0 points above b; without stored predictions" in lead_sentence(pair)
    apart = group({"a": {"CHN": 0.5}, "b": {"GBR": 0.4}})
    assert "none is ranked" in lead_sentence(apart)
    assert lead_of(apart) is None
    assert leaders_table(apart, "leaders").lines[0][2].text == "-"


def test_a_lead_is_more_than_chance_from_two_seeds_on(tmp_path: Path) -> None:
    two, one = resampled(tmp_path / "two", 2), resampled(tmp_path / "one", 1)
    lead = lead_of(two)
    assert lead is not None
    assert lead.difference is not None
    assert lead.difference.point == pytest.approx(1 - 0.5 / 3)
    assert lead.difference.limits is not None
    assert lead.difference.limits.low > 0
    assert lead_sentence(two).endswith(": beyond chance).")
    assert lead_sentence(one).endswith(": undecided, fewer than 2 seeds).")


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_a_target_in_few_blocks_or_a_single_one_decides_nothing(
    tmp_path: Path, blocks: int
) -> None:
    few, enough = resampled(tmp_path / "few", 3, blocks), resampled(tmp_path / "enough", 3, 5)
    assert lead_sentence(few).endswith(": undecided, fewer than 5 blocks).")
    assert lead_sentence(enough).endswith(": beyond chance).")


def test_the_sentence_names_who_else_may_have_rank_1(tmp_path: Path) -> None:
    """Three are equally good, one is always wrong: two more may lead, and the last may not."""
    labels = [0, 1, 2] * 20
    wrong = [(label + 1) % 3 for label in labels]
    equal = [label if n % 5 else 0 for n, label in enumerate(labels)]
    given = {"a": equal, "b": equal, "c": equal, "poor": wrong}
    answers = {(name, seed): [given[name]] for name in given for seed in range(3)}
    run = write_run(tmp_path / "four", answers, labels=[labels], block=[n // 6 for n in range(60)])
    (four,) = comparison_groups(read_results([run], draws=50))
    assert lead_sentence(four).endswith(": not told apart). b, c may have rank 1 as well.")
    del answers["c", 0], answers["c", 1], answers["c", 2]
    run = write_run(tmp_path / "three", answers, labels=[labels], block=[n // 6 for n in range(60)])
    (three,) = comparison_groups(read_results([run], draws=50))
    assert lead_sentence(three).endswith(": not told apart).")
