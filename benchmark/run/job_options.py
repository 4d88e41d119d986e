"""What commands that plan jobs ask for: data, protocol, methods, transfers, seeds, device."""

from enum import StrEnum
from typing import Annotated

import typer

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

Transfers = Annotated[
    list[str] | None,
    typer.Option(help="SOURCE:TARGET or a group; if not given, the published ones or else all."),
]

Seeds = Annotated[list[int] | None, typer.Option(help="Seeds, in place of the protocol's.")]

Bands = Annotated[
    list[str] | None,
    typer.Option(
        help="Bands that every transfer is given, such as B4 B8; if not given, those that its "
        "source and target have in common."
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

Device = Annotated[str | None, typer.Option(help="Device, in place of the protocol's.")]
