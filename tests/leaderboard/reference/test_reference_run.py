"""Making reference results: the order, what is run again, and what an early end leaves."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.errors import UsageError
from benchmark.task.methods import Method, method_sets, registry
from benchmark.task.protocol import load_protocol
from leaderboard.reference import reference_run
from leaderboard.reference.reference_file import read_reference, reference_files
from leaderboard.reference.reference_run import ReferenceRequest, make_reference, steps

STAND_IN = "import sys; sys.exit({status})"


def request(out: Path, **changes: object) -> ReferenceRequest:
    values: dict[str, object] = {
        "data": ("simulated",),
        "protocols": ("quick", "standard"),
        "methods": (),
        "seeds": (),
        "transfers": (),
        "out": out,
    }
    return ReferenceRequest(**(values | changes))  # type: ignore[arg-type]


def methods_of(words: tuple[str, ...]) -> list[str]:
    return list(words[words.index("--methods") + 1 : words.index("--seeds")])


def test_the_headline_comes_first_and_ensembles_last_seed_by_seed(tmp_path: Path) -> None:
    found = steps(request(tmp_path))
    titles = [step.title for step in found]
    sets = list(dict.fromkeys(title.partition(":")[0] for title in titles))
    assert sets == ["headline", "paper", "ablation", "others", "ensembles"]
    first = [f"headline: simulated, quick, seed {n}" for n in load_protocol("quick").seeds]
    assert titles[: len(first)] == first
    assert titles[len(first)].startswith("headline: simulated, standard")
    assert set(methods_of(found[0].words)) == set(method_sets()["headline"])
    # Without the word a run takes other years too, and a file that has them for some methods only
    # leaves the others without a rank.
    assert all("--transfers published" in " ".join(step.words) for step in found)
    assert {"cropnet.aug.x5", "duo"} <= set(methods_of(found[-1].words))
    quick_once = {
        name
        for step in found
        if step.title.endswith(f"quick, seed {load_protocol('quick').seeds[0]}")
        for name in methods_of(step.words)
    }
    assert quick_once == set(registry().all())
    assert found[0].run == tmp_path / "simulated-quick"


def test_chosen_methods_alone_are_run(tmp_path: Path) -> None:
    chosen = request(tmp_path, methods=("floor.*",), seeds=(1, 2), protocols=("smoke",))
    found = steps(chosen)
    assert [methods_of(step.words) for step in found] == [
        *([["floor.majority"]] * 2),
        *([["floor.prior"]] * 2),
    ]
    with pytest.raises(UsageError, match="No method matches"):
        steps(request(tmp_path, methods=("nothing",)))


@pytest.mark.parametrize(("status", "error"), [(2, UsageError), (130, KeyboardInterrupt)])
def test_a_run_that_ends_early_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, error: type[BaseException]
) -> None:
    monkeypatch.setattr(reference_run, "PROGRAM", STAND_IN.format(status=status))
    said: list[str] = []
    with pytest.raises(error):
        make_reference(request(tmp_path, methods=("floor.*",)), tmp_path / "packed", said.append)
    assert len(said) == 1


ENDED_FROM_OUTSIDE = "import os, signal; os.kill(os.getppid(), signal.SIGTERM); signal.pause()"


@pytest.mark.parametrize("ctrl_c", [signal.default_int_handler, signal.SIG_IGN])
def test_the_run_ends_with_it_in_the_background_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ctrl_c: signal.Handlers
) -> None:
    """A background process ignores Ctrl-C, and so does the run that it starts."""
    monkeypatch.setattr(reference_run, "PROGRAM", ENDED_FROM_OUTSIDE)
    monkeypatch.setattr(subprocess.Popen, "kill", lambda run: pytest.fail("it had to be killed"))
    before = signal.signal(signal.SIGINT, ctrl_c)
    try:
        with pytest.raises(KeyboardInterrupt):
            make_reference(request(tmp_path, methods=("floor.*",)), tmp_path / "packed", print)
    finally:
        signal.signal(signal.SIGINT, before)


def test_failed_jobs_do_not_keep_the_others_from_being_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_run, "PROGRAM", STAND_IN.format(status=3))
    said: list[str] = []
    chosen = request(tmp_path, methods=("floor.*",), seeds=(1,), protocols=("smoke",))
    assert make_reference(chosen, tmp_path / "packed", said.append).files == ()
    assert [sentence.partition(" ")[0] for sentence in said] == ["Step", "Some", "Step", "Some"]


def test_no_time_left_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_run, "PROGRAM", STAND_IN.format(status=1))
    said: list[str] = []
    make_reference(request(tmp_path, minutes=0.0), tmp_path / "packed", said.append)
    assert said[0].startswith("The time is over before step 1 of ")


@pytest.mark.slow
def test_rows_in_the_files_are_not_made_again_on_another_machine(
    tmp_path: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine has the files and no run directory; new code, seeds and targets are run."""
    packed = tmp_path / "packed"
    asked = {
        "data": (str(tiny.root),),
        "methods": ("floor.*",),
        "seeds": (1,),
        "protocols": ("smoke",),
        "transfers": ("FRA:CHN",),
    }

    def methods_run(name: str, **changes: object) -> list[list[str]]:
        ran: list[list[str]] = []
        with monkeypatch.context() as patch:
            patch.setattr(reference_run, "_run", lambda step, *_: ran.append(list(step.methods)))
            make_reference(request(tmp_path / name, **(asked | changes)), packed, print)
        return ran

    everything = [["floor.majority"], ["floor.prior"]]
    assert methods_run("empty") == everything
    first = request(tmp_path / "first", **(asked | {"methods": ("floor.prior",)}))
    make_reference(first, packed, print)
    assert methods_run("other-machine") == [["floor.majority"]]
    assert methods_run("another-seed", seeds=(2,)) == everything
    assert methods_run("another-target", transfers=("FRA:CHN", "FRA:USA")) == everything
    assert methods_run("all-again", again=True) == everything
    monkeypatch.setattr(Method, "code_fingerprint", "0" * 16)
    assert methods_run("another-code") == everything


