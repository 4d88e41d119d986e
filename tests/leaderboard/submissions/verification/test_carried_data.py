"""What of a method file a person must look at before it is verified by rerun: its imports."""

import pytest

from leaderboard.submissions.verification.carried_data import questions


@pytest.mark.parametrize(
    "code",
    [
        "from benchmark.task.methods import Card, Context, Method",
        "import benchmark.task.methods as m",
        "from benchmark.run.training import augmentation, training_loop",
        "from benchmark.data.season import season",
        "from baselines.forests import methods",
        "import numpy as np\nfrom sklearn.svm import SVC",
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
    ],
)
def test_what_reads_or_simulates_data_waits_for_a_look(code: str, named: str) -> None:
    """Through any door, under any name: the public world can be made again with all labels."""
    (question,) = (each for each in questions(code) if each.startswith("It imports"))
    assert named in question
    assert "which can read or simulate data" in question
