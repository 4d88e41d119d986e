"""Write leaderboards to files, each whole or not at all."""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from benchmark.errors import StoreError
from benchmark.files import replace_file
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import Results
from leaderboard.tables.columns import MISSING, method_frame
from leaderboard.tables.text_tables import markdown, tidy

FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell that a spreadsheet would run begins with."""


def write_leaderboard(results: Results, out: Path) -> tuple[Path, ...]:
    """Write `leaderboard.md`, `leaderboard.csv` (methods) and `transfers.csv` (every cell).

    Args:
        results: Rows in any order, and what is known of them.
        out: Directory.

    Returns:
        The files.

    Raises:
        StoreError: If a file cannot be written.
    """
    table = method_table(results)
    files = {
        out / "leaderboard.md": markdown(results),
        out / "leaderboard.csv": csv_text(table),
        out / "transfers.csv": csv_text(tidy(results)),
    }
    for path, text in files.items():
        write_whole(path, text.encode())
    return tuple(files)


def method_table(results: Results) -> pd.DataFrame:
    """Return the ranking of every section as one table."""
    methods = []
    for group in comparison_groups(results):
        comparable, frame = group.comparable, method_frame(group).copy()
        frame.insert(0, "dataset", comparable.dataset)
        frame.insert(1, "simulated", comparable.simulated)
        frame.insert(2, "protocol", comparable.protocol)
        frame.insert(3, "track", comparable.track)
        methods.append(frame.assign(**comparable.identity))
    return pd.concat(methods, ignore_index=True) if methods else pd.DataFrame()


def csv_text(frame: pd.DataFrame) -> str:
    """Write a frame as CSV in which no text is a formula for a spreadsheet.

    A text that begins with a sign of a formula gets an apostrophe before it, as OWASP advises
    (CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection).
    """
    safe = pd.DataFrame(
        {
            name: values if pd.api.types.is_numeric_dtype(values) else values.map(no_formula)
            for name, values in frame.items()
        }
    )
    return str(safe.to_csv(index=False, lineterminator="\n"))


def no_formula(value: object) -> object:
    """Return a value that no spreadsheet runs as a formula; signed numbers stay as they are."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?[\d.,]+", value):
        return value
    risky = isinstance(value, str) and value[:1] in FORMULA_SIGNS and value != MISSING
    return f"'{value}" if risky else value


def write_whole(path: Path, content: bytes) -> None:
    """Write a file aside and move it to its name.

    Raises:
        StoreError: If it cannot be written.
    """
    try:
        replace_file(path, lambda file: file.write(content))
    except OSError as error:
        raise StoreError(
            f"Cannot write {path} ({error.strerror or error}): name another folder with --out."
        ) from error


def write_folder(out: Path, files: Mapping[str, bytes], listing: str) -> tuple[Path, ...]:
    """Write the files of a folder, and remove those that an earlier call wrote there alone.

    Args:
        out: The folder, which may hold files of others.
        files: Contents by path below it.
        listing: Name of the file that lists what was written, which no other writer uses.

    Returns:
        The files.

    Raises:
        StoreError: If a file cannot be written or removed.
    """
    before = _listed(out / listing)
    if not before and not files:
        return ()
    # The union first: if this call is cut off, the next one still knows what it wrote.
    write_whole(out / listing, json.dumps(sorted({*before, *files})).encode())
    for path, content in files.items():
        write_whole(out / path, content)
    # Some file systems take names that differ in capitals as one.
    kept = {path.casefold() for path in files}
    for path in before:
        if path.casefold() not in kept:
            _remove(out, path)
    write_whole(out / listing, json.dumps(sorted(files), indent=0).encode())
    return tuple(out / path for path in files)


def _listed(path: Path) -> Collection[str]:
    """Return the paths that a listing names; none if it is missing or damaged."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ()
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else ()


def _remove(out: Path, path: str) -> None:
    """Remove a file inside a folder, and its own folder where that is empty then."""
    root, file = out.resolve(), out / path
    try:
        # A listing may have been changed by hand: nothing outside the folder is touched.
        if not file.parent.resolve().is_relative_to(root) or not file.is_file():
            return
        file.unlink()
        if file.parent.resolve() != root and not any(file.parent.iterdir()):
            file.parent.rmdir()
    except (OSError, ValueError) as error:
        raise StoreError(
            f"Cannot remove {file} of an earlier call ({error}): remove it, or name another folder "
            "with --out."
        ) from error
