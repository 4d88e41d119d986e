"""`cropglobe verify`: its exit status, and what it refuses before anything is trained again."""

from pathlib import Path

import pytest
from forged import forge

from benchmark.cli import main
from benchmark.data.dataset import Dataset


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def test_the_command_judges_by_its_exit_status(
    honest: Path, tiny: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data", str(tiny.root))
    assert command("verify", str(honest), *data) == 0
    assert "Accepted: verified from predictions." in capsys.readouterr().out
    path = forge(
        honest,
        tmp_path / "x.zip",
        lambda members: members.update({"predictions/FRA/CHN/82.npy": b"nothing"}),
    )
    assert command("verify", str(path), *data) == 1
    assert "Refused: predictions/FRA/CHN/82.npy is no array" in capsys.readouterr().out
    assert command("verify", str(tmp_path / "none.zip"), *data) == 2
    assert "There is no archive" in capsys.readouterr().err
    assert command("verify", str(honest), *data, "--accept", "s") == 2
    assert command("verify", str(honest), *data, "--format", "pdf") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--accept", "s", "--verifier", "Ada Lovelace"), "is an author of the submission"),
        (("--accept", "s", "--verifier", "Grace", "--url", "x.zip"), "'x.zip' is not fetched"),
        (("--verifier", "Grace"), "--verifier is part of a recorded verdict"),
        (("--url", "https://example.org/x.zip"), "--url is part of a recorded verdict"),
    ],
)
def test_what_cannot_be_recorded_is_said_before_training_again(
    words: tuple[str, ...],
    said: str,
    honest: Path,
    tiny: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A rerun takes hours."""
    monkeypatch.chdir(tmp_path)
    assert command("verify", str(honest), "--data", str(tiny.root), "--rerun", *words) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "About to run" not in shown.err
    assert list(tmp_path.iterdir()) == []


def test_a_verdict_is_recorded_where_rows_cannot_be_added(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("no run", "utf-8")
    words = ("--accept", str(tmp_path / "s"), "--verifier", "Grace Hopper")
    words += ("--into", str(tmp_path / "a-file"))
    assert command("verify", str(honest), "--data", str(tiny.root), *words)
    assert list((tmp_path / "s").glob("*/verdict.json"))
