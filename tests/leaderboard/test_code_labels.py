"""One name, one code: what rows of two codes under one name become everywhere."""

from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row, write_run

from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from leaderboard.code_labels import name_of, newest_labels, with_labels
from leaderboard.comparison_group import comparison_groups
from leaderboard.export import export
from leaderboard.paper.claims import evaluate_claims
from leaderboard.paper.parity import parity
from leaderboard.results import from_rows, read_results
from leaderboard.site.site_builder import build_site
from leaderboard.submissions.verdict_files import row_digest
from leaderboard.tables.columns import method_frame
from leaderboard.tables.paper_tables import paper_tables
from leaderboard.tables.text_tables import markdown, screen_tables, tidy

OLD, NEW = "aaaaaa1111111111", "bbbbbb2222222222"


def dated(row: Row, created: str) -> Row:
    provenance = row.provenance.model_copy(update={"created": created})
    return row.model_copy(update={"provenance": provenance})


def two_codes(method: str = "mine", **more: object) -> list[Row]:
    """Seeds 1, 2 by one code and 3, 4 by a newer one: 45.5 and 34.7, not 40.1."""
    return [
        *(
            dated(make_row(method=method, seed=n, macro_f1=0.455, code=OLD, **more), "2026-01-01")  # type: ignore[arg-type]
            for n in (1, 2)
        ),
        *(
            dated(make_row(method=method, seed=n, macro_f1=0.347, code=NEW, **more), "2026-01-02")  # type: ignore[arg-type]
            for n in (3, 4)
        ),
    ]


def test_two_codes_under_one_name_are_two_lines() -> None:
    (group,) = comparison_groups(from_rows(two_codes()))
    frame = method_frame(group).set_index("method")
    assert frame["macro_f1"].to_dict() == {
        "mine:aaaaaa": pytest.approx(0.455),
        "mine:bbbbbb": pytest.approx(0.347),
    }
    assert group.transfers["seeds"].tolist() == [2, 2]


def test_seeds_and_transfers_of_one_code_are_one_line() -> None:
    rows = [make_row(method="mine", seed=seed, code=OLD) for seed in (1, 2, 3)]
    (group,) = comparison_groups(from_rows(rows))
    assert method_frame(group)["method"].tolist() == ["mine"]


def test_the_file_and_the_terminal_say_so() -> None:
    results = from_rows(two_codes())
    sentence = "has its own line. The newest that has a score comes first: mine "
    assert sentence in markdown(results)
    (table,) = screen_tables(results, 200)
    assert sentence in str(table.caption)
    assert "mine (mine:bbbbbb, mine:aaaaaa)" in markdown(results)
    assert "Different code made" not in markdown(from_rows(two_codes()[:2]))


def test_codes_of_different_protocols_or_data_share_no_table_and_need_no_mark() -> None:
    rows = [make_row(code=OLD), make_row(code=NEW, protocol="quick")]
    assert {row.method for row in with_labels(rows)} == {"test.nearest"}


def test_other_vectors_are_another_line() -> None:
    row = make_row(code=OLD)
    rows = [
        row.model_copy(update={"data": row.data.model_copy(update={"vectors": vectors})})
        for vectors in ("1" * 64, "2" * 64)
    ]
    labels = [row.method for row in with_labels(rows)]
    assert labels == ["test.nearest:aaaaaa+111111", "test.nearest:aaaaaa+222222"]
    assert {name_of(row) for row in with_labels(rows)} == {"test.nearest"}


def test_marks_are_as_long_as_they_must_be() -> None:
    rows = with_labels([make_row(code="a" * 16), make_row(code="a" * 8 + "b" * 8)])
    assert [row.method for row in rows] == ["test.nearest:aaaaaaaaa", "test.nearest:aaaaaaaab"]


def test_labels_are_made_again_alike_and_go_where_one_code_is_left() -> None:
    labelled = with_labels(two_codes())
    assert with_labels(labelled) == labelled
    assert {row.method for row in with_labels(labelled[:2])} == {"mine"}
    strange = make_row(method="me:home", code=OLD)
    assert name_of(strange) == "me:home"


def test_where_a_method_is_named_the_newest_code_is_meant() -> None:
    rows = [*two_codes("median.random-forest"), make_row(method="other", macro_f1=0.5)]
    assert newest_labels(with_labels(rows))["median.random-forest"][0].endswith(":bbbbbb")
    (group,) = comparison_groups(from_rows(rows))
    assert group.reference == "median.random-forest:bbbbbb"
    (named,) = comparison_groups(from_rows(rows), "median.random-forest:aaaaaa")
    assert named.reference == "median.random-forest:aaaaaa"
    with pytest.raises(UsageError, match="No row of method"):
        comparison_groups(from_rows(rows), "mine")


