"""Training again confirms the honest and convicts those who look at what they must not."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from forged import (
    forge,
    in_json,
    make_run,
    one_seed_under_two_names,
    trained_again,
    with_true_scores,
)
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.dataset_source import cache_directory
from benchmark.errors import SubmissionError
from benchmark.results.store import RunStore
from benchmark.run.executors.confinement import visible_paths, why_not_confined
from benchmark.task.protocol import Protocol, load_protocol
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification import harness_process as harness
from leaderboard.submissions.verification.harness_process import (
    LONGEST_JOB_S,
    Task,
    job_time_limit,
    run_harness,
)
from leaderboard.submissions.verification.verification import Verdict, verify

pytestmark = pytest.mark.slow

MARK = "verified by rerun" if why_not_confined() is None else "rerun, not confined"
"""What the honest are given on this machine."""

PEEK = '''

def peek(x):
    """Read the labels of whatever lies in the folder that the command line names as data."""
    import sys

    where = sys.argv[sys.argv.index("--data") + 1] if "--data" in sys.argv else "DATA"
    rows = []
    for path in sorted(__import__("pathlib").Path(where).glob("*.npz")):
        with np.load(path) as archive:
            series = archive["fea"].astype(np.float32)
            series = series / 10000 if series.max() > 2 else series
            rows += zip(series[:, :, 24:67].reshape(len(series), -1), archive["lbl"])
    known = {np.round(a, 3).tobytes(): int(b) for a, b in rows}
    return [known.get(np.round(row, 3).tobytes()) for row in x.reshape(len(x), -1)]
'''
"""A cheat that finds the target's labels on disk; `DATA` is replaced by the folder of the test."""


def judged(run: Path, dataset: Dataset, out: Path) -> Verdict:
    source = Source(file=run.parent / "my_method.py")
    pack(run, "my-method", out, authors=["Ada"], source=source)
    verdict = verify(read_submission(out), dataset)
    assert verdict.accepted, "the lie must not show before training again"
    return trained_again(verdict, dataset)


def problems(verdict: Verdict) -> str:
    return " ".join(text for finding in verdict.findings for text in finding.problems)


def test_the_honest_are_confirmed(honest: Path, tiny: Dataset) -> None:
    verdict = trained_again(verify(read_submission(honest), tiny), tiny)
    assert verdict.level == MARK, problems(verdict)
    assert all(d.rerun == d.stated for d in verdict.differences)
    assert any("every probability within" in note for note in verdict.notes)


def test_seeds_that_drew_their_own_samples_are_confirmed(
    tiny: Dataset, smoke: Protocol, tmp_path: Path
) -> None:
    capped = smoke.model_copy(
        update={"name": "capped", "max_source_samples": 60, "max_target_samples": 40}
    )
    run = make_run(tmp_path, tiny, capped)
    verdict = judged(run, tiny, tmp_path / "capped.zip")
    assert verdict.level == MARK, problems(verdict)


def test_labels_read_from_disk_are_noticed(
    run: Path, tiny: Dataset, quick: Protocol, tmp_path: Path
) -> None:
    code = (run.parent / "my_method.py").read_text("utf-8")
    answer = "return np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))"
    cheat = (
        "answer = np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))\n"
        "        answer = np.roll(answer, 1, axis=1)\n"
        "        crops = ('corn', 'soybeans', 'rice', 'wheat', 'cotton', 'sugarcane', 'other')\n"
        "        from benchmark.data.taxonomy import CROPS\n"
        "        for row, label in enumerate(peek(x)):\n"
        "            if label is not None and CROPS[label] in self.context.classes:\n"
        "                answer[row] *= 0.3\n"
        "                answer[row, self.context.classes.index(CROPS[label])] += 0.7\n"
        "        return answer / answer.sum(axis=1, keepdims=True)"
    )
    assert code.count(answer) == 1
    code = code.replace(answer, cheat) + PEEK.replace('"DATA"', repr(str(tiny.root)))
    cheating = make_run(tmp_path, tiny, quick, code)
    verdict = judged(cheating, tiny, tmp_path / "x.zip")
    assert not verdict.accepted
    assert max(each.stated for each in verdict.differences) > 0.99
    if verdict.confined:  # there is no such file where it runs
        assert max(each.rerun or 0 for each in verdict.differences) < 0.5
        assert "points from that of training again" in problems(verdict)
    else:
        assert "the code looks samples up" in problems(verdict)


PROBE = """

import gc
import os
import socket
import sys
from pathlib import Path


def probe():
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = path.read_bytes().split(b"\\0")
        if b"--data" in words or b"run" in words:
            found.append(f"command line {words[:9]}")
    frame = sys._getframe()
    while frame is not None:
        kept = {**frame.f_locals, **frame.f_globals}
        found += [name for name, value in kept.items() if type(value).__name__ in KINDS]
        frame = frame.f_back
    found += [type(each).__name__ for each in gc.get_objects() if type(each).__name__ in KINDS]
    for place in PLACES:
        if Path(place).exists():
            found.append(place)
    try:
        socket.create_connection(("PEER", 0000), timeout=2).close()
        found.append("network")
    except OSError:
        pass
    names = {"CROPGLOBE_CACHE", "CROPGLOBE_DATA"} & set(os.environ)
    if found or names:
        raise RuntimeError(f"reached {found} {names}")


KINDS = {"Dataset", "DomainSamples", "Expectation", "PredictionRequest", "Submission", "Runner"}
"""


