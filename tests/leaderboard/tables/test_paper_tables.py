"""Tables of a paper: what each shows, and tables of chosen columns."""

from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row, tables, write_run

from benchmark.cli import main
from benchmark.errors import UsageError
from benchmark.results.store import RunStore
from leaderboard.comparison_group import base_of, comparison_groups
from leaderboard.results import Results, from_rows, read_results
from leaderboard.tables.paper_tables import chosen_tables, paper_tables, summary_table
from leaderboard.tables.table_content import Cell, Table
from leaderboard.tables.table_formats import FORMATS


def test_a_summary_has_score_interval_transfers_and_cost_in_one_line(results: Results) -> None:
    (table,) = tables(results, "summary")
    (transfers,) = [table.headings[4:6]]
    assert table.headings == (
        *("method", "macro-F1", "95 % interval", "possible ranks", *transfers),
        *("overall accuracy", "in-domain", "gap", "fit s", "samples/s", "parameters"),
    )
    line = {cell.text for cell in table.body[1][:7]}
    assert line >= {"m.aug", "80.0", "80.0 ± 0.0"}
    limits = table.body[1][2].text.split(" to ")
    assert float(limits[0]) < 80.0 < float(limits[1])
    assert table.body[1][4].emphasis == "second"


def test_a_summary_of_many_transfers_has_no_column_of_each() -> None:
    targets = ("CHN", "USA", "ARG", "AUS", "BRA")
    results = from_rows([make_row(target=target) for target in targets])
    (table,) = tables(results, "summary")
    assert len(table.headings) == 9
    assert [cell.text for cell in table.body[0]][1:3] == ["50.0", "-"]


def test_a_summary_says_whose_times_cannot_be_compared() -> None:
    """One machine: nothing to say. Two: a column, and a sentence where there is no room for it."""
    machines = {"a": ("Xeon",), "b": ("Xeon", "EPYC"), "c": ("EPYC",)}
    rows = [
        make_row(method=method, seed=seed, device_name=name)
        for method, names in machines.items()
        for seed, name in enumerate(names * 2)
    ]
    (group,) = comparison_groups(from_rows(rows))
    wide, narrow = summary_table(group), summary_table(group, narrow=True)
    assert wide.headings[-1] == "measured on"
    assert {line[0].text: line[-1].text for line in wide.body} == {
        "a": "Xeon",
        "b": "EPYC; Xeon",
        "c": "EPYC",
    }
    assert "measured on" not in narrow.headings
    said = "Times of different machines cannot be compared: EPYC (b, c); Xeon (a, b)."
    assert said in wide.notes
    assert said in narrow.short_notes

    (alone,) = comparison_groups(from_rows(row for row in rows if row.method == "a"))
    assert "measured on" not in summary_table(alone).headings
    assert not any("Times of different" in note for note in summary_table(alone).notes)


def test_variants_are_compared_with_what_they_vary(results: Results) -> None:
    (table,) = (table for table in tables(results) if table.title.startswith("Variants"))
    (line,) = ([cell.text for cell in cells] for cells in table.body)
    assert line[:5] == ["m.aug", "m", "80.0", "100.0", "-20.0"]
    assert base_of("a.b.c", {"a", "a.b"}) == "a.b"
    assert base_of("a.b", {"a.c"}) is None


def test_area_bias_of_a_crop(tmp_path: Path) -> None:
    # Eight samples, half corn; two of the corn are called soybeans: corn -25, soybeans +25 points.
    run = write_run(
        tmp_path / "run",
        {("a", 1): [[0, 0, 1, 1, 1, 1, 1, 1]]},
        labels=[[0, 0, 0, 0, 1, 1, 1, 1]],
    )
    found = tables(read_results([run], draws=20))
    (table,) = (table for table in found if table.title.startswith("Crop-area bias"))
    assert table.headings == ("method", "corn", "soybeans")
    assert [cell.text for cell in table.body[0]] == ["a", "-25.0", "+25.0"]


def sheet_of(results: Results, title: str) -> Table:
    return next(table for table in tables(results) if table.title.startswith(title))


def test_a_crop_has_no_mean_without_every_transfer_that_has_it() -> None:
    rows = [
        make_row(method="all", target="CHN", crops={"corn": 0.2, "rice": 0.4}),
        make_row(method="all", target="USA", crops={"corn": 0.6}),
        make_row(method="part", target="CHN", crops={"corn": 0.9, "rice": 0.8}),
    ]
    table = sheet_of(from_rows(rows), "F1 by crop")
    assert table.headings == ("method", "corn", "rice")
    lines = {line[0].text: [cell.text for cell in line[1:]] for line in table.body}
    # Corn: 0.2 and 0.6; only China has rice.
    assert lines == {"all": ["40.0", "40.0"], "part": ["-", "80.0"]}


