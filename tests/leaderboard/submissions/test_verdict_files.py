"""Verdicts count for the rows and the archive that they are about, and never for their authors."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from forged import forge, in_json, make_run

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError
from benchmark.results.store import RunStore
from benchmark.run.job_options import make_protocol
from benchmark.run.run_reports import SUBMISSIONS_VARIABLE, make_reports
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import Results, from_rows, read_results
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.row_import import import_submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import accept, with_verdicts
from leaderboard.submissions.verification.harness_process import TrainedRun
from leaderboard.submissions.verification.verification import Verdict, verify


def as_trained(verdict: Verdict, *, confined: bool = True, **better: float) -> Verdict:
    """Return a verdict whose training again gave the stated rows, or rows of other costs."""
    rows = {
        (row.transfer, row.seed): row.model_copy(
            update={"cost": row.cost.model_copy(update=better)}
        )
        for row in verdict.submission.rows
    }
    return replace(verdict, rerun=True, confined=confined, trained=TrainedRun(rows, {}))


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


@pytest.fixture
def accepted(honest: Path, tiny: Dataset, tmp_path: Path) -> Path:
    """A folder of submissions that holds the honest one."""
    verdict = verify(read_submission(honest), tiny)
    return accept(verdict, tmp_path / "submissions", verifier="Grace Hopper", url=None).parent


def level(results: Results, submissions: Path) -> str:
    return with_verdicts(results, submissions).verification["my-method"]


def test_the_rows_of_an_accepted_submission_are_verified(run: Path, accepted: Path) -> None:
    results = read_results([run], draws=0)
    assert level(results, accepted) == "verified from predictions"
    assert level(results, accepted / "nothing") == "self-reported"


def test_a_rerun_is_said_to_be_one(run: Path, honest: Path, tiny: Dataset, tmp_path: Path) -> None:
    for confined, mark in ((False, "rerun, not confined"), (True, "verified by rerun")):
        verdict = as_trained(verify(read_submission(honest), tiny), confined=confined)
        accept(verdict, tmp_path, verifier="Grace Hopper", url=None)
        assert level(read_results([run], draws=0), tmp_path) == mark


def test_one_row_that_is_not_the_verified_one_takes_the_mark_away(
    run: Path, accepted: Path
) -> None:
    rows = list(read_results([run], draws=0).rows)
    assert rows[0].scores is not None
    better = rows[0].scores.model_copy(update={"macro_f1": 0.999})
    rows[0] = rows[0].model_copy(update={"scores": better})
    assert level(from_rows(rows), accepted) == "self-reported"


def in_file(name: str, **changes: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), "utf-8")

    return apply


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (in_file("verdict.json", verifier="ada  LOVELACE"), "is an author of the submission"),
        (in_file("verdict.json", verifier=" - "), "cannot be the name of a verifier"),
        (in_file("verdict.json", verifier="A. Lovelace"), "is an author of the submission"),
        (in_file("verdict.json", verifier="\u0410da Lovelace"), "cannot be the name"),
        (in_file("verdict.json", level="verified by rerun"), "it has no trained_again.json"),
        (in_file("verdict.json", submission="0" * 64), "about another archive"),
        (in_file("submission.json", sha256="0" * 64), "about another archive"),
        (in_file("verdict.json", level="verified by everybody"), "cannot be read"),
        (in_file("verdict.json", level="self-reported"), "cannot be read"),
        (lambda folder: (folder / "submission.json").unlink(), "cannot be read"),
    ],
)
def test_a_verdict_that_was_tampered_with_counts_for_nothing(
    change: Callable[[Path], Any], problem: str, run: Path, accepted: Path
) -> None:
    (folder,) = accepted.iterdir()
    change(folder)
    found = with_verdicts(read_results([run], draws=0), accepted)
    assert found.verification["my-method"] == "self-reported"
    assert any(problem in each and "counts for nothing" in each for each in found.problems)


def test_an_author_cannot_accept(honest: Path, tiny: Dataset, tmp_path: Path) -> None:
    verdict = verify(read_submission(honest), tiny)
    with pytest.raises(SubmissionError, match="somebody else must verify"):
        accept(verdict, tmp_path / "s", verifier="Ada Lovelace", url=None)
    assert not (tmp_path / "s").exists()


def test_a_refused_submission_cannot_be_accepted(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    path = forge(
        honest,
        tmp_path / "x.zip",
        lambda members: members.update(
            {"protocol.yaml": members["protocol.yaml"].replace(b"forest: 200", b"forest: 201")}
        ),
    )
    verdict = verify(read_submission(path), tiny)
    with pytest.raises(SubmissionError, match="was not accepted"):
        accept(verdict, tmp_path / "s", verifier="Grace", url=None)


def test_other_authors_cannot_take_a_submissions_folder(
    honest: Path, tiny: Dataset, accepted: Path, tmp_path: Path
) -> None:
    """Two methods of one name: the second would replace the first's verdict, and its mark."""
    before = {path: path.read_bytes() for path in accepted.rglob("*.json")}
    theirs = forge(
        honest, tmp_path / "x.zip", in_json("manifest.json", lambda m: m.update(authors=["Emmy"]))
    )
    verdict = verify(read_submission(theirs), tiny)
    with pytest.raises(SubmissionError, match="a submission of Ada Lovelace: rename the method"):
        accept(verdict, accepted, verifier="Grace Hopper", url=None)
    assert {path: path.read_bytes() for path in accepted.rglob("*.json")} == before


