"""Small runs for tests of reference results, and how they are read beside a run."""

from pathlib import Path

import numpy as np
from sample_rows import write_run

from leaderboard.reference.agreement import agree
from leaderboard.results import Results, read_results

RNG = np.random.default_rng(1)
LABELS = [RNG.integers(0, 3, 60).tolist(), RNG.integers(0, 3, 60).tolist()]
BLOCK = [n // 6 for n in range(60)]


def answers(
    *names: str, seeds: tuple[int, ...] = (1, 2, 3)
) -> dict[tuple[str, int], list[list[int]]]:
    rng = np.random.default_rng(len(names))
    return {
        (name, seed): [
            [int(n) if rng.random() < 0.6 else int(rng.integers(0, 4)) for n in truth]
            for truth in LABELS
        ]
        for name in names
        for seed in seeds
    }


def run_of(root: Path, *names: str, block: list[int] | None = BLOCK, **more: object) -> Path:
    found = answers(*names)
    return write_run(root, found, labels=LABELS, block=block, protocol="mine", **more)  # type: ignore[arg-type]


def beside(folder: Path, run: Path, draws: int = 60) -> Results:
    return read_results([run], references=lambda rows: agree(rows, folder).references, draws=draws)
