"""Commands that make reference results and say which there are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.terminal import examples, make_console, say, show_lines, size

if TYPE_CHECKING:
    from leaderboard.reference.packing import Packed

Into = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the files [default: $CROPGLOBE_REFERENCE, or that of the package]."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Make and show the results that are shipped with the package.",
        epilog=examples("cropglobe reference list"),
    )
    group.command(
        "make",
        epilog=examples(
            "cropglobe reference make --protocol quick --methods headline --minutes 60",
            "cropglobe reference make --data simulated --data DATA --into FILES",
        ),
    )(make)
    group.command("pack", epilog=examples("cropglobe reference pack RUN --into FILES"))(pack)
    group.command("list", epilog=examples("cropglobe reference list --from FILES"))(list_)
    app.add_typer(group, name="reference")


def make(
    data: Annotated[
        list[str] | None,
        typer.Option(help="Datasets, as for run; repeatable [default: simulated]."),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="Protocols; repeatable [default: quick and standard]."),
    ] = None,
    methods: Annotated[
        list[str] | None, typer.Option(help="Names, patterns or sets [default: all].")
    ] = None,
    transfers: Annotated[
        list[str] | None,
        typer.Option(help="Transfers, as for run [default: published on simulated, else as run]."),
    ] = None,
    seeds: Annotated[
        list[int] | None, typer.Option(help="Seeds, in place of the protocol's.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Device, in place of the protocol's.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that run jobs, as for run.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Start no job after so many minutes; call again to go on."),
    ] = None,
    overwrite: Annotated[
        str, typer.Option(help="Which stored jobs to run again, as for run.")
    ] = "never",
    out: Annotated[Path, typer.Option(help="Folder of the run directories.")] = Path("results")
    / "reference",
    into: Into = None,
) -> None:
    """Run the methods whose reference results are missing, and pack what is finished.

    The headline methods come first, then those of the paper, CropNet's ablations, all others, and
    the ensembles, one seed after the other. It can be interrupted and called again: each job is
    kept as soon as it is finished. Methods whose rows the files have already are not run
    again, whichever machine made them; with --overwrite always they are.
    """
    from leaderboard.reference.reference_run import ReferenceRequest, make_reference
    from leaderboard.reference.shipped_files import reference_folder

    further = ["--overwrite", overwrite]
    further += [] if device is None else ["--device", device]
    further += [] if workers is None else ["--workers", str(workers)]
    request = ReferenceRequest(
        data=tuple(data or ["simulated"]),
        protocols=tuple(protocol or ["quick", "standard"]),
        methods=tuple(methods or ()),
        seeds=tuple(seeds or ()),
        transfers=tuple(transfers or ()),
        out=out,
        minutes=minutes,
        again=overwrite == "always",
        further=tuple(further),
    )
    console = make_console()
    packed = make_reference(request, into or reference_folder(), lambda text: say(console, text))
    _tell(packed)


def pack(
    runs: Annotated[list[Path], typer.Argument(help="Run directories.")], into: Into = None
) -> None:
    """Pack the finished rows of run directories into the files of reference results."""
    from leaderboard.reference.packing import pack_reference
    from leaderboard.reference.shipped_files import reference_folder

    _tell(pack_reference(runs, into or reference_folder()))


def list_(
    folder: Annotated[
        Path | None, typer.Option("--from", help="Folder of the files [default: as for make].")
    ] = None,
) -> None:
    """Show which reference results there are, and on which machine they were measured."""
    from leaderboard.reference.listing import HEADINGS, listing
    from leaderboard.reference.shipped_files import reference_folder

    place = folder or reference_folder()
    console = make_console()
    lines = listing(place)
    if not lines:
        say(
            console,
            f"{place} holds no reference results: make them with `cropglobe reference make`.",
        )
        return
    show_lines(console, HEADINGS, lines)


def _tell(packed: "Packed") -> None:
    from leaderboard.reference.packing import MOST_BYTES, size_of
    from leaderboard.reference.reference_file import reference_files

    console = make_console()
    for sentence in packed.left_out:
        say(console, f"Left out: {sentence}")
    for path in packed.files:
        say(console, f"Wrote {path}")
    folders = {path.parent for path in packed.files}
    total = sum(size_of(reference_files(folder)) for folder in folders)
    if total > MOST_BYTES:
        say(
            console,
            f"The files take {size(total)}, and the wheel may carry {size(MOST_BYTES)}: "
            "remove those of older protocols, or ship fewer methods.",
        )
