"""MLflow: a view that is built from the store, whatever the server does in the meantime."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sample_jobs import make_asked, make_identity
from sample_rows import make_row
from tracking_server import Server

from benchmark.errors import TrackingError
from benchmark.results.mlflow import run_writer
from benchmark.results.mlflow.addresses import default_uri
from benchmark.results.mlflow.job_content import metric_name
from benchmark.results.mlflow.logged_models import model_name
from benchmark.results.mlflow.tracker import Tracker
from benchmark.results.mlflow.tracking_state import job_state, read_tracking_state, view_state
from benchmark.results.run_directory_commands import sync
from benchmark.results.run_plans import write_plan
from benchmark.results.store import RunStore, StoredJob
from benchmark.task.methods import registry

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of what it imports


def test_what_a_server_has_is_remembered(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    state, known = job_state(store), read_tracking_state(store)
    assert read_tracking_state(store).store == known.store
    assert not known.is_synced("http://u:secret@h", state)
    after = known.with_synced("http://u:secret@h", state)
    assert after.is_synced("http://u:secret@h", state)
    assert "secret" not in after.model_dump_json()
    store.write(make_identity(), [make_row()])
    assert not after.is_synced("http://u:secret@h", job_state(store))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    found = Server(folder)
    yield found
    found.stop()


def children(uri: str) -> dict[str, Any]:
    """Return every run that has a parent, by its key and checksum."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    found = {}
    for run in runs:
        if "mlflow.parentRunId" in run.data.tags:
            key = run.data.tags["cropglobe.job"]
            assert key not in found
            assert client.get_run(run.data.tags["mlflow.parentRunId"]).data.tags["cropglobe.plan"]
            found[key] = run
    return found


@pytest.fixture
def run(tmp_path: Path) -> RunStore:
    """A run of four jobs, one of them failed, one with a history."""
    store = RunStore(tmp_path / "run")
    identities = [make_identity(seed=seed) for seed in range(4)]
    write_plan(store.root, make_asked(*identities))
    older: dict[str, Any] = {"loss": 0.5, "../f1 (%)": 0.2, "validation": None}
    epochs = [{"loss": 1.0, "macro_f1": 0.1}, older]
    matrix = ((1, 0), (2, 3))
    protocol = {"name": "smoke", "network": {"epochs": 2}}
    store.write(identities[0], [make_row(seed=0, confusion=matrix)], (), epochs, protocol)
    store.write(identities[1], [make_row(seed=1, macro_f1=None, status="failed", reason="why")])
    for seed in (2, 3):
        store.write(identities[seed], [make_row(seed=seed)])
    return store


@pytest.mark.slow
def test_the_database_in_the_run_directory(run: RunStore) -> None:
    from mlflow.tracking import MlflowClient

    uri = default_uri(run)
    report = Tracker(run, uri).sync()
    assert (report.written, report.kept) == (4, 0)
    runs = children(uri)
    assert set(runs) == set(run.keys())
    first = runs[make_identity(seed=0).key]
    assert first.info.run_name == "test.nearest from FRA, seed 0, 1 of 10 bands"
    assert first.data.params["source"] == "FRA"
    assert first.data.params["protocol.network.epochs"] == "2"
    assert first.data.metrics["macro_f1"] == first.data.metrics["macro_f1/CHN"] == 0.5
    assert first.data.metrics["fit_seconds"] == 1.0
    assert "fit_seconds/CHN" not in first.data.metrics
    end = int(datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp() * 1000)
    assert (first.info.start_time, first.info.end_time) == (end - 1000, end)
    (entry,) = first.inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("tiny", "d" * 36)
    assert first.data.tags["dataset_fingerprint"] == "d" * 64
    client = MlflowClient(tracking_uri=uri)
    losses = client.get_metric_history(first.info.run_id, "epoch/loss")
    assert [(m.step, m.value) for m in losses] == [(1, 1.0), (2, 0.5)]
    assert first.data.metrics["epoch/___f1 ___"] == 0.2
    assert "epoch/validation" not in first.data.metrics
    names = {entry.path for entry in client.list_artifacts(first.info.run_id)}
    assert names == {"rows.json", "confusion.json"}
    failed = runs[make_identity(seed=1).key]
    assert (failed.info.status, failed.data.tags["reason"]) == ("FAILED", "why")
    assert read_tracking_state(run).is_synced(uri, view_state(run))


