"""A table of labelled points as a dataset, from Python."""

from inspect import Parameter, signature
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from benchmark.data.dataset import open_dataset as open_directory
from benchmark.data.ingest.ingestion import IngestReport, ingest_table
from benchmark.errors import UsageError, did_you_mean
from benchmark.files import user_path
from cropglobe.argument_words import argument_words, in_arguments
from cropglobe.arguments import require_type
from cropglobe.datasets import CropDataset

ONLY = Parameter.KEYWORD_ONLY


@argument_words()
def ingest(
    table: str | Path, directory: str | Path, *, labels: str | Path, **options: Any
) -> tuple[CropDataset, IngestReport]:
    """Turn a table of labelled points into domains of a dataset directory.

    Args:
        table: CSV or parquet file with one row per sample and date, or another format that
            `cropglobe ingest` reads.
        directory: Directory to write; domains that it holds already stay.
        labels: Label map: ``cdl``, ``ewoc`` or the path of a YAML file.
        options: What the command line's options say, with underscores: ``region="ESP"``,
            ``level="L2A"``, ``window=5``, ``season_start="07-01"``, ...

    Returns:
        The dataset, and the report: what was written, dropped and concluded.

    Raises:
        DataError: If the table or the directory cannot be used.
        UsageError: If an option is needed, does not exist or does not fit the table, or the table
            is no path.
    """
    if not isinstance(table, str | Path):
        raise UsageError(
            f"The table is a {type(table).__name__}: save it as a file, such as points.parquet, "
            "and give the path."
        )
    require_type("The label map", labels, (str, Path), "its name, or the path of a YAML file")
    chosen = {option: _checked(option, value) for option, value in options.items()}
    root = user_path(directory)
    report = ingest_table(user_path(table), root, labels=str(user_path(labels)), **chosen)
    return CropDataset(open_directory(root)), _in_arguments(report)


def _in_arguments(report: IngestReport) -> IngestReport:
    """Return a report whose notes name arguments; those in the directory name options."""
    domains = tuple(
        domain.model_copy(
            update={
                "card": domain.card.model_copy(
                    update={"notes": tuple(map(in_arguments, domain.card.notes))}
                )
            }
        )
        for domain in report.domains
    )
    notes = tuple(map(in_arguments, report.notes))
    return report.model_copy(update={"notes": notes, "domains": domains})


def _checked(option: str, value: Any) -> Any:
    """Return the value of an option as the type that it has; numpy's numbers are numbers."""
    known = [name for name, each in signature(ingest_table).parameters.items() if each.kind == ONLY]
    if option not in known:
        raise UsageError(f"There is no option '{option}': {did_you_mean(option, known)}")
    given = value.item() if isinstance(value, np.generic) else value
    try:
        return TypeAdapter(get_type_hints(ingest_table)[option]).validate_python(given)
    except ValidationError as error:
        wanted = (
            error.errors()[0]["msg"]
            .replace("Input should be callable", "give a function")
            .replace("Input should be", "give")
        )
        raise UsageError(f"{option}={value!r} is not possible: {wanted}.") from error
