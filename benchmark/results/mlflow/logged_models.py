"""The fitted network of a job as a logged model in MLflow, with its signature."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmark import __version__
from benchmark.results.fitted_networks import NETWORK_FILE, PROTOCOL_FILE, read_network
from benchmark.results.mlflow.dataset_input import dataset_of
from benchmark.results.mlflow.job_content import job_metrics, times_of
from benchmark.results.store import IDENTITY_FILE, StoredJob
from benchmark.results.transfer_scores import MEANS

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CODE: Final = Path(__file__).with_name("served_network.py")
FORBIDDEN: Final = re.compile(r"""[/:.%"']""")
"""Characters that are not allowed in the name of a logged model in MLflow 3."""

ARTIFACTS: Final = (IDENTITY_FILE, NETWORK_FILE, PROTOCOL_FILE)


def model_name(method: str) -> str:
    """Return the name of a method's models in MLflow.

    MLflow allows no dot, /, :, % or quote. Each of these becomes ``_``, so ``cropnet.aug`` is
    ``cropnet_aug``. The model's tag ``method`` has the name of the method.
    """
    return FORBIDDEN.sub("_", method)


def log_network(client: "MlflowClient", experiment: str, run: str, job: StoredJob) -> None:
    """Log the network of a job if it was stored. None of its files is a pickle.

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
    tags = {
        "method": found.method,
        "source": found.source,
        "seed": str(found.seed),
        "mlflow.note.content": (
            f"The network of **{found.method}** fitted on {found.source} with seed {found.seed}. "
            f"It takes samples of the representation `{found.representation}` and returns the "
            f"probability of {', '.join(network.classes)}."
        ),
    }
    parameters = {
        "method": found.method,
        "representation": found.representation,
        "source": found.source,
        "seed": str(found.seed),
        "bands": " ".join(found.bands),
        "classes": " ".join(network.classes),
    }
    logged = client.create_logged_model(
        experiment, model_name(found.method), run, tags=tags, params=parameters
    )
    client.log_outputs(run, [LoggedModelOutput(logged.model_id, 0)])
    with TemporaryDirectory(prefix="cropglobe-") as folder:
        saved = Path(folder) / "model"
        save_model(
            saved,
            python_model=str(CODE),
            artifacts={name: str(job.folder / name) for name in ARTIFACTS},
            signature=signature,
            pip_requirements=[f"cropglobe-benchmark=={__version__}"],
            metadata={"classes": list(network.classes), "bands": list(job.identity.bands)},
            mlflow_model=Model(
                artifact_path=logged.artifact_location, run_id=run, model_id=logged.model_id
            ),
        )
        client.log_model_artifacts(logged.model_id, str(saved))
    _log_scores(client, run, logged.model_id, job)
    client.finalize_logged_model(logged.model_id, "READY")


def _log_scores(client: "MlflowClient", run: str, model: str, job: StoredJob) -> None:
    """Log the means and the macro-F1 of each target for the model, with the dataset."""
    from mlflow.entities import Metric

    data, when = dataset_of(job.rows[0]), times_of(job)[1]
    found = job_metrics(job)
    shown = [name for name in found if name in MEANS or name.startswith("macro_f1/")]
    metrics = [
        Metric(
            name,
            found[name],
            when,
            0,
            model_id=model,
            dataset_name=data[0],
            dataset_digest=data[1],
            run_id=run,
        )
        for name in shown
    ]
    client.log_batch(run, metrics)


def delete_run(client: "MlflowClient", run: str) -> None:
    """Delete a run together with its logged models."""
    outputs = client.get_run(run).outputs
    for model in outputs.model_outputs if outputs is not None else ():
        client.delete_logged_model(model.model_id)
    client.delete_run(run)
