"""The command line as a whole: its words, its help, what is installed."""

import subprocess
import sys

import pytest
from smoke_command import Cli

from benchmark.cli import spread


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