@pytest.mark.skipif(why_not_confined() is not None, reason="methods cannot be confined here")
def test_confined_code_reaches_no_label_by_any_way(
    run: Path,
    tiny: Dataset,
    quick: Protocol,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Command lines, callers' frames, live objects, the data, the default, home, the network."""
    monkeypatch.setenv("AUTHOR", "1")
    code = (run.parent / "my_method.py").read_text("utf-8")
    # Packages and weights, which a method must see, may lie below the wider ones of these.
    wider = [
        place
        for place in (Path("/work"), Path("/home"))
        if not any(seen.is_relative_to(place) for seen in visible_paths())
    ]
    places = [str(place) for place in (tiny.root, cache_directory(), tmp_path, *wider)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = ("PEER", "127.0.0.1"), ("0000", str(server.getsockname()[1]))
        text = PROBE + f"PLACES = {places!r}\n"
        for old, new in peer:
            text = text.replace(old, new)
        for begin in ("        self.model_ = ", "        return np.asarray(self.model_.predict"):
            assert code.count(begin) == 1
            guard = "        if 'AUTHOR' not in os.environ:\n            probe()\n"
            code = code.replace(begin, guard + begin)
        probing = make_run(tmp_path, tiny, quick, code + text)
        out = tmp_path / "x.zip"
        pack(probing, "my-method", out, authors=["Ada"], source=Source(tmp_path / "my_method.py"))
        verdict = trained_again(verify(read_submission(out), tiny), tiny, inspected=True)
    assert verdict.level == "verified by rerun", problems(verdict)


def test_a_table_of_known_series_is_noticed(
    run: Path, tiny: Dataset, quick: Protocol, other_secrets: None, tmp_path: Path
) -> None:
    """The table is of hashes, so that no label stands in the code; exact series find it."""
    code = (run.parent / "my_method.py").read_text("utf-8")
    answer = "return np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))"
    table = (
        "answer = np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))\n"
        "        for row, series in enumerate(x):\n"
        "            digest = hashlib.sha256(series.tobytes()).digest()\n"
        "            answer[row] = np.roll(answer[row], digest[0] % 2 + 1)\n"
        "        return answer"
    )
    code = code.replace(answer, table)
    code = code.replace("import numpy as np", "import hashlib\n\nimport numpy as np", 1)
    looking = make_run(tmp_path, tiny, quick, code)
    verdict = judged(looking, tiny, tmp_path / "x.zip")
    assert not verdict.accepted
    assert "the code looks samples up" in problems(verdict)


def test_code_that_did_not_make_the_predictions_is_noticed(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    def swap(members: dict[str, bytes]) -> None:
        name = "code/my_method.py"
        fit = b".fit(x.reshape(len(x), -1), y)"
        assert members[name].count(fit) == 1
        members[name] = members[name].replace(fit, fit.replace(b"y)", b"y[::-1])"))

    path = forge(honest, tmp_path / "x.zip", swap)
    verdict = verify(read_submission(path), tiny)
    assert verdict.accepted
    verdict = trained_again(verdict, tiny)
    assert not verdict.accepted
    assert "points from that of training again" in problems(verdict)


@pytest.mark.parametrize(("noise", "deterministic"), [(0.1, False), (0.0, True)])
def test_a_seed_under_two_names_is_noticed_where_no_copy_is_seen(
    noise: float, deterministic: bool, honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """Enough noise, or a card that lies, hides the copy from whoever sees predictions only."""

    def lie(members: dict[str, bytes]) -> None:
        one_seed_under_two_names(noise)(members)
        says = {"deterministic": deterministic}
        in_json("card.json", lambda content: content["card"].update(says))(members)

    path = forge(honest, tmp_path / "x.zip", lie)
    path = with_true_scores(path, tmp_path / "y.zip", tiny)
    verdict = verify(read_submission(path), tiny)
    assert verdict.accepted, problems(verdict)
    assert any("no copied seed was looked for" in each for each in verdict.notes) is deterministic
    verdict = trained_again(verdict, tiny)
    assert not verdict.accepted
    said = "The card in the submission is not the one in its code"
    if not deterministic:
        said = "seed 83: training again gave other predictions here, although"
    assert said in problems(verdict)


@pytest.mark.parametrize("where", ["fit", "import"])
def test_code_that_hangs_is_ended(
    where: str,
    run: Path,
    tiny: Dataset,
    changed: Callable[..., Protocol],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if where == "import":
        monkeypatch.setattr(harness, "BESIDE_JOBS_S", 1.0)
    hang = "__import__('threading').Event().wait()"
    mine = changed(name="mine", job_time_limit_s=3)
    path = tmp_path / "x.zip"
    honest_run = make_run(tmp_path, tiny, mine)
    pack(
        honest_run, "my-method", path, authors=["A"], source=Source(file=tmp_path / "my_method.py")
    )

    def spoil(members: dict[str, bytes]) -> None:
        code = members["code/my_method.py"].decode()
        fit = "        self.model_"
        assert fit in code
        spoilt = code.replace(fit, f"        {hang}\n{fit}", 1) if where == "fit" else hang
        members["code/my_method.py"] = spoilt.encode()

    path = forge(path, tmp_path / "y.zip", spoil)
    verdict = trained_again(verify(read_submission(path), tiny), tiny)
    assert not verdict.accepted
    said = {"fit": "Stopped after the protocol's limit of 3 s", "import": "was ended after"}
    assert said[where] in problems(verdict)


def test_a_submission_does_not_say_how_long_it_may_take(
    changed: Callable[..., Protocol],
) -> None:
    """The limit is not part of a protocol's hash."""
    own = load_protocol("smoke").job_time_limit_s
    assert own is not None
    limits = [None, 1e9, 5.0]
    asked = [changed(job_time_limit_s=limit) for limit in limits]
    assert [job_time_limit(each) for each in asked] == [own, own, 5.0]
    asked = [changed(name="mine", job_time_limit_s=limit) for limit in limits]
    assert [job_time_limit(each) for each in asked] == [LONGEST_JOB_S, LONGEST_JOB_S, 5.0]


def test_code_that_fails_is_told(honest: Path, tiny: Dataset, tmp_path: Path) -> None:
    def spoil(members: dict[str, bytes]) -> None:
        members["code/my_method.py"] = b"raise RuntimeError('not here')"

    path = forge(honest, tmp_path / "x.zip", spoil)
    verdict = trained_again(verify(read_submission(path), tiny), tiny)
    assert not verdict.accepted
    assert "not here" in problems(verdict)


def test_the_code_sees_no_secrets(
    honest: Path, tiny: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")

    def look(members: dict[str, bytes]) -> None:
        members["code/my_method.py"] += b"\nimport os\nassert 'MY_TOKEN' not in os.environ\n"

    path = forge(honest, tmp_path / "x.zip", look)
    verdict = trained_again(verify(read_submission(path), tiny), tiny)
    assert verdict.accepted, problems(verdict)


def test_a_submitted_file_is_not_taken_for_a_module_of_the_harness(
    tiny: Dataset, quick: Protocol, tmp_path: Path
) -> None:
    (tmp_path / "yaml.py").write_text("raise SystemExit('taken')", "utf-8")
    task = Task(tiny.root, quick, ["FRA:CHN"], [82])
    run = run_harness(task, tmp_path, ["--methods", "floor.majority"])
    assert len(RunStore(run).read_all()[0]) == 1


def test_a_closed_model_cannot_be_trained_again(run: Path, tiny: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    file = run.parent / "my_method.py"
    pack(run, "my-method", out, authors=["Ada"], source=Source(file=file, closed=True))
    with pytest.raises(SubmissionError, match="code is closed; verify without --rerun"):
        trained_again(verify(read_submission(out), tiny), tiny)


def test_series_that_a_third_domain_holds_do_not_make_the_honest_look_guilty(
    quick: Protocol, tmp_path: Path
) -> None:
    """They are not learned from, and the blind copy, which lacks that domain, must know it."""
    source, other = make_samples("FRA"), make_samples("BEL")
    series = other.series.copy()
    series[:40] = source.series[:40]
    shared = replace(other, series=series)
    dataset = write_tiny(
        tmp_path / "data", source, make_samples("CHN", shift=2), make_samples("USA"), shared
    )
    run = make_run(tmp_path, dataset, quick)
    first = RunStore(run).read_all()[0][0].rows[0]
    assert (first.data.n_train or 0) + (first.data.n_validation or 0) < 0.8 * (len(source) - 20)
    verdict = judged(run, dataset, tmp_path / "x.zip")
    assert verdict.accepted, problems(verdict)


def test_a_method_that_adapts_to_its_target_is_tried_on_the_same_samples(
    run: Path, tiny: Dataset, quick: Protocol, tmp_path: Path
) -> None:
    code = (run.parent / "my_method.py").read_text("utf-8")
    adapt = (
        "    def adapt(self, x: Features) -> 'Classifier':\n"
        "        other = Classifier(self.context)\n"
        "        other.model_, other.shift_ = self.model_, x.mean(axis=0)\n"
        "        return other\n\n"
        "    def predict_proba("
    )
    code = code.replace("    def predict_proba(", adapt)
    code = code.replace("predict_proba(x.reshape", "predict_proba((x - self.shift_).reshape")
    code = code.replace("self.context = context", "self.context, self.shift_ = context, 0.0")
    code = code.replace("Classifier, CARD)", "Classifier, CARD, track='unlabelled-target')")
    code = code.replace("pretraining=None", "extra_information=('the series',), pretraining=None")
    verdict = judged(make_run(tmp_path, tiny, quick, code), tiny, tmp_path / "x.zip")
    assert verdict.accepted, problems(verdict)
    assert verdict.submission.described.track == "unlabelled-target"
