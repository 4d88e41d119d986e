"""Check the words of a command that makes tables, and print or write the tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from benchmark.terminal import make_console, say
from leaderboard.tables.table_content import Notes, Table


def deliver(
    found: Sequence[Table], form: str, out: Path | None, notes: Notes | None = None
) -> None:
    """Print tables, or write them to a file.

    Args:
        found: The tables.
        form: Name of a format.
        out: The file; ``None`` prints.
        notes: How much is said under each; what suits the format if ``None``.

    Raises:
        StoreError: If the file cannot be written.
    """
    from leaderboard.tables.leaderboard_files import write_whole
    from leaderboard.tables.table_formats import FORMATS

    write = FORMATS[form]
    text = write(found) if notes is None else write(found, notes)
    if out is None:
        typer.echo(text)
    else:
        write_whole(out, text.encode())
        say(make_console(), f"Wrote {out}")


def require(word: str, known: Iterable[str], what: str) -> None:
    """See that a word is one of those that exist.

    Raises:
        UsageError: If it is not.
    """
    from benchmark.errors import UsageError, did_you_mean

    names = tuple(known)
    if word not in names:
        raise UsageError(f"Unknown {what} '{word}': {did_you_mean(word, names)}")