@pytest.mark.slow
def test_a_server_that_stops_in_the_middle_is_brought_up_to_date(
    run: RunStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrackingError, match="rows are kept"):
        Tracker(run, server.uri).sync()
    server.start()
    tracker = Tracker(run, server.uri)
    write, done = tracker._write_job, []

    def stop_after_two(*arguments: Any) -> bool:
        if len(done) == 2:
            server.stop()
        done.append(arguments)
        return write(*arguments)

    monkeypatch.setattr(tracker, "_write_job", stop_after_two)
    with pytest.raises(TrackingError, match="rows are kept"):
        tracker.sync()
    server.start()
    report = Tracker(run, server.uri).sync()
    assert (report.written, report.kept) == (2, 2)
    before = {key: found.info.run_id for key, found in children(server.uri).items()}
    assert set(before) == set(run.keys())
    report = Tracker(run, server.uri).sync()
    assert (report.written, report.kept) == (0, 4)
    assert {key: found.info.run_id for key, found in children(server.uri).items()} == before
    run.write(make_identity(seed=3), [make_row(seed=3, macro_f1=0.25)])
    assert Tracker(run, server.uri).sync().written == 1
    assert children(server.uri)[make_identity(seed=3).key].data.metrics["macro_f1/CHN"] == 0.25
    assert len(children(server.uri)) == 4


def parents(uri: str) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return [run for run in runs if "cropglobe.plan" in run.data.tags]


@pytest.mark.slow
def test_the_run_of_a_command(run: RunStore) -> None:
    """Name, times, means and leaderboard; kept as it is while nothing has changed."""
    from mlflow.tracking import MlflowClient

    (run.root / "leaderboard.md").write_text("# Leaderboard\n")
    uri = default_uri(run)
    Tracker(run, uri).sync()
    (found,) = parents(uri)
    assert found.info.run_name == "run: 1 method, 1 transfer, 4 seeds"
    assert found.info.status == "FAILED"  # one of its jobs has failed
    assert found.info.end_time >= found.info.start_time
    assert found.data.metrics["macro_f1"] == found.data.metrics["macro_f1/test.nearest"] == 0.5
    assert found.data.tags["jobs_stored"] == "4 of 4"
    link = f"#/experiments/1/runs/{found.info.run_id}/artifacts/leaderboard.md"
    assert link in found.data.tags["mlflow.note.content"]
    client = MlflowClient(tracking_uri=uri)
    names = {entry.path for entry in client.list_artifacts(found.info.run_id)}
    assert names == {"leaderboard.md", "protocol.json"}
    Tracker(run, uri).sync()
    assert parents(uri)[0].to_dictionary() == found.to_dictionary()
    for seed in (1, 2, 3):
        run.write(make_identity(seed=seed), [make_row(seed=seed, macro_f1=0.25)])
    Tracker(run, uri).sync()
    (after,) = parents(uri)
    assert (after.info.run_id, after.info.status) == (found.info.run_id, "FINISHED")
    assert after.data.metrics["macro_f1"] == (0.5 + 3 * 0.25) / 4


@pytest.mark.slow
def test_every_registered_method_has_a_name_for_its_models(run: RunStore) -> None:
    from mlflow.tracking import MlflowClient

    uri = default_uri(run)
    Tracker(run, uri).sync()
    client = MlflowClient(tracking_uri=uri)
    methods = registry().all()
    names = {method: model_name(method) for method in methods}
    assert names["cropnet.aug"] == "cropnet_aug"
    assert len(set(names.values())) == len(names) > 20
    for name in names.values():
        client.create_logged_model("1", name)
    logged = client.search_logged_models(["1"], max_results=len(names) + 1)
    assert {model.name for model in logged} == set(names.values())


def test_every_registered_method_has_metrics_of_its_own(run: RunStore) -> None:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

    uri = default_uri(run)
    Tracker(run, uri).sync()
    names = {metric_name("macro_f1", method) for method in registry().all()}
    assert len(names) == len(registry().all())
    assert "macro_f1/cropnet.aug_self-training" in names  # MLflow refuses the +
    (found,) = parents(uri)
    client = MlflowClient(tracking_uri=uri)
    client.log_batch(found.info.run_id, [Metric(name, 0.5, 0, 0) for name in names])
    assert names <= set(parents(uri)[0].data.metrics)