def test_protocols_of_one_name_keep_a_verdict_each(tiny: Dataset, tmp_path: Path) -> None:
    """Every choice of two bands has one name; the second must not replace the first's verdict."""
    runs, folders = [], []
    for bands in (["B4", "B8"], ["B3", "B8"], ["B4", "B8"]):
        protocol = make_protocol("quick", bands=bands)
        place = tmp_path / str(len(runs))
        place.mkdir()
        runs.append(make_run(place, tiny, protocol))
        source = Source(file=place / "my_method.py")
        pack(runs[-1], "my-method", place / "x.zip", authors=["Ada Lovelace"], source=source)
        verdict = verify(read_submission(place / "x.zip"), tiny)
        folders.append(accept(verdict, tmp_path / "s", verifier="Grace Hopper", url=None))
    name = f"my-method.quick-2-bands.{tiny.fingerprint[:8]}"
    assert [folder.name for folder in folders] == [
        name,
        f"{name}.{make_protocol('quick', bands=['B3', 'B8']).hash[:8]}",
        name,
    ]
    for run in runs[1:]:
        assert level(read_results([run], draws=0), tmp_path / "s") == "verified from predictions"


def test_what_is_kept_is_text(accepted: Path) -> None:
    (folder,) = accepted.iterdir()
    assert folder.name.startswith("my-method.quick.")
    names = {path.name for path in folder.iterdir()}
    assert names == {"submission.json", "card.json", "scores.csv", "verdict.json"}
    for path in folder.iterdir():
        path.read_text("utf-8")
    assert len((folder / "scores.csv").read_text("utf-8").splitlines()) == 7


