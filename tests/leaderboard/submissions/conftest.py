"""An honest submission, packed once."""

from pathlib import Path

import pytest
from forged import make_run

from benchmark.data.dataset import Dataset
from benchmark.task.protocol import Protocol, load_protocol
from leaderboard.submissions.packing import Source, pack


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
