"""Pack finished jobs of run directories into files of reference results, one code per method."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmark.errors import StoreError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from benchmark.results.stored_cards import read_cards
from benchmark.task.method_cards import MethodDescription
from benchmark.task.metrics import METRIC_VERSION
from benchmark.task.protocol import load_protocol, shipped_protocols
from leaderboard.confusion_counts import CountedRow, StoredPrediction, count_confusions
from leaderboard.reference.reference_file import (
    ReferenceKey,
    ReferenceSet,
    key_of,
    read_reference,
    write_reference,
)

MOST_BYTES: Final = 5_000_000
"""Largest size of all files together in bytes, since they are part of every installation."""

Slot = tuple[str, ...]
"""Method, source, target, seed and bands of a row: everything but its code."""


@dataclass(frozen=True)
class Packed:
    """Result of packing.

    Attributes:
        files: Files that were written.
        left_out: A sentence for each group of rows that was not packed, with the reason.
    """

    files: tuple[Path, ...]
    left_out: tuple[str, ...]


def pack_reference(runs: Sequence[Path], folder: Path) -> Packed:
    """Add the scored rows of run directories to the files of a folder.

    If a method has rows of several codes, the code with the most rows is kept; if two have the
    same number, the newer one. A row that is in the folder already is replaced.

    Args:
        runs: Run directories.
        folder: Folder of the files; it is made if needed.

    Returns:
        The files, and what was left out.

    Raises:
        StoreError: If a directory has no run, or a file is damaged or cannot be written.
    """
    left_out: list[str] = []
    found: dict[ReferenceKey, list[CountedRow]] = {}
    cards: dict[str, MethodDescription] = {}
    for run in runs:
        counted, problems = read_counted_rows(run)
        left_out += problems
        for row in counted:
            found.setdefault(key_of(row.row), []).append(row)
        cards |= read_cards(run)[0]
    files = []
    for key, new in found.items():
        reason = _outdated(key)
        if reason is not None:
            left_out.append(f"{len(new)} rows of {key.dataset}, protocol {key.protocol}: {reason}")
            continue
        rows, older = _merged(_earlier(folder / key.file_name), new, cards)
        left_out += older
        files.append(write_reference(folder, rows))
    return Packed(tuple(files), tuple(left_out))


def _outdated(key: ReferenceKey) -> str | None:
    """Return why new rows cannot be compared with rows of a key; ``None`` if they can."""
    if key.metric_version != METRIC_VERSION:
        return f"their metrics version is {key.metric_version}, not {METRIC_VERSION}."
    if key.protocol in shipped_protocols():
        now = load_protocol(key.protocol).hash
        if key.protocol_hash != now:
            return f"the protocol's hash was {key.protocol_hash} then and is {now} now."
    return None


def read_counted_rows(run: Path) -> tuple[tuple[CountedRow, ...], tuple[str, ...]]:
    """Read the scored rows of a run with confusion counts from their stored predictions.

    Args:
        run: Run directory.

    Returns:
        The rows with counts, and a sentence for each row without.

    Raises:
        StoreError: If the directory has no run.
    """
    store = RunStore(run)
    jobs, damaged = store.read_all()
    rows, problems = [], list(damaged)
    for job in jobs:
        for row in job.rows:
            if row.scores is None:
                continue
            try:
                counts = count_confusions(StoredPrediction(store, job, row).read(), row)
            except StoreError as error:
                problems.append(f"{row.method}, {row.transfer}, seed {row.seed}: {error}")
                continue
            rows.append(CountedRow(row, counts))
    return tuple(rows), tuple(problems)


def _earlier(path: Path) -> ReferenceSet | None:
    return read_reference(path) if path.is_file() else None


def _slot(row: Row) -> Slot:
    return (row.method, row.source, row.target, str(row.seed), " ".join(row.data.bands))


def _merged(
    earlier: ReferenceSet | None,
    new: Sequence[CountedRow],
    cards: Mapping[str, MethodDescription],
) -> tuple[ReferenceSet, list[str]]:
    """Return earlier and new rows, one code for each method, and sentences on what was left out."""
    before = () if earlier is None else earlier.rows
    by_code: dict[str, dict[str, dict[Slot, CountedRow]]] = {}
    for counted in (*before, *new):
        row = counted.row
        code = f"{row.provenance.code_fingerprint} {row.data.vectors or ''}"
        by_code.setdefault(row.method, {}).setdefault(code, {})[_slot(row)] = counted
    kept: list[CountedRow] = []
    left_out = []
    for method, codes in by_code.items():
        chosen = max(codes.values(), key=_weight)
        kept += chosen.values()
        rest = sum(len(rows) for rows in codes.values()) - len(chosen)
        if rest:
            left_out.append(
                f"{rest} rows of {method}: they were made by other code than the {len(chosen)} "
                "that are kept; `cropglobe reference make --overwrite stale` makes all by one code."
            )
    known = {} if earlier is None else dict(earlier.cards)
    names = {counted.row.method for counted in kept}
    described = {name: card for name, card in (known | dict(cards)).items() if name in names}
    ordered = sorted(kept, key=lambda counted: _order(counted.row))
    key = key_of(ordered[0].row)
    return ReferenceSet(key, tuple(ordered), dict(sorted(described.items()))), left_out


def _weight(rows: Mapping[Slot, CountedRow]) -> tuple[int, str]:
    return len(rows), max(counted.row.provenance.created for counted in rows.values())


def _order(row: Row) -> tuple[str, str, str, int, tuple[str, ...]]:
    """Return the sort key of a row: rows of one transfer are similar, so they compress better."""
    return (row.source, row.target, row.method, row.seed, row.data.bands)


def size_of(paths: Iterable[Path]) -> int:
    """Return the size of all files together in bytes."""
    return sum(path.stat().st_size for path in paths)
