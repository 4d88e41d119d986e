"""The data commands: download, ingest, inspect, simulate, shift."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmark.data.hub import download_command
from benchmark.data.shifted_copies import shift_command
from benchmark.errors import UsageError
from benchmark.terminal import examples, make_console, show_progress


class StampOption(StrEnum):
    """Which day of its window the date of a composite is."""

    first = "first"
    middle = "middle"
    last = "last"


class LevelOption(StrEnum):
    """Processing levels of Sentinel-2."""

    L1C = "L1C"
    L2A = "L2A"


def register(app: typer.Typer) -> None:
    """Add the data commands to an application."""
    download_command.register(app)
    app.command(
        "ingest",
        epilog=examples(
            "cropglobe ingest usa_2021_s2_cdl_long.parquet DATA --labels cdl",
            "cropglobe ingest spain.csv DATA --labels spain.yaml --region ESP --window 5",
            "cropglobe ingest vectors.csv DATA --representation alphaearth --region ESP",
        ),
    )(ingest)
    app.command(
        "inspect",
        epilog=examples(
            "cropglobe inspect simulated",
            "cropglobe inspect DATA --figures figures --pair FRA:CHN",
        ),
    )(inspect)
    app.command(
        "simulate",
        epilog=examples(
            "cropglobe simulate DATA --domains FRA CHN --samples-per-domain 600",
            "cropglobe simulate DATA --level L1C --cadence 10 --bands B2 B3 B4 B8",
        ),
    )(simulate)
    shift_command.register(app)
    app.command(
        "export-points",
        epilog=examples(
            "cropglobe export-points spain.csv --year 2023 --project MY-PROJECT",
        ),
    )(export_points)


def ingest(
    table: Annotated[Path, typer.Argument(help="Point table: .parquet, .csv, .gpkg or .geojson.")],
    directory: Annotated[Path, typer.Argument(help="CropGlobe directory to write.")],
    labels: Annotated[
        str | None,
        typer.Option(
            help="Label map: cdl, ewoc, worldcereal or a file MAP.yaml.",
            show_default="needed for series",
        ),
    ] = None,
    representation: Annotated[
        str | None,
        typer.Option(help="Take precomputed vectors, such as alphaearth, for samples of DIR."),
    ] = None,
    region_column: Annotated[
        str | None, typer.Option(help="Column that names each sample's domain.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Name of the one domain that the table is.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Year of the labels.")] = None,
    season_start: Annotated[
        str,
        typer.Option(
            metavar="MM-DD",
            help="Where the 73 steps begin; from July on, the season ends in the year.",
        ),
    ] = "01-01",
    level: Annotated[
        LevelOption | None, typer.Option(help="Processing level, if the columns do not say it.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(help="Column of the label codes.", show_default="the map's")
    ] = None,
    min_observations: Annotated[
        int | None,
        typer.Option(
            min=1, help="Observed dates that a sample needs in the year.", show_default="6"
        ),
    ] = None,
    window: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Days of each composite, 0 for acquisition dates.",
            show_default="detected",
        ),
    ] = None,
    stamp: Annotated[
        StampOption | None,
        typer.Option(
            help="Which day of its window the date of a composite is.", show_default="first"
        ),
    ] = None,
    missing: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE",
            help="Number that stands for a missing observation, beside 65535 and empty cells; nan "
            "if none does.",
        ),
    ] = None,
    offset: Annotated[
        float | None,
        typer.Option(help="What was added to the digital numbers, such as 1000."),
    ] = None,
    offset_from: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="First day on which it was added.",
            show_default="all days",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the dataset.", show_default="the directory's")
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Terms of the data, such as CC-BY-4.0.", show_default="not stated"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Turn a point table of Sentinel-2 series into domains of a CropGlobe directory."""
    if representation is not None:
        _ingest_vectors(table, directory, representation, region)
        return
    if labels is None:
        raise UsageError(
            "The table needs a label map: --labels cdl, ewoc, worldcereal or MAP.yaml."
        )
    from benchmark.data.ingest.ingestion import MIN_OBSERVATIONS, ingest_table
    from benchmark.data.inspect.terminal_report import show_ingest

    with show_progress("Compositing") as progress:
        report = ingest_table(
            table,
            directory,
            labels=labels,
            region_column=region_column,
            region=region,
            year=year,
            season_start=season_start,
            level=None if level is None else level.value,
            label_column=label_column,
            min_observations=MIN_OBSERVATIONS if min_observations is None else min_observations,
            window=window,
            stamp=None if stamp is None else stamp.value,
            missing=_missing(missing),
            offset=offset,
            offset_from=None if offset_from is None else offset_from.date(),
            name=name,
            licence=licence,
            progress=progress,
        )
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
        return
    console = make_console()
    for part in show_ingest(report):
        console.print(part, highlight=False)


