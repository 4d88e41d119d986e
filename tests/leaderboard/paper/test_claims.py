"""Sentences of the paper on made-up rows: verdicts, differences and intervals by hand."""

import re
from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.results.rows import Row
from benchmark.task.methods import registry
from leaderboard.paper.claim_tables import claim_tables
from leaderboard.paper.claims import Claim, ClaimResult, claims, evaluate_claims
from leaderboard.paper.parity import published
from leaderboard.results import Results, from_rows, read_results
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.transfer_selection import on_transfers

LABELS = [0, 1] * 100
GOOD = [1, 0] * 5 + LABELS[10:]  # 95 % right
FAIR = [1, 0] * 40 + LABELS[80:]  # 60 % right


def claim(**changes: object) -> Claim:
    rival = {"title": "rivals", "methods": ["one", "two"], "mark": "P", "origin": "page 1"}
    base = {"name": "n", "sentence": "Mine wins.", "subjects": ["mine"], "rivals": [rival]}
    return Claim.model_validate(base | changes)


def finding(found: Results, sentence: Claim, metric: str = "overall_accuracy") -> ClaimResult:
    ((_, (only,)),) = evaluate_claims(found, metric, [sentence])
    return only


def run(root: Path, seeds: int = 3, **answers: list[int]) -> Results:
    stored = {
        (name, seed): [given, given] for name, given in answers.items() for seed in range(seeds)
    }
    return read_results([write_run(root, stored, labels=[LABELS, LABELS])], draws=500)


def test_every_sentence_names_methods_that_exist() -> None:
    known = registry().all()
    families = {method.family for method in known.values()}
    for sentence in claims():
        assert set(sentence.subjects) <= set(known)
        for rival in sentence.rivals:
            assert rival.families or rival.methods
            assert set(rival.families) <= families
            assert set(rival.methods) <= set(known)
            assert rival.origin
    first = claims()[0]
    assert first.sentence == "CropNet beats transformers and embeddings."
    assert "cross-year" not in first.relations


def test_numbers_have_the_marks_that_parity_gives_them() -> None:
    marks = {(f"{100 * known.value:.2f}", known.mark) for known in published()}
    quoted = [
        (f"{float(number):.2f}", mark)
        for claim in claims()
        for rival in claim.rivals
        for number, mark in re.findall(r"(\d\d\.\d+) \((\w+)", rival.origin)
    ]
    assert len(quoted) >= 5
    assert set(quoted) <= marks


def test_a_hand_computed_difference() -> None:
    scores = {
        ("mine", "CHN"): 0.7,
        ("mine", "USA"): 0.5,
        ("mine", "GBR"): 0.6,
        ("one", "CHN"): 0.5,
        ("one", "USA"): 0.6,
        ("one", "GBR"): 0.3,
        ("two", "CHN"): 0.1,
        ("two", "USA"): 0.5,
    }
    rows = [make_row(method=m, target=t, macro_f1=value) for (m, t), value in scores.items()]
    rows.append(make_row(method="two", target="GBR", macro_f1=None, status="failed", reason="x"))
    found = finding(from_rows(rows), claim(), "macro_f1")
    (contest,) = found.contests
    one, two = contest.duels
    # (0.2 - 0.1 + 0.3) / 3 and, over the two transfers that both have, (0.6 + 0) / 2.
    assert (one.difference, one.transfers, one.won) == (pytest.approx(0.4 / 3), 3, 2)
    assert (two.difference, two.transfers, two.won) == (pytest.approx(0.3), 2, 1.5)
    assert contest.best is one
    # Without predictions there is no interval, so that nothing is decided.
    assert one.limits is None
    assert found.verdict == "undecided"


def test_it_holds_where_every_interval_lies_above_zero(tmp_path: Path) -> None:
    found = finding(run(tmp_path, mine=GOOD, one=FAIR, two=FAIR), claim())
    assert found.verdict == "holds"
    duel = found.contests[0].best
    assert duel is not None
    assert duel.difference == pytest.approx(0.35)
    assert duel.limits is not None
    # The difference of each sample is 1 for 35 % and 0 otherwise: 0.35 -+ 1.96 * 0.477 / sqrt(400).
    assert duel.limits.low == pytest.approx(0.303, abs=0.015)
    assert duel.limits.high == pytest.approx(0.397, abs=0.015)
    assert duel.guarded is not None
    assert duel.guarded.low < duel.limits.low


