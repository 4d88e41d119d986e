"""The runner and the plan: what a job leaves, and what is run again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset, DomainCard
from benchmark.data.inspect.domain_differences import differences
from benchmark.errors import DataError, StoreError, UnavailableError
from benchmark.results.store import RunStore
from benchmark.run.execution import execute, find_work
from benchmark.run.fitting.target_prediction import PROBED
from benchmark.run.jobs import Job, plan
from benchmark.run.runner import Runner
from benchmark.task.methods import Card, Context, Features, Labels, Method
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

CARD = Card(summary="a test", reference="tests", licence="MIT")


class Nearest:
    """Class of the nearest class mean; small, fast and good on the tiny data."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Nearest":
        flat = x.reshape(len(x), -1)
        self.means_ = np.stack(
            [flat[y == k].mean(axis=0) for k in range(len(self.context.classes))]
        )
        return self

    def predict_proba(self, x: Features) -> np.ndarray:
        distance = np.square(x.reshape(len(x), 1, -1) - self.means_).sum(axis=2)
        return np.asarray(np.eye(len(self.means_))[distance.argmin(axis=1)])


def method(build: Callable[[Context], Any] = Nearest, name: str = "test.nearest") -> Method:
    return Method(name=name, family="test", representation="median", build=build, card=CARD)


def jobs_of(
    dataset: Dataset, protocol: Protocol, *methods: Method, pairs: tuple[str, ...] = ("FRA:CHN",)
) -> tuple[Job, ...]:
    chosen = methods or (method(),)
    return plan(dataset, protocol, chosen, select_transfers(pairs, dataset.domains))


def test_one_fit_for_all_targets_of_a_source(tiny: Dataset, smoke: Protocol) -> None:
    fits = []

    class Counting(Nearest):
        def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Nearest":
            fits.append(len(x))
            return super().fit(x, y, validation=validation)

    jobs = jobs_of(tiny, smoke, method(Counting), pairs=("FRA:CHN", "FRA:USA"))
    assert len(jobs) == 1
    outcome = Runner(tiny, smoke).run(jobs[0])
    assert len(fits) == 1
    assert [row.target for row in outcome.rows] == ["FRA", "CHN", "USA"]
    assert outcome.status == "ok"


def test_rows_hold_what_happened(tiny: Dataset, smoke: Protocol) -> None:
    (job,) = jobs_of(tiny, smoke, pairs=("FRA:USA",))
    inside, away = Runner(tiny, smoke).run(job).rows
    assert inside.relation == "in-domain"
    assert away.relation == "cross-continent"
    assert away.data.labels is not None
    assert away.data.labels.shared == ("corn", "other")
    assert away.data.labels.target_only == ("soybeans",)
    assert (away.data.n_scorable, away.data.n_unscored) == (72, 36)
    assert away.data.n_test == 72
    assert away.data.classes == ("corn", "rice", "wheat", "other")
    assert away.data.split == "block"
    assert away.scores is not None
    assert away.scores.overall_accuracy_all < away.scores.overall_accuracy
    assert away.confusion is not None
    assert np.sum(away.confusion) == away.data.n_test
    assert away.cost.fit_seconds is not None
    assert away.cost.device == "cpu"
    assert inside.scores is not None
    assert inside.scores.macro_f1 > 0.9


def test_target_labels_never_reach_the_method(tiny: Dataset, smoke: Protocol) -> None:
    seen: list[np.ndarray] = []

    class Spy(Nearest):
        def predict_proba(self, x: Features) -> np.ndarray:
            seen.append(x)
            return super().predict_proba(x)

    (job,) = jobs_of(tiny, smoke, method(Spy))
    outcome = Runner(tiny, smoke).run(job)
    assert all(isinstance(x, np.ndarray) and x.dtype == np.float32 for x in seen)
    # A few samples of each target are asked a second time.
    assert [len(x) for x in seen[::2]] == [row.data.n_test for row in outcome.rows]
    assert [len(x) for x in seen[1::2]] == [PROBED] * len(outcome.rows)


