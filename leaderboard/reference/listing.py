"""A table of the available reference results."""

from pathlib import Path
from typing import Final

from benchmark.terminal import size
from leaderboard.machine import machine_of
from leaderboard.reference.reference_file import read_reference, reference_files

HEADINGS: Final = (
    *("dataset", "protocol", "metrics", "methods", "transfers", "seeds", "rows", "size"),
    "measured on",
)


def listing(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Return one line for each file of reference results.

    Args:
        folder: Folder of the files.

    Returns:
        Lines of cells, in the order of `HEADINGS`.

    Raises:
        StoreError: If a file is damaged.
    """
    lines = []
    for path in reference_files(folder):
        content = read_reference(path)
        rows = [counted.row for counted in content.rows]
        key = content.key
        lines.append(
            (
                f"{key.dataset} ({key.fingerprint[:8]})",
                f"{key.protocol} ({key.protocol_hash})",
                key.metric_version,
                str(len({row.method for row in rows})),
                str(len({row.transfer for row in rows if row.relation != "in-domain"})),
                ", ".join(map(str, sorted({row.seed for row in rows}))),
                str(len(rows)),
                size(path.stat().st_size),
                "; ".join(sorted({machine_of(row) for row in rows})),
            )
        )
    return tuple(lines)
