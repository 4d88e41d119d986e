"""Files of reference results: what is refused, and what is shown as unconfirmed."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from reference_runs import BLOCK, LABELS, beside, run_of
from sample_rows import write_run

from benchmark.errors import StoreError
from leaderboard.reference.packing import pack_reference
from leaderboard.reference.reference_file import FORMAT_VERSION, read_reference, write_reference
from leaderboard.results import row_key
from leaderboard.tables.text_tables import markdown


def test_a_damaged_file_and_one_of_another_format_are_named(tmp_path: Path) -> None:
    (path,) = pack_reference([run_of(tmp_path / "run", "a")], tmp_path / "packed").files
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    with pytest.raises(StoreError, match=r"is no file of reference results, or damaged"):
        read_reference(path)
    path.write_bytes(changed(content, f'"format_version":{FORMAT_VERSION}', '"format_version":9'))
    with pytest.raises(StoreError, match="has format 9, and this version reads format 1"):
        read_reference(path)


def test_scores_of_another_metrics_version_are_not_made_up(tmp_path: Path) -> None:
    (path,) = pack_reference([run_of(tmp_path / "run", "a")], tmp_path / "packed").files
    path.write_bytes(changed(path.read_bytes(), '"metric_version":"', '"metric_version":"0'))
    with pytest.raises(StoreError, match="metrics version 0"):
        read_reference(path)


@pytest.mark.parametrize("names", [[1], [2, 1, 3], [[1, 2]], ["a", "b"]])
def test_blocks_that_do_not_fit_the_counts_are_damage(tmp_path: Path, names: list[object]) -> None:
    (path,) = pack_reference([run_of(tmp_path / "run", "a")], tmp_path / "packed").files

    def renamed(text: str) -> str:
        entries = json.loads(text)
        assert entries
        return json.dumps([entry | {"names": names} for entry in entries])

    path.write_bytes(with_text(path.read_bytes(), "blocks", renamed))
    with pytest.raises(StoreError, match=r"is no file of reference results, or damaged"):
        read_reference(path)


def changed(content: bytes, old: str, new: str) -> bytes:
    """Return a file whose key has another text in the place of `old`."""

    def replaced(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return with_text(content, "key", replaced)


def with_text(content: bytes, member: str, change: Callable[[str], str]) -> bytes:
    """Return a file of which one member in JSON has another text."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_LZMA) as target,
    ):
        for name in source.namelist():
            data = source.read(name)
            if name == f"{member}.npy":
                text = np.lib.format.read_array(io.BytesIO(data)).tobytes().decode()
                array = io.BytesIO()
                words = np.frombuffer(change(text).encode(), dtype=np.uint8)
                np.lib.format.write_array(array, words)
                data = array.getvalue()
            target.writestr(name, data)
    return result.getvalue()


def restate(path: Path, method: str, **changes: object) -> None:
    """Let a file state other scores of the rows of a method."""

    def change(text: str) -> str:
        content = json.loads(text)
        for row in content["rows"]:
            if row["method"] == method:
                row["scores"] |= changes
        return json.dumps(content)

    path.write_bytes(with_text(path.read_bytes(), "rows", change))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("macro_f1", 0.99),
        ("macro_f1", float("nan")),
        ("overall_accuracy", 1.0),
        ("weighted_f1", 0.99),
        ("balanced_accuracy", 0.99),
        ("kappa", None),
        ("overall_accuracy_all", 1.0),
        ("per_crop", {}),
    ],
)
def test_a_score_that_the_counts_do_not_give_is_refused(
    tmp_path: Path, name: str, value: object
) -> None:
    """Whoever wrote the file: a score in it cannot stand against the counts beside it."""
    mine = run_of(tmp_path / "mine", "mine")
    (path,) = pack_reference([run_of(tmp_path / "o", "a", "b")], tmp_path / "packed").files
    restate(path, "b", **{name: value})
    with pytest.raises(StoreError) as refused:
        beside(tmp_path / "packed", mine)
    said = str(refused.value)
    assert said.startswith(f"{path}: b, FRA:CHN, seed 1 states ")
    assert "and its counts give " in said


def test_scores_that_differ_by_rounding_or_do_not_follow_from_counts_are_read(
    tmp_path: Path,
) -> None:
    right = write_run(
        tmp_path / "run", {("a", 1): [LABELS[0]]}, labels=[LABELS[0]], block=BLOCK, protocol="mine"
    )
    (path,) = pack_reference([right], tmp_path / "packed").files
    restate(path, "a", macro_f1=1 - 1e-9, kappa=1 - 1e-12, log_loss=0.7)
    (counted,) = read_reference(path).rows
    assert counted.row.scores is not None
    assert (counted.row.scores.macro_f1, counted.row.scores.log_loss) == (1 - 1e-9, 0.7)


def test_rows_without_counts_are_shown_as_unconfirmed(tmp_path: Path) -> None:
    """Nothing in the file bears out their scores."""
    mine = run_of(tmp_path / "mine", "mine")
    (path,) = pack_reference([run_of(tmp_path / "o", "a", "b")], tmp_path / "packed").files
    content = read_reference(path)
    bare = tuple(
        replace(each, counts=None) if each.row.method == "b" else each for each in content.rows
    )
    write_reference(tmp_path / "packed", replace(content, rows=bare))
    restate(path, "b", macro_f1=0.99)
    found = beside(tmp_path / "packed", mine)
    assert {row.method for row in found.rows if row_key(row) not in found.confirmed} == {"b"}
    assert "no stored predictions give the score: b." in markdown(found)
    assert {cell[4] for cell in found.draws} == {"mine", "a"}


def test_a_row_that_names_a_unit_and_has_no_counts_is_damage(tmp_path: Path) -> None:
    (path,) = pack_reference([run_of(tmp_path / "o", "a")], tmp_path / "packed").files
    content = read_reference(path)
    bare = tuple(replace(each, counts=None) for each in content.rows)
    write_reference(tmp_path / "packed", replace(content, rows=bare))
    named = with_text(
        path.read_bytes(), "rows", lambda text: text.replace('"units":null', '"units":"blocks"')
    )
    path.write_bytes(named)
    with pytest.raises(StoreError, match=r"is no file of reference results, or damaged"):
        read_reference(path)
