"""Methods from files: found, refused with a reason, run in workers, noticed when they change."""

import os
import re
import sys
from pathlib import Path

import pytest

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import MethodError, UsageError
from benchmark.results.store import RunStore
from benchmark.task.authoring.method_files import find_method, load_method_file, select_with_files
from benchmark.task.authoring.method_template import KINDS, new_method


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return new_method("my-method", "sklearn", tmp_path)[0]


def test_a_file_runs_beside_installed_methods(mine: Path, tiny: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ("run", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN")
    asked = ("--method-file", str(mine), "--methods", "floor.majority", "--out", str(out))
    assert run(*words, *asked) == 0
    jobs, _ = RunStore(out).read_all()
    assert {job.identity.method for job in jobs} == {"my-method", "floor.majority"}
    assert all(row.status == "ok" for job in jobs for row in job.rows)


def test_a_file_alone_brings_no_headline_methods(mine: Path) -> None:
    assert [method.name for method in select_with_files((), [mine])] == ["my-method"]


def test_a_worker_process_finds_the_file(mine: Path, tiny: Dataset, tmp_path: Path) -> None:
    """The method's module is in no package, so nothing but its path can be sent."""
    out = tmp_path / "run"
    words = ("run", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN")
    asked = ("--method-file", str(mine), "--out", str(out), "--workers", "1")
    assert run(*words, *asked) == 0
    ((job,), _) = RunStore(out).read_all()
    assert [row.status for row in job.rows] == ["ok", "ok"]


def test_an_edit_during_a_run_fails_the_jobs_that_follow_and_stale_runs_all_of_them(
    mine: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The method itself edits its file, in the first of three jobs, once."""
    began = "        del validation  # nothing to choose here\n"
    edit = (
        f"        file, word = __import__('pathlib').Path({str(mine)!r}), 'EDITED = ' + '1\\n'\n"
        "        text = file.read_text('utf-8')\n"
        "        if self.context.seed == 1 and word not in text:\n"
        "            file.write_text(text + word, 'utf-8')\n"
    )
    text = mine.read_text("utf-8")
    assert began in text
    mine.write_text(text.replace(began, began + edit), "utf-8")
    out = tmp_path / "run"
    words = ("run", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN")
    words += ("--seeds", "1", "2", "3", "--method-file", str(mine), "--workers", "1")
    words += ("--out", str(out))
    assert run(*words) == 3
    said = "The method's code changed during the run: --overwrite stale runs its jobs again."
    assert said in " ".join(capsys.readouterr().err.split())
    jobs, _ = RunStore(out).read_all()
    statuses = {job.identity.seed: {row.status for row in job.rows} for job in jobs}
    assert statuses == {1: {"ok"}, 2: {"failed"}, 3: {"failed"}}
    assert run(*words, "--overwrite", "stale") == 0
    jobs, _ = RunStore(out).read_all()
    assert all(row.status == "ok" for job in jobs for row in job.rows)
    assert len({job.identity.code_fingerprint for job in jobs}) == 1


def test_the_fingerprint_follows_the_file(mine: Path) -> None:
    """What is loaded stays what it was; anew, only a comment is no other code."""
    (method,) = load_method_file(mine)
    before = method.code_fingerprint
    mine.write_text(mine.read_text("utf-8") + "\nANOTHER = 1\n", "utf-8")
    assert method.code_fingerprint == before
    (again,) = load_method_file(mine)
    assert again.code_fingerprint != before
    assert find_method("my-method", mine).code_fingerprint == again.code_fingerprint
    mine.write_text(mine.read_text("utf-8") + "\nTHIRD = 1\n", "utf-8")
    third = find_method("my-method", mine).code_fingerprint
    assert third not in (before, again.code_fingerprint)
    mine.write_text(mine.read_text("utf-8") + "\n# a comment\n", "utf-8")
    assert find_method("my-method", mine).code_fingerprint == third


def test_the_fingerprint_follows_modules_that_are_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper beside the file changes predictions as the file does; where it lies does not count.

    An installed package does not count: its version is recorded with each row.
    """

    def fingerprint(folder: str, depth: int, *, of_helper: str = "helper_of_mine") -> str:
        place = tmp_path / folder
        path, _ = new_method("my-method", "sklearn", place)
        path.write_text(f"import {of_helper}\n{path.read_text('utf-8')}", "utf-8")
        (place / "helper_of_mine.py").write_text(f"DEPTH = {depth}\n", "utf-8")
        (place / "site-packages").mkdir()
        (place / "site-packages" / "library.py").write_text(f"DEPTH = {depth}\n", "utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "path", [str(place), str(place / "site-packages"), *sys.path])
            for module in ("helper_of_mine", "library"):
                patch.delitem(sys.modules, module, raising=False)
            (method,) = load_method_file(path)
            sys.modules.pop(of_helper)
            return method.code_fingerprint

    assert fingerprint("a", 1) == fingerprint("b", 1) != fingerprint("c", 2)
    assert fingerprint("d", 1, of_helper="library") == fingerprint("e", 2, of_helper="library")


def test_a_run_says_what_could_not_be_submitted(
    mine: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before it runs: a card that is filled in afterwards makes the rows stale."""
    words = ("--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN")
    asked = ("--method-file", str(mine), "--out", str(tmp_path / "run"))
    for command in ("plan", "run"):
        assert run(command, *words, *asked) == 0
        captured = capsys.readouterr()
        said = " ".join((captured.out + captured.err).split())
        assert "my-method is not described: its card has no summary" in said
    mine.write_text(mine.read_text("utf-8").replace('"my-method"', '"my method"'), "utf-8")
    assert run("run", *words, *asked) == 0
    captured = capsys.readouterr()
    assert "my method has a name that `pack` refuses" in " ".join(captured.err.split())


def test_an_edit_in_the_same_second_counts(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own bytecode would hide it: it knows a file by its second and its length."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    summaries = []
    for word in ("One of all.", "Two of all."):
        text = re.sub(r'summary="[^"]*"', f'summary="{word}"', mine.read_text("utf-8"))
        mine.write_text(text, "utf-8")
        os.utime(mine, (1_000_000_000, 1_000_000_000))
        (method,) = load_method_file(mine)
        summaries.append(method.card.summary)
    assert summaries == ["One of all.", "Two of all."]


def test_a_build_from_elsewhere_is_refused(mine: Path) -> None:
    text = mine.read_text("utf-8").replace('"median", Classifier', '"median", RandomForest')
    mine.write_text(f"from baselines.heads import RandomForest\n{text}", "utf-8")
    with pytest.raises(MethodError, match="a change of the file is noticed"):
        load_method_file(mine)


def test_an_unknown_track_is_refused_with_the_tracks_there_are(
    mine: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, where it would be scored as inductive, and in another."""
    text = mine.read_text("utf-8").replace("Classifier, CARD)", "Classifier, CARD, track='few')")
    mine.write_text(text, "utf-8")
    with pytest.raises(MethodError, match=r"is on an unknown track 'few': use one of inductive"):
        load_method_file(mine)
    words = ("--data", str(tiny.root), "--protocol", "smoke", "--out", str(tmp_path / "run"))
    for workers in "01":
        assert run("run", *words, "--method-file", str(mine), "--workers", workers) == 2
        said = capsys.readouterr().err
        assert "oracle, predictions-only." in " ".join(said.split())
        assert ".." not in said


def test_a_name_that_is_installed_is_refused(mine: Path) -> None:
    text = mine.read_text("utf-8").replace('Method("my-method"', 'Method("floor.majority"')
    mine.write_text(text, "utf-8")
    with pytest.raises(MethodError, match=r"Two methods are named 'floor.majority'.*my_method.py"):
        select_with_files((), [mine])


A_CARD = """from benchmark.task.methods import Card
CARD = Card(summary="A", reference="B", licence="C\""""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def methods(:", "line 1 cannot be run: SyntaxError"),
        ("\nimport no_such_package", "line 2 cannot be run: ModuleNotFoundError"),
        ("def methods():\n    return 1 / 0", r"methods\(\) of .*, line 2 failed with ZeroDivision"),
        ("raise SystemExit", "cannot be run: SystemExit"),
        ("raise ValueError('No luck.')", "ValueError: No luck; correct it"),
        ("def methods(): raise ValueError('No luck.')", r"ValueError: No luck\.$"),
        (
            f"{A_CARD}, extra_information='its calendar')",
            r"Card.extra_information is 'its calendar': .* tuple; write it as a tuple.*\.$",
        ),
        (
            f"{A_CARD}, licences='MIT')",
            r"Card.licences is 'MIT': [^:]* not permitted; correct it\.$",
        ),
        ("x = 1", r"has no function methods\(\)"),
        ("def methods(): return ['mine']", "must return a tuple of Method"),
        ("def methods(): return 1", "must return a tuple of Method"),
        ("def methods(): return ()", "must return a tuple of Method"),
        ("def methods(): return 1 / 0", "failed with ZeroDivisionError"),
    ],
)
def test_a_broken_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text, "utf-8")
    with pytest.raises(MethodError, match=message) as caught:
        load_method_file(path)
    assert str(path) in str(caught.value)


def test_a_module_beside_the_file_is_told_from_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("import helper_of_mine")
    with pytest.raises(MethodError, match="correct it, and import installed packages only"):
        load_method_file(path)
    (tmp_path / "helper_of_mine.py").touch()
    with pytest.raises(MethodError, match=f"helper_of_mine.py lies .* {tmp_path} on PYTHONPATH"):
        load_method_file(path)


def test_what_is_no_python_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(UsageError, match="There is no method file"):
            load_method_file(path)


@pytest.mark.parametrize("kind", KINDS)
def test_each_template_keeps_every_rule_once_its_card_is_filled_in(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = new_method(f"my-{kind}", kind, tmp_path)
    assert run("check", str(path)) == 1
    assert "broken     The card says" in capsys.readouterr().out
    path.write_text(path.read_text("utf-8").replace("FILL IN: ", ""), "utf-8")
    assert run("check", str(path)) == 0
    assert "13 of 13 rules kept" in capsys.readouterr().out


def test_a_method_without_randomness_is_told_the_line_for_its_card(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is in the generated card as a comment; without the seed, `check` asks for it."""
    commented = "    # deterministic=True,"
    text = mine.read_text("utf-8").replace("FILL IN: ", "")
    assert text.count(commented) == 1
    unseeded = text.replace("derive_seed(self.context.seed, ", "derive_seed(1, ")
    mine.write_text(unseeded, "utf-8")
    assert run("check", str(mine)) == 1
    assert f"add the line `deterministic=True,` to Card(...) in {mine}." in capsys.readouterr().out
    mine.write_text(unseeded.replace(commented, "    deterministic=True,"), "utf-8")
    assert run("check", str(mine)) == 0
    mine.write_text(text.replace(commented, "    deterministic=True,"), "utf-8")
    assert run("check", str(mine)) == 1
    said = capsys.readouterr().out
    assert f"remove the line `deterministic=True,` from Card(...) in {mine}." in said


@pytest.mark.parametrize("name", ["My-method", "../x", "a b", "-x", "", "x" * 61, "mé", "a/b"])
def test_names_that_are_no_file_name_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name for a method"):
        new_method(name, "sklearn", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_never_hides_a_library(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"torch\.py would hide the module 'torch'"):
        new_method("torch", "torch", tmp_path)


def test_the_word_for_a_set_is_no_name_and_never_hides_a_file(mine: Path) -> None:
    for name in ("paper", "all"):
        with pytest.raises(UsageError, match=f"'{name}' is the word for a set"):
            new_method(name, "sklearn", mine.parent)
    text = mine.read_text("utf-8").replace('Method("my-method"', 'Method("paper"')
    mine.write_text(text, "utf-8")
    assert [method.name for method in select_with_files((), [mine])] == ["paper"]


def test_nothing_is_overwritten_and_no_name_taken(mine: Path) -> None:
    before = mine.read_text("utf-8")
    with pytest.raises(UsageError, match="is there already"):
        new_method("my-method", "torch", mine.parent)
    with pytest.raises(UsageError, match="is installed"):
        new_method("floor.majority", "sklearn", mine.parent)
    with pytest.raises(UsageError, match="did you mean 'torch'"):
        new_method("other", "tourch", mine.parent)
    assert mine.read_text("utf-8") == before


def test_check_prints_every_rule_with_what_to_do(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = mine.read_text("utf-8").replace("FILL IN: ", "")
    text = text.replace(
        "x.reshape(len(x), -1)))\n", "x.reshape(len(x), -1) - x.reshape(len(x), -1).mean(0)))\n"
    )
    mine.write_text(text, "utf-8")
    assert run("check", str(mine)) == 1
    out = capsys.readouterr().out
    assert "passed     The order of the samples" in out
    assert "broken     A single sample gets the prediction" in out
    assert "To do: Let predict_proba treat each sample alone" in out


def test_check_stops_trying_after_a_failed_training(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = mine.read_text("utf-8").replace("del validation", "raise RuntimeError('no luck')")
    mine.write_text(text, "utf-8")
    assert run("check", str(mine)) == 1
    out = capsys.readouterr().out
    assert "broken     It is fitted" in out
    assert "RuntimeError: no luck" in out
    assert out.count("not tried") == 10


def test_check_knows_installed_methods() -> None:
    assert run("check", "floor.majority") == 0


NUMPY_RAISES = """import numpy as np
from benchmark.task.methods import Card, Method


class Broken:
    def __init__(self, context):
        pass

    def fit(self, x, y, *, validation):
        np.concatenate([x, y])


def methods():
    card = Card(summary="Broken.", reference="none here", licence="MIT")
    return (Method("broken", "handcrafted", "harmonic", Broken, card),)
"""


def test_an_error_in_a_library_names_the_line_of_the_method_file(
    tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In `check` and in a row: the library's own line does not say what to mend."""
    file = tmp_path / "broken.py"
    file.write_text(NUMPY_RAISES, "utf-8")
    assert run("check", str(file)) == 1
    assert "dimension(s) (broken.py:10)" in " ".join(capsys.readouterr().out.split())
    words = ("run", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN")
    run(*words, "--method-file", str(file), "--out", str(tmp_path / "run"))
    ((job,), _) = RunStore(tmp_path / "run").read_all()
    assert all("(broken.py:10" in (row.reason or "") for row in job.rows)
