"""The planner: what a run would take, against methods whose time is known."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.cli import main
from benchmark.data.dataset import Dataset
from benchmark.data.shifts.shift_table import select_shifts
from benchmark.errors import UnavailableError
from benchmark.results.store import RunStore
from benchmark.run.device import Measurement
from benchmark.run.execution import execute, find_work
from benchmark.run.jobs import plan
from benchmark.run.planning import speed_calibration as calibration
from benchmark.run.planning.cost_estimates import Estimate, MethodEstimate, make_estimate
from benchmark.run.planning.plan_command import duration
from benchmark.run.planning.speed_calibration import Line, calibrate, passes_of
from benchmark.run.runner import Runner
from benchmark.task.authoring.method_template import new_method
from benchmark.task.methods import Card, Context, Features, Labels, Method
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.transfers import select_transfers

CARD = Card(summary="a test", reference="tests", licence="MIT", parameters=1000)


class Clock:
    """Time that passes only when a method says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(calibration, "measure", self.measure)

    def measure(self, device: str) -> "Clock":
        self.measurement = Measurement(peak_memory_bytes=10**9)
        self.start = self.now
        return self

    def __enter__(self) -> Measurement:
        return self.measurement

    def __exit__(self, *_: object) -> None:
        self.measurement.seconds = self.now - self.start


def timed(clock: Clock, calls: list[tuple[int, int]]) -> Method:
    """Return a method of 0.1 s, 1 ms a sample and 2 ms for each sample and epoch."""

    class Timed:
        def __init__(self, context: Context) -> None:
            self.context = context

        def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Timed":
            epochs = self.context.protocol.network.epochs
            calls.append((len(x), epochs))
            assert set(y) == set(range(len(self.context.classes)))
            clock.now += 0.1 + 0.001 * len(x) + 0.002 * epochs * len(x)
            return self

        def predict_proba(self, x: Features) -> np.ndarray:
            clock.now += 0.0005 * len(x)
            return np.full((len(x), len(self.context.classes)), 1 / len(self.context.classes))

    return Method("test.timed", "test", "median", Timed, CARD)


def test_times_at_full_size_and_budget_follow_from_small_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[int, int]] = []
    clock, protocol = Clock(monkeypatch), load_protocol("paper")
    assert passes_of(protocol) == 150
    context = Context(1, ("corn", "rice"), protocol, "cpu", ("B2",), (10, 43))
    x, y = np.zeros((600, 10, 43), np.float32), np.arange(600) % 2
    speed = calibrate(timed(clock, calls), context, x, y)
    assert speed.fit.seconds(50_000, 150) == pytest.approx(0.1 + 50 + 100 * 150)
    assert speed.answer.seconds(10_000, 150) == pytest.approx(5)
    assert speed.peak_memory_bytes == 10**9
    assert max(epochs for _, epochs in calls) == 2
    assert sum(samples * epochs for samples, epochs in calls) < 600  # the calibration is short


def test_a_method_that_is_too_fast_to_measure_gets_more_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[int, int]] = []
    clock = Clock(monkeypatch)
    context = Context(1, ("corn", "rice"), load_protocol("quick"), "cpu", ("B2",), (10, 43))
    x, y = np.zeros((2048, 10, 43), np.float32), np.arange(2048) % 2
    fast = timed(clock, calls)
    monkeypatch.setattr(calibration, "LONG_ENOUGH", 2.0)
    calibrate(fast, context, x, y)
    assert max(samples for samples, _ in calls) > 512


def estimate_of(*seconds: float) -> Estimate:
    return Estimate("cpu", 9, 9 - len(seconds), (MethodEstimate("m", seconds),), 0.0, 0)


def test_workers_divide_whole_jobs_the_longest_first() -> None:
    estimate = estimate_of(4, 3, 3, 2, 2, 2)
    added = estimate.seconds / 16
    assert added > 1
    assert estimate.seconds_with(2) == pytest.approx(8 * added)
    assert estimate.seconds_with(4) == pytest.approx(5 * added)
    assert estimate.seconds_with(100) == pytest.approx(4 * added)
    assert estimate.workers_within(16 * added) == 1
    assert estimate.workers_within(8 * added) == 2
    assert estimate.workers_within(4.5 * added) == 5
    assert estimate.workers_within(3.9) is None