def test_a_newer_failure_does_not_hide_the_scores_of_older_code() -> None:
    older, newer = two_codes("mine")[0], two_codes("mine")[-1]
    failed = newer.model_copy(update={"scores": None, "status": "failed", "reason": "x"})
    labels = newest_labels(with_labels([older, failed]))["mine"]
    assert [label.rpartition(":")[2] for label in labels] == ["aaaaaa", "bbbbbb"]


def test_parity_and_claims_take_the_newest_code() -> None:
    rows = two_codes("cropnet", source="USA", target="AUS", family="convolution")
    rival = make_row(method="ltae", family="transformer", source="USA", target="AUS", macro_f1=0.4)
    results = from_rows([*rows, rival])
    ((_, comparisons),) = parity(results)
    ours = [c.ours for c in comparisons if c.ours is not None]
    assert ours
    assert set(ours) == {ours[0]}
    assert ours[0] == pytest.approx(0.347)
    ((_, findings),) = evaluate_claims(results, "macro_f1")
    duels = [
        duel
        for finding in findings
        if finding.subject == "cropnet:bbbbbb"
        for contest in finding.contests
        for duel in contest.duels
        if duel.rival == "ltae"
    ]
    assert duels
    assert [duel.difference for duel in duels] == [pytest.approx(0.347 - 0.4)] * len(duels)


def test_a_variant_is_compared_with_the_newest_of_what_it_varies() -> None:
    rows = [*two_codes("a"), *(make_row(method="a.b", seed=n, macro_f1=0.5) for n in (3, 4))]
    (group,) = comparison_groups(from_rows(rows))
    (table,) = (t for t in paper_tables(group, "full") if t.title.startswith("Variants"))
    assert [[cell.text for cell in line][:2] for line in table.body] == [["a.b", "a:bbbbbb"]]


def test_intervals_are_of_each_code_alone(tmp_path: Path) -> None:
    labels = [[0, 1] * 8]
    right, wrong = labels[0], [1, 0] * 8
    write_run(tmp_path / "a", {("mine", n): [right] for n in (1, 2)}, labels=labels, code=OLD)
    write_run(tmp_path / "b", {("mine", n): [wrong] for n in (3, 4)}, labels=labels, code=NEW)
    both = read_results([tmp_path / "a", tmp_path / "b"], draws=50)
    frame = tidy(both).set_index("method")
    assert frame.loc["mine:aaaaaa", "macro_f1_low"] == 1
    assert frame.loc["mine:bbbbbb", "macro_f1_high"] == 0
    (group,) = comparison_groups(both)
    assert {group.confirmed_share(label) for label in group.names} == {1.0}


def test_one_run_holds_two_codes_after_an_edit(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for row in two_codes("test.nearest"):
        identity = make_identity(seed=row.seed, code_fingerprint=row.provenance.code_fingerprint)
        store.write(identity, [row])
    assert len({row.method for row in read_results([tmp_path], draws=0).rows}) == 2


def test_site_and_export_have_a_page_and_a_file_of_each_code() -> None:
    rows = two_codes()
    site = build_site(from_rows(rows))
    pages = {path: text for path, text in site.items() if path.startswith("methods/mine")}
    assert len(pages) == 2
    assert any(OLD.encode() in text for text in pages.values())
    assert all(b"cropglobe methods show" in text for text in pages.values())
    assert sum(path.startswith("model-index/mine") for path in export(from_rows(rows))) == 2


def test_a_verdict_belongs_to_a_row_whatever_its_label() -> None:
    rows = two_codes()
    assert [row_digest(row) for row in with_labels(rows)] == [row_digest(row) for row in rows]


def test_the_command_prints_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for code, seed in ((OLD, 1), (NEW, 3)):
        run = tmp_path / code
        identity = make_identity(seed=seed, code_fingerprint=code)
        RunStore(run).write(identity, [make_row(seed=seed, code=code)])
    with pytest.raises(SystemExit):
        main(["leaderboard", str(tmp_path / OLD), str(tmp_path / NEW)])
    said = capsys.readouterr().out
    assert "test.nearest:aaaaaa" in said
    assert "test.nearest:bbbbbb" in said
