"""Files of reference results: rows with confusion counts by spatial block, stored without pickle.

A file is a NumPy archive (`.npz`, members compressed by LZMA) of one dataset fingerprint, protocol
hash and metrics version. Its members:

- ``key``: JSON in UTF-8 with the version of the format and a `ReferenceKey`.
- ``rows``: JSON in UTF-8. ``rows`` is a list in which each row has the fields of
  `benchmark.results.rows.Row` without ``confusion``, which follows from the counts. ``data`` and
  ``provenance`` are indices into the lists ``data`` and ``provenance``, since many rows share them.
  ``created`` and ``command`` of the provenance are fields of the row. Scores that follow from the
  confusion matrix are left out. ``units`` is the kind of unit, ``null`` for a row without counts.
  ``cards`` has the card of each method.
- ``sizes`` [R, 2]: the number of units and the number of non-zero counts of each row.
- ``unit``, ``cell``, ``count`` [N]: the non-zero counts of all rows, one row after the other.
  ``unit`` is the difference to the unit before it; ``cell`` is 7 times the true crop plus the
  predicted crop.
- ``blocks``: JSON in UTF-8, the names of the blocks of each set of samples: ``target``,
  ``ids_hash`` and ``names``. A file that was made before 27 November 2026 has no such member.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError
from benchmark.files import replace_file
from benchmark.results.rows import Row
from benchmark.task.method_cards import MethodDescription
from benchmark.task.metrics import METRIC_VERSION, Scores, score
from leaderboard.confusion_counts import CELLS, ConfusionCounts, CountedRow
from leaderboard.reference.packed_counts import (
    block_names,
    named_blocks,
    packed_counts,
    unpacked_counts,
    with_block_names,
)
from leaderboard.score_agreement import score_differences

FORMAT_VERSION: Final = 1
"""Version of the format. Raise it whenever a member changes its meaning."""

ENDING: Final = ".npz"

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every member, so that the same rows give the same bytes."""

_OWN_PROVENANCE: Final = ("created", "command")
"""Fields of the provenance that differ between rows of one machine and one version."""


class ReferenceKey(BaseModel):
    """The values that all rows of a file have in common.

    Attributes:
        dataset: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        simulated: Whether the data are simulated.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        metric_version: Version of the metrics.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    fingerprint: str
    simulated: bool
    protocol: str
    protocol_hash: str
    metric_version: str

    @property
    def comparable(self) -> tuple[str, str, str]:
        """The values that two rows must have in common to be compared."""
        return (self.fingerprint, self.protocol_hash, self.metric_version)

    @property
    def file_name(self) -> str:
        """Name of the file of rows with this key."""
        words = ".".join(_word(name) for name in (self.dataset, self.protocol))
        marks = f"{self.fingerprint[:8]}.{self.protocol_hash[:8]}.{self.metric_version}"
        return f"{words}.{marks}{ENDING}"


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "unnamed"


def key_of(row: Row) -> ReferenceKey:
    """Return the key of the file to which a row belongs."""
    return ReferenceKey(
        dataset=row.data.name,
        fingerprint=row.data.fingerprint,
        simulated=row.data.simulated,
        protocol=row.protocol,
        protocol_hash=row.protocol_hash,
        metric_version=row.metric_version,
    )


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """The content of a file.

    Attributes:
        key: The values that its rows have in common.
        rows: Scored rows, with counts if stored predictions gave their scores.
        cards: Cards of the methods, by name.
    """

    key: ReferenceKey
    rows: tuple[CountedRow, ...]
    cards: Mapping[str, MethodDescription]


def write_reference(folder: Path, content: ReferenceSet) -> Path:
    """Write a file of reference results and replace an older one.

    Args:
        folder: Folder of the file; the name of the file follows from the key.
        content: Content to write. The same content gives the same bytes.

    Returns:
        Path of the file.

    Raises:
        StoreError: If it cannot be written.
    """
    path = folder / content.key.file_name
    head = {"format_version": FORMAT_VERSION, **content.key.model_dump(mode="json")}
    members = {
        "key": _as_bytes(head),
        "rows": _as_bytes(_described(content)),
        **packed_counts([counted.counts for counted in content.rows]),
        "blocks": _as_bytes(block_names(content.rows)),
    }
    try:
        replace_file(path, lambda handle: handle.write(_archive(members)))
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error
    return path


def _archive(members: Mapping[str, npt.NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in members.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EARLIEST)
            archive.writestr(info, member.getvalue(), compress_type=zipfile.ZIP_LZMA)
    return buffer.getvalue()


def _as_bytes(content: object) -> npt.NDArray[np.uint8]:
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return np.frombuffer(text.encode(), dtype=np.uint8)


def _described(content: ReferenceSet) -> dict[str, Any]:
    shared: dict[str, dict[str, int]] = {"data": {}, "provenance": {}}
    rows = []
    for counted in content.rows:
        row: dict[str, Any] = counted.row.model_dump(mode="json", exclude={"confusion"})
        own = {name: row["provenance"].pop(name) for name in _OWN_PROVENANCE}
        for name, known in shared.items():
            text = json.dumps(row[name], sort_keys=True)
            row[name] = known.setdefault(text, len(known))
        derived = _derived_scores(counted)
        row["scores"] = {
            name: value
            for name, value in row["scores"].items()
            if name not in derived or derived[name] != value
        }
        row["units"] = None if counted.counts is None else counted.counts.kind
        if counted.counts is None:
            row["confusion"] = counted.row.confusion
        rows.append(row | own)
    return {
        "rows": rows,
        **{name: [json.loads(text) for text in known] for name, known in shared.items()},
        "cards": {name: card.model_dump(mode="json") for name, card in content.cards.items()},
    }


def _derived_scores(counted: CountedRow) -> dict[str, Any]:
    """Return the scores that follow from the confusion matrix, computed with the harness's code."""
    if counted.counts is None:
        return {}
    matrix = np.array(counted.counts.confusion, dtype=np.int64)
    cells = np.repeat(np.arange(CELLS), matrix.ravel())
    labels, predicted = np.divmod(cells, len(CROPS))
    unknown = np.zeros((len(cells), len(CROPS)), dtype=np.float32)
    data = counted.row.data
    found, _ = score(
        unknown,
        labels,
        predicted=predicted,
        unscored=data.n_unscored or 0,
        scorable=data.n_scorable,
    )
    return found.model_dump(mode="json", exclude={"log_loss", "brier", "calibration_error"})


