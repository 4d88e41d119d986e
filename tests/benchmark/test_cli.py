"""The command line as a whole: its words, its help, what is installed."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from smoke_command import Cli

from benchmark.cli import build_app, refuse_repeats, spread


def test_help_is_quick_because_it_imports_neither_torch_nor_pandas() -> None:
    code = (
        "import sys\nfrom benchmark.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "slow = {'torch', 'pandas', 'sklearn', 'xgboost', 'matplotlib', 'mlflow'}\n"
        "bad = slow & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run" in done.stdout


@pytest.mark.parametrize("words", [(), ("list",), ("list", "crop*")])
def test_methods_are_listed(cli: Cli, words: tuple[str, ...]) -> None:
    code, out, _ = cli("methods", *words)
    assert code == 0
    assert "cropnet.aug" in out
    assert ("median.random-forest" in out) == ("crop*" not in words)


def test_a_methods_card_is_shown(cli: Cli) -> None:
    code, out, _ = cli("methods", "show", "cropnet")
    assert code == 0
    assert "1,036,295" in out
    assert "2509.03497" in out
    code, _, err = cli("methods", "show", "cropnt")
    assert code == 2
    assert "did you mean 'cropnet'" in err


def test_version(cli: Cli) -> None:
    assert cli("--version")[1].strip() == "0.2.0"


def test_several_values_after_one_option() -> None:
    assert spread(["run", "--methods", "a", "b", "--out", "x", "y"]) == [
        "run", "--methods", "a", "--methods", "b", "--out", "x", "y",
    ]  # fmt: skip
    assert spread(["--seeds", "1", "2"]) == ["--seeds", "1", "--seeds", "2"]


@pytest.mark.parametrize("words", [["1,2,3"], ["1,", "2", "3"], ["1,2", "3"], ["1", ",2,", "3"]])
def test_commas_separate_the_values_of_an_option_too(words: list[str]) -> None:
    assert spread(["--seeds", *words]) == ["--seeds", "1", "--seeds", "2", "--seeds", "3"]
    assert spread(["--bands=B4,B8", "--out", "a,b"]) == ["--bands=B4", "--bands=B8", "--out", "a,b"]
    assert spread(["--seeds", ",", "--seeds="]) == ["--seeds", ",", "--seeds="]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--data", "a", "--out", "x", "--data", "b"),
        ("run", "--data=a", "--data=b"),
        ("ingest", "t.csv", "D", "--region", "FRA", "--region", "BEL"),
    ],
)
def test_an_option_of_one_value_is_given_once(cli: Cli, words: tuple[str, ...]) -> None:
    """The first value would be lost without a word."""
    code, _, err = cli(*words)
    assert code == 2
    assert "is given twice: give it once." in err


def test_an_option_of_several_values_may_be_repeated(cli: Cli) -> None:
    code, _, err = cli("run", "--data", "gone", "--methods", "a", "--methods", "--data")
    assert "given twice" not in err
    assert code == 2


LONGEST_EXAMPLE = 76
"""Characters of an example, which a help text of 80 indents by four."""


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command and group with the words that lead to it."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


APP = build_app()
COMMANDS = list(walk(typer.main.get_command(APP)))


@pytest.mark.parametrize(
    ("path", "command"), COMMANDS, ids=[" ".join(path) or "cropglobe" for path, _ in COMMANDS]
)
def test_every_command_has_examples_that_it_understands(
    path: tuple[str, ...], command: Any
) -> None:
    found = re.findall(r"^  (cropglobe .*)$", command.epilog or "", re.M)
    assert found
    for line in found:
        assert len(line) <= LONGEST_EXAMPLE, line
        words = spread(shlex.split(line)[1:])
        refuse_repeats(APP, words)
        assert tuple(words[: len(path)]) == path
        # Nothing is executed: an option that does not exist, or a value that does not fit, raises.
        meant, rest = COMMANDS[0][1], words
        while rest and rest[0] in getattr(meant, "commands", {}):
            meant, rest = meant.commands[rest[0]], rest[1:]
        meant.make_context(line, rest)


def test_help_shows_the_examples_and_where_output_goes(cli: Cli) -> None:
    for name in ("run", "plan"):
        code, out, _ = cli(name, "--help")
        assert code == 0
        assert f"\n    cropglobe {name} --method-file my_method.py" in out
        assert "results/DATA-PROTOCOL" in re.sub(r"\s+", "", out)
        assert "--representation-from" in out
        assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("cropglobe lea", {"leaderboard"}),
        ("cropglobe run --method", {"--methods", "--method-file"}),
        ("cropglobe methods s", {"show"}),
        ("cropglobe tables RUN --notes s", {"short"}),
    ],
)
def test_the_shell_completes_commands_options_and_values(typed: str, offered: set[str]) -> None:
    words = typed.split()
    told = {"COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    assert set(complete("complete_bash", told).split()) == offered


def test_the_script_of_a_shell_calls_the_program() -> None:
    script = complete("source_bash", {})
    assert "_CROPGLOBE_COMPLETE=complete_bash" in script
    assert script.rstrip().endswith("_completion cropglobe")


def complete(instruction: str, told: dict[str, str]) -> str:
    """Return what the program prints where a shell calls it to complete a line."""
    code = "import sys; sys.argv = ['cropglobe']; from cropglobe_launcher import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"_CROPGLOBE_COMPLETE": instruction} | told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.stdout


def test_completion_can_be_installed(cli: Cli) -> None:
    code, out, _ = cli("--help")
    assert code == 0
    assert "--install-completion" in out
    assert "--show-completion" in out
