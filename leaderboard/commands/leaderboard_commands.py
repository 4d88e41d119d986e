"""The commands that read runs, and the report that every run leaves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from benchmark.terminal import examples, make_console, say, size, table_width, working
from leaderboard.commands.delivery import deliver, require
from leaderboard.commands.options import Chosen, Form, Out, Runs, RunsOrReference, WithReference
from leaderboard.commands.reading import gather, gather_with_agreement
from leaderboard.reference import reference_commands
from leaderboard.tables.table_content import Notes


def register(app: typer.Typer) -> None:
    """Add the commands of this module, and those of reference results, to the app."""
    reference_commands.register(app)
    commands = (leaderboard, compare, tables, parity, claims, figures, site, export)
    for command in commands:
        app.command(command.__name__, epilog=examples(*EXAMPLES[command.__name__]))(command)


EXAMPLES: Final = {
    "leaderboard": (
        "cropglobe leaderboard RUN",
        "cropglobe leaderboard RUN OTHER --transfers cross-continent --out BOTH",
        "cropglobe leaderboard --with-reference",
    ),
    "compare": (
        "cropglobe compare RUN",
        "cropglobe compare RUN --method my-method --format markdown --out compare.md",
    ),
    "tables": (
        "cropglobe tables RUN --style full --format latex --out tables.tex",
        "cropglobe tables RUN --columns macro_f1 gap parameters FRA:CHN",
    ),
    "parity": ("cropglobe parity RUN --format csv --out parity.csv",),
    "claims": ("cropglobe claims --with-reference", "cropglobe claims RUN --format csv"),
    "figures": (
        "cropglobe figures RUN --out figures",
        "cropglobe figures RUN --with-reference --out figures",
    ),
    "site": ("cropglobe site RUN --out SITE",),
    "export": (
        "cropglobe export RUN --out export",
        "cropglobe export RUN --with-reference --out export",
    ),
}


def leaderboard(
    runs: RunsOrReference = None,
    transfers: Chosen = None,
    with_reference: WithReference = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write [default: the run directory if it is one, without --transfers and "
            "--with-reference]."
        ),
    ] = None,
) -> None:
    """Rebuild leaderboards from the rows of one or more runs."""
    named = runs or []
    whole = len(named) == 1 and not transfers and not with_reference
    publish(named, out or (named[0] if whole else None), transfers, with_reference=with_reference)


def compare(
    runs: Runs,
    method: Annotated[
        list[str] | None,
        typer.Option(help="One's own methods [default: those that are no reference results]."),
    ] = None,
    transfers: Chosen = None,
    form: Annotated[
        str | None, typer.Option("--format", help="How: markdown, latex, csv or html.")
    ] = None,
    out: Out = None,
) -> None:
    """Rank one's own methods among the reference results, without running any other method."""
    from benchmark.errors import UsageError
    from leaderboard.tables.own_comparison import own_comparisons, screen_table
    from leaderboard.tables.table_formats import FORMATS

    if form is not None:
        require(form, FORMATS, "format")
    console = make_console(errors=form is not None or out is not None)
    results, agreement = gather_with_agreement(runs, console, transfers, with_reference=True)
    assert agreement is not None
    if not agreement.references.rows:
        raise UsageError(" ".join(agreement.disagreements) or "The runs have no row to compare.")
    for sentence in agreement.disagreements:
        say(console, f"Note: {sentence}")
    found = own_comparisons(results, agreement.codes, method or ())
    if form is not None or out is not None:
        deliver(found, form or "markdown", out)
        return
    for table in found:
        console.print(screen_table(table, table_width(console)))
        for note in table.notes:
            say(console, note)


def tables(
    runs: RunsOrReference = None,
    style: Annotated[
        str | None,
        typer.Option(help="Which tables: summary, paper or full.", show_default="paper"),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            help="One ranking with these columns in place of a style: names as in "
            "leaderboard.csv, or transfers."
        ),
    ] = None,
    form: Form = "markdown",
    notes: Annotated[
        Notes | None,
        typer.Option(help="How much is said under a table.", show_default="full, in LaTeX short"),
    ] = None,
    reference: Annotated[
        str | None, typer.Option(help="Method that the others are compared with.")
    ] = None,
    transfers: Chosen = None,
    with_reference: WithReference = False,
    out: Out = None,
) -> None:
    """Print or write the tables of a paper from one or more runs."""
    from itertools import chain

    from benchmark.errors import UsageError
    from leaderboard.comparison_group import comparison_groups
    from leaderboard.tables.paper_tables import STYLES, chosen_tables, paper_tables
    from leaderboard.tables.table_formats import FORMATS

    if columns and style:
        raise UsageError("--columns makes a table of its own: leave --style out.")
    require(style or "paper", STYLES, "style")
    require(form, FORMATS, "format")
    console = make_console(errors=True)
    results = gather(runs or [], console, transfers, with_reference=with_reference)
    groups, narrow = comparison_groups(results, reference), form == "latex"
    made = [paper_tables(group, style or "paper", narrow=narrow) for group in groups]
    found = chosen_tables(groups, columns) if columns else tuple(chain.from_iterable(made))
    if not found:
        raise UsageError("No method has a score in these runs: `cropglobe status RUN` says why.")
    deliver(found, form, out, notes)


