"""Columns of the leaderboard, number by number, and what stored predictions add to rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sample_rows import make_row, write_run

from benchmark.cli import main
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UsageError
from benchmark.results.rows import JobIdentity, Row
from benchmark.results.store import Prediction, RunStore
from benchmark.task.fitted_attributes import Decision
from benchmark.task.metrics import METRIC_VERSION, score
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows, read_results
from leaderboard.tables.columns import REGISTRY, method_frame
from leaderboard.tables.paper_tables import paper_tables
from leaderboard.tables.section_facts import caption_of, facts, notes
from leaderboard.tables.text_tables import markdown, screen_tables, tidy
from leaderboard.transfer_selection import on_transfers


def scored(method: str, values: dict[str, float], **more: object) -> list[Row]:
    return [
        make_row(method=method, target=target, macro_f1=value, **more)  # type: ignore[arg-type]
        for target, value in values.items()
    ]


# Three transfers. `a` and `b` tie on CHN; `d` lacks GBR, where it failed.
ROWS = [
    *scored("a", {"CHN": 0.5, "USA": 0.8, "GBR": 0.2}),
    *scored("b", {"CHN": 0.5, "USA": 0.4, "GBR": 0.3}),
    *scored("c", {"CHN": 0.1, "USA": 0.2, "GBR": 0.3}),
    *scored("d", {"CHN": 0.9, "USA": 0.9}),
    make_row(method="d", target="GBR", macro_f1=None, status="failed", reason="broke"),
    *scored("best", {"CHN": 0.7, "USA": 0.9, "GBR": 0.8}, track="oracle"),
    *scored("poor", {"CHN": 0.7, "USA": 0.1, "GBR": 0.1}, track="oracle"),
]


def frame_of(rows: list[Row], reference: str) -> pd.DataFrame:
    group = next(
        f
        for f in comparison_groups(from_rows(rows), reference)
        if f.comparable.track == "inductive"
    )
    return method_frame(group).set_index("method")


def test_a_hand_computed_example_with_a_tie_a_gap_and_a_failure() -> None:
    frame = frame_of(ROWS, "b")
    assert frame["rank"].to_dict() == pytest.approx({"a": 1, "b": 2, "c": 3, "d": np.nan}, nan_ok=1)
    # Means 1.5 / 3, 1.2 / 3, 0.6 / 3.
    assert frame["macro_f1"].tolist() == pytest.approx([0.5, 0.4, 0.2, np.nan], nan_ok=True)
    # Ranks: CHN 1.5 1.5 3, USA 1 2 3, GBR 3 1.5 1.5 (d is not ranked).
    expected = [5.5 / 3, 5 / 3, 7.5 / 3, np.nan]
    assert frame["average_rank"].tolist() == pytest.approx(expected, nan_ok=True)
    # Of six comparisons a wins 3 and ties 1, b wins 2 and ties 2, c wins 1 and ties 1.
    expected = [3.5 / 6, 4 / 6, 1.5 / 6, np.nan]
    assert frame["win_rate"].tolist() == pytest.approx(expected, nan_ok=True)
    assert frame["difference"].tolist() == pytest.approx([0.1, 0, -0.2, np.nan], nan_ok=True)
    # From b (0.4) to the best oracle (0.8): a is a quarter of the way, c half of it back.
    assert frame["gap_closed"].tolist() == pytest.approx([0.25, 0, -0.5, np.nan], nan_ok=True)
    assert frame["worst_macro_f1"].tolist() == pytest.approx([0.2, 0.3, 0.1, np.nan], nan_ok=True)
    assert frame["worst"].tolist() == ["FRA:GBR", "FRA:GBR", "FRA:CHN", "-"]
    assert frame["cells"].tolist() == [3, 3, 3, 2]
    assert frame["missing"].tolist() == [0, 0, 0, 1]
    assert frame["confirmed"].tolist() == [0, 0, 0, 0]
    assert frame["macro_f1_low"].isna().all()


def test_coverage_is_a_column_once_a_sample_has_no_vector() -> None:
    def covered(share: float | None, method: str = "b") -> list[Row]:
        rows = [make_row(method=method), make_row(method=method, target="USA")]
        data = rows[0].data.model_copy(update={"coverage": share})
        return [rows[0].model_copy(update={"data": data}), rows[1]]

    plain = covered(None, "a")
    (group,) = comparison_groups(from_rows([*plain, *covered(0.9)]))
    assert method_frame(group)["coverage"].tolist() == pytest.approx([np.nan, 0.9], nan_ok=True)
    said = markdown(group.results)
    assert "| coverage |" in said
    assert "Without a vector for every sample: b;" in said
    assert "coverage" not in markdown(from_rows([*plain, *covered(1.0)]))


def test_weighted_f1_is_missing_where_a_row_was_made_before_it_was_reported() -> None:
    def weighted(target: str, value: float | None) -> Row:
        row = make_row(method="a", target=target)
        assert row.scores is not None
        scores = row.scores.model_copy(update={"weighted_f1": value})
        return row.model_copy(update={"scores": scores})

    rows = [weighted("CHN", 0.4), weighted("USA", 0.8)]
    assert frame_of(rows, "a")["weighted_f1"].tolist() == pytest.approx([0.6])
    older = [weighted("CHN", 0.4), weighted("USA", None)]
    assert frame_of(older, "a")["weighted_f1"].isna().all(), "missing, neither 0 nor the other's"
    assert frame_of(older, "a")["macro_f1"].tolist() == pytest.approx([0.5])


def test_a_missing_seed_is_counted() -> None:
    rows = [make_row(method="a"), make_row(method="b"), make_row(method="b", seed=2)]
    frame = frame_of(rows, "a")
    assert frame["missing"].to_dict() == {"a": 1, "b": 0}
    results = from_rows(rows)
    said = markdown(results)
    assert "| missing |" in said
    assert "Fewer seeds than others, so their intervals may be too narrow: a (FRA:CHN)." in said
    (group,) = comparison_groups(results)
    (summary,) = paper_tables(group, "summary")
    assert summary.headings[-1] == "missing"
    assert [line[-1].text for line in summary.body] == ["1", "0"]
    (screen,) = screen_tables(results, 200)
    assert "missing" in [column.header for column in screen.columns]
    assert "transfers" not in [column.header for column in screen.columns]
    assert "may be too narrow: a (FRA:CHN)." in str(screen.caption)


def test_a_method_with_other_seeds_is_named() -> None:
    rows = [make_row(method=name, seed=seed) for name in "ab" for seed in (1, 2)]
    other = [make_row(method="c", seed=seed) for seed in (2, 3)]
    (group,) = comparison_groups(from_rows([*rows, *other]))
    words = "Fitted with other seeds than most methods"
    (said,) = [fact for fact in facts(group) if words in fact]
    assert said.endswith("may come from the seeds: c (FRA:CHN).")
    assert caption_of(group, "What.").endswith(", 2 seeds."), "no method has all three"
    # Fewer or more seeds are said in another sentence.
    for seeds in ((1,), (1, 2, 3)):
        others = [make_row(method="c", seed=seed) for seed in seeds]
        (group,) = comparison_groups(from_rows([*rows, *others]))
        assert words not in " ".join(facts(group))
    assert caption_of(group, "What.").endswith(", 2 to 3 seeds.")


def test_where_a_method_did_not_adapt_is_named_and_why_is_listed() -> None:
    def decided(target: str, seed: int, *, stopped: bool) -> Row:
        row = make_row(method="a", target=target, seed=seed, track="unlabelled-target")
        return row.model_copy(update={"decision": Decision(stopped=stopped, why="w <b>")})

    rows = [decided("USA", 1, stopped=True), decided("USA", 2, stopped=True)]
    rows += [decided("CHN", 1, stopped=True), decided("CHN", 2, stopped=False)]
    said = markdown(from_rows(rows))
    assert "to the target: a (FRA:CHN in 1 of 2 seeds, FRA:USA); the" in said
    assert "\n- a, FRA:CHN, seed 2: adapted: w &lt;b&gt;\n" in said
    (screen,) = screen_tables(from_rows(rows), 200)
    assert "a (FRA:CHN in 1 of 2 seeds, FRA:USA)" in str(screen.caption)
    going_on = markdown(from_rows(rows[-1:]))
    assert "Stopped before adapting" not in going_on
    assert "seed 2: adapted" in going_on


def test_nothing_is_said_of_methods_that_have_everything() -> None:
    rows = [*scored("a", {"CHN": 0.5, "USA": 0.4}), *scored("b", {"CHN": 0.5, "USA": 0.4})]
    said = markdown(from_rows(rows))
    for words in ("missing", "Fewer seeds", "Not ranked", "Stopped", "Decisions"):
        assert words not in said
    (screen,) = screen_tables(from_rows(rows), 200)
    assert screen.caption is None
    assert "transfers" in [column.header for column in screen.columns]


def test_those_that_are_not_ranked_are_named() -> None:
    rows = [
        *scored("a", {"CHN": 0.5}),
        *scored("b", {"CHN": 0.5, "USA": 0.4, "GBR": 0.3, "BEL": 0.2, "ARG": 0.2}),
    ]
    (said,) = [
        fact for fact in facts(comparison_groups(from_rows(rows))[0]) if "Not ranked" in fact
    ]
    assert "missing: a (FRA:BEL, FRA:GBR, FRA:USA and 1 more);" in said
    many = [*rows, *(row for n in range(9) for row in scored(f"c{n}", {"CHN": 0.1}))]
    (said,) = [
        fact for fact in facts(comparison_groups(from_rows(many))[0]) if "Not ranked" in fact
    ]
    assert "c6 (" in said
    assert "c7 (" not in said
    assert "and 2 more; with --transfers" in said


@pytest.mark.parametrize(
    ("words", "transfers"),
    [
        (["FRA:CHN"], ["FRA:CHN"]),
        (["cross-continent"], ["FRA:CHN", "FRA:USA"]),
        (["cross-country", "FRA:CHN"], ["FRA:GBR", "FRA:CHN"]),
        (None, ["FRA:GBR", "FRA:CHN", "FRA:USA"]),
    ],
)
def test_ranks_over_chosen_transfers(words: list[str] | None, transfers: list[str]) -> None:
    found = on_transfers(from_rows(ROWS), words)
    group = next(f for f in comparison_groups(found, "b") if f.comparable.track == "inductive")
    assert [name for _, name in group.comparable.transfers] == transfers
    # `d` lacks GBR alone.
    assert (group.average_rank("d") == 1) == ("FRA:GBR" not in transfers)


@pytest.mark.parametrize("word", ["FRA:ARG", "cross-hemisphere", "nowhere", "USA:FRA"])
def test_transfers_without_a_row_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match=word.split(":")[-1]):
        on_transfers(from_rows(ROWS), [word])


def test_commands_take_transfers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {("g", 1): [GOOD, GOOD], ("p", 1): [POOR]}
    run = write_run(tmp_path / "run", answers, labels=[LABELS, LABELS])
    for command in ("leaderboard", "tables"):
        with pytest.raises(SystemExit) as ended:
            main([command, str(run), "--transfers", "FRA:CHN"])
        assert not ended.value.code
        said = capsys.readouterr().out
        assert "FRA:USA" not in said
        assert "Not ranked" not in said
    with pytest.raises(SystemExit) as ended:
        main(["claims", str(run), "--transfers", "FRA:ARG"])
    assert ended.value.code == 2
    # The run's own leaderboard is of all its transfers.
    assert not (run / "leaderboard.md").exists()
    with pytest.raises(SystemExit):
        main(["tables", str(run)])
    assert "Not ranked, since a transfer is missing: p (FRA:USA);" in capsys.readouterr().out


def test_without_an_oracle_or_a_reference_there_is_no_share() -> None:
    rows = [row for row in ROWS if row.track == "inductive"]
    assert frame_of(rows, "b")["gap_closed"].isna().all()
    # `d` has not every transfer: nothing is compared with it.
    assert frame_of(ROWS, "d")["difference"].isna().all()


def test_an_unknown_reference_is_named() -> None:
    with pytest.raises(UsageError, match="No row of method 'bb'"):
        comparison_groups(from_rows(ROWS), "bb")


def test_every_column_says_what_it_means() -> None:
    assert len({column.name for column in REGISTRY}) == len(REGISTRY)
    assert all(column.meaning.endswith(".") for column in REGISTRY)


LABELS = [0, 0, 1, 1, 2, 2, 0, 1]
BLOCK = [5, 5, 5, 5, 9, 9, 9, 9]
GOOD = [0, 0, 1, 1, 2, 2, 0, 0]
POOR = [0, 1, 0, 1, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("block", "unit", "student"), [(BLOCK, "blocks", 12.706), (None, "samples", 2.365)]
)
def test_intervals_come_from_stored_predictions(
    tmp_path: Path, block: list[int] | None, unit: str, student: float
) -> None:
    run = write_run(
        tmp_path / "run",
        {(name, seed): [given] for name, given in (("g", GOOD), ("p", POOR)) for seed in (1, 2)},
        labels=[LABELS],
        block=block,
    )
    results = read_results([run], draws=200)
    (group,) = comparison_groups(results, "p")
    assert group.units == (unit,)
    # Student's t of 1 degree of freedom (two blocks) and of 7 (eight samples).
    drawn = group.draws("g", "FRA:CHN", "macro_f1")
    assert drawn is not None
    found = group.interval(replace(drawn, values=0.5 + np.arange(-500, 501) / 1e5), 0.5)
    # Percentiles at 0.5 +- 0.00475 and normal tails of 1.96, stretched to those of Student.
    assert found.low == pytest.approx(0.5 - 0.00475 * student / 1.96, abs=1e-5)
    assert f"seeds and {unit} of the target" in " ".join(facts(group))
    frame = method_frame(group).set_index("method")
    good = frame.loc["g"]
    assert good["overall_accuracy"] == pytest.approx(7 / 8)
    assert good["confirmed"] == 1
    assert good["overall_accuracy_low"] < 7 / 8 < good["overall_accuracy_high"] + 1e-9
    # Whatever is drawn, what `p` gets right `g` does too: the paired difference is never negative.
    other = group.draws("p", "FRA:CHN", "macro_f1")
    assert other is not None
    assert np.min((drawn - other).values) >= 0
    assert good["difference_low"] < good["difference"] <= good["difference_high"]
    assert tidy(results)["resampled"].tolist() == [unit, unit]
    assert "Unverified" not in markdown(results)


def test_intervals_of_blocks_are_those_of_two_blocks(tmp_path: Path) -> None:
    """Of two blocks one is drawn: accuracy 4/4 in block 5, 3/4 in block 9, and nothing between."""
    run = write_run(tmp_path / "run", {("g", 1): [GOOD]}, labels=[LABELS], block=BLOCK)
    results = read_results([run], draws=100)
    (draws,) = results.draws.values()
    assert set(np.unique(draws["overall_accuracy"].values)) == {1.0, 0.75}


def test_predictions_that_contradict_their_row_are_named_and_not_used(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {("g", 1): [GOOD]}, labels=[LABELS])
    (path,) = run.glob("jobs/*/predictions-CHN.npz")
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["probability"] = arrays["probability"][:, ::-1]
    np.savez_compressed(path, **arrays)
    manifest = path.with_name("manifest.json")
    import hashlib
    import json

    sums = json.loads(manifest.read_text())
    sums[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(sums))
    results = read_results([run])
    assert results.draws == {}
    assert "do not give its stored scores" in results.problems[0]
    assert "Unverified, no stored predictions give the score: g" in markdown(results)


def test_a_method_on_other_samples_than_the_others_is_named() -> None:
    """Easier samples of the same target make a rank that says nothing."""

    def on(method: str, ids: str, target: str = "CHN") -> Row:
        row = make_row(method=method, target=target)
        return row.model_copy(update={"data": row.data.model_copy(update={"ids_hash": ids})})

    rows = [on("a", "1"), on("b", "1"), on("c", "2"), *(on(m, "3", "USA") for m in "abc")]
    (group,) = comparison_groups(from_rows(rows))
    (said,) = (note for note in notes(group) if "other samples" in note)
    assert said.endswith("may come from the samples: c (FRA:CHN).")
    (same,) = comparison_groups(from_rows([row for row in rows if row.method != "c"]))
    assert not any("other samples" in note for note in notes(same))


def state(run: Path, seed: int, **scores: float) -> None:
    """Change what the row of a seed states, as somebody does who writes the whole job again."""
    store = RunStore(run)
    (job,) = (job for job in store.read_all()[0] if job.identity.seed == seed)
    (row,) = job.rows
    assert row.scores is not None
    lie = row.model_copy(update={"scores": row.scores.model_copy(update=scores)})
    store.write(job.identity, [lie], [store.predictions(job, row.target)])


@pytest.mark.parametrize(
    "name",
    ["macro_f1", "overall_accuracy", "balanced_accuracy", "calibration_error", "log_loss"],
)
def test_a_score_that_its_predictions_do_not_give_is_not_confirmed(
    tmp_path: Path, name: str
) -> None:
    """Its confusion matrix alone is true."""
    run = write_run(tmp_path / "run", {("g", 1): [POOR]}, labels=[LABELS])
    assert len(read_results([run]).confirmed) == 1
    state(run, 1, **{name: 0.95})
    results = read_results([run])
    assert results.confirmed == frozenset()
    assert "do not give its stored scores" in results.problems[0]
    assert "Unverified, no stored predictions give the score: g" in markdown(results)


def test_a_score_of_more_seeds_than_are_confirmed_has_no_interval(tmp_path: Path) -> None:
    """An interval of the other seeds lies about another score: here it would be 1 to 1."""
    run = write_run(tmp_path / "run", {("g", n): [LABELS] for n in (1, 2, 3)}, labels=[LABELS])
    state(run, 2, macro_f1=0.1)
    results = read_results([run], draws=50)
    assert len(results.confirmed) == 2
    line = method_frame(comparison_groups(results)[0]).iloc[0]
    assert line["macro_f1"] == pytest.approx(0.7)
    assert np.isnan(line["macro_f1_low"])
    assert np.isnan(line["macro_f1_high"])
    assert tidy(results)["resampled"].tolist() == [""]


def test_a_job_in_two_runs_counts_once_and_order_does_not_matter(tmp_path: Path) -> None:
    answers = {(name, seed): [GOOD] for name in ("g", "h") for seed in (1, 2)}
    one = write_run(tmp_path / "one", answers, labels=[LABELS], block=BLOCK)
    two = write_run(tmp_path / "two", dict(reversed(answers.items())), labels=[LABELS], block=BLOCK)
    once = markdown(read_results([one]))
    assert markdown(read_results([two, one])) == once
    assert once.count("| g |") == 3


def test_predictions_that_the_released_protocol_rewrote_confirm_their_row(tmp_path: Path) -> None:
    """Corn is not grown in Australia: the released code reads it as other (defect 4)."""
    truth, given, rewritten = [4, 5, 6], [4, 0, 0], [4, 6, 6]
    confusion = [[0] * 7 for _ in range(7)]
    for true, named in zip(truth, rewritten, strict=True):
        confusion[true][named] += 1
    probabilities = np.eye(7, dtype=np.float32)[given]
    row = make_row(
        method="m", target="AUS", protocol="paper-released", confusion=tuple(map(tuple, confusion))
    )
    scores, _ = score(probabilities, np.array(truth), predicted=np.array(rewritten))
    row = row.model_copy(update={"scores": scores})
    prediction = Prediction(
        target="AUS",
        sample_ids=np.array(["a", "b", "c"]),
        probabilities=probabilities,
        classes=CROPS,
        labels=np.array(truth),
    )
    identity = JobIdentity(
        method="m",
        code_fingerprint="c",
        representation="median",
        source="FRA",
        seed=1,
        protocol_hash="p",
        dataset_fingerprint="d",
        metric_version=METRIC_VERSION,
        bands=("B2",),
    )
    RunStore(tmp_path).write(identity, [row], [prediction])
    results = read_results([tmp_path], draws=20)
    assert len(results.confirmed) == 1
    assert "repeats the released code" in markdown(results)
