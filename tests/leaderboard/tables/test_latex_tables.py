"""LaTeX: captions, labels, wide and long tables, hostile names, and what a compiler says."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from sample_rows import hostile_rows, make_row, simulated_rows, tables

from leaderboard.comparison_group import comparison_groups
from leaderboard.paper.claim_tables import all_claim_tables
from leaderboard.paper.parity import parity, parity_table
from leaderboard.results import Results, from_rows
from leaderboard.tables.latex_tables import MOST_LINES, as_latex, latex_text
from leaderboard.tables.own_comparison import own_comparison
from leaderboard.tables.paper_tables import paper_tables
from leaderboard.tables.table_content import Table
from leaderboard.tables.table_formats import as_csv, as_html

NEURIPS_WIDTH = (
    r"\documentclass{article}\textwidth=397.5pt\textheight=650pt\usepackage[T1]{fontenc}"
)


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


def named_tables() -> list[Table]:
    rows = [
        make_row(method=method, target=target, seed=seed)
        for method in ("cropnet", "cropnet.aug")
        for target in ("CHN", "USA")
        for seed in (1, 2, 3)
    ]
    results = from_rows(rows)
    (group,) = comparison_groups(results)
    ((same, compared),) = parity(results)
    sentences = all_claim_tables(results, "macro_f1")
    return [own_comparison(group, "cropnet"), parity_table(same, compared), *sentences]


def test_every_part_of_a_table_names_its_lines() -> None:
    for table in named_tables():
        text = as_latex([table])
        parts = re.findall(r"\\midrule(.*?)\\bottomrule", text, re.S)
        assert len(parts) > 1
        known = {tuple(latex_text(cell.text) for cell in line[:2]) for line in table.body}
        for line in (line for part in parts for line in part.strip().splitlines()):
            first = (cell.replace(r"{\raggedright ", "") for cell in line.split(" & ")[:2])
            assert tuple(cell.removesuffix(r"\par}") for cell in first) in known


def test_the_lines_of_a_comparison_are_named_by_their_methods() -> None:
    table = named_tables()[0]
    cells = list(csv.DictReader(io.StringIO(as_csv([table]))))
    assert {cell["row"] for cell in cells} == {"cropnet", "cropnet.aug"}
    assert as_html([table]).count('<th scope="row">cropnet') == 2


def test_a_long_table_goes_on_in_another_float() -> None:
    (_, table) = tables(simulated_rows(methods=MOST_LINES), "paper")
    text = as_latex([table])
    assert text.count(r"\begin{table*}") == 2
    assert ", continued}" in text
    for n in range(MOST_LINES):
        assert text.count(f"median.random-forest.{n} &") == 1


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
