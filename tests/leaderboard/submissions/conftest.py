"""An honest submission, packed once."""

import random
from pathlib import Path

import numpy as np
import pytest
from forged import make_run

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.errors import SubmissionError
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.authoring.method_files import load_method_file
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.transfers import parse_transfer
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification import blind_runs, other_seeds, rerun
from leaderboard.submissions.verification.harness_process import Task, TrainedRun


@pytest.fixture(autouse=True)
def _repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the same secrets in every run: on tiny data a cheat is found mostly, not always."""
    bits = random.Random(7)
    monkeypatch.setattr(blind_runs, "secret_generator", lambda: np.random.default_rng(7))
    monkeypatch.setattr(other_seeds.secrets, "randbits", bits.getrandbits)


@pytest.fixture
def other_secrets(_repeatable: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw other secrets: those under which a cheat is found that the first ones miss."""
    monkeypatch.setattr(blind_runs, "secret_generator", lambda: np.random.default_rng(1))


@pytest.fixture(scope="session")
def quick() -> Protocol:
    """The shipped protocol of minutes, which has two seeds; on tiny data it takes seconds."""
    return load_protocol("quick")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory, tiny: Dataset, quick: Protocol) -> Path:
    """Run directory of a method in ``my_method.py`` beside it, two transfers, two seeds."""
    return make_run(tmp_path_factory.mktemp("submitted"), tiny, quick)


@pytest.fixture(scope="session")
def honest(run: Path) -> Path:
    """The submission of that run."""
    out = run.parent / "honest.zip"
    source = Source(file=run.parent / "my_method.py")
    pack(run, "my-method", out, authors=["Ada Lovelace"], source=source)
    return out


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train again in this process, which takes no time to start; nothing is shut off then."""
    for module in (rerun, blind_runs):
        monkeypatch.setattr(module, "train", train_here)


def train_here(submission: Submission, task: Task, folder: Path, isolation: str) -> TrainedRun:
    del isolation
    assert submission.code is not None
    folder.mkdir()
    file = folder / "my_method.py"
    file.write_text(submission.code, "utf-8")
    dataset = open_dataset(task.data)
    protocol = task.protocol.model_copy(update={"seeds": tuple(task.seeds)})
    pairs = [parse_transfer(text) for text in task.transfers]
    found = TrainedRun({}, {})
    for job in plan(dataset, protocol, load_method_file(file), pairs):
        outcome = Runner(dataset, protocol).run(job)
        answers = {each.target: each for each in outcome.predictions}
        for row in outcome.rows:
            if row.scores is None:  # as `read_run` does with a run of its own
                raise SubmissionError(f"{row.transfer}, seed {row.seed}: {row.reason}")
            given = answers[row.target]
            found.rows[row.transfer, row.seed] = row
            found.predictions[row.transfer, row.seed] = dict(
                zip(given.sample_ids.tolist(), given.probabilities, strict=True)
            )
    return found
