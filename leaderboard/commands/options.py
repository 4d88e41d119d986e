"""Options that several commands on runs have."""

from pathlib import Path
from typing import Annotated

import typer

Runs = Annotated[list[Path], typer.Argument(help="Run directories.")]
RunsOrReference = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Run directories; without one, --with-reference shows the reference results alone."
    ),
]
Form = Annotated[str, typer.Option("--format", help="How: markdown, latex, csv or html.")]
Chosen = Annotated[
    list[str] | None,
    typer.Option(
        "--transfers",
        help="SOURCE:TARGET, a group or a relation: rows, means and ranks are of these alone.",
    ),
]
WithReference = Annotated[
    bool,
    typer.Option(
        "--with-reference",
        help="Put the reference results beside them that have the same data, protocol and metrics.",
    ),
]
Out = Annotated[Path | None, typer.Option(help="File to write [default: print].")]