def test_accepted_rows_stand_in_another_run_beside_its_own(
    honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """With the verifier's labels, so that intervals are computed from them too."""
    into = tmp_path / "theirs"
    words = ("verify", str(honest), "--data", str(tiny.root), "--into", str(into))
    assert command(*words) == 0
    assert command(*words) == 0
    results = read_results([into])
    assert results.problems == ()
    assert len(results.confirmed) == len(results.rows) == 6
    store = RunStore(into)
    (first, _) = store.read_all()[0]
    assert store.predictions(first, "CHN").labels.tolist()


def test_where_the_archive_lies_stays_known(
    honest: Path, tiny: Dataset, accepted: Path, tmp_path: Path
) -> None:
    """The verifier need not repeat the address that the authors' pull request gave."""

    def address(*, url: str | None, archive: Path = honest) -> object:
        verdict = verify(read_submission(archive), tiny)
        folder = accept(verdict, accepted, verifier="Grace Hopper", url=url)
        return json.loads((folder / "submission.json").read_text("utf-8"))["url"]

    assert address(url=None) is None
    assert address(url="https://example.org/a.zip") == "https://example.org/a.zip"
    assert address(url=None) == "https://example.org/a.zip"
    other = forge(honest, tmp_path / "x.zip", in_json("rows.json", lambda rows: rows.reverse()))
    assert address(url=None, archive=other) is None


def test_a_stranger_cannot_take_the_place_of_a_method_of_the_same_name(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Of one method, source and seed the newest job counts, whatever code it is of."""
    store = RunStore(tmp_path / "run")
    import_submission(read_submission(honest), tiny, store)

    def rewrite(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["provenance"]["code_fingerprint"] = "0" * 16

    other = read_submission(forge(honest, tmp_path / "x.zip", in_json("rows.json", rewrite)))
    before = store.keys()
    with pytest.raises(SubmissionError, match="'my-method' by other code, which these would hide"):
        import_submission(other, tiny, store)
    assert store.keys() == before


def test_a_lower_verdict_does_not_replace_a_higher_one_on_the_same_archive(
    honest: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "submissions"
    verdict = verify(read_submission(honest), tiny)
    found = accept(as_trained(verdict), folder, verifier="Grace Hopper", url=None)
    before = (found / "verdict.json").read_bytes()
    data = ("--data", str(tiny.root), "--accept", str(folder), "--verifier", "Emmy Noether")
    assert command("verify", str(honest), *data) == 0
    assert (found / "verdict.json").read_bytes() == before
    assert "stays 'verified by rerun', by Grace Hopper on" in capsys.readouterr().err
    other = forge(honest, tmp_path / "x.zip", in_json("rows.json", lambda rows: rows.reverse()))
    assert command("verify", str(other), *data) == 0
    assert "stays" not in capsys.readouterr().err
    stored = json.loads((found / "verdict.json").read_text("utf-8"))
    assert stored["level"] == "verified from predictions"
    assert stored["verifier"] == "Emmy Noether"


def test_who_becomes_unranked_by_added_rows_is_warned_of(
    honest: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("verify", str(honest), "--data", str(tiny.root), "--into")
    floor = ("run", "--data", str(tiny.root), "--methods", "floor.majority", "--protocol", "quick")
    for transfers, unranked in ((["FRA:CHN"], True), (["FRA:CHN", "FRA:USA"], False)):
        into = tmp_path / f"run-{len(transfers)}"
        assert command(*floor, "--transfers", *transfers, "--out", str(into)) == 0
        capsys.readouterr()
        assert command(*words, str(into)) == 0
        assert ("has FRA:USA, so that" in capsys.readouterr().err) is unranked
        (group,) = comparison_groups(read_results([into], draws=0))
        assert ("floor.majority" not in group.grid.index) is unranked
    assert command(*words, str(tmp_path / "new")) == 0
    assert "Warning" not in capsys.readouterr().err


def test_code_that_is_elsewhere_is_not_announced(
    run: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "x.zip"
    source = Source(run.parent / "my_method.py", "https://example.org/a", "0" * 40)
    pack(run, "my-method", out, authors=["Ada"], source=source)
    assert command("verify", str(out), "--data", str(tiny.root), "--rerun") == 1
    said = capsys.readouterr()
    assert "About to run" not in said.err
    assert "https://example.org/a, not in the archive; verify without --rerun" in said.out


def test_the_site_marks_what_was_verified(
    run: Path, accepted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CROPGLOBE_SUBMISSIONS", str(accepted))
    out = tmp_path / "site"
    assert command("site", str(run), "--out", str(out)) == 0
    assert "verified from predictions" in (out / "index.html").read_text("utf-8").lower()


def test_markdown_shows_a_strangers_text_and_obeys_none_of_it(
    honest: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = "<img src=x> | **@everyone** [a](http://b) `c`"

    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"])
        manifest["authors"] = [evil]
        members["manifest.json"] = json.dumps(manifest).encode()

    path = forge(honest, tmp_path / "x.zip", change)
    assert command("verify", str(path), "--data", str(tiny.root), "--format", "markdown") == 0
    out = capsys.readouterr().out
    for sign in ("<img", "@everyone", "[a](", " | **", "http://"):
        assert sign not in out
    assert "| The dataset is the verifier's. | passed |" in out


@pytest.mark.slow
def test_reference_methods_stand_beside_it(
    honest: Path, tiny: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("verify", str(honest), "--data", str(tiny.root), "--compare", "floor.majority")
    assert command(*words) == 0
    out = capsys.readouterr().out
    assert "Beside reference methods" in out
    assert "floor.majority" in out


@pytest.mark.slow
def test_a_verdict_stands_where_reference_methods_fail(
    honest: Path, tiny: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("verify", str(honest), "--data", str(tiny.root), "--compare", "no-such-method")
    assert command(*words) == 0
    said = capsys.readouterr()
    assert "Accepted: verified from predictions." in said.out
    assert "Reference methods could not be put beside it: The run ended" in said.err


def test_a_verdict_given_or_withdrawn_makes_the_reports_of_a_run_again(
    run: Path, honest: Path, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submissions = tmp_path / "given"
    monkeypatch.setenv(SUBMISSIONS_VARIABLE, str(submissions))
    store = RunStore(tmp_path / "run")
    shutil.copytree(run, store.root)
    assert make_reports(store, quiet=True)
    assert not make_reports(store, quiet=True)
    verdict = verify(read_submission(honest), tiny)
    folder = accept(verdict, submissions, verifier="Grace Hopper", url=None)
    assert make_reports(store, quiet=True)
    assert "verified from predictions" in (store.root / "leaderboard.csv").read_text("utf-8")
    assert not make_reports(store, quiet=True)
    (folder / "verdict.json").unlink()
    assert make_reports(store, quiet=True)
    assert "verified from predictions" not in (store.root / "leaderboard.csv").read_text("utf-8")
