"""Results for other places, and the commands that write them."""

import io
from pathlib import Path

import pandas as pd
import pytest
import yaml
from sample_rows import make_row, write_run

from benchmark.cli import main
from leaderboard.comparison_group import comparison_groups
from leaderboard.export import export
from leaderboard.results import from_rows
from leaderboard.site.site_tables import method_site_table

ROWS = [
    make_row(method="a", target="CHN", macro_f1=0.5),
    make_row(method="b", target="CHN", macro_f1=0.5),
    make_row(method="c", target="CHN", macro_f1=0.25),
    make_row(method="a", target="USA", macro_f1=0.75),
    make_row(method="s", target="CHN", macro_f1=0.9, simulated=True, fingerprint="f"),
]


def test_tidy_results_rank_within_a_transfer_and_a_group() -> None:
    table = pd.read_csv(io.StringIO(export(from_rows(ROWS))["results.csv"]))
    assert len(table) == 5 * 5  # rows by exported metrics
    china = table[(table["metric"] == "Macro-F1") & (table["transfer"] == "FRA:CHN")]
    assert dict(zip(china["method"], china["rank"], strict=True)) == {
        "a": 1,
        "b": 1,
        "c": 3,
        "s": 1,
    }
    assert china.set_index("method")["simulated"].to_dict() == {
        "a": False,
        "b": False,
        "c": False,
        "s": True,
    }


def test_the_same_scores_in_another_order_share_a_rank() -> None:
    scores = {"a": (0.458, 0.028, 0.23), "b": (0.028, 0.458, 0.23)}
    rows = [
        make_row(method=name, seed=seed, macro_f1=value)
        for name, values in scores.items()
        for seed, value in enumerate(values)
    ]
    results = from_rows(rows)
    (group,) = comparison_groups(results)
    assert group.transfers["macro_f1"].nunique() == 2, "their sums differ in the last digit"
    table = pd.read_csv(io.StringIO(export(results)["results.csv"]))
    assert table[table["metric"] == "Macro-F1"]["rank"].tolist() == [1, 1]
    for name in scores:
        (line,) = method_site_table(group, "t", name).lines
        assert line[1].text == "1 of 2"


def test_metadata_of_a_method() -> None:
    content = yaml.safe_load(export(from_rows(ROWS))["model-index/a.yaml"])
    (entry,) = content["model-index"]
    assert entry["name"] == "a"
    assert [result["dataset"]["split"] for result in entry["results"]] == ["FRA:CHN", "FRA:USA"]
    assert entry["results"][1]["metrics"][0] == {
        "type": "macro_f1",
        "name": "Macro-F1",
        "value": 0.75,
    }
    # The mark of simulated data travels with the name of the dataset.
    simulated = yaml.safe_load(export(from_rows(ROWS))["model-index/s.yaml"])
    assert "(simulated)" in simulated["model-index"][0]["results"][0]["dataset"]["name"]


@pytest.mark.parametrize("name", ["a: b\n- c", "../../x", "!!python/object:os.system", "=x()"])
def test_hostile_names(name: str) -> None:
    files = export(from_rows([make_row(method=name)]))
    (path,) = (path for path in files if path.startswith("model-index/"))
    assert ".." not in path
    assert yaml.safe_load(files[path])["model-index"][0]["name"] == name
    table = pd.read_csv(io.StringIO(files["results.csv"]))
    assert not table["method"].str.startswith("=").any()


LABELS = [0, 1] * 20


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (["tables", "--style", "full", "--format", "latex", "--out", "{out}/t.tex"], "t.tex"),
        (["parity", "--format", "csv", "--out", "{out}/p.csv"], "p.csv"),
        (["figures", "--out", "{out}"], "1-heat_map.png"),
        (["site", "--out", "{out}"], "index.html"),
        (["export", "--out", "{out}"], "results.csv"),
        (["leaderboard", "--out", "{out}"], "leaderboard.md"),
    ],
)
def test_commands_write_files(
    words: list[str], made: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", {("a", 1): [LABELS]}, labels=[LABELS])
    out = tmp_path / "out"
    rest = [word.replace("{out}", str(out)) for word in words[1:]]
    with pytest.raises(SystemExit) as ended:
        main([words[0], str(run), *rest])
    assert ended.value.code in {0, None}
    assert (out / made).stat().st_size > 0
    assert "Wrote" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tables", "RUN", "--format", "latx"], "Unknown format 'latx': did you mean 'latex'?"),
        (["tables", "RUN", "--style", "papr"], "Unknown style 'papr': did you mean 'paper'?"),
        (["tables", "RUN", "--reference", "b"], "No row of method 'b': known: a"),
        (["parity", "RUN"], "Simulated data (tiny) is never compared with the paper"),
        (["site", "NOWHERE", "--out", "x"], "is no run directory"),
    ],
)
def test_commands_say_what_is_wrong(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", {("a", 1): [LABELS]}, labels=[LABELS], simulated=True)
    with pytest.raises(SystemExit) as ended:
        main([str(run) if word == "RUN" else word for word in words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_tables_can_be_piped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", {("a", 1): [LABELS]}, labels=[LABELS])
    with pytest.raises(SystemExit):
        main(["tables", str(run), "--format", "csv"])
    assert capsys.readouterr().out.startswith("table,line,row,column,value,emphasis\n")
