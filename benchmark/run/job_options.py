"""What commands that plan jobs ask for, and the protocol and place that follow from it."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.files import user_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.task.protocol import Protocol

Data = Annotated[str, typer.Option(help="Directory of the official layout, or 'simulated'.")]

ProtocolName = Annotated[
    str,
    typer.Option(help="Protocol: smoke, quick, standard, paper, paper-released or a .yaml file."),
]

Methods = Annotated[
    list[str] | None,
    typer.Option(
        help="Names, patterns such as 'harmonic.*', or a set: headline (which it is if none is "
        "named), paper, ablation, all."
    ),
]

MethodFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--method-file",
        help="Python file whose methods are added, without installation; repeatable.",
    ),
]

Transfers = Annotated[
    list[str] | None,
    typer.Option(
        help="SOURCE:TARGET or a group; if not given, 'published' and 'time', or else all."
    ),
]

Seeds = Annotated[list[int] | None, typer.Option(help="Seeds, in place of the protocol's.")]

Bands = Annotated[
    list[str] | None,
    typer.Option(
        help="Bands that every transfer is given, such as B4 B8; if not given, those that its "
        "source and target have in common."
    ),
]

Shifts = Annotated[
    list[str] | None,
    typer.Option(
        help="Score shifted copies of each target as well: names of shifts or factors, such "
        "as level; every shift if none is named."
    ),
]


class FeatureOrigin(StrEnum):
    """Where the features come from of methods that can have them computed or read."""

    computed = "computed"
    files = "files"


RepresentationFrom = Annotated[
    FeatureOrigin,
    typer.Option(
        help="Whether 'harmonic.*' computes its features or reads the official harmonic files; its "
        "rows are then named 'harmonic-files.*'."
    ),
]

Device = Annotated[
    str | None,
    typer.Option(help="Device, in place of the protocol's: auto, cpu, cuda, cuda:N or mps."),
]

RunDirectory = Annotated[
    Path | None,
    typer.Option(
        help="Run directory; jobs that it holds already are not run again.",
        show_default="results/DATA-PROTOCOL",
    ),
]


def run_directory(data: str | Path, protocol: "Protocol") -> Path:
    """Return the run directory of a dataset and a protocol where none is named."""
    return Path("results") / f"{data_word(data)}-{protocol.name}"


def data_word(data: str | Path) -> str:
    """Return the word for a dataset in names of run directories: the name of its directory."""
    path = user_path(data)
    return path.resolve().name if path.name in ("", "..") else path.name


def make_protocol(
    protocol: "str | Path | Protocol",
    seeds: "Sequence[int] | None" = None,
    device: str | None = None,
    bands: "Sequence[str] | None" = None,
    *,
    where: str = "the command line",
) -> "Protocol":
    """Return a protocol with what a user says in place of its own.

    Args:
        protocol: A protocol, the name of one, or the path of a YAML file.
        seeds: Seeds in place of its own.
        device: Device in place of its own.
        bands: Bands of every transfer. They change what is asked, and so the protocol's name.
        where: Where the user said it, for messages.

    Raises:
        UsageError: If there is no such protocol, or a value does not fit.
    """
    from benchmark.task.protocol import load_protocol, validate_protocol

    chosen = load_protocol(str(protocol)) if isinstance(protocol, str | Path) else protocol
    changes: dict[str, object] = {}
    if seeds:
        changes["seeds"] = tuple(seeds)
    if device is not None:
        changes["device"] = device
    if bands:
        changes |= {"bands": list(bands), "name": f"{chosen.name}-{len(set(bands))}-bands"}
    return validate_protocol(chosen.model_dump() | changes, where=where)


def yield_idle_threads() -> None:
    """Let OpenMP threads sleep while they wait, unless the user has decided.

    On a machine that is shared, threads that spin take the cores from those that work: an MLP that
    trained in 6 s this way took 31 s without, on two cores with a load of three. Read when the
    first numerical library is loaded, so this comes before any import of one.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