@pytest.mark.slow
def test_a_job_that_cannot_be_written_does_not_stop_the_others(
    run: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = run_writer.log_network

    def refuse(client: Any, experiment: str, parent: str, job: StoredJob) -> None:
        if job.identity.seed == 2:
            client.create_logged_model(experiment, "a.b")  # what MLflow refuses
        log(client, experiment, parent, job)

    monkeypatch.setattr(run_writer, "log_network", refuse)
    uri = default_uri(run)
    said = r"lacks a part.*test\.nearest from FRA, seed 2.*: Invalid model name"
    with pytest.raises(TrackingError, match=said):
        Tracker(run, uri).sync()
    assert not read_tracking_state(run).is_synced(uri, view_state(run))
    assert len(children(uri)) == 4
    monkeypatch.undo()
    report = Tracker(run, uri).sync()
    assert (report.written, report.kept) == (1, 3)
    assert len(children(uri)) == 4


@pytest.mark.slow
def test_a_job_and_a_plan_that_cannot_be_read_are_named_and_the_others_written(
    run: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = next(folder for folder in sorted(run.jobs.iterdir()) if folder.is_dir())
    (damaged / "manifest.json").write_bytes(b"{")
    plan = next((run.root / "plans").glob("*.json"))
    plan.write_bytes(b"{")
    sync(run.root)
    said = capsys.readouterr()
    assert "3 jobs written, 0 kept" in said.out
    assert f"Note: {damaged / 'manifest.json'} is missing or damaged" in said.err
    assert f"Note: {plan} is damaged" in said.err


@pytest.mark.slow
def test_a_deleted_experiment_is_not_mended_by_syncing(run: RunStore) -> None:
    """The advice says what helps, and it helps."""
    from mlflow.tracking import MlflowClient

    uri = default_uri(run)
    Tracker(run, uri).sync()
    client = MlflowClient(tracking_uri=uri)
    client.delete_experiment("1")
    with pytest.raises(TrackingError, match="experiments restore --experiment-id 1"):
        Tracker(run, uri).sync()
    client.restore_experiment("1")
    report = Tracker(run, uri).sync()
    assert (report.written, report.kept) == (0, 4)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["text", "half", "empty"])
def test_a_broken_database_is_set_aside_and_built_again(run: RunStore, kind: str) -> None:
    """Such as one whose creation was interrupted, by a version that made it in its place."""
    path = run.root / "mlflow.db"
    if kind == "text":
        path.write_text("no database at all, but long enough to be looked at " * 100)
    elif kind == "half":
        with closing(sqlite3.connect(path)) as half, half:
            half.execute("CREATE TABLE experiments (experiment_id INTEGER)")
            half.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    else:
        path.touch()
    tracker = Tracker(run, default_uri(run))
    assert tracker.sync().written == 4
    assert len(children(default_uri(run))) == 4
    if kind == "empty":
        assert tracker.set_aside is None
    else:
        assert tracker.set_aside == run.root / "broken-mlflow-1"
        assert (tracker.set_aside / "mlflow.db").is_file()
    assert not list(run.root.glob(".writing-*"))


@pytest.mark.slow
def test_a_copied_run_leaves_the_first_alone(run: RunStore, tmp_path: Path) -> None:
    """Artifacts belong to where the run lies now; on a server the two are two."""
    from mlflow.tracking import MlflowClient

    Tracker(run, default_uri(run)).sync()
    before = files_of(run.root)
    shutil.copytree(run.root, tmp_path / "copy")
    copy = RunStore(tmp_path / "copy")
    copy.write(make_identity(seed=3), [make_row(seed=3, macro_f1=0.25)])
    report = Tracker(copy, default_uri(copy)).sync()
    assert (report.written, report.kept) == (1, 3)
    assert files_of(run.root) == before
    client = MlflowClient(tracking_uri=default_uri(copy))
    here = (tmp_path / "copy" / "mlartifacts").as_uri()
    for found in children(default_uri(copy)).values():
        assert found.info.artifact_uri.startswith(here)
        assert {e.path for e in client.list_artifacts(found.info.run_id)} >= {"rows.json"}
    assert str(tmp_path / "copy") in parents(default_uri(copy))[0].data.tags["run_directory"]
    assert read_tracking_state(copy).store != read_tracking_state(run).store


@pytest.mark.slow
def test_a_moved_run_keeps_its_name(run: RunStore, tmp_path: Path) -> None:
    Tracker(run, default_uri(run)).sync()
    name = read_tracking_state(run).store
    moved = RunStore(run.root.rename(tmp_path / "moved"))
    report = Tracker(moved, default_uri(moved)).sync()
    assert (report.written, report.kept) == (0, 4)
    assert read_tracking_state(moved).store == name
    assert parents(default_uri(moved))[0].info.run_name.startswith("moved: ")


@pytest.mark.slow
def test_another_database_has_its_artifacts_beside_it(
    run: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, elsewhere = tmp_path / "databases", tmp_path / "elsewhere"
    place.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    uri = f"sqlite:///{place}/other.db"
    assert Tracker(run, uri).sync().written == 4
    assert {entry.name for entry in place.iterdir()} == {"other.db", "mlartifacts"}
    assert list(elsewhere.iterdir()) == []
    assert not (run.root / "mlflow.db").exists()


def files_of(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): path.stat().st_mtime_ns
        for path in root.rglob("*")
        if path.is_file()
    }
