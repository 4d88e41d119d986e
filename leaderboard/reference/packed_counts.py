"""Confusion counts of many rows as arrays, and the names of the blocks that they are counted in.

The head of `reference_file` describes the arrays.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmark.results.rows import Row
from leaderboard.confusion_counts import CELLS, ConfusionCounts, CountedRow

LEAST: Final = ("<u2", "u1", "<u2")
"""Smallest types for the numbers of units, cells and counts; a larger type is used if needed."""

SetOfSamples = tuple[str, str | None]
"""Target and hash of the sample ids."""

Blocks = Mapping[SetOfSamples, npt.NDArray[np.int64]]
"""Names of the blocks of each set of samples."""


def packed_counts(counts: Sequence[ConfusionCounts | None]) -> dict[str, npt.NDArray[Any]]:
    """Return the members ``sizes``, ``unit``, ``cell`` and ``count`` of all rows, some without."""
    sizes = np.zeros((len(counts), 2), dtype=np.uint32)
    units, cells, values = [], [], []
    for index, found in enumerate(counts):
        if found is None:
            continue
        table = found.table.tocsr(copy=True)
        table.sort_indices()
        table = table.tocoo()
        sizes[index] = found.units, table.nnz
        units.append(np.diff(table.row, prepend=0))
        cells.append(table.col)
        values.append(table.data)
    joined = [np.concatenate([*parts, []]) for parts in (units, cells, values)]
    arrays = [part.astype(_kind(part, least)) for part, least in zip(joined, LEAST, strict=True)]
    return {"sizes": sizes, **dict(zip(("unit", "cell", "count"), arrays, strict=True))}


def _kind(values: npt.NDArray[Any], least: str) -> str:
    return "<u4" if values.max(initial=0) > np.iinfo(least).max else least


def unpacked_counts(members: Mapping[str, npt.NDArray[Any]]) -> list[Any]:
    """Return the table of each row [U, 49]; ``None`` for a row without units.

    Raises:
        ValueError: If the members do not fit each other.
    """
    sizes = members["sizes"].astype(np.int64).reshape(-1, 2)
    edges = np.cumsum([0, *sizes[:, 1]])
    if any(len(members[name]) != edges[-1] for name in ("unit", "cell", "count")):
        raise ValueError("counts are missing")
    tables: list[Any] = []
    for (units, _), start, end in zip(sizes, edges, edges[1:], strict=False):
        rows = np.cumsum(members["unit"][start:end].astype(np.int64))
        columns = members["cell"][start:end].astype(np.int64)
        values = members["count"][start:end].astype(np.float32)
        table = sparse.coo_matrix((values, (rows, columns)), shape=(int(units), CELLS)).tocsr()
        tables.append(table if units else None)
    return tables


def _samples_of(row: Row) -> SetOfSamples:
    """Return the set of samples that a row was scored on."""
    return (row.target, row.data.ids_hash)


def block_names(rows: Iterable[CountedRow]) -> list[dict[str, Any]]:
    """Return the names of the blocks of each set of samples, from the first row that has them."""
    found: dict[SetOfSamples, list[Any]] = {}
    for counted in rows:
        counts = counted.counts
        if counts is not None and counts.kind == "blocks" and counts.names is not None:
            found.setdefault(_samples_of(counted.row), counts.names.tolist())
    return [
        {"target": target, "ids_hash": ids_hash, "names": names}
        for (target, ids_hash), names in sorted(found.items(), key=lambda item: str(item[0]))
    ]


def named_blocks(members: Mapping[str, npt.NDArray[Any]]) -> Blocks:
    """Return the names in the member ``blocks``; none for a file that lacks it.

    Raises:
        ValueError: If a set's names are not different numbers in ascending order.
    """
    if "blocks" not in members:
        return {}
    found: dict[SetOfSamples, npt.NDArray[np.int64]] = {}
    for entry in json.loads(members["blocks"].tobytes()):
        names = np.array(entry["names"], dtype=np.int64)
        if names.ndim != 1 or (np.diff(names) <= 0).any():
            raise ValueError("the names of blocks are not ascending numbers")
        found[entry["target"], entry["ids_hash"]] = names
    return found


def with_block_names(counted: CountedRow, blocks: Blocks) -> CountedRow:
    """Return a row whose counts have the names of its blocks, if they are known.

    Raises:
        ValueError: If there are more or fewer names than blocks.
    """
    counts, names = counted.counts, blocks.get(_samples_of(counted.row))
    if counts is None or counts.kind != "blocks" or names is None:
        return counted
    if len(names) != counts.units:
        raise ValueError("blocks and counts differ in number")
    return replace(counted, counts=replace(counts, names=names))