def test_the_longest_line_wins_where_nothing_is_to_be_run() -> None:
    empty = Estimate("cpu", 3, 3, (), 0.0, 0)
    assert empty.seconds == empty.longest == 0
    assert empty.workers_within(1) == 1
    assert Line(1, 2, 3).seconds(10, 5) == 1 + 20 + 150


def test_an_estimate_counts_what_is_stored_and_what_cannot_run(
    tiny: Dataset, smoke: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking:
        def __init__(self, context: Context) -> None:
            raise UnavailableError("no weights here")

    clock = Clock(monkeypatch)
    methods = (timed(clock, []), Method("test.lacking", "test", "median", Lacking, CARD))
    runner, store = Runner(tiny, smoke), RunStore(tmp_path / "run")
    pairs = select_transfers(["FRA:CHN", "FRA:USA", "CHN:FRA"], tiny.domains)
    jobs = plan(tiny, smoke, methods, pairs)
    whole = make_estimate(runner, jobs, len(jobs))
    assert (whole.jobs, whole.stored) == (4, 0)
    able, lacking = whole.methods
    assert lacking.unavailable == "no weights here"
    fits = [len(runner.prepare(job)[0].training) for job in jobs[:2]]
    asked = [sum(len(runner.prepare(job)[1][t].rows) for t in job.targets) for job in jobs[:2]]
    expected = [
        0.1 + 0.001 * n + 0.002 * passes_of(smoke) * n + 0.0005 * m
        for n, m in zip(fits, asked, strict=True)
    ]
    assert able.seconds == pytest.approx(expected)
    assert whole.memory_bytes > 10**9
    work = find_work(jobs[:1], store)
    execute(work, runner, store)
    left = find_work(jobs, store).todo
    rest = make_estimate(runner, left, len(jobs))
    assert (rest.jobs, rest.stored) == (4, 1)
    assert len(rest.methods[0].seconds) == 1
    stored = sum(p.stat().st_size for p in (store.jobs / store.keys()[0]).iterdir())
    assert whole.disk_bytes == pytest.approx(2 * stored, rel=0.3)


def test_an_estimate_of_a_run_that_is_to_be_extended(
    tiny: Dataset, smoke: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of two methods has been scored on China before, so that its job has two targets."""
    clock = Clock(monkeypatch)
    first = timed(clock, [])
    second = Method("test.second", "test", "median", first.build, CARD)
    runner, store = Runner(tiny, smoke), RunStore(tmp_path / "run")
    small = plan(tiny, smoke, (second,), select_transfers(["FRA:CHN"], tiny.domains))
    execute(find_work(small, store), runner, store)
    jobs = plan(tiny, smoke, (first, second), select_transfers(["FRA:USA"], tiny.domains))
    todo = find_work(jobs, store).todo
    assert [job.targets for job in todo] == [("USA",), ("USA", "CHN")]
    one, two = make_estimate(runner, todo, len(jobs)).methods
    assert (one.unavailable, two.unavailable) == (None, None)
    assert two.seconds > one.seconds
    assert two.disk_bytes > 1.2 * one.disk_bytes


def test_an_estimate_of_a_run_with_shifts(
    tiny: Dataset, smoke: Protocol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each copy is predicted by each job, and made once for all of them."""
    clock = Clock(monkeypatch)
    first = timed(clock, [])
    methods = (first, Method("test.second", "test", "harmonic", first.build, CARD))
    copies = select_shifts(["level-l1c", "season-late-15", "mix-equal"])
    runner, store = Runner(tiny, smoke), RunStore(tmp_path / "run")
    pairs = select_transfers(["FRA:CHN", "FRA:USA", "CHN:USA"], tiny.domains)
    plain = make_estimate(runner, plan(tiny, smoke, methods, pairs), 4)
    assert (plain.copies, plain.copy_seconds, plain.copy_bytes) == (0, 0, 0)
    jobs = plan(tiny, smoke, methods, pairs, copies)
    shifted = make_estimate(runner, jobs, len(jobs))
    for method, without in zip(shifted.methods, plain.methods, strict=True):
        for job, seconds, before in zip(jobs, method.seconds, without.seconds, strict=False):
            asked = sum(len(runner.shifted(job, t, s).rows) for t in job.targets for s in copies)
            assert asked > 0
            assert seconds - before == pytest.approx(0.0005 * asked)
        assert method.disk_bytes > without.disk_bytes
    assert shifted.copies == 2 * len(copies)
    assert shifted.copy_seconds > 0
    bands, values = len(tiny.domain_card("CHN").bands), 73 * 4
    kept = sum(len(tiny.load(name)) for name in ("CHN", "USA")) * bands * values
    assert shifted.copy_bytes == kept  # of the level alone: the others are made as fast as read
    assert shifted.seconds > plain.seconds
    work = find_work(jobs[:1], store)
    execute(work, runner, store)
    stored = sum(p.stat().st_size for p in (store.jobs / store.keys()[0]).iterdir())
    assert make_estimate(runner, jobs[:1], 1).disk_bytes == pytest.approx(stored, rel=0.3)


@pytest.mark.slow
def test_the_command_says_what_a_run_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))
    words = ["plan", "--data", str(tmp_path / "data"), "--protocol", "smoke", "--within", "1"]
    words += ["--methods", "floor.majority", "median.xgboost", "median.mlp", "--workers", "2"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--transfers", "FRA:CHN"])
    assert ended.value.code in (0, None)
    said = capsys.readouterr().out
    assert "3 jobs, 0 stored already, 3 to run." in said
    assert "with 2 such devices (cpu)" in said
    assert "Within 1 h: 1 worker, each with such a device." in said
    assert "median.mlp" in said
    assert "shifted" not in said
    words += ["--transfers", "FRA:CHN", "--shifts", "level", "mix-equal"]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code in (0, None)
    assert "3 shifted copies of targets are scored besides" in capsys.readouterr().out


@pytest.mark.slow
def test_a_method_of_a_file_is_planned_and_what_is_stored_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no run directory is named, it is the one that `run` would write."""
    monkeypatch.chdir(tmp_path)
    write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("CHN"))
    new_method("mine", "sklearn", tmp_path)
    words = ["--data", "data", "--protocol", "smoke", "--transfers", "FRA:CHN"]

    def call(command: str, *more: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main([command, *words, *more])
        assert ended.value.code in (0, None)
        return capsys.readouterr().out

    call("run", "--methods", "floor.majority")
    said = call("plan", "--method-file", "mine.py", "--methods", "floor.majority")
    assert "2 jobs, 1 stored already, 1 to run." in said
    assert "mine" in said


def test_numbers_are_said_as_people_say_them() -> None:
    assert [duration(s) for s in (7.7e-05, 0.034, 12.4, 150, 100_000)] == [
        "below 0.01 s",
        "0.034 s",
        "12 s",
        "2.5 min",
        "27.8 h",
    ]


LACKING = """
from benchmark.errors import UnavailableError
from benchmark.task.methods import Card, Method


def build(context):
    raise UnavailableError("no weights here")


def methods():
    card = Card(summary="lacks weights", reference="tests", licence="MIT")
    return [Method("median.lacking", "test", "median", build, card)]
"""


def test_jobs_that_cannot_be_calibrated_are_said_to_be_left_out(
    tmp_path: Path, tiny: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lacking.py").write_text(LACKING)
    words = ["plan", "--data", str(tiny.root), "--protocol", "smoke", "--transfers", "FRA:CHN"]
    words += ["--out", str(tmp_path / "run"), "--method-file", str(tmp_path / "lacking.py")]
    for more, timed in ([], False), (["--methods", "floor.majority"], True):
        with pytest.raises(SystemExit):
            main([*words, *more])
        said = capsys.readouterr().out
        assert "1 of these jobs are not included in any estimate, since their methods" in said
        assert ("on disk for jobs" in said) == timed  # and not about 0 s and 0 B
