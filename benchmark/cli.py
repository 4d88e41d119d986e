"""The `cropglobe` command: gathers commands, turns errors into one sentence and an exit status."""

import logging
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

import typer

from benchmark import __version__
from benchmark.errors import CropGlobeError, UsageError
from benchmark.files import user_path
from benchmark.terminal import examples, replace_unknown_signs

ENTRY_POINTS: Final = "cropglobe.commands"
"""Entry-point group; each entry is a function that adds commands to the app."""

SEVERAL_VALUES: Final = frozenset(
    {
        "--methods",
        "--transfers",
        "--domains",
        "--seeds",
        "--bands",
        "--countries",
        "--representations",
        "--compare",
        "--columns",
        "--shifts",
    }
)
"""Options that take several words: ``--methods cropnet 'harmonic.*'``, ``--seeds 82,83``."""

WITHOUT_VALUE: Final = MappingProxyType({"--shifts": "all"})
"""What options that take several words mean when they are given none."""

EXIT_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130
INTERRUPTED: Final = "Interrupted: finished jobs are kept; the same command goes on from here."


def build_app() -> typer.Typer:
    """Return the app with the harness's commands and those of every installed package."""
    from benchmark.data import data_commands
    from benchmark.results import run_directory_commands as results_commands
    from benchmark.run import run_command as run_commands
    from benchmark.run.planning import plan_command as planning
    from benchmark.task import method_commands as task_commands

    app = typer.Typer(
        name="cropglobe",
        help="Which methods recognise crops in a country they were never trained on.",
        epilog=examples(
            "cropglobe methods",
            "cropglobe run --protocol smoke --methods harmonic.xgboost --out RUN",
            "cropglobe leaderboard RUN",
        ),
        no_args_is_help=True,
        rich_markup_mode=None,  # boxes leave help 16 of 80 characters, and cut names of options
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def _common(
        version: bool = typer.Option(False, "--version", help="Print the version."),
    ) -> None:
        if version:
            typer.echo(__version__)
            raise typer.Exit

    run_commands.register(app)
    planning.register(app)
    task_commands.register(app)
    results_commands.register(app)
    data_commands.register(app)
    for point in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
        point.load()(app)
    return app


def spread(arguments: Sequence[str]) -> list[str]:
    """Repeat options that were given several words: ``--x a b`` becomes ``--x a --x b``.

    So does ``--x a,b``, since no value of these options has a comma. An option of `WITHOUT_VALUE`
    that was given none gets the word that this means.

    Args:
        arguments: Words of a command line.

    Returns:
        Words in which each value has its option before it.
    """
    words: list[str] = []
    option: str | None = None
    fresh = False
    for word, following in pairwise([*arguments, "-"]):
        if word.startswith("-") and not word.lstrip("-").isdigit():
            option, fresh = (word if word in SEVERAL_VALUES else None), True
            name, sign, values = word.partition("=")
            several = sign and name in SEVERAL_VALUES
            words += [f"{name}={value}" for value in _values(values)] if several else [word]
        elif option is not None:
            found = [part for value in _values(word) for part in (option, value)]
            words += found[1:] if fresh else found
            fresh = False
        else:
            words.append(word)
        if word in WITHOUT_VALUE and following.startswith("-"):
            words.append(WITHOUT_VALUE[word])
    return words


def _values(word: str) -> list[str]:
    """Return the values of a word that separates them by commas; a word of commas is one value."""
    return [value for value in word.split(",") if value] or [word]


def with_home(word: str) -> str:
    """Return a word of a command line with its home directory, which shells leave in ``--x=~/y``.

    Raises:
        UsageError: If there is no such home directory.
    """
    option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{sign}{user_path(value)}" if value.startswith("~") else word


def refuse_repeats(app: typer.Typer, words: Sequence[str]) -> None:
    """Refuse an option that takes one value and is given twice: the first would be lost unseen.

    Args:
        app: The app.
        words: Words of a command line.

    Raises:
        UsageError: If there is such an option.
    """
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    options = {
        name: option
        for option in command.params
        if option.param_type_name == "option"
        for name in (*option.opts, *option.secondary_opts)
    }
    seen: set[str] = set()
    waiting = False
    for word in rest:
        if waiting:
            waiting = False
            continue
        if word == "--":
            break
        name, sign, _ = word.partition("=")
        option = options.get(name)
        if option is None:
            continue
        waiting = not (option.is_flag or sign or option.count)
        if option.name in seen and not (option.multiple or option.count):
            raise UsageError(f"{name} is given twice: give it once.")
        seen.add(option.name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    Args:
        arguments: Words after the program's name; those of the process if ``None``.
    """
    replace_unknown_signs()
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR)
    given = sys.argv[1:] if arguments is None else arguments
    try:
        words = spread([with_home(word) for word in given])
        app = build_app()
        refuse_repeats(app, words)
        app(words)
    except CropGlobeError as error:
        typer.echo(f"Error: {error}", err=True)
        raise SystemExit(EXIT_ERROR) from error
    except KeyboardInterrupt as interrupt:
        typer.echo(INTERRUPTED, err=True)
        raise SystemExit(EXIT_INTERRUPTED) from interrupt
    except SystemExit as ending:
        if ending.code == EXIT_INTERRUPTED:  # Typer's own answer to Ctrl-C, without a word
            typer.echo(INTERRUPTED, err=True)
        raise