def reference_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of reference results in a folder, sorted by name."""
    return tuple(sorted(folder.glob(f"[!.]*{ENDING}")))


def read_key(path: Path) -> ReferenceKey:
    """Return the key of a file without reading its rows.

    Raises:
        StoreError: If the file is damaged, or of another version of the format.
    """
    return _read_key(_members(path, ("key",)), path)


def read_reference(path: Path) -> ReferenceSet:
    """Read a file of reference results.

    Args:
        path: The file.

    Returns:
        Its content.

    Raises:
        StoreError: If it is damaged, or of another version of the format, or states a score that
            the counts of its row do not give.
    """
    members = _members(path, ("key", "rows", "sizes", "unit", "cell", "count"), ("blocks",))
    key = _read_key(members, path)
    if key.metric_version != METRIC_VERSION:
        raise StoreError(
            f"{path} has metrics version {key.metric_version}, and this version defines scores of "
            f"version {METRIC_VERSION}: make the file again with `cropglobe reference make`."
        )
    try:
        content = json.loads(members["rows"].tobytes())
        tables = unpacked_counts(members)
        if len(tables) != len(content["rows"]):
            raise ValueError("rows and counts differ in number")
        blocks = named_blocks(members)
        rows = tuple(
            with_block_names(_restored(row, content, table, path), blocks)
            for row, table in zip(content["rows"], tables, strict=True)
        )
        cards = {
            name: MethodDescription.model_validate(card) for name, card in content["cards"].items()
        }
    except (ValueError, KeyError, IndexError, TypeError, ValidationError) as error:
        raise _damaged(path) from error
    if {key_of(counted.row) for counted in rows} - {key}:
        raise _damaged(path)
    return ReferenceSet(key, rows, cards)


def _members(
    path: Path, names: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, npt.NDArray[Any]]:
    try:
        # Opened here, since numpy does not close a file that it cannot read.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as archive:
            wanted = [*names, *(name for name in optional if name in archive.files)]
            return {name: archive[name] for name in wanted}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"{path} is no file of reference results, or damaged: install the package again, or make "
        "the file with `cropglobe reference make`."
    )


def _read_key(members: Mapping[str, npt.NDArray[Any]], path: Path) -> ReferenceKey:
    try:
        head = json.loads(members["key"].tobytes())
        version = head.pop("format_version")
        if version == FORMAT_VERSION:
            return ReferenceKey.model_validate(head)
    except (ValueError, KeyError, AttributeError, ValidationError) as error:
        raise _damaged(path) from error
    raise StoreError(
        f"{path} has format {version}, and this version reads format {FORMAT_VERSION}: make the "
        "file again with `cropglobe reference make`."
    )


def _restored(
    stored: Mapping[str, Any],
    content: Mapping[str, Any],
    table: Any,
    path: Path,
) -> CountedRow:
    row = dict(stored)
    kind = row.pop("units")
    if (kind is None) != (table is None):
        raise ValueError("a row has counts without a unit, or the reverse")
    own = {name: row.pop(name) for name in _OWN_PROVENANCE}
    row["data"] = content["data"][row["data"]]
    row["provenance"] = content["provenance"][row["provenance"]] | own
    counts = None if kind is None else ConfusionCounts(kind, table)
    if counts is not None:
        row["confusion"] = counts.confusion
    # Scores that were left out are computed again with the same definition.
    scores, row["scores"] = row["scores"], None
    bare = Row.model_validate(row)
    derived = _derived_scores(CountedRow(bare, counts))
    whole = Row.model_validate(row | {"scores": derived | scores})
    if not derived.keys().isdisjoint(scores):
        _require_same(whole, Scores.model_validate(scores | derived), path)
    return CountedRow(whole, counts)


def _require_same(row: Row, true: Scores, path: Path) -> None:
    """Refuse a row whose scores are not those that its counts give."""
    assert row.scores is not None
    for name, stated, found in score_differences(row.scores, true):
        raise StoreError(
            f"{path}: {row.method}, {row.transfer}, seed {row.seed} states {name} as {stated}, and "
            f"its counts give {found}: get the file anew from whoever made it, or make it again "
            "with `cropglobe reference make`."
        )
