"""What is packed: all that a verifier needs, the same bytes each time, and no label or path."""

import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import forged
import numpy as np
import pytest
from forged import make_run

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError, UsageError
from benchmark.task.protocol import Protocol, load_protocol
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_models import Manifest
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification.verification import verify

COMMIT = "0123456789" * 4


def packed(run: Path, out: Path, **source: object) -> Manifest:
    file = run.parent / "my_method.py"
    chosen = Source(**({"file": file} | source))  # type: ignore[arg-type]
    return pack(run, "my-method", out, authors=["Ada"], source=chosen)[0]


def test_the_same_run_gives_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        packed(run, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_transfers_and_in_domain_scores_are_counted_apart(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FRA:CHN and FRA:USA-2017 are transfers; FRA:FRA, which comes with them, is none."""
    words = ["pack", str(run), "--method", "my-method", "--author", "Ada", "--out"]
    file = ["--method-file", str(run.parent / "my_method.py")]
    with pytest.raises(SystemExit) as ended:
        main([*words, str(tmp_path / "x.zip"), *file])
    assert not ended.value.code
    said = capsys.readouterr().out
    assert ": my-method, 2 transfers, 1 in-domain score, 2 seeds, " in said
    assert f" {(tmp_path / 'x.zip').stat().st_size / 1000:.3g} kB, SHA-256 " in said


def test_code_that_is_elsewhere_is_said_not_to_have_been_looked_at(
    run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """An address is no code: nothing may read as if it had been checked."""
    url = "https://example.org/a"
    packed(run, tmp_path / "x.zip", url=url, commit=COMMIT)
    verdict = verify(read_submission(tmp_path / "x.zip"), tiny)
    assert verdict.level == "verified from predictions"
    (about_code,) = [each for each in verdict.findings if each.title.startswith("The code ")]
    assert not about_code.tried
    assert any(f"Its code at {url}, commit {COMMIT}, was not" in note for note in verdict.notes)


def test_code_in_the_archive_is_looked_at(honest: Path, tiny: Dataset) -> None:
    verdict = verify(read_submission(honest), tiny)
    assert all(finding.tried for finding in verdict.findings)
    assert not any("looked at" in note for note in verdict.notes)


def test_no_label_leaves_the_house(honest: Path, tiny: Dataset) -> None:
    """The only arrays are probabilities, as wide as there are classes."""
    with zipfile.ZipFile(honest) as archive:
        names = archive.namelist()
    submission = read_submission(honest)
    arrays = {name for name in names if name.endswith((".npy", ".npz"))}
    assert len(arrays) == len(submission.predictions) == 6
    for (source, target, _), array in submission.predictions.items():
        assert array.shape == (len(submission.samples[source, target]), 4)
        labels = tiny.load(target).labels
        assert not np.isin(array, [0, 1]).all() or len(array) != len(labels)


def test_no_folder_of_the_author_is_told(run: Path, honest: Path) -> None:
    with zipfile.ZipFile(honest) as archive:
        rows = archive.read("rows.json").decode()
    assert str(run.parent) not in rows
    for row in json.loads(rows):
        assert not any(word.startswith("/") for word in row["provenance"]["command"])


def test_folders_behind_an_equals_sign_are_left_out_too(
    tiny: Dataset, quick: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["/home/ada/bin/cropglobe", "run", "--out=/home/ada/run", "--data", "/home/ada/data"]
    monkeypatch.setattr(sys, "argv", words)
    packed(make_run(tmp_path, tiny, quick), tmp_path / "x.zip")
    row = read_submission(tmp_path / "x.zip").rows[0]
    assert row.provenance.command == ("cropglobe", "run", "--out=run", "--data", "data")


def test_code_may_be_a_repository(run: Path, tiny: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    manifest = packed(run, out, url="https://example.org/code", commit=COMMIT)
    assert manifest.kind == "with-code"
    assert read_submission(out).code is None
    assert verify(read_submission(out), tiny).accepted


def test_a_closed_model_stands_on_a_track_of_its_own(
    run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    out = tmp_path / "x.zip"
    assert packed(run, out, closed=True).kind == "predictions-only"
    submission = read_submission(out)
    assert submission.code is None
    assert {row.track for row in submission.rows} == {"predictions-only"}
    verdict = verify(submission, tiny)
    assert verdict.accepted
    assert any("code is closed" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"url": "https://example.org/code"}, "belong together"),
        ({"url": "http://example.org/code", "commit": COMMIT}, "https address"),
        ({"url": "https://example.org/code", "commit": "main"}, "40 hex digits"),
        ({"url": "https://example.org/c", "commit": COMMIT, "closed": True}, "leave --code-url"),
        ({"file": None, "closed": True}, "Unknown method 'my-method'.*name its file with --method"),
    ],
)
def test_the_place_of_the_code_is_given_in_full(
    source: dict[str, object], message: str, run: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        packed(run, tmp_path / "x.zip", **source)
    assert not (tmp_path / "x.zip").exists()


def test_other_code_than_that_which_ran_is_not_packed(run: Path, tmp_path: Path) -> None:
    changed = tmp_path / "my_method.py"
    text = (run.parent / "my_method.py").read_text("utf-8")
    changed.write_text(text.replace("balanced", "balanced_subsample"), "utf-8")
    with pytest.raises(SubmissionError, match="not the code that made the rows"):
        packed(run, tmp_path / "x.zip", file=changed)


def test_a_file_whose_name_no_reader_would_take_is_not_packed(run: Path, tmp_path: Path) -> None:
    odd = tmp_path / "my-method.py"
    odd.write_bytes((run.parent / "my_method.py").read_bytes())
    with pytest.raises(UsageError, match="rename it"):
        packed(run, tmp_path / "x.zip", file=odd)


def test_an_open_card_is_not_packed(tiny: Dataset, quick: Protocol, tmp_path: Path) -> None:
    from benchmark.task.authoring.method_template import new_method

    code = new_method("my-method", "sklearn", tmp_path / "t")[0].read_text("utf-8")
    run = make_run(tmp_path, tiny, quick, code)
    with pytest.raises(SubmissionError, match="card of 'my-method' has no summary"):
        packed(run, tmp_path / "x.zip")


def test_code_beside_the_file_is_not_left_behind(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verifier who trains again would not have it."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lost_helper.py").write_text("DEPTH = 1\n", "utf-8")
    code = (run.parent / "my_method.py").read_text("utf-8")
    (tmp_path / "my_method.py").write_text(f"import lost_helper\n{code}", "utf-8")
    with pytest.raises(SubmissionError, match=r"imports lost_helper.py, which a submission cannot"):
        packed(run, tmp_path / "x.zip", file=tmp_path / "my_method.py")


def test_code_beside_the_file_stays_where_the_file_stays(
    run: Path, tiny: Dataset, quick: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed model, or one in a repository, may have modules of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "kept_helper.py").write_text("DEPTH = 1\n", "utf-8")
    code = (run.parent / "my_method.py").read_text("utf-8")
    own = make_run(tmp_path, tiny, quick, f"import kept_helper\n{code}")
    for number, source in enumerate(
        ({"closed": True}, {"url": "https://example.org/code", "commit": COMMIT})
    ):
        out = tmp_path / f"{number}.zip"
        packed(own, out, **source)
        assert read_submission(out).code is None
        assert verify(read_submission(out), tiny).accepted


def test_open_code_on_the_track_of_closed_models_is_not_packed(
    run: Path, tiny: Dataset, quick: Protocol, tmp_path: Path
) -> None:
    """`verify` would refuse it."""
    code = (run.parent / "my_method.py").read_text("utf-8")
    closed = code.replace("Classifier, CARD)", "Classifier, CARD, track='predictions-only')")
    assert closed != code
    own = make_run(tmp_path, tiny, quick, closed)
    with pytest.raises(SubmissionError, match="is for closed models: give it the track"):
        packed(own, tmp_path / "x.zip")
    packed(own, tmp_path / "x.zip", closed=True)
    assert verify(read_submission(tmp_path / "x.zip"), tiny).accepted


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "standard"}, r"asks for seeds \[84\] too: run them"),
        (
            {"name": "smoke"},
            r"no seeds \[83\]: run those of the protocol alone into a run directory",
        ),
        ({"name": "mine", "seeds": (83, 84)}, "of your own must use the first seeds of 'paper'"),
        ({"name": "quick"}, "named quick but is not the shipped one: run again under another name"),
    ],
)
def test_seeds_and_names_that_verify_would_refuse_are_not_packed(
    values: dict[str, Any],
    message: str,
    tiny: Dataset,
    changed: Callable[..., Protocol],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forged, "TRANSFERS", ("FRA:CHN",))
    monkeypatch.setattr(forged, "SEEDS", values.get("seeds", (82, 83)))
    shipped = values["name"] == "standard"  # then nothing but the seeds is wrong
    protocol = load_protocol("standard") if shipped else changed(**values)
    run = make_run(tmp_path, tiny, protocol)
    with pytest.raises(SubmissionError, match=message):
        packed(run, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


def test_seeds_that_do_not_differ_are_not_packed_unless_the_card_says_so(
    run: Path, tiny: Dataset, quick: Protocol, tmp_path: Path
) -> None:
    code = forged.method(run, " * 0 + 1 / 4\n        return answer")
    made = make_run(tmp_path, tiny, quick, code)
    with pytest.raises(SubmissionError, match="seeds 82 and 83 have the same probabilities"):
        packed(made, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
    said = code.replace("CARD = Card(", "CARD = Card(deterministic=True, ")
    assert said != code
    (tmp_path / "said").mkdir()
    packed(make_run(tmp_path / "said", tiny, quick, said), tmp_path / "x.zip")


def test_an_address_that_nobody_would_fetch_is_not_packed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["pack", str(run), "--method", "my-method", "--author", "Ada"]
    words += ["--method-file", str(run.parent / "my_method.py"), "--out", str(tmp_path / "x.zip")]
    for address in ("nonsense", "http://example.org/x.zip", "https:x.zip"):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--url", address])
        assert ended.value.code
        assert f"'{address}' is not fetched" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_method_is_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'my-method'"):
        pack(run, "my-methd", tmp_path / "x.zip", authors=["Ada"], source=Source(closed=True))


def test_rows_without_scores_are_not_packed(
    tiny: Dataset, quick: Protocol, tmp_path: Path, run: Path
) -> None:
    code = (run.parent / "my_method.py").read_text("utf-8")
    broken = make_run(tmp_path, tiny, quick, code.replace("del validation", "assert False"))
    with pytest.raises(SubmissionError, match=r"6 of 6 rows have no scores \(first: FRA:CHN"):
        packed(broken, tmp_path / "x.zip")
