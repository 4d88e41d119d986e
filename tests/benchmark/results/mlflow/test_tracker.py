"""MLflow: a view that is built from the store, whatever the server does in the meantime."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_jobs import make_asked, make_identity
from sample_rows import make_row
from tracking_server import Server

from benchmark.errors import TrackingError
from benchmark.results.mlflow.background_sync import BackgroundSync
from benchmark.results.mlflow.tracker import Tracker, default_uri, shown
from benchmark.results.mlflow.tracking_state import job_state, read_tracking_state
from benchmark.results.run_plans import write_plan
from benchmark.results.store import RunStore

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own, of what it imports


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("https://me:secret@host:5000/x") == "https://host:5000/x"
    assert shown("sqlite:////tmp/x.db") == "sqlite:////tmp/x.db"


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
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_slow_server_is_not_waited_for(tmp_path: Path, silent: str) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    with BackgroundSync(tmp_path, silent, patience=0.1) as follower:
        follower.finish()
    assert follower.warning is not None
    assert "too slow; rows are kept" in follower.warning


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
            assert client.get_run(run.data.tags["mlflow.parentRunId"]).info.status == "FINISHED"
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
    assert first.info.run_name == "test.nearest from FRA, seed 0"
    assert first.data.params["source"] == "FRA"
    assert first.data.params["protocol.network.epochs"] == "2"
    assert first.data.metrics["macro_f1/CHN"] == 0.5
    assert first.data.metrics["fit_seconds/CHN"] == 1.0
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
    assert read_tracking_state(run).is_synced(uri, job_state(run))


@pytest.mark.slow
def test_a_server_that_stops_in_the_middle_is_brought_up_to_date(
    run: RunStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrackingError, match="rows are kept"):
        Tracker(run, server.uri).sync()
    server.start()
    tracker = Tracker(run, server.uri)
    write, done = tracker._write, []

    def stop_after_two(*arguments: Any) -> None:
        if len(done) == 2:
            server.stop()
        done.append(arguments)
        write(*arguments)

    monkeypatch.setattr(tracker, "_write", stop_after_two)
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