def test_rows_of_older_code_beside_it_leave_a_sentence_decided(tmp_path: Path) -> None:
    answers = {"mine": GOOD, "one": FAIR, "two": FAIR}
    stored = {(name, seed): [given] for name, given in answers.items() for seed in range(3)}
    older = {("one", seed): [FAIR] for seed in range(3)}
    runs = [
        write_run(tmp_path / "now", stored, labels=[LABELS]),
        write_run(tmp_path / "before", older, labels=[LABELS], code="b"),
    ]
    found = finding(read_results(runs, draws=200), claim())
    assert [duel.name for duel in found.contests[0].duels] == ["one", "two"]
    assert found.verdict == "holds"


def test_one_better_rival_and_it_does_not_hold(tmp_path: Path) -> None:
    found = finding(run(tmp_path, mine=FAIR, one=GOOD, two=FAIR), claim())
    assert found.verdict == "does not hold"
    assert [duel.verdict for duel in found.contests[0].duels] == ["does not hold", "undecided"]


def test_a_rival_that_is_better_on_some_transfers_alone_refutes_nothing(tmp_path: Path) -> None:
    # Worse than one in China by less than it is better in the USA, where that has no score.
    answers = {"mine": [FAIR, GOOD], "one": [GOOD], "two": [FAIR, FAIR]}
    stored = {(name, seed): given for name, given in answers.items() for seed in range(3)}
    read = read_results([write_run(tmp_path, stored, labels=[LABELS, LABELS])], draws=500)
    found = finding(read, claim())
    one, _ = found.contests[0].duels
    assert (one.transfers, one.lost) == (1, True)
    assert found.verdict == "undecided"
    whole = finding(on_transfers(read, ["FRA:CHN"]), claim())
    assert whole.verdict == "does not hold"


@pytest.mark.parametrize(("mine", "other"), [(GOOD, FAIR), (FAIR, GOOD)], ids=["better", "worse"])
def test_one_seed_decides_nothing(tmp_path: Path, mine: list[int], other: list[int]) -> None:
    results = run(tmp_path, seeds=1, mine=mine, one=other, two=other)
    found = finding(results, claim())
    assert found.verdict == "undecided"
    duel = found.contests[0].duels[0]
    assert duel.limits is not None
    assert duel.limits.excludes_zero
    assert duel.verdict == "undecided"
    ((group, facts),) = evaluate_claims(results, "overall_accuracy", [claim()])
    verdicts, _ = claim_tables(group, facts, "overall_accuracy")
    assert "too little to decide (fewer than 2 seeds)" in verdicts.body[0][3].text


def test_as_good_is_undecided(tmp_path: Path) -> None:
    found = finding(run(tmp_path, mine=GOOD, one=GOOD, two=FAIR), claim())
    assert found.verdict == "undecided"


def test_a_rival_that_was_not_run_leaves_it_open(tmp_path: Path) -> None:
    found = finding(run(tmp_path, mine=GOOD, one=FAIR), claim())
    assert [duel.verdict for duel in found.contests[0].duels] == ["holds", "not run"]
    assert found.verdict == "undecided"


@pytest.mark.parametrize(
    "changes", [{"subjects": ["absent"]}, {"relations": ["cross-year"]}], ids=["method", "relation"]
)
def test_nothing_to_compare_is_not_run(tmp_path: Path, changes: dict[str, object]) -> None:
    found = finding(run(tmp_path, mine=GOOD, one=FAIR, two=FAIR), claim(**changes))
    assert found.verdict == "not run"


def test_families_are_all_their_methods() -> None:
    rows = [
        make_row(method="mine", family="ours"),
        make_row(method="one", family="others"),
        make_row(method="two", family="others", macro_f1=None, status="unavailable", reason="x"),
    ]
    rival = {"title": "others", "families": ["others"], "mark": "?", "origin": "nowhere"}
    (contest,) = finding(from_rows(rows), claim(rivals=[rival])).contests
    assert [(duel.rival, duel.transfers) for duel in contest.duels] == [("one", 1), ("two", 0)]