def test_a_crop_that_a_method_never_names_is_off_by_what_the_target_has(tmp_path: Path) -> None:
    # Four samples, all corn: `a` calls one of them soybeans on both targets, `b` none.
    truth, wrong = [0, 0, 0, 0], [1, 0, 0, 0]
    answers = {("a", 1): [wrong, wrong], ("b", 1): [truth, truth], ("c", 1): [truth]}
    run = write_run(tmp_path, answers, labels=[truth, truth])
    table = sheet_of(read_results([run], draws=20), "Crop-area bias")
    assert table.headings == ("method", "corn", "soybeans")
    lines = {line[0].text: [cell.text for cell in line[1:]] for line in table.body}
    assert lines == {"a": ["-25.0", "+25.0"], "b": ["+0.0", "+0.0"], "c": ["-", "-"]}


def test_the_ranking_on_paper_is_a_short_summary(results: Results) -> None:
    (group,) = comparison_groups(results)
    (summary,) = paper_tables(group, "summary", narrow=True)
    wide, narrow = paper_tables(group, "full"), paper_tables(group, "full", narrow=True)
    assert narrow[0] == summary
    assert narrow[1:] == wide[1:]
    assert summary.headings == (
        *("method", "macro-F1", "95 % interval", "overall accuracy", "in-domain", "gap", "fit s"),
    )


def test_a_table_of_chosen_columns(results: Results) -> None:
    (group,) = comparison_groups(results)
    (table,) = chosen_tables([group], ["gap", "FRA:CHN", "macro_f1"])
    assert table.headings == ("method", "gap", "FRA:CHN", "macro-F1")
    lines = {line[0].text: line[1:] for line in table.body}
    assert [cell.text for cell in lines["m.aug"]][1:] == ["80.0 ± 0.0", "80.0"]
    assert lines["m"][1] == Cell("100.0 ± 0.0", "best")
    assert list(lines) == ["m", "m.aug", "z"]
    assert "In-domain less target." in table.caption
    with pytest.raises(UsageError, match="did you mean 'macro_f1'"):
        chosen_tables([group], ["macro_f"])


def test_a_chosen_transfer_that_a_group_lacks_is_a_column_of_dashes() -> None:
    rows = [make_row(target="CHN"), make_row(target="USA", protocol="quick")]
    groups = comparison_groups(from_rows(rows))
    found = {t.title: [cell.text for cell in t.body[0]] for t in chosen_tables(groups, ["FRA:CHN"])}
    assert found == {
        "Leaderboard, tiny, protocol quick": ["test.nearest", "-"],
        "Leaderboard, tiny, protocol smoke": ["test.nearest", "50.0"],
    }
    with pytest.raises(UsageError, match="FRA:ARG"):
        chosen_tables(groups, ["FRA:ARG"])


@pytest.mark.parametrize("more", [[], ["--columns", "gap"], ["--format", "latex"]])
def test_without_a_score_there_is_no_table(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = make_row(macro_f1=None, status="failed", reason="broke")
    RunStore(tmp_path).write(make_identity(), [failed])
    with pytest.raises(SystemExit) as ended:
        main(["tables", str(tmp_path), *more])
    assert ended.value.code == 2
    assert "No method has a score" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("form", FORMATS)
def test_columns_are_chosen_on_the_command_line(
    form: str, results: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tables", str(tmp_path / "run"), "--format", form]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--columns", "parameters", "FRA:USA"])
    assert not ended.value.code
    said = capsys.readouterr().out
    assert "parameters" in said
    assert "FRA:USA" in said
    assert "FRA:CHN" not in said.replace("Not ranked", "")
    assert "overall accuracy" not in said
    with pytest.raises(SystemExit) as ended:
        main([*words, "--columns", "gap", "--style", "full"])
    assert ended.value.code == 2


def test_time_has_a_table_of_its_own() -> None:
    rows = [make_row(source="USA", target=target) for target in ("USA-2017", "FRA")]
    found = [table for table in tables(from_rows(rows)) if "in time" in table.title]
    assert [table.headings for table in found] == [("method", "USA:USA-2017")] * 2
