"""The index: every row of a run in one flat parquet table, made again from the rows at any time."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmark.errors import StoreError
from benchmark.files import replace_file
from benchmark.results.rows import Row
from benchmark.results.store import RunStore, StoredJob

INDEX_FILE: Final = "index.parquet"


def write_index(store: RunStore) -> tuple[Path, tuple[str, ...]]:
    """Write the index of a run directory and replace an older one.

    Args:
        store: The store of the run directory.

    Returns:
        Path of the index, and a sentence for each job that it lacks since it cannot be read.

    Raises:
        StoreError: If the directory has no run, or the file cannot be written.
    """
    import pyarrow as pa
    from pyarrow import parquet

    jobs, damaged = store.read_all()
    path = store.root / INDEX_FILE
    records = list(index_rows(jobs))
    names = dict.fromkeys(name for record in records for name in record)
    table = pa.table({name: [record.get(name) for record in records] for name in names})
    try:
        replace_file(path, lambda file: parquet.write_table(table, file, compression="zstd"))
    except OSError as error:
        raise StoreError(f"Cannot write the index {path}: {error.strerror or error}.") from error
    return path, damaged


def index_rows(jobs: Iterable[StoredJob]) -> Iterator[dict[str, Any]]:
    """Yield one flat record for each row.

    Args:
        jobs: Stored jobs.

    Yields:
        The key of the job and the fields of the row. Names of inner fields have dots, such as
        ``scores.macro_f1`` and ``scores.per_crop.corn.f1``.
    """
    names = [name for name in Row.model_fields if name != "confusion"]
    for job in jobs:
        for row in job.rows:
            record: dict[str, Any] = {"job": job.identity.key}
            for name in names:
                record |= dict(_flat(name, getattr(row, name)))
            yield record


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _flat(f"{name}.{part}", inner)
    else:
        yield name, list(value) if isinstance(value, tuple) else value
