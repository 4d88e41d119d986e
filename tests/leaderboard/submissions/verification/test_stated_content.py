"""Seeds, names, numbers and texts that a submission states are not believed."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import forged
import pytest
from forged import (
    Members,
    forge,
    in_json,
    make_run,
    packed,
    problems,
)
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.errors import SubmissionError, UsageError
from benchmark.task.methods import Registry, registry
from benchmark.task.protocol import Protocol
from leaderboard.submissions import names
from leaderboard.submissions.names import check_verifier, method_name_problems
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import accept
from leaderboard.submissions.verification.verification import verify

# 5: seeds.


def extra_seed(members: Members) -> None:
    for target in ("CHN", "USA", "FRA"):
        name = "predictions/FRA/{}/{}.npy"
        members[name.format(target, 84)] = members[name.format(target, 83)]
    in_json("manifest.json", lambda content: content.update(seeds=[82, 83, 84]))(members)
    rows = json.loads(members["rows.json"])
    more = [row | {"seed": 84} for row in rows if row["seed"] == 83]
    members["rows.json"] = json.dumps(rows + more).encode()
    text = members["protocol.yaml"].decode()
    assert "- 83\n" in text
    members["protocol.yaml"] = text.replace("- 83\n", "- 83\n- 84\n").encode()


def test_seeds_that_the_protocol_has_not_are_refused(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    path = forge(honest, tmp_path / "a.zip", extra_seed)
    assert "Protocol quick has no seeds [84]" in problems(verify(read_submission(path), tiny))


def test_seeds_of_a_protocol_of_ones_own_are_not_chosen(
    tiny: Dataset, changed: Any, tmp_path: Path
) -> None:
    own = changed(name="mine")
    made = packed(make_run(tmp_path, tiny, own), tmp_path / "a.zip")
    assert verify(read_submission(made), tiny).accepted

    def rename(members: Members) -> None:
        for target in ("CHN", "USA", "FRA"):
            content = members.pop(f"predictions/FRA/{target}/83.npy")
            members[f"predictions/FRA/{target}/4711.npy"] = content
        in_json("manifest.json", lambda content: content.update(seeds=[82, 4711]))(members)
        text = members["protocol.yaml"].decode().replace("- 83\n", "- 4711\n")
        members["protocol.yaml"] = text.encode()
        rows = json.loads(members["rows.json"])
        for row in rows:
            row["seed"] = {82: 82, 83: 4711}[row["seed"]]
        members["rows.json"] = json.dumps(rows).encode()

    found = problems(verify(read_submission(forge(made, tmp_path / "b.zip", rename)), tiny))
    assert "must use the first seeds of 'paper'" in found


# 6: names.

NAMES = [
    *("cropnet", "CropNet", "cropnet\u200b", "\u0441ropnet", "crop-net", "cr0pnet", "crop.net"),
    *("median.random-forest", "rnedian.random-forest", "all", "headline"),
    *("<script>alert(1)</script>", "../../x", "..", ".hidden", "-x", "a b", "", "x" * 65, "a\n"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_could_be_taken_for_another_are_refused(
    name: str, honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    assert list(method_name_problems(name)) != []
    with pytest.raises(UsageError):
        pack(run, name, tmp_path / "p.zip", authors=["Ada"], source=Source(closed=True))
    if not name:
        return

    def rename(members: Members) -> None:
        in_json("manifest.json", lambda content: content.update(method=name))(members)
        in_json("card.json", lambda content: content.update(name=name))(members)
        in_json("rows.json", lambda rows: [row.update(method=name) for row in rows])(members)

    verdict = verify(read_submission(forge(honest, tmp_path / "a.zip", rename)), tiny)
    assert not verdict.accepted
    assert any(f.problems for f in verdict.findings if f.title.startswith("Names"))


@pytest.mark.parametrize("name", ["my-method", "harmonic.my-head", "transformer+tta", "x2.b-c"])
def test_other_names_are_free(name: str) -> None:
    assert list(method_name_problems(name)) == []


def test_a_method_of_an_installed_package_has_its_own_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its author has installed it, as the documentation says, and so does a verifier."""
    method = replace(registry().get("floor.majority"), name="acme.logistic")
    package = SimpleNamespace(name="acme", value="acme", load=lambda: lambda: [method])
    installed = Registry([package])
    monkeypatch.setattr(names, "registry", lambda: installed, raising=False)
    assert list(method_name_problems("acme.logistic")) == []