def parity(runs: Runs, form: Form = "markdown", out: Out = None) -> None:
    """Print every published number beside that of one or more runs on real data."""
    from leaderboard.paper.parity import parity as compare
    from leaderboard.paper.parity import parity_table
    from leaderboard.tables.table_formats import FORMATS

    require(form, FORMATS, "format")
    results = gather(runs, make_console(errors=True))
    found = [parity_table(group, comparisons) for group, comparisons in compare(results)]
    deliver(found, form, out)


def claims(
    runs: RunsOrReference = None,
    metric: Annotated[
        str, typer.Option(help="What is compared: macro_f1 or overall_accuracy.")
    ] = "macro_f1",
    transfers: Chosen = None,
    with_reference: WithReference = False,
    form: Form = "markdown",
    out: Out = None,
) -> None:
    """Print whether the paper's comparing sentences hold on the rows of one or more runs."""
    from benchmark.errors import UsageError
    from leaderboard.paper.claim_tables import all_claim_tables
    from leaderboard.statistics.confusion_scores import METRICS
    from leaderboard.tables.table_formats import FORMATS

    require(metric, METRICS, "metric")
    require(form, FORMATS, "format")
    read = gather(runs or [], make_console(errors=True), transfers, with_reference=with_reference)
    found = all_claim_tables(read, metric)
    if not found:
        raise UsageError("No row is of the inductive track, which the sentences are about.")
    deliver(found, form, out)


def figures(
    out: Annotated[Path, typer.Option(help="Directory of the figures.")],
    runs: RunsOrReference = None,
    transfers: Chosen = None,
    with_reference: WithReference = False,
) -> None:
    """Draw the figures of one or more runs as PNG, SVG and PDF."""
    from leaderboard.figures.leaderboard_figures import write_figures
    from leaderboard.figures.season_figures import write_season_figures

    console = make_console()
    results = gather(runs or [], console, transfers, with_reference=with_reference)
    with working(console, "Drawing"):
        paths = (*write_figures(results, out), *write_season_figures(results, out))
    for path in paths:
        say(console, f"Wrote {path}")


def site(
    out: Annotated[Path, typer.Option(help="Directory of the site.")],
    runs: RunsOrReference = None,
    transfers: Chosen = None,
    with_reference: WithReference = False,
) -> None:
    """Write a static site of one or more runs; open its index.html."""
    from leaderboard.site.site_builder import write_site

    console = make_console()
    results = gather(runs or [], console, transfers, with_reference=with_reference)
    with working(console, "Writing the site"):
        paths = write_site(results, out)
    total = sum(path.stat().st_size for path in paths)
    say(console, f"Wrote {len(paths)} files, {size(total)}: open {out / 'index.html'}")


def export(
    out: Annotated[Path, typer.Option(help="Directory of the files.")],
    runs: RunsOrReference = None,
    transfers: Chosen = None,
    with_reference: WithReference = False,
) -> None:
    """Write results for other places: a tidy table, model-index metadata and BibTeX."""
    from leaderboard.export import export as make
    from leaderboard.tables.leaderboard_files import write_folder

    console = make_console()
    results = gather(runs or [], console, transfers, with_reference=with_reference)
    files = {path: text.encode() for path, text in make(results).items()}
    for path in write_folder(out, files, "export-files.json"):
        say(console, f"Wrote {path}")


def report(run: Path) -> None:
    """Write and print the leaderboard of a run directory.

    Args:
        run: Run directory; `leaderboard.md`, `leaderboard.csv` and `transfers.csv` are written
            there.
    """
    publish([run], run)


def publish(
    runs: list[Path],
    out: Path | None,
    transfers: Sequence[str] | None = None,
    *,
    with_reference: bool = False,
) -> None:
    """Print the leaderboards of runs and, where a place is given, write them there.

    Args:
        runs: Run directories.
        out: Where to write Markdown and CSV; ``None`` only prints.
        transfers: Words for transfers; all where none is given.
        with_reference: Whether reference results that agree stand beside the runs.

    Raises:
        StoreError: If a directory holds no run, or the place cannot be written.
        UsageError: If a word for transfers names none that has a row.
    """
    from leaderboard.tables.leaderboard_files import write_leaderboard
    from leaderboard.tables.text_tables import screen_tables

    console = make_console()
    results = gather(runs, console, transfers, with_reference=with_reference)
    for table in screen_tables(results, table_width(console)):
        console.print(table)
    if out is not None:
        for path in write_leaderboard(results, out):
            say(console, f"Wrote {path}")
