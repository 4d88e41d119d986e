"""Tables of papers: what stands out, and every format with hostile names."""

import csv
import io
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sample_rows import make_row, write_run

from benchmark.cli import main
from benchmark.errors import UsageError
from leaderboard.comparison_group import base_of, comparison_groups
from leaderboard.results import Results, from_rows, read_results
from leaderboard.tables.emphasis import emphasis
from leaderboard.tables.latex_tables import MOST_LINES, as_latex, latex_text
from leaderboard.tables.leaderboard_files import csv_text
from leaderboard.tables.paper_tables import STYLES, chosen_table, paper_tables
from leaderboard.tables.section_facts import SIMULATED_MARK, facts
from leaderboard.tables.table_content import Cell, Notes, Table
from leaderboard.tables.table_formats import FORMATS, as_csv, as_html, as_markdown

HOSTILE = (
    "<script>alert(1)</script>",
    "../../x",
    r"\input{/etc/passwd}",
    "=cmd|' /C calc'!A0",
    "a|b",
    "[x](javascript:y)",
    "*&%$#_{}~^\"'`",
    "line\nbreak",
)


NEURIPS_WIDTH = (
    r"\documentclass{article}\textwidth=397.5pt\textheight=650pt\usepackage[T1]{fontenc}"
)


def tables(results: Results, style: str = "full") -> list[Table]:
    return [table for group in comparison_groups(results) for table in paper_tables(group, style)]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Three methods on two transfers, three seeds: right everywhere, mostly and nowhere."""
    labels = [0, 1] * 50
    flipped = [1 - label for label in labels]
    nearly = flipped[:20] + labels[20:]
    answers = {
        (name, seed): [given, given]
        for seed in (1, 2, 3)
        for name, given in (("m", labels), ("m.aug", nearly), ("z", flipped))
    }
    return read_results([write_run(tmp_path / "run", answers, labels=[labels, labels])], draws=200)


def test_best_and_second_stand_out_where_they_are_beyond_chance(results: Results) -> None:
    text = as_markdown(tables(results, "paper"))
    assert "| m | **100.0 ± 0.0** | **100.0 ± 0.0** |" in text
    assert "| m.aug | <u>80.0 ± 0.0</u> | <u>80.0 ± 0.0</u> |" in text
    assert "| z | 0.0 ± 0.0 | 0.0 ± 0.0 |" in text
    assert r"\textbf{100.0 \(\pm\) 0.0}" in as_latex(tables(results, "paper"))


def write_three(root: Path, one: list[int], other: list[int], last: list[int]) -> Results:
    answers = {
        (name, seed): [given]
        for name, given in (("one", one), ("other", other), ("last", last))
        for seed in (1, 2, 3)
    }
    return read_results([write_run(root, answers, labels=[LABELS])], draws=300)


LABELS = [0, 1] * 100


def flipped(first: int, last: int) -> list[int]:
    return [1 - n if first <= i < last else n for i, n in enumerate(LABELS)]


def emphases(results: Results) -> dict[str, str]:
    (group,) = comparison_groups(results)
    return dict(emphasis(group, "FRA:CHN", "overall_accuracy"))


def test_the_best_stands_out_only_if_it_is_beyond_every_other(tmp_path: Path) -> None:
    # `other` errs where `one` does and in 6 samples more: surely worse. `last` errs in 22, none of
    # which is one's: lower than both, and yet by chance perhaps.
    one, other, last = flipped(0, 12), flipped(0, 18), flipped(20, 42)
    (group,) = comparison_groups(write_three(tmp_path / "a", one, other, last))
    draws = [group.draws(name, "FRA:CHN", "overall_accuracy") for name in ("one", "other", "last")]
    assert draws[0] is not None
    assert draws[1] is not None
    assert draws[2] is not None
    assert group.interval(draws[0] - draws[1], 0.03).excludes_zero
    assert not group.interval(draws[0] - draws[2], 0.05).excludes_zero
    assert emphasis(group, "FRA:CHN", "overall_accuracy") == {}


def test_the_second_stands_out_only_below_a_best_that_does(tmp_path: Path) -> None:
    # The first two are alike, and the third far below.
    found = write_three(tmp_path / "a", flipped(0, 10), flipped(10, 20), flipped(0, 150))
    assert emphases(found) == {}
    apart = write_three(tmp_path / "b", LABELS, flipped(10, 50), flipped(0, 150))
    assert emphases(apart) == {"one": "best", "other": "second"}


def test_two_seeds_make_nothing_stand_out(tmp_path: Path) -> None:
    answers = {
        (name, seed): [given]
        for name, given in (("good", LABELS), ("poor", flipped(0, 200)))
        for seed in (1, 2)
    }
    results = read_results([write_run(tmp_path, answers, labels=[LABELS])], draws=100)
    assert emphases(results) == {}
    (group,) = comparison_groups(results)
    assert any(
        "held the truth in 81 to 93 of 100 made-up experiments" in fact for fact in facts(group)
    )


def test_a_summary_has_score_interval_transfers_and_cost_in_one_line(results: Results) -> None:
    (table,) = tables(results, "summary")
    (transfers,) = [table.headings[3:5]]
    assert table.headings == (
        *("method", "macro-F1", "95 % interval", *transfers, "overall accuracy"),
        *("in-domain", "gap", "fit s", "samples/s", "parameters"),
    )
    line = {cell.text for cell in table.body[1][:6]}
    assert line >= {"m.aug", "80.0", "80.0 ± 0.0"}
    limits = table.body[1][2].text.split(" to ")
    assert float(limits[0]) < 80.0 < float(limits[1])
    assert table.body[1][3].emphasis == "second"


def test_a_summary_of_many_transfers_has_no_column_of_each() -> None:
    targets = ("CHN", "USA", "ARG", "AUS", "BRA")
    results = from_rows([make_row(target=target) for target in targets])
    (table,) = tables(results, "summary")
    assert len(table.headings) == 9
    assert [cell.text for cell in table.body[0]][1:3] == ["50.0", "-"]


def test_nothing_stands_out_without_predictions_or_in_a_tie(tmp_path: Path) -> None:
    rows = [make_row(method="a", macro_f1=0.9), make_row(method="b", macro_f1=0.1)]
    assert "**" not in as_markdown(tables(from_rows(rows)))
    labels = [0, 1] * 10
    answers = {(name, 1): [labels] for name in ("a", "b", "c")}
    run = write_run(tmp_path / "run", answers, labels=[labels])
    assert "**" not in as_markdown(tables(read_results([run], draws=50)))


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


def test_lines_of_a_csv_can_be_told_apart(results: Results) -> None:
    found = list(csv.DictReader(io.StringIO(as_csv(tables(results)))))
    keys = {(cell["table"], cell["line"], cell["column"]) for cell in found}
    assert len(keys) == len(found)
    assert {cell["row"] for cell in found if cell["line"] == "1"} == {"m", "m.aug"}


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
    table = chosen_table(group, ["gap", "FRA:CHN", "macro_f1"])
    assert table.headings == ("method", "gap", "FRA:CHN", "macro-F1")
    lines = {line[0].text: line[1:] for line in table.body}
    assert [cell.text for cell in lines["m.aug"]][1:] == ["80.0 ± 0.0", "80.0"]
    assert lines["m"][1] == Cell("100.0 ± 0.0", "best")
    assert list(lines) == ["m", "m.aug", "z"]
    assert "In-domain less target." in table.caption
    with pytest.raises(UsageError, match="did you mean 'macro_f1'"):
        chosen_table(group, ["macro_f"])


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


def simulated_rows(methods: int = 3, targets: int = 2) -> Results:
    names = ("CHN", "USA", "GBR", "BEL", "NLD", "ARG", "AUS", "BRA", "CAN")
    return from_rows(
        [
            make_row(method=f"median.random-forest.{n}", target=target, seed=seed, simulated=True)
            for n in range(methods)
            for target in names[:targets]
            for seed in (1, 2)
        ]
    )


@pytest.mark.parametrize("form", ["markdown", "html", "latex"])
def test_notes_are_as_many_as_are_wanted(form: str) -> None:
    (table,) = tables(simulated_rows(), "summary")
    fingerprint = next(note for note in table.notes if "fingerprint" in note)
    texts = {choice: FORMATS[form]([table], choice) for choice in Notes}
    under = {
        choice: "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        for choice, text in texts.items()
    }
    assert fingerprint in under[Notes.full]
    assert [fingerprint in under[n] for n in (Notes.short, Notes.none)] == [False, False]
    assert [SIMULATED_MARK in under[n] for n in Notes] == [True, True, False]
    # What is not shown in LaTeX stands above it as a comment.
    assert (fingerprint in texts[Notes.none]) == (form == "latex")


def test_latex_has_a_caption_to_keep_a_label_and_no_scaling() -> None:
    text = as_latex(tables(simulated_rows(), "summary"))
    (caption,) = re.findall(r"\\caption{(.*)}", text)
    assert caption.startswith("Methods ranked by macro-F1 (\\%) on targets")
    assert caption.endswith("protocol smoke, 2 seeds.")
    assert "imulated" in caption
    (label,) = re.findall(r"\\label{(.*)}", text)
    assert re.fullmatch(r"tab:[a-z0-9-]+", label)
    assert "resizebox" not in text
    assert r"\centering\footnotesize" in text


def test_labels_are_never_the_same() -> None:
    found = tables(simulated_rows(), "full")
    labels = re.findall(r"\\label{(.*)}", as_latex([*found, *found]))
    assert len(set(labels)) == len(labels) >= 2 * len(found)


def test_a_wide_table_is_continued_below_with_the_names(results: Results) -> None:
    del results
    (_, table) = tables(simulated_rows(targets=9), "paper")
    text = as_latex([table])
    parts = re.findall(r"\\begin{tabular}.*?\\end{tabular}", text, re.S)
    assert len(parts) > 1
    assert text.count(r"\begin{table*}") == 1
    for part in parts:
        assert len(re.findall(r"^median\.random-forest\.\d", part, re.M)) == 3
    headings = re.findall(r"FRA:[A-Z]{3}", "".join(parts))
    assert headings == list(table.headings[1:])
    assert r"\multicolumn" in parts[0]
    assert r"\multicolumn" in parts[1]


def test_a_long_table_goes_on_in_another_float() -> None:
    (_, table) = tables(simulated_rows(methods=MOST_LINES), "paper")
    text = as_latex([table])
    assert text.count(r"\begin{table*}") == 2
    assert ", continued}" in text
    for n in range(MOST_LINES):
        assert text.count(f"median.random-forest.{n} &") == 1


def test_time_has_a_table_of_its_own() -> None:
    rows = [make_row(source="USA", target=target) for target in ("USA-2017", "FRA")]
    found = [table for table in tables(from_rows(rows)) if "in time" in table.title]
    assert [table.headings for table in found] == [("method", "USA:USA-2017")] * 2


def hostile_rows() -> Results:
    return from_rows(
        [
            make_row(method=name, target=t, crops={"corn": 0.5})
            for name in HOSTILE
            for t in ("CHN", "USA")
        ]
    )


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_the_same_each_time_and_never_empty(form: str) -> None:
    one, two = (FORMATS[form](tables(hostile_rows())) for _ in range(2))
    assert one == two
    assert len(one) > 1000


def test_hostile_names_in_markdown() -> None:
    text = as_markdown(tables(hostile_rows()))
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\]\(", text)


class Tags(HTMLParser):
    """Collects the tags and texts of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_names_in_html() -> None:
    page = Tags()
    page.feed(as_html(tables(hostile_rows())))
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert not {"a", "img", "iframe"} & page.tags


