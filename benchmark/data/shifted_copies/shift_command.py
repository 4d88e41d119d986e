"""Command `shift`."""

from pathlib import Path
from typing import Annotated

import typer

from benchmark.terminal import examples, show_progress


def register(app: typer.Typer) -> None:
    """Add the command of this module to an application."""
    app.command(
        "shift",
        epilog=examples(
            "cropglobe shift simulated OUT --shifts level-l1c cadence-15 --domains FRA",
            "cropglobe shift DATA OUT --shifts bands-hls --drop-bands",
        ),
    )(shift)


def shift(
    data: Annotated[str, typer.Argument(help="CropGlobe directory, or the word simulated.")],
    directory: Annotated[Path, typer.Argument(help="Directory to write, which must not exist.")],
    shifts: Annotated[
        list[str],
        typer.Option(help="Shift, such as level-l1c; at most one of each factor; may be repeated."),
    ],
    domains: Annotated[
        list[str] | None,
        typer.Option(help="Domain to replace; may be repeated.", show_default="all"),
    ] = None,
    drop_bands: Annotated[
        bool,
        typer.Option("--drop-bands", help="Leave bands out instead of filling them."),
    ] = False,
) -> None:
    """Write a dataset in which domains are replaced by shifted copies of them."""
    from benchmark.data.dataset_source import open_source
    from benchmark.data.shifted_copies.shifted_dataset import make_degradation, write_shifted
    from benchmark.data.shifts.shift_table import select_shifts

    degradation = make_degradation(select_shifts(shifts), drop_bands=drop_bands)
    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress)
    with show_progress("Shifting") as progress:
        write_shifted(dataset, directory, degradation, domains or None, progress=progress)
    typer.echo(f"Shifted data in {directory}; see `cropglobe inspect {directory}`.")
