"""Commands `methods list` and `methods show`."""

from typing import Annotated

import typer

from benchmark.task.authoring import authoring_commands as authoring
from benchmark.terminal import examples, make_console, show_lines


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the app."""
    group = typer.Typer(
        help="List the installed methods, or show one's card.",
        epilog=examples("cropglobe methods", "cropglobe methods show cropnet"),
    )
    group.callback(invoke_without_command=True)(methods)
    group.command("list", epilog=examples("cropglobe methods list 'cropnet*'"))(list_methods)
    group.command("show", epilog=examples("cropglobe methods show presto.mlp"))(show)
    authoring.register(app, group)
    app.add_typer(group, name="methods")


def methods(context: typer.Context) -> None:
    """List the installed methods, or show one's card."""
    if context.invoked_subcommand is None:
        list_methods()


def list_methods(
    patterns: Annotated[
        list[str] | None, typer.Argument(help="Names or patterns [default: all].")
    ] = None,
) -> None:
    """List methods; the headline set, which a bare run scores, is marked."""
    from benchmark.task.methods import HEADLINE, method_sets, registry

    first = set(method_sets()[HEADLINE])
    lines = []
    for method in registry().select(patterns or ["all"]):
        mark = "yes" if method.name in first else ""
        lines.append((method.name, mark, method.family, method.track, method.card.summary))
    headings = ("method", "headline", "family", "track", "what it is")
    show_lines(make_console(), headings, lines)


def show(name: Annotated[str, typer.Argument(help="Name of a method.")]) -> None:
    """Show a method's card: reference, licence, parameters, pretraining, what it uses."""
    from benchmark.task.method_cards import render_card
    from benchmark.task.methods import registry

    typer.echo(render_card(registry().get(name)))
