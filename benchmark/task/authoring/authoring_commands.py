"""Commands for authors of methods: `methods new` and `check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.terminal import examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.task.authoring.contract_check import Rule
    from benchmark.task.methods import Method

EXIT_BROKEN = 1


def register(app: typer.Typer, group: typer.Typer) -> None:
    """Add the commands of this module.

    Args:
        app: The app, for ``check``.
        group: The group ``methods``, for ``new``.
    """
    group.command(
        "new",
        epilog=examples(
            "cropglobe methods new my-method",
            "cropglobe methods new my-network --kind torch",
        ),
    )(new)
    app.command(
        "check",
        epilog=examples(
            "cropglobe check my_method.py",
            "cropglobe check median.xgboost",
        ),
    )(check)


def new(
    name: Annotated[str, typer.Argument(help="Name of the method, such as my-method.")],
    kind: Annotated[
        str, typer.Option(help="What to begin with: sklearn, torch or embedding.")
    ] = "sklearn",
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path(),
) -> None:
    """Write a method that works, in one file, and a test of it."""
    from benchmark.task.authoring.method_template import new_method

    method, test = new_method(name, kind, out)
    typer.echo(f"Wrote {method} and {test}: fill in the card, then `cropglobe check {method}`.")


def check(
    method: Annotated[str, typer.Argument(help="A Python file, my_method.py, or a method's name.")],
) -> None:
    """See whether a method keeps its contract, on made-up samples, rule by rule."""
    from benchmark.errors import UnavailableError
    from benchmark.task.authoring.contract_check import try_rules

    broken = 0
    for each in _methods(method):
        try:
            rules = try_rules(each)
        except UnavailableError as error:
            typer.echo(f"{each.name} cannot be checked here: {error}")
            raise typer.Exit(EXIT_BROKEN) from error
        typer.echo(_report(each.name, rules))
        broken += sum(rule.status != "passed" for rule in rules)
    if broken:
        raise typer.Exit(EXIT_BROKEN)


def _methods(word: str) -> "tuple[Method, ...]":
    from benchmark.task.authoring.method_files import ENDING, select_with_files
    from benchmark.task.methods import registry

    if word.endswith(ENDING):
        return select_with_files((), [Path(word)])
    return (registry().get(word),)


def _report(name: str, rules: "Sequence[Rule]") -> str:
    lines = [name]
    for rule in rules:
        lines.append(f"  {rule.status:9}  {rule.title}")
        if rule.problem:
            lines.append(f"             {rule.problem}")
        if rule.status == "broken":
            lines.append(f"             To do: {rule.advice}")
    kept = sum(rule.status == "passed" for rule in rules)
    return "\n".join([*lines, f"  {kept} of {len(rules)} rules kept."])