@pytest.mark.slow
def test_from_one_command_to_a_comparison(
    tmp_path: Path,
    tiny: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`reference make` twice, the second without a new fit; then `compare` ranks another method."""
    packed = tmp_path / "packed"
    monkeypatch.setenv("CROPGLOBE_REFERENCE", str(packed))
    data = ["--data", str(tiny.root), "--protocol", "smoke", "--seeds", "1", "2", "3"]
    make = ["reference", "make", *data, "--methods", "floor.prior", "--out", str(tmp_path / "runs")]
    first = call([*make, "--minutes", "10"])
    (path,) = reference_files(packed)
    before = path.read_bytes()
    assert (first, call(make)) == (0, 0)
    assert path.read_bytes() == before
    assert {c.row.method for c in read_reference(path).rows} == {"floor.prior"}

    run = tmp_path / "mine"
    assert call(["run", *data, "--methods", "harmonic.xgboost", "--out", str(run)]) == 0
    capsys.readouterr()
    assert call(["compare", str(run)]) == 0
    said = capsys.readouterr().out
    assert "harmonic.xgboost has rank 1 of 2" in said
    assert "undecided" in said or "yes" in said
    assert call(["compare", str(run), "--format", "csv", "--out", str(tmp_path / "c.csv")]) == 0
    assert "floor.prior" in (tmp_path / "c.csv").read_text("utf-8")
    site = ["site", "--out", str(tmp_path / "site")]
    export = ["export", "--out", str(tmp_path / "export")]
    for command in (["leaderboard"], ["tables"], ["claims"], site, export):
        capsys.readouterr()
        assert call([command[0], str(run), "--with-reference", *command[1:]]) == 0
        if command[0] in {"leaderboard", "tables"}:
            assert "floor.prior" in capsys.readouterr().out
    assert list((tmp_path / "site" / "methods").glob("floor.prior*"))
    assert "floor.prior" in (tmp_path / "export" / "results.csv").read_text("utf-8")
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    assert call(["figures", str(run), "--out", str(alone)]) == 0
    assert call(["figures", str(run), "--with-reference", "--out", str(beside)]) == 0
    panels = [path / "1-heat_map.svg" for path in (alone, beside)]
    assert [path.read_text("utf-8").count('id="axes_') for path in panels] == [1, 2]
    assert "floor.prior" not in (run / "leaderboard.md").read_text("utf-8"), "it is the run's own"

    other = tmp_path / "other"
    words = ["run", "--data", str(tiny.root), "--protocol", "quick", "--seeds", "1"]
    assert call([*words, "--methods", "floor.prior", "--out", str(other)]) == 0
    capsys.readouterr()
    assert call(["compare", str(other)]) == 2
    assert "run again with --protocol smoke" in capsys.readouterr().err
    assert call(["leaderboard", str(other), "--with-reference"]) == 0
    assert "the protocols differ" in " ".join(capsys.readouterr().out.split())
    assert call(["reference", "list"]) == 0
    assert call(["reference", "pack", str(run)]) == 0
    assert len({c.row.method for c in read_reference(path).rows}) == 2


def call(words: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    sys.stdout.flush()
    return int(ended.value.code or 0)
