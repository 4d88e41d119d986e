"""Command `download`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.errors import DataError, UnavailableError, UsageError
from benchmark.terminal import examples, size

if TYPE_CHECKING:
    from benchmark.data.hub.download import Downloaded


def register(app: typer.Typer) -> None:
    """Add the command of this module to an application."""
    app.command(
        "download",
        epilog=examples(
            "cropglobe download DATA",
            "cropglobe download DATA --countries FRA CHN --representations median-year",
            "cropglobe download --weights presto",
        ),
    )(download)


def download(
    directory: Annotated[
        Path | None, typer.Argument(help="Directory for the official dataset.", metavar="DIR")
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(help="Branch, tag or commit.", show_default="pinned, at first main"),
    ] = None,
    countries: Annotated[
        list[str] | None,
        typer.Option(help="Countries or domains, such as FRA.", show_default="all"),
    ] = None,
    representations: Annotated[
        list[str] | None,
        typer.Option(
            help="median-year, median, harmonic, presto, presto-season, alphaearth, or all.",
            show_default="those that are read",
        ),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Move to what the revision is now.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check what is here, without any network.")
    ] = False,
    weights: Annotated[
        list[str] | None,
        typer.Option(help="Fetch an encoder's weights instead, such as presto."),
    ] = None,
) -> None:
    """Fetch the official dataset, or an encoder's weights, and verify every checksum."""
    if weights:
        _weights(weights, directory, offline=offline)
        return
    if directory is None:
        raise UsageError("Name the directory for the dataset, or weights with --weights presto.")
    from benchmark.data.hub import download as hub

    if offline or _is_offline():
        done = hub.verify(directory)
    else:
        done = hub.download(
            directory,
            revision=revision,
            countries=countries or (),
            representations=representations or (),
            update=update,
        )
    for line in _describe(directory, done):
        typer.echo(line)


def _is_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


def _describe(directory: Path, done: "Downloaded") -> list[str]:
    lock = done.lock
    total = sum(locked.size for locked in lock.files.values())
    lines = [
        f"{directory}: {lock.repository} at commit {lock.commit}, {len(lock.files)} files, "
        f"{size(total)}, every checksum right.",
        f"Fetched now: {len(done.fetched)}; there already: {len(done.verified)}.",
    ]
    if done.left_out:
        shown = ", ".join(done.left_out[:6]) + (" ..." if len(done.left_out) > 6 else "")
        lines.append(
            f"Left out, {len(done.left_out)} files: {shown} (--representations all takes them)."
        )
    return lines


def _weights(names: list[str], directory: Path | None, *, offline: bool) -> None:
    from benchmark.data.hub.weights import WEIGHTS_VARIABLE, fetch, weights_file

    for name in names:
        file = weights_file(name)
        try:
            path = fetch(file, offline=offline)
            if directory is not None:
                path = _copy(path, directory / file.folder / file.name)
        except UnavailableError as error:
            raise DataError(str(error)) from error
        typer.echo(f"{name}: {path}, SHA-256 {file.sha256}, {file.licence}")
    if directory is not None:
        typer.echo(f"Elsewhere: copy {directory} and set {WEIGHTS_VARIABLE} to it.")


def _copy(path: Path, place: Path) -> Path:
    import shutil

    from benchmark.files import replace_file

    if place.is_file() and place.samefile(path):
        return place
    try:
        with path.open("rb") as source:
            replace_file(place, lambda handle: shutil.copyfileobj(source, handle))
    except OSError as error:
        raise DataError(f"Cannot write {place}: {error.strerror or error}.") from error
    return place
