"""The command that shows prediction sets of runs, and where they fail."""

from typing import Annotated

import typer

from benchmark.terminal import examples, make_console, say
from leaderboard.commands.delivery import deliver, require
from leaderboard.commands.options import Form, Out, Runs


def register(app: typer.Typer) -> None:
    """Add the command of this module to the app."""
    epilog = examples(
        "cropglobe abstention RUN", "cropglobe abstention RUN --level 0.8 --format csv --out a.csv"
    )
    app.command("abstention", epilog=epilog)(abstention)


def abstention(
    runs: Runs,
    level: Annotated[
        float, typer.Option(help="Share of the samples of each crop that sets must cover.")
    ] = 0.9,
    form: Form = "markdown",
    out: Out = None,
) -> None:
    """Print how far sets of crops that hold the true one on the source hold on the targets."""
    from leaderboard.abstention.abstention_tables import abstention_tables
    from leaderboard.tables.table_formats import FORMATS

    require(form, FORMATS, "format")
    tables, problems = abstention_tables(runs, level)
    for sentence in problems:
        say(make_console(errors=True), f"Note: {sentence}")
    deliver(tables, form, out)
