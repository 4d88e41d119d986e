"""Results of three methods, of which one is right everywhere."""

from pathlib import Path

import pytest
from sample_rows import write_run

from leaderboard.results import Results, read_results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Three methods on two transfers, three seeds: right everywhere, mostly and nowhere."""
    labels = [0, 1] * 50
    flipped = [1 - label for label in labels]
    nearly = flipped[:20] + labels[20:]
    answers = {
        (name, seed): [given, given]
        for seed in (1, 2, 3)
        for name, given in (("m", labels), ("m.aug", nearly), ("z", flipped))
    }
    return read_results([write_run(tmp_path / "run", answers, labels=[labels, labels])], draws=200)
