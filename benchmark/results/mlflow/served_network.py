"""The code of a logged network: MLflow runs this file instead of unpickling a model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from benchmark.results.fitted_networks import NETWORK_FILE, restore_network
from benchmark.results.rows import JobIdentity
from benchmark.results.store import IDENTITY_FILE


class StoredNetwork(PythonModel):
    """The classifier of a job: samples [N, ...] of its representation to probabilities [N, K]."""

    def load_context(self, context: Any) -> None:
        """Restore the classifier from the artifacts."""
        folder = Path(context.artifacts[NETWORK_FILE]).parent
        content = json.loads((folder / IDENTITY_FILE).read_bytes())
        identity = JobIdentity.model_validate(content)
        self.classifier_ = restore_network(
            folder, method=identity.method, seed=identity.seed, bands=identity.bands
        )

    # MLflow reads any other type than a plain array as a second schema beside the signature.
    def predict(
        self,
        context: Any,
        model_input: np.ndarray,
        params: dict[str, Any] | None = None,
    ) -> np.ndarray:
        """Return the probability of each class [N, K] for samples [N, ...]."""
        del context, params
        samples = np.asarray(model_input, dtype=np.float32)
        return np.asarray(self.classifier_.predict_proba(samples))


set_model(StoredNetwork())  # tells MLflow which object of this file is the model
