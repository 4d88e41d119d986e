"""Write leaderboards to files, each whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.errors import StoreError
from benchmark.results.rows import Row
from benchmark.task.transfers import RELATIONS
from leaderboard.frames import sections
from leaderboard.tables import markdown, ranking, tidy


def write_leaderboard(rows: Sequence[Row], damaged: Sequence[str], out: Path) -> tuple[Path, ...]:
    """Write `leaderboard.md`, `leaderboard.csv` (methods) and `transfers.csv` (every cell).

    Args:
        rows: Rows in any order.
        damaged: What is wrong with stored jobs that were left out.
        out: Directory.

    Returns:
        The files.

    Raises:
        StoreError: If a file cannot be written.
    """
    methods = []
    for section in sections(rows, RELATIONS):
        frame = ranking(section)
        frame.insert(0, "dataset", section.dataset)
        frame.insert(1, "simulated", section.simulated)
        frame.insert(2, "protocol", section.protocol)
        frame.insert(3, "track", section.track)
        methods.append(frame)
    table = pd.concat(methods, ignore_index=True) if methods else pd.DataFrame()
    files = {
        out / "leaderboard.md": markdown(rows, damaged),
        out / "leaderboard.csv": table.to_csv(index=False, lineterminator="\n"),
        out / "transfers.csv": tidy(rows).to_csv(index=False, lineterminator="\n"),
    }
    for path, text in files.items():
        _write(path, text)
    return tuple(files)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.") from error