def test_other_tracks_play_no_part() -> None:
    rows = [make_row(method="mine"), make_row(method="one", track="oracle", macro_f1=0.9)]
    assert finding(from_rows(rows), claim()).verdict == "not run"


@pytest.mark.parametrize("metric", METRICS)
def test_tables_say_what_was_tested(tmp_path: Path, metric: str) -> None:
    rows = [make_row(method=m, simulated=True) for m in ("mine", "one", "two")]
    ((group, facts),) = evaluate_claims(from_rows(rows), metric, [claim()])
    verdicts, pairs = claim_tables(group, facts, metric)
    assert "simulated" in verdicts.title
    assert any("no satellite saw it" in note for note in verdicts.notes)
    assert any("other data" in note for note in verdicts.notes)
    assert [cell.text for cell in verdicts.body[0]][:3] == ["Mine wins.", "mine", "undecided"]
    assert [line[1].text for line in pairs.body] == ["one", "two"]


@pytest.mark.parametrize("simulated", [True, False])
def test_published_numbers_never_stand_beside_simulated_rows(simulated: bool) -> None:
    rows = [make_row(method=m, simulated=simulated) for m in ("mine", "one", "two")]
    rival = {"title": "others", "methods": ["one"], "mark": "P", "origin": "FRA:CHN 86.7"}
    ((group, facts),) = evaluate_claims(from_rows(rows), "macro_f1", [claim(rivals=[rival])])
    verdicts, _ = claim_tables(group, facts, "macro_f1")
    said = f"{verdicts.headings} {verdicts.body} {verdicts.notes}"
    assert ("86.7" in said) is not simulated
    assert ("the paper" in verdicts.headings) is not simulated
    # Differences are of macro-F1; what the paper's numbers are has to be said.
    assert ("overall accuracy (%)" in said) is not simulated
    assert all(len(line) == len(verdicts.headings) for line in verdicts.body)


def test_why_nothing_was_compared_names_who_lacks_a_score() -> None:
    everywhere = [make_row(method="two"), make_row(method="two", target="USA")]
    once = make_row(method="one")

    def because(*rows: Row, **changes: object) -> tuple[str, int]:
        ((group, facts),) = evaluate_claims(
            from_rows([*rows, *everywhere]), "macro_f1", [claim(**changes)]
        )
        verdicts, *pairs = claim_tables(group, facts, "macro_f1")
        return verdicts.body[0][3].text, sum(len(table.body) for table in pairs)

    assert because(once) == ("mine has no score here", 0)
    partly = "mine has a score on 1 of the 2 transfers that are asked about"
    assert because(make_row(method="mine")) == (partly, 2)
    mine = [make_row(method="mine"), make_row(method="mine", target="USA")]
    alone = {"title": "others", "methods": ["one"], "mark": "?", "origin": "nowhere"}
    lacking = "others: none has a score on every transfer that is asked about"
    assert because(*mine, once, rivals=[alone]) == (lacking, 1)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = [0, 1, 2] * 30
    answers = {
        (method, seed): [given]
        for method, given in (("cropnet.aug", labels), ("cropnet", [0] * 90))
        for seed in (1, 2, 3)
    }
    place = write_run(tmp_path / "run", answers, labels=[labels], simulated=True)
    with pytest.raises(SystemExit) as ended:
        main(["claims", str(place)])
    assert not ended.value.code
    said = capsys.readouterr().out
    assert "| CropNet beats transformers and embeddings. | cropnet | not run |" in said
    assert (
        "| CropNet trained on augmented series beats CropNet without. | cropnet.aug | holds" in said
    )
    assert "tiny (simulated)" in said


def test_the_command_says_that_no_row_is_inductive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = write_run(tmp_path, {("a", 1): [[0, 1]]}, labels=[[0, 1]], track="oracle")
    with pytest.raises(SystemExit) as ended:
        main(["claims", str(place)])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "No row is of the inductive track" in said.err


def test_nothing_is_no_claim() -> None:
    with pytest.raises(UsageError, match="no row to test"):
        evaluate_claims(from_rows([]), "macro_f1")
