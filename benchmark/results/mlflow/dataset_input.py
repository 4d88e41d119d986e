"""The dataset of a run, as MLflow shows datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmark.data.dataset_card import DatasetCard, read_card
from benchmark.errors import DataError
from benchmark.results.rows import Row

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

LONGEST_DIGEST: Final = 36
"""Characters of a digest that MLflow takes; a tag holds the fingerprint in full."""

LONGEST_TAG: Final = 500


def dataset_of(row: Row) -> tuple[str, str]:
    """Return name and digest of a row's dataset in MLflow."""
    return row.data.name, row.data.fingerprint[:LONGEST_DIGEST]


def dataset_input(row: Row, data_path: str | None) -> "DatasetInput":
    """Describe the dataset of a row.

    Args:
        row: A row.
        data_path: Where the dataset lay, if that is known; its card is read from there.

    Returns:
        Name, digest, place, and what the card says of source, version and licence as tags.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    card = _card(data_path)
    said = {
        "mlflow.data.context": "training",
        "fingerprint": row.data.fingerprint,
        "simulated": str(row.data.simulated),
    }
    if card is not None:
        said |= {"source": card.source, "licence": card.licence}
        if card.generator_version is not None:
            said["version"] = f"generator {card.generator_version}"
    tags = [InputTag(name, value[:LONGEST_TAG]) for name, value in said.items()]
    name, digest = dataset_of(row)
    dataset = Dataset(
        name=name,
        digest=digest,
        source_type="local",
        source=json.dumps({"uri": data_path or "not known"}),
    )
    return DatasetInput(dataset, tags)


def _card(data_path: str | None) -> DatasetCard | None:
    """Return the card of a dataset, if it is here and whole."""
    try:
        return None if data_path is None else read_card(Path(data_path))
    except DataError:
        return None
