"""Fitted networks: kept as plain arrays, logged to a real server, loaded back and asked again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from tracking_server import Server

from benchmark.data.dataset import Dataset
from benchmark.data.season import WINDOW
from benchmark.errors import StoreError
from benchmark.results.fitted_networks import NETWORK_FILE, read_network, restore_network
from benchmark.results.mlflow.tracker import Tracker
from benchmark.results.store import RunStore, StoredJob
from benchmark.run.execution import execute, find_work
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # MLflow's own, of what it imports
]

PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".joblib", ".cloudpickle"}


def train(data: Dataset, protocol: Protocol, run: Path, *names: str, keep: bool) -> RunStore:
    store = RunStore(run)
    methods = [registry().get(name) for name in names]
    jobs = plan(data, protocol, methods, select_transfers(["FRA:CHN"], data.domains))
    execute(find_work(jobs, store), Runner(data, protocol, None, keep), store)
    return store


@pytest.fixture
def run(tmp_path: Path, tiny: Dataset, changed: Callable[..., Protocol]) -> RunStore:
    """A run of CropNet and of a method that keeps no network."""
    protocol = changed(device="cpu")
    return train(tiny, protocol, tmp_path / "run", "cropnet", "floor.prior", keep=True)


def cropnet(store: RunStore) -> StoredJob:
    (job,) = (job for job in store.read_all()[0] if job.identity.method == "cropnet")
    return job


def asked(data: Dataset, store: RunStore) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples of China that were scored, as CropNet sees them, and its answers."""
    stored = store.predictions(cropnet(store), "CHN")
    samples = data.load("CHN")
    rows = np.flatnonzero(np.isin(samples.sample_ids, stored.sample_ids))
    assert samples.sample_ids[rows].tolist() == stored.sample_ids.tolist()
    season = data.series("CHN", cropnet(store).identity.bands)[rows, :, WINDOW]
    return season, stored.probabilities


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    found = Server(folder)
    found.start()
    yield found
    found.stop()


def test_a_logged_network_gives_the_stored_probabilities(
    tiny: Dataset,
    run: RunStore,
    server: Server,
    changed: Callable[..., Protocol],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import mlflow
    from mlflow.tracking import MlflowClient

    for written in (2, 0):
        assert Tracker(run, server.uri).sync().written == written
    client = MlflowClient(tracking_uri=server.uri)
    experiments = [e.experiment_id for e in client.search_experiments()]
    (model,) = client.search_logged_models(experiments)
    assert (model.name, model.status, model.tags["source"]) == ("cropnet", "READY", "FRA")
    assert client.get_run(model.source_run_id).data.tags["method"] == "cropnet"
    # mlflow.set_tracking_uri would stay in the environment, for every test after this one.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    loaded = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    samples, stored = asked(tiny, run)
    assert np.allclose(loaded.predict(samples), stored, atol=1e-5)
    signature = loaded.metadata.signature
    assert signature.inputs.inputs[0].shape == (-1, 10, 43)
    assert signature.outputs.inputs[0].shape == (-1, 4)
    files = [path for path in server.folder.rglob("*") if path.is_file()]
    assert any(path.name == NETWORK_FILE for path in files)
    assert not [path for path in files if path.suffix in PICKLES]
    # A job that is written anew replaces its model.
    run.remove(cropnet(run).identity.key)
    train(tiny, changed(device="cpu"), run.root, "cropnet", keep=True)
    assert Tracker(run, server.uri).sync().written == 1
    (after,) = client.search_logged_models(experiments)
    assert after.model_id != model.model_id


def test_what_is_kept_and_what_is_not(
    tmp_path: Path, tiny: Dataset, run: RunStore, changed: Callable[..., Protocol]
) -> None:
    job = cropnet(run)
    network = read_network(job.folder)
    assert (network.sample_shape, len(network.classes)) == ((10, 43), 4)
    assert sum(a.size for n, a in network.arrays.items() if n.startswith("classify")) == 129 * 4
    others = [j for j in run.read_all()[0] if j.identity.method != "cropnet"]
    assert not (others[0].folder / NETWORK_FILE).exists()
    assert (others[0].folder / "protocol.json").is_file()
    without = train(tiny, changed(device="cpu"), tmp_path / "without", "cropnet", keep=False)
    assert not (cropnet(without).folder / NETWORK_FILE).exists()


def test_a_network_that_does_not_fit_its_method(run: RunStore) -> None:
    job = cropnet(run)
    with pytest.raises(StoreError, match=r"is of other code of cropnet\.small"):
        restore_network(job.folder, method="cropnet.small", seed=1, bands=job.identity.bands)
    (job.folder / NETWORK_FILE).write_bytes(b"PK")
    with pytest.raises(StoreError, match="missing or damaged"):
        read_network(job.folder)