def test_hostile_names_in_csv() -> None:
    for text in (
        as_csv(tables(hostile_rows())),
        csv_text(comparison_groups(hostile_rows())[0].transfers),
    ):
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        names = {cell for cell in cells if "calc" in cell}
        assert names == {"'" + HOSTILE[3]}
        assert not [c for c in cells if re.match(r"[=@\t\r]|[+-](?![\d.]+$)", c)]


def test_hostile_names_in_latex() -> None:
    text = as_latex(tables(hostile_rows()))
    assert r"\input" not in text.replace(r"\textbackslash{}input", "")
    # Every command is one that the writer itself writes.
    known = r"begin|end|caption|label|centering|footnotesize|setlength|tabcolsep|toprule|midrule|"
    known += r"bottomrule|cmidrule|par|medskip|smallskip|raggedright|shortstack|multicolumn|"
    known += r"textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|char|"
    known += r"textasciigrave|textquotesingle|pm|textbf|underline"
    assert set(re.findall(r"\\([a-zA-Z]+)", text)) <= set(known.split("|"))
    for kinds, body in re.findall(r"\\begin{tabular}{@{}(\S+)@{}}(.*?)\\end{tabular}", text, re.S):
        columns = len(re.sub(r"{[\d.]+pt}", "", kinds))
        for line in body.splitlines():
            if line.endswith(r"\\") and "multicolumn" not in line:
                assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
    assert latex_text("a\nb\x00") == "a b?"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX is installed")
@pytest.mark.parametrize("page", [r"\documentclass[twocolumn,a4paper]{article}", NEURIPS_WIDTH])
@pytest.mark.parametrize("name", ["hostile", "many"])
def test_latex_compiles_and_fits_a_page(name: str, page: str, tmp_path: Path) -> None:
    """In 8 points, on the narrowest page that it is for, with any font encoding."""
    rows = hostile_rows() if name == "hostile" else simulated_rows(methods=60, targets=9)
    groups = comparison_groups(rows)
    body = as_latex([s for group in groups for s in paper_tables(group, "full", narrow=True)])
    (tmp_path / "t.tex").write_text(
        f"{page}\\usepackage{{booktabs}}\\begin{{document}}\n{body}\\end{{document}}\n"
    )
    command = ["pdflatex", "-halt-on-error", "-no-shell-escape", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    for trouble in ("Overfull", "Float too large", "multiply defined"):
        assert trouble not in done.stdout


def test_styles_have_names_that_commands_know() -> None:
    assert set(STYLES) == {"summary", "paper", "full"}
    assert set(FORMATS) == {"markdown", "latex", "csv", "html"}
