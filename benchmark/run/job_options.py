"""What commands that plan jobs ask for: data, protocol, methods, transfers, seeds, device."""

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

Device = Annotated[str | None, typer.Option(help="Device, in place of the protocol's.")]