@pytest.mark.parametrize(
    ("verifier", "author", "free"),
    [
        ("Grace Hopper", "Ada Lovelace", True),
        ("Jos\u00e9 Garc\u00eda", "Ada Lovelace", True),
        ("ada  LOVELACE", "Ada Lovelace", False),
        ("Lovelace, Ada", "Ada Lovelace", False),
        ("A. Lovelace", "Ada Lovelace", False),
        ("Ada Love1ace", "Ada Lovelace", False),
        ("AdaLovelace", "Ada Lovelace", False),
        ("Ada\u200b Lovelace", "Ada Lovelace", False),
        ("\u0410da Lovelace", "Ada Lovelace", False),
        ("Ada Lovelace", "\u0410da Lovelace", False),
        ("Grace <b>", "Ada Lovelace", True),
        ("", "Ada Lovelace", False),
    ],
)
def test_a_verifier_does_not_look_like_an_author(verifier: str, author: str, free: bool) -> None:
    if free:
        check_verifier(verifier, [author])
    else:
        with pytest.raises(SubmissionError):
            check_verifier(verifier, [author])


def test_a_name_that_others_hold_under_another_protocol_is_not_free(
    honest: Path, tiny: Dataset, changed: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    accept(verify(read_submission(honest), tiny), folder, verifier="Grace Hopper", url=None)
    made = packed(make_run(tmp_path, tiny, changed(name="mine")), tmp_path / "a.zip")
    theirs = in_json("manifest.json", lambda content: content.update(authors=["Emmy Noether"]))
    verdict = verify(read_submission(forge(made, tmp_path / "b.zip", theirs)), tiny)
    with pytest.raises(SubmissionError, match="a submission of Ada Lovelace: rename the method"):
        accept(verdict, folder, verifier="Grace Hopper", url=None)


# 8: numbers and texts of strangers.


@pytest.mark.parametrize("value", ["1e999", "-1e999", '"inf"', '"nan"', "1" + "0" * 400 + ".0"])
def test_infinite_numbers_are_no_numbers(value: str, honest: Path, tmp_path: Path) -> None:
    def lie(members: Members) -> None:
        rows = json.loads(members["rows.json"])
        rows[0]["cost"]["energy_joules"] = "HERE"
        members["rows.json"] = json.dumps(rows).replace('"HERE"', value).encode()

    with pytest.raises(SubmissionError, match=r"rows\.json"):
        read_submission(forge(honest, tmp_path / "a.zip", lie))


@pytest.mark.parametrize(
    "text",
    ["see https://evil.example", "[click](http://evil.example)", "www.evil.example", "@everyone"],
)
def test_warnings_are_the_verifiers_own(
    text: str, honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    from leaderboard.tables.markdown_text import markdown_cell

    lie = in_json("rows.json", lambda rows: rows[0]["data"].update(warnings=[text]))
    found = problems(verify(read_submission(forge(honest, tmp_path / "a.zip", lie)), tiny))
    assert "warnings is " in found
    safe = markdown_cell(text)
    assert not any(sign in safe for sign in ("://", "www.", "@", "[click](")), safe


def test_a_shifted_row_is_no_row_of_a_submission(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    shift = {"name": "level-l1c", "factor": "level", "strength": 1}
    lie = in_json("rows.json", lambda rows: rows[0].update(shift=shift))
    found = problems(verify(read_submission(forge(honest, tmp_path / "a.zip", lie)), tiny))
    assert "shift is name='level-l1c'" in found


def test_a_season_that_the_protocol_aligns_is_no_warning_of_the_verifier(
    quick: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the years are stored, those of France and Argentina are out of phase."""
    dataset = write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("ARG", shift=-36))
    aligned = quick.model_copy(update={"name": "aligned", "season": "aligned"})
    monkeypatch.setattr(forged, "TRANSFERS", ("FRA:ARG",))
    run = make_run(tmp_path, dataset, aligned)
    verdict = verify(read_submission(packed(run, tmp_path / "a.zip")), dataset)
    assert verdict.accepted, problems(verdict)
