"""Folders that are written again: what an earlier call wrote alone is removed, and nothing else."""

import json
from pathlib import Path

import pytest
from sample_rows import write_run

from benchmark.cli import main
from leaderboard.tables.leaderboard_files import write_folder

LABELS = [0, 1, 2] * 20


def files_of(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("command", ["site", "export", "figures"])
def test_a_folder_holds_what_it_would_hold_if_it_were_new(command: str, tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", {("a", 1): [LABELS]}, labels=[LABELS])
    other = write_run(tmp_path / "other", {("b", 1): [LABELS]}, labels=[LABELS], protocol="quick")
    for runs, out in (([one, other], "out"), ([one], "out"), ([one], "fresh")):
        with pytest.raises(SystemExit) as ended:
            main([command, *map(str, runs), "--out", str(tmp_path / out)])
        assert not ended.value.code
        (tmp_path / "out" / "methods").mkdir(exist_ok=True)
        (tmp_path / "out" / "methods" / "mine.html").write_text("of the user")
    assert files_of(tmp_path / "out") == {*files_of(tmp_path / "fresh"), "methods/mine.html"}


def test_site_and_export_share_a_folder(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {("a", 1): [LABELS]}, labels=[LABELS])
    for command in ("site", "export", "site"):
        with pytest.raises(SystemExit):
            main([command, str(run), "--out", str(tmp_path / "out")])
    assert {"index.html", "model-index/a.yaml"} <= files_of(tmp_path / "out")


def test_nothing_outside_the_folder_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "kept").write_text("")
    (out / "link").symlink_to(tmp_path)
    named = ["../kept", "link/kept", str(tmp_path / "kept"), "", ".", "link", 3, "old/A", "old/b"]
    (out / "list.json").write_text(json.dumps(named))
    write_folder(out, {"old/a": b"new"}, "list.json")
    assert (tmp_path / "kept").is_file()
    assert (out / "old" / "a").read_bytes() == b"new"


@pytest.mark.parametrize("text", ["", "{", "{}", "3", "[[]]", "\udcff"])
def test_a_damaged_listing_removes_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "b").write_text("")
    write_folder(tmp_path, {"a": b""}, "list.json")
    assert files_of(tmp_path) == {"a", "b", "list.json"}
    write_folder(tmp_path, {"b": b""}, "list.json")
    assert files_of(tmp_path) == {"b", "list.json"}
