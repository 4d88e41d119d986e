"""The fitted network of a job as a logged model of MLflow, with its signature."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmark import __version__
from benchmark.results.fitted_networks import NETWORK_FILE, PROTOCOL_FILE, read_network
from benchmark.results.store import IDENTITY_FILE, StoredJob

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CODE: Final = Path(__file__).with_name("served_network.py")
FORBIDDEN: Final = re.compile(r"""[/:.%"']""")
"""Characters that the name of a logged model cannot hold in MLflow 3."""

ARTIFACTS: Final = (IDENTITY_FILE, NETWORK_FILE, PROTOCOL_FILE)


def model_name(method: str) -> str:
    """Return the name of a method's models: MLflow allows of no dot in it, nor of / : % and quotes.

    Each such character becomes ``_``: ``cropnet.aug`` is ``cropnet_aug``. The tag ``method`` has the
    true name.
    """
    return FORBIDDEN.sub("_", method)


def log_network(client: "MlflowClient", experiment: str, run: str, job: StoredJob) -> None:
    """Log the network of a job, where it was kept; no file of it is a pickle.

    Args:
        client: Client of the server.
        experiment: Id of the experiment.
        run: Id of the job's run.
        job: The job.

    Raises:
        StoreError: If the network is damaged.
    """
    if not (job.folder / NETWORK_FILE).is_file():
        return
    from mlflow.entities import LoggedModelOutput
    from mlflow.models import Model, infer_signature
    from mlflow.pyfunc import save_model

    network = read_network(job.folder)
    # The first axis of a signature that is inferred from arrays is of any length.
    one = np.zeros((1, *network.sample_shape), dtype=np.float32)
    signature = infer_signature(one, np.zeros((1, len(network.classes)), dtype=np.float32))
    found = job.identity
    tags = {"method": found.method, "source": found.source, "seed": str(found.seed)}
    logged = client.create_logged_model(experiment, model_name(found.method), run, tags=tags)
    client.log_outputs(run, [LoggedModelOutput(logged.model_id, 0)])
    with TemporaryDirectory(prefix="cropglobe-") as folder:
        place = Path(folder) / "model"
        save_model(
            place,
            python_model=str(CODE),
            artifacts={name: str(job.folder / name) for name in ARTIFACTS},
            signature=signature,
            pip_requirements=[f"cropglobe-benchmark=={__version__}"],
            metadata={"classes": list(network.classes), "bands": list(job.identity.bands)},
            mlflow_model=Model(
                artifact_path=logged.artifact_location, run_id=run, model_id=logged.model_id
            ),
        )
        client.log_model_artifacts(logged.model_id, str(place))
    client.finalize_logged_model(logged.model_id, "READY")


def delete_run(client: "MlflowClient", run: str) -> None:
    """Delete a run with the models that it has logged."""
    outputs = client.get_run(run).outputs
    for model in outputs.model_outputs if outputs is not None else ():
        client.delete_logged_model(model.model_id)
    client.delete_run(run)
