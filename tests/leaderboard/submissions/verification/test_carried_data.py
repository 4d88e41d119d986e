"""What of a method file a person must look at before it is verified by rerun: its imports."""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import baselines
import benchmark
import cropnet
from leaderboard.submissions.verification.carried_data import questions

SIMULATOR = "benchmark.data.simulate"
READER = "benchmark.data.dataset"


@pytest.mark.parametrize(
    "code",
    [
        "from benchmark.task.methods import Card, Context, Method",
        "import benchmark.task.methods as m",
        "from benchmark.run.training import augmentation, training_loop",
        "from benchmark.data.season import season",
        "from baselines.forests import methods",
        "import numpy as np\nfrom sklearn.svm import SVC",
        "from baselines.heads import RandomForest\nfrom cropnet.views import views",
        "import os\nX = os.environ.get('A')\nprofile = system = trace = os.path",
        "import torch\nX = torch.trace(torch.eye(2))",
    ],
)
def test_what_methods_need_passes(code: str) -> None:
    assert list(questions(code)) == []


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("import cropglobe as c", "cropglobe"),
        ("from cropglobe import simulate as s", "cropglobe.simulate"),
        ("from benchmark.data import season, simulate", "benchmark.data.simulate"),
        ("from benchmark import data as d", "benchmark.data"),
        ("from benchmark.cli import main", "benchmark.cli"),
        ("from benchmark.run.training import simulated_target", "simulated_target"),
        ("def f():\n    import leaderboard.reference.packing", "leaderboard.reference"),
        ("from baselines.handcrafted import SimulatedTarget as S", "baselines.handcrafted"),
        ("from cropnet.methods import methods", "cropnet.methods"),
        ("from cropnet import gated", "cropnet.gated"),
        ("import cropnet.area_statistics as a\nX = a.resolve", "cropnet.area_statistics"),
    ],
)
def test_what_reads_or_simulates_data_waits_for_a_look(code: str, named: str) -> None:
    """Through any door, under any name: the public world can be made again with all labels."""
    (question,) = (each for each in questions(code) if each.startswith("It imports"))
    assert named in question
    assert "which can read or simulate data" in question


@pytest.mark.parametrize(
    "code",
    [
        "from benchmark.task.methods import registry",
        "import benchmark.task.methods as m\nX = m.registry().get('cropnet')",
        "from benchmark.task.methods import entry_points as e",
        "from importlib.machinery import SourceFileLoader",
        "from numpy.lib.npyio import pickle as p",
        "import sys as s\nX = s.modules['benchmark.data.simulate.world']",
        "take = getattr\nX = take(1, 'si' + 'm')",
        "X = len.__self__.exec('import labels_of_china')",
        "import os as o\nX = o.system('python -c 1')",
        "from os import execv as e",
        "from cProfile import run",
    ],
)
def test_what_runs_or_imports_by_another_name_waits_for_a_look(code: str) -> None:
    assert any("can run or import code that it does not name" in each for each in questions(code))


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def reaches_data(module: str) -> bool:
    """Return whether a module imports the simulator or a reader of data, directly or not."""
    waiting, seen = [module], set[str]()
    while waiting:
        name = waiting.pop()
        if name == READER or f"{name}.".startswith(f"{SIMULATOR}."):
            return True
        own = name.partition(".")[0] in ("baselines", "benchmark", "cropnet")
        if name in seen or not own:
            continue
        seen.add(name)
        try:
            spec = find_spec(name)
        except ModuleNotFoundError:  # a name in a module
            continue
        if spec is not None and spec.origin is not None:
            waiting.extend(imports_of(Path(spec.origin)))
    return False


def test_no_module_that_passes_hands_the_simulator_on() -> None:
    """A module has what it imports under its own name, so all that it reaches counts."""
    passed = []
    for package in (baselines, benchmark, cropnet):
        (root,) = package.__path__
        for path in Path(root).rglob("*.py"):
            name = ".".join((package.__name__, *path.relative_to(root).with_suffix("").parts))
            module = name.removesuffix(".__init__")
            if not list(questions(f"import {module}")):
                passed.append(module)
    assert "baselines.heads" in passed
    assert [module for module in passed if reaches_data(module)] == []
