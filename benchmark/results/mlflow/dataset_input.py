"""The dataset of a run in the form in which MLflow shows datasets."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmark.data.dataset_card import DatasetCard, read_card
from benchmark.errors import DataError
from benchmark.results.rows import Row

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

LONGEST_DIGEST: Final = 36
"""Largest number of characters of a digest in MLflow; a tag has the complete fingerprint."""

LONGEST_TAG: Final = 500


def dataset_of(row: Row) -> tuple[str, str]:
    """Return name and digest of a row's dataset in MLflow."""
    return row.data.name, row.data.fingerprint[:LONGEST_DIGEST]


def dataset_input(row: Row, data_path: str | None) -> "DatasetInput":
    """Return the dataset of a row for MLflow.

    Args:
        row: A row.
        data_path: Path of the dataset, if it is known. Its card is read from there.

    Returns:
        Name, digest and path of the dataset, and source, version and licence of its card as tags.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    card = _card(data_path)
    tags = {
        "mlflow.data.context": "training",
        "fingerprint": row.data.fingerprint,
        "simulated": str(row.data.simulated),
    }
    if card is not None:
        tags |= {"source": card.source, "licence": card.licence}
        if card.generator_version is not None:
            tags["version"] = f"generator {card.generator_version}"
    name, digest = dataset_of(row)
    dataset = Dataset(
        name=name,
        digest=digest,
        source_type="local",
        source=json.dumps({"uri": data_path or "not known"}),
    )
    shortened = [InputTag(key, value[:LONGEST_TAG]) for key, value in tags.items()]
    return DatasetInput(dataset, shortened)


def _card(data_path: str | None) -> DatasetCard | None:
    """Return the card of a dataset, or ``None`` if it is missing or damaged."""
    try:
        return None if data_path is None else read_card(Path(data_path))
    except DataError:
        return None
