"""`run --shifts`: one fit, a row for each shifted copy, and rankings that do not see them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from misbehaving import CARD, Nearest
from smoke_command import Cli, smoke_run
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.shifted_copies import kept_copies
from benchmark.data.shifts.shift_table import (
    Fields,
    Shift,
    apply_shift,
    select_shifts,
    shifted_rows,
    shifts,
)
from benchmark.errors import UnavailableError
from benchmark.results.run_plans import read_plans
from benchmark.results.run_status import run_status
from benchmark.results.store import RunStore, StoredJob
from benchmark.run.execution import Finished, Plan, execute, find_work
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Context, Features, Labels, Method
from benchmark.task.protocol import Protocol
from benchmark.task.samples import sample_choice
from benchmark.task.transfers import select_transfers

LEVEL = select_shifts(["level"])


class Counting(Nearest):
    """Counts fits, and keeps what it was asked."""

    fits = 0
    asked: list[Features]

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Nearest:
        type(self).fits += 1
        type(self).asked = []
        return super().fit(x, y, validation=validation)

    def predict_proba(self, x: Features) -> Any:
        type(self).asked.append(x)
        return super().predict_proba(x)


def method(build: Callable[[Context], Any] = Counting, **changes: Any) -> Method:
    values = {"name": "test.m", "family": "test", "representation": "median", "card": CARD}
    return Method(build=build, **(values | changes))


class Directory:
    """A run directory in which one method is run again and again, from France to China."""

    def __init__(self, root: Path, dataset: Dataset, protocol: Protocol) -> None:
        self.store, self.runner = RunStore(root), Runner(dataset, protocol)

    def find(self, copies: tuple[Shift, ...], what: Method, overwrite: Any = "never") -> Plan:
        runner = self.runner
        pairs = select_transfers(["FRA:CHN"], runner.dataset.domains)
        jobs = plan(runner.dataset, runner.protocol, (what,), pairs, copies)
        return find_work(jobs, self.store, overwrite)

    def run(self, copies: tuple[Shift, ...], what: Method) -> tuple[Finished, ...]:
        return execute(self.find(copies, what), self.runner, self.store)

    @property
    def job(self) -> StoredJob:
        (job,), damaged = self.store.read_all()
        assert damaged == ()
        return job


@pytest.fixture
def directory(tmp_path: Path, tiny: Dataset, smoke: Protocol) -> Directory:
    return Directory(tmp_path / "run", tiny, smoke)


def test_one_fit_and_a_row_for_each_copy(directory: Directory) -> None:
    Counting.fits = 0
    (finished,) = directory.run(tuple(shifts().values()), method())
    assert (finished.status, Counting.fits) == ("ok", 1)
    job = directory.job
    assert [(row.target, row.shift) for row in job.rows] == [("FRA", None), ("CHN", None)]
    assert [row.shift.name for row in job.shifted if row.shift] == list(shifts())
    assert {row.target for row in job.shifted} == {"CHN"}
    assert all(row.status == "ok" and row.scores is not None for row in job.shifted)
    # What it was asked: the held-out part, the target, and a changed copy for each shift; of each
    # of these a few samples a second time.
    home, plain, *copies = Counting.asked[::2]
    del home
    for shift, copy in zip(shifts().values(), copies, strict=True):
        if shift.factor == "mix":
            assert len(copy) <= len(plain)
        else:
            assert copy.shape == plain.shape
            assert not np.array_equal(copy, plain)
    # The probabilities of shifted copies are not kept.
    names = {path.name for path in job.folder.glob("predictions-*")}
    assert names == {"predictions-FRA.npz", "predictions-CHN.npz"}


def test_copies_are_made_once_for_all_methods_and_seeds_and_change_no_score(
    tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = changed(seeds=(1, 2))
    pairs = select_transfers(["FRA:CHN", "USA:CHN"], tiny.domains)
    methods = [
        method(Nearest, name="test.median"),
        method(Nearest, name="test.harmonic", representation="harmonic"),
    ]
    jobs = plan(tiny, protocol, methods, pairs, tuple(shifts().values()))
    made: list[str] = []

    def counting(shift: Shift, fields: Fields) -> Any:
        made.append(shift.name)
        return apply_shift(shift, fields)

    monkeypatch.setattr(kept_copies, "apply_shift", counting)
    plain = [Runner(tiny, protocol).run(job) for job in jobs]
    assert Counter(made) == dict.fromkeys(shifts(), len(jobs))
    made.clear()
    kept = [Runner(tiny, protocol, tmp_path / "cache").run(job) for job in jobs]
    costly = [name for name, shift in shifts().items() if shift.factor in kept_copies.COSTLY]
    assert {name: count for name, count in Counter(made).items() if name in costly} == (
        dict.fromkeys(costly, 1)
    )
    for first, second in zip(plain, kept, strict=True):
        assert [row.without_circumstances() for row in first.rows] == [
            row.without_circumstances() for row in second.rows
        ]
    # Of the representations, those are kept that a run keeps.
    names = [path.name.partition("-")[0] for path in (tmp_path / "cache" / "shifted").iterdir()]
    assert names.count("harmonic") == len(shifts())
    assert names.count("median") == 0


def test_samples_of_a_copy_are_drawn_once(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counting(shift: Shift, *args: Any) -> Any:
        drawn.append(shift.name)
        return shifted_rows(shift, *args)

    monkeypatch.setattr(sample_choice, "shifted_rows", counting)
    (job,) = directory.find(tuple(shifts().values()), method()).todo
    rows = directory.runner.run(job).rows
    said = directory.runner.without_scores(job, "failed", "no").rows
    assert [row.data.ids_hash for row in said] == [row.data.ids_hash for row in rows]
    assert sorted(drawn) == sorted(shifts())


def test_class_shares_choose_other_samples(directory: Directory) -> None:
    directory.run(select_shifts(["mix-equal", "season-late-15"]), method())
    (plain,) = [row for row in directory.job.rows if row.target == "CHN"]
    late, equal = directory.job.shifted
    assert late.data.ids_hash == plain.data.ids_hash
    assert equal.shift is not None
    assert equal.shift.factor == "mix"


def test_a_job_that_lacks_shifts_is_run_again_and_keeps_what_it_had(directory: Directory) -> None:
    directory.run((), method())
    plain = directory.job.rows
    assert directory.find((), method()).todo == ()
    directory.run(LEVEL, method())
    assert [row.without_circumstances() for row in directory.job.rows] == [
        row.without_circumstances() for row in plain
    ]
    assert directory.job.shifts == {("CHN", "level-half"), ("CHN", "level-l1c")}
    assert directory.find(LEVEL[:1], method()).todo == ()
    assert directory.find((), method()).todo == ()
    directory.run(select_shifts(["season-late-15"]), method())
    assert len(directory.job.shifted) == 3


class Unable(Nearest):
    """Cannot work with what is shifted, and says so."""

    def predict_proba(self, x: Features) -> Any:
        if np.median(x[:, 0]) > 0.15:  # the tiny series have 0.1 there outside of their bump
            raise UnavailableError("too hazy")
        return super().predict_proba(x)


def test_what_a_copy_lacks_is_no_lack_of_the_job(directory: Directory) -> None:
    (finished,) = directory.run(select_shifts(["level-l1c"]), method(Unable))
    (copy,) = directory.job.shifted
    assert (copy.status, copy.reason, copy.scores) == ("unavailable", "too hazy", None)
    assert finished.status == "ok"
    assert directory.find(select_shifts(["level-l1c"]), method(Unable)).todo == ()
    failed = directory.find(select_shifts(["level-l1c"]), method(Unable), "failed")
    assert len(failed.todo) == 1


class Failing(Nearest):
    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Nearest:
        raise ValueError("no")


def test_a_failed_fit_says_so_of_every_copy(directory: Directory) -> None:
    directory.run(LEVEL, method(Failing))
    assert {row.status for row in (*directory.job.rows, *directory.job.shifted)} == {"failed"}
    assert directory.find(LEVEL, method(Failing)).todo == ()


def test_leaderboards_do_not_change_when_shifts_are_scored(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_tiny(data, *(make_samples(name) for name in ("FRA", "CHN")))
    run = tmp_path / "run"
    pair = ("--transfers", "FRA:CHN", "--workers", "0", "--no-tracking")
    code, _, err = smoke_run(cli, data, run, *pair, "--methods", "harmonic.random-forest")
    assert code == 0, err
    before = {name: (run / name).read_bytes() for name in ("transfers.csv", "index.parquet")}
    scores = [row.scores for job in RunStore(run).read_all()[0] for row in job.rows]
    code, _, err = smoke_run(
        cli, data, run, "--shifts", "season", "cadence-30", *pair, "--methods", "harmonic.*forest"
    )
    assert code == 0, err
    (job,) = RunStore(run).read_all()[0]
    assert len(job.shifted) == 5
    assert [row.scores for row in job.rows] == scores
    columns = [line.split(",")[:4] for line in before["transfers.csv"].decode().splitlines()]
    again = (run / "transfers.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[:4] for line in again] == columns
    assert "worst factor" in (run / "leaderboard.md").read_text("utf-8")
    assert {status.state for status in run_status(RunStore(run)).jobs} == {"done"}
    plans, _ = read_plans(run)
    assert [len(plan.jobs[0].shifts) for plan in plans] == [0, 5]


def test_the_option_without_a_value_is_every_shift() -> None:
    from benchmark.cli import spread

    assert spread(["run", "--shifts"]) == ["run", "--shifts", "all"]
    assert spread(["run", "--shifts", "--out", "A"]) == ["run", "--shifts", "all", "--out", "A"]
    assert spread(["run", "--shifts", "level", "gaps"]) == [
        *("run", "--shifts", "level", "--shifts", "gaps"),
    ]


def test_an_unknown_shift_is_refused(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_tiny(data, *(make_samples(name) for name in ("FRA", "CHN")))
    code, _, err = smoke_run(cli, data, tmp_path / "run", "--shifts", "levl", "--no-tracking")
    assert code == 2
    assert "no shift or factor 'levl'" in err