def test_validation_and_training_samples_are_of_the_source_and_apart(
    tiny: Dataset, smoke: Protocol
) -> None:
    given: list[np.ndarray] = []

    class Spy(Nearest):
        def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Nearest":
            given.extend([x, validation[0]])
            return super().fit(x, y, validation=validation)

    (job,) = jobs_of(tiny, smoke, method(Spy))
    Runner(tiny, smoke).run(job)
    rows = [{sample.tobytes() for sample in part} for part in given]
    source = {
        sample.tobytes() for sample in np.ascontiguousarray(tiny.load("FRA").series[..., 24:67])
    }
    assert not rows[0] & rows[1]
    assert rows[0] | rows[1] <= source


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: np.ones((len(x), 2)) / 2, "shape"),
        (lambda x: np.full((len(x), 4), np.nan), "NaN"),
        (lambda x: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_method_that_breaks_its_contract_is_a_failed_row(
    tiny: Dataset, smoke: Protocol, answer: Callable[[Features], np.ndarray], words: str
) -> None:
    class Broken(Nearest):
        def predict_proba(self, x: Features) -> np.ndarray:
            return answer(x)

    (job,) = jobs_of(tiny, smoke, method(Broken))
    outcome = Runner(tiny, smoke).run(job)
    assert outcome.status == "failed"
    assert {row.target for row in outcome.rows} == {"FRA", "CHN"}
    for row in outcome.rows:
        assert row.scores is None
        assert row.reason is not None
        assert words in row.reason


def test_what_is_lacking_is_unavailable_not_failed(tiny: Dataset, smoke: Protocol) -> None:
    def build(context: Context) -> Nearest:
        raise UnavailableError("Fetch the weights with `cropglobe download`.")

    (job,) = jobs_of(tiny, smoke, method(build))
    outcome = Runner(tiny, smoke).run(job)
    assert outcome.status == "unavailable"
    assert outcome.reason == "Fetch the weights with `cropglobe download`."


def test_a_source_that_cannot_serve_ends_the_run(tmp_path: Path, smoke: Protocol) -> None:
    dataset = write_tiny(
        tmp_path / "data", make_samples("FRA", crops=("corn",)), make_samples("CHN")
    )
    (job,) = jobs_of(dataset, smoke)
    with pytest.raises(DataError, match="Source FRA has 1 class"):
        Runner(dataset, smoke).run(job)


def test_differences_that_are_no_geography_are_named() -> None:
    one = DomainCard(processing_level="L1C", cadence_days=10.0, season_start="01-01")
    two = DomainCard(processing_level="L2A", cadence_days=10.0, season_start="01-01")
    assert differences(one, two) == ("Source and target differ in processing level: L1C and L2A.",)
    assert differences(one, DomainCard()) == ()


def test_released_rewriting_needs_the_released_protocol(
    tmp_path: Path, changed: Callable[..., Protocol]
) -> None:
    dataset = write_tiny(
        tmp_path / "data",
        make_samples("FRA"),
        make_samples("CHN", crops=("corn", "wheat", "other")),
    )

    def confusion(**values: object) -> np.ndarray:
        protocol = changed(**values)
        (job,) = jobs_of(dataset, protocol)
        return np.array(Runner(dataset, protocol).run(job).rows[-1].confusion)

    assert confusion()[:, 3].sum() > 0
    assert confusion(released_defects={"rewrite_absent_crops": True})[:, 3].sum() == 0


def test_finished_jobs_are_skipped_and_new_targets_are_added(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke)
    execute(find_work(jobs, store), runner, store)
    again = find_work(jobs, store)
    assert again.todo == ()
    assert again.done == jobs
    more = find_work(jobs_of(tiny, smoke, pairs=("FRA:USA",)), store)
    assert [job.targets for job in more.todo] == [("USA", "CHN")]
    execute(more, runner, store)
    (stored,), _ = store.read_all()
    assert stored.targets == {"FRA", "CHN", "USA"}


def test_overwrite_policies(tmp_path: Path, tiny: Dataset, smoke: Protocol) -> None:
    def broken(context: Context) -> Nearest:
        raise ValueError("broken")

    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    good, bad = method(), method(broken, "test.broken")
    jobs = jobs_of(tiny, smoke, good, bad)
    execute(find_work(jobs, store), runner, store)
    assert find_work(jobs, store, "never").failed == (jobs[1],)
    assert find_work(jobs, store, "failed").todo == (jobs[1],)
    assert len(find_work(jobs, store, "always").todo) == 2
    changed_code = jobs_of(tiny, smoke, replace(good, version="2"))
    kept = find_work(changed_code, store, "never")
    assert kept.todo == ()
    assert kept.stale == {changed_code[0].identity.key: "other code of its method"}
    again = find_work(changed_code, store, "stale")
    assert again.todo == changed_code
    execute(again, runner, store)
    stored, _ = store.read_all()
    assert sorted(job.identity.method for job in stored) == ["test.broken", "test.nearest"]


def test_what_was_unavailable_is_tried_again(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    present = False

    def build(context: Context) -> Nearest:
        if not present:
            raise UnavailableError("Fetch the weights.")
        return Nearest(context)

    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke, method(build))
    (first,) = execute(find_work(jobs, store), runner, store)
    assert first.status == "unavailable"
    present = True
    (second,) = execute(find_work(jobs, store), runner, store)
    assert second.status == "ok"
    assert find_work(jobs, store).todo == ()


class OnlyFrance(Nearest):
    """Is taught by a target's labels, which it refuses."""

    fits = 0

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Nearest":
        type(self).fits += 1
        return super().fit(x, y, validation=validation)

    def teach(self, x: Features, y: Labels) -> "Nearest":
        raise UnavailableError("No teacher fits.")


def test_what_a_target_lacks_for_good_is_not_fitted_again(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    taught = replace(method(OnlyFrance), track="oracle")
    jobs = jobs_of(tiny, smoke, taught)
    execute(find_work(jobs, store), runner, store)
    (stored,), _ = store.read_all()
    assert [row.status for row in stored.rows] == ["ok", "unavailable"]
    again = find_work(jobs, store)
    assert (again.todo, again.failed, again.unavailable) == ((), (), jobs)
    assert find_work(jobs, store, "failed").todo == jobs
    assert find_work(jobs_of(tiny, smoke, replace(taught, version="2")), store).todo
    monkeypatch.setenv("CROPGLOBE_WEIGHTS", str(tmp_path))
    assert find_work(jobs, store).todo == jobs
    assert OnlyFrance.fits == 1


def test_a_run_directory_that_is_renamed_or_replaced_stops_the_run(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    store.prepare()
    store.directory.stay()
    jobs = jobs_of(tiny, smoke, method(), method(name="test.other"))
    with pytest.raises(StoreError, match=r"run is no longer there: it was renamed .* with --out"):
        execute(
            find_work(jobs, store),
            runner,
            store,
            on_finish=lambda _: (tmp_path / "run").rename(tmp_path / "moved"),
        )
    assert not (tmp_path / "run").exists()
    assert len(RunStore(tmp_path / "moved").keys()) == 1
    (tmp_path / "run").mkdir()
    with pytest.raises(StoreError, match="no longer there"):
        store.directory.require()


def test_a_damaged_job_is_named_and_run_again(
    tmp_path: Path, tiny: Dataset, smoke: Protocol
) -> None:
    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke)
    execute(find_work(jobs, store), runner, store)
    file = store.jobs / jobs[0].identity.key / "rows.json"
    content = bytearray(file.read_bytes())
    content[50] ^= 1
    file.write_bytes(content)
    work = find_work(jobs, store)
    assert work.todo == jobs
    assert "rows.json" in work.damaged[0]
    execute(work, runner, store)
    assert find_work(jobs, store).done == jobs


def test_a_fit_is_measured_in_the_samples_that_it_drew(
    tiny: Dataset, changed: Callable[..., Protocol]
) -> None:
    class Epochs(Nearest):
        history_ = ({"epoch": 1, "samples": 700}, {"epoch": 2, "samples": 300})

    (job,) = jobs_of(tiny, changed(), method(Epochs))
    cost = Runner(tiny, changed()).run(job).rows[-1].cost
    assert cost.fit_seconds is not None
    assert cost.fit_samples_per_second == pytest.approx(1000 / cost.fit_seconds)


def test_the_time_of_a_representation_is_known_where_it_was_computed(
    tiny: Dataset, smoke: Protocol, tmp_path: Path
) -> None:
    (job,) = jobs_of(tiny, smoke, replace(method(), representation="harmonic"))
    first = Runner(tiny, smoke, tmp_path)
    seconds = [first.run(job).rows[-1].cost.represent_seconds for _ in range(2)]
    assert seconds[0] is not None
    assert seconds[0] > 0
    assert seconds[0] == seconds[1]  # computed once, used twice
    read = Runner(tiny, smoke, tmp_path).run(job).rows[-1].cost
    assert read.represent_seconds is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"history_": [{"epoch": 1, "loss": np.float32(0.5)}]}, None),
        ({"flops_per_sample_": 12.5}, "MethodError: flops_per_sample_ is 12.5"),
        ({"history_": [{"validation": None}]}, "MethodError: history_ has None"),
    ],
)
def test_what_a_method_tells_of_itself_costs_no_other_job(
    tmp_path: Path, tiny: Dataset, smoke: Protocol, said: dict[str, Any], reason: str | None
) -> None:
    class Telling(Nearest):
        def __init__(self, context: Context) -> None:
            super().__init__(context)
            vars(self).update(said)

    store, runner = RunStore(tmp_path / "run"), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke, method(Telling, "test.telling"), method())
    telling, other = execute(find_work(jobs, store), runner, store)
    assert other.status == "ok"
    assert (telling.reason or "").startswith(reason or "")
    assert (telling.status == "ok") == (reason is None)


@pytest.mark.parametrize("kind", [ValueError, UnavailableError])
def test_text_that_is_not_unicode_costs_no_job(
    tmp_path: Path,
    tiny: Dataset,
    smoke: Protocol,
    kind: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("CRITICAL")  # pytest-xdist cannot send such a log to its parent

    class Odd(Nearest):
        def predict_proba(self, x: Features) -> np.ndarray:
            raise kind("no weights in caf\udce9")

    monkeypatch.setattr("sys.argv", ["cropglobe", "--out", "caf\udce9"])
    store, runner = RunStore(tmp_path / "caf\udce9"), Runner(tiny, smoke)
    jobs = jobs_of(tiny, smoke, method(Odd, "test.odd"), method())
    odd, other = execute(find_work(jobs, store), runner, store)
    assert (odd.status == "ok", other.status) == (False, "ok")
    assert "no weights in caf\\udce9" in str(odd.reason)
    stored, damaged = store.read_all()
    assert (len(stored), damaged) == (2, ())
    assert stored[0].rows[0].provenance.command[-1] == "caf\\udce9"