def _missing(text: str | None) -> float | Literal["nan"] | None:
    if text is None or text.lower() == "nan":
        return None if text is None else "nan"
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is no number: give --missing a number or nan.") from error


def _ingest_vectors(table: Path, directory: Path, name: str, region: str | None) -> None:
    from benchmark.data.dataset import open_dataset
    from benchmark.data.embeddings import ingest_embedding

    cover = ingest_embedding(table, name, open_dataset(directory), region)
    for domain, share in cover.items():
        make_console().print(f"{domain}: {name} for {share:.1%} of the samples")


def inspect(
    data: Annotated[str, typer.Argument(help="CropGlobe directory, or the word simulated.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
    figures: Annotated[
        Path | None, typer.Option(help="Directory to draw the dataset's figures into.")
    ] = None,
    pair: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE:TARGET",
            help="Draw the crops of two domains beside each other too; may be repeated.",
        ),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Accept samples that have changed since the first use."),
    ] = False,
) -> None:
    """Show what a dataset holds: classes, bands, season, duplicates, conflicts, fingerprint."""
    if pair and figures is None:
        raise UsageError("--pair needs a directory to draw into: --figures DIR.")
    from benchmark.data.dataset_source import open_source
    from benchmark.data.inspect.inspection import inspect_dataset
    from benchmark.data.inspect.terminal_report import show_inspection

    with show_progress("Preparing") as progress:
        dataset = open_source(data, progress, accept=accept)
    inspection = inspect_dataset(dataset)
    if as_json:
        typer.echo(inspection.model_dump_json(indent=2))
    else:
        console = make_console()
        for part in show_inspection(inspection):
            console.print(part, highlight=False)
    if figures is not None:
        from benchmark.data.inspect.dataset_figures import draw_dataset_figures
        from benchmark.data.inspect.transfer_figure import draw_pairs

        draw_pairs(dataset, pair or (), figures)
        draw_dataset_figures(dataset, figures)


def simulate(
    directory: Annotated[Path, typer.Argument(help="Directory to write.")],
    samples_per_domain: Annotated[
        int | None,
        typer.Option(min=1, help="Samples of each domain.", show_default="8000"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the simulation.", show_default="2023")
    ] = None,
    domains: Annotated[
        list[str] | None,
        typer.Option(help="Domain to simulate; may be repeated.", show_default="all"),
    ] = None,
    region: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Description of a further region; may be repeated."),
    ] = None,
    calendar_season: Annotated[
        bool, typer.Option(help="Leave southern years on their calendar instead of aligning them.")
    ] = False,
    level: Annotated[
        LevelOption, typer.Option(help="Processing level of the same scenes.")
    ] = LevelOption.L2A,
    cadence: Annotated[int, typer.Option(help="Days of a composite: 5, 10, 15 or 30.")] = 5,
    bands: Annotated[
        list[str] | None,
        typer.Option(help="Band to simulate; may be repeated.", show_default="all ten"),
    ] = None,
) -> None:
    """Simulate a CropGlobe directory."""
    from benchmark.data.dataset_source import DEFAULT_SAMPLES_PER_DOMAIN, DEFAULT_SEED
    from benchmark.data.simulate.observation import make_product
    from benchmark.data.simulate.world import simulate_dataset

    product = make_product(level.value, cadence, bands)
    with show_progress("Simulating") as progress:
        simulate_dataset(
            directory,
            samples_per_domain=samples_per_domain or DEFAULT_SAMPLES_PER_DOMAIN,
            seed=DEFAULT_SEED if seed is None else seed,
            domains=domains or None,
            region_files=region or (),
            calendar_season=calendar_season,
            product=product,
            progress=progress,
        )
    make_console().print(f"Simulated data in {directory}; see `cropglobe inspect {directory}`.")


class ExportOption(StrEnum):
    """What Earth Engine is asked for."""

    series = "series"
    alphaearth = "alphaearth"


def export_points(
    points: Annotated[Path, typer.Argument(help="CSV with sample_id, lon, lat and labels.")],
    year: Annotated[int, typer.Option(help="Year of the series.")],
    project: Annotated[str, typer.Option(help="Google Cloud project.")],
    what: Annotated[
        ExportOption, typer.Option(help="5-day medians, or AlphaEarth's annual vectors.")
    ] = ExportOption.series,
    folder: Annotated[str, typer.Option(help="Folder in Google Drive.")] = "cropglobe",
) -> None:
    """Have Earth Engine write the series of a table of points to Google Drive."""
    from benchmark.data.ingest.earthengine import export, read_points

    found = read_points(points)
    names = export(
        found, year=year, what=what.value, folder=folder, project=project, name=points.stem
    )
    typer.echo(f"{len(found)} points in {len(names)} tasks; tables in Drive, folder {folder}:")
    for name in names:
        typer.echo(f"  {name}.csv")
