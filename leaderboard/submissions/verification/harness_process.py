"""Run the harness in a separate process, under a submission's protocol."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import yaml

from benchmark.errors import SubmissionError
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from benchmark.results.stored_cards import read_cards
from benchmark.task.protocol import Protocol, load_protocol, shipped_protocols
from leaderboard.submissions.archive import printable
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.verification.bounded_process import run_bounded

KEPT_VARIABLES: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES")
"""Environment variables that the submitted code may see, besides those of `KEPT_PREFIXES`."""

KEPT_PREFIXES: Final = ("CROPGLOBE_", "OMP_", "HF_HUB_OFFLINE")

PROGRAM: Final = "from benchmark.cli import main; main()"

LONGEST_JOB_S: Final = 86400.0
"""Longest time of a job in seconds under an author's protocol; no shipped protocol allows more."""

BESIDE_JOBS_S: Final = 3600.0
"""Seconds that a run may take in addition to its jobs, for imports and preparation of the data."""

EXIT_FAILED_JOBS: Final = 3
"""Exit status of `cropglobe run` with failed jobs, the same as in `benchmark.run.run_command`."""

TRIES: Final = 2
"""Largest number of attempts for a job: a second one if its process died."""

MOST_OUTPUT: Final = 300
"""Number of letters of a failed run's output that a message shows."""

Isolation = Literal["confined", "process"]
"""How a submitted method is isolated: confined by bubblewrap, or only in a separate process."""

Probabilities = dict[str, npt.NDArray[np.float32]]
"""Probabilities [K] by sample id."""


@dataclass(frozen=True)
class TrainedRun:
    """The result of a run of one method.

    Attributes:
        rows: Rows by transfer and seed.
        predictions: Probabilities by transfer and seed.
    """

    rows: dict[tuple[str, int], Row]
    predictions: dict[tuple[str, int], Probabilities]

    def macro_f1(self, transfer: str) -> list[float]:
        """Return the macro-F1 of each seed of a transfer."""
        found = [row.scores for (name, _), row in self.rows.items() if name == transfer]
        return [scores.macro_f1 for scores in found if scores is not None]


@dataclass(frozen=True)
class Task:
    """Data, protocol, transfers and seeds of a run.

    Attributes:
        data: Directory of the data.
        protocol: The protocol.
        transfers: Transfers to score, without in-domain ones.
        seeds: Seeds.
    """

    data: Path
    protocol: Protocol
    transfers: Sequence[str]
    seeds: Sequence[int]


def train(submission: Submission, task: Task, folder: Path, isolation: Isolation) -> TrainedRun:
    """Run a submission's code in a separate process.

    Args:
        submission: The submission, with code.
        task: Data, protocol, transfers and seeds of the run.
        folder: Folder to write to; it must not exist.
        isolation: How the method's process is isolated.

    Returns:
        Rows and probabilities.

    Raises:
        SubmissionError: If the run fails or leaves a row without scores.
    """
    assert submission.code is not None
    assert submission.manifest.code.file is not None
    folder.mkdir()
    method = folder / Path(submission.manifest.code.file).name
    method.write_text(submission.code, "utf-8")
    jobs = len({transfer.split(":")[0] for transfer in task.transfers}) * len(task.seeds)
    most = BESIDE_JOBS_S + TRIES * jobs * job_time_limit(task.protocol)
    words = ["--method-file", str(method), *(["--confined"] if isolation == "confined" else [])]
    run = run_harness(task, folder, words, most)
    trained = read_run(run)
    _check_method(submission, run, trained)
    for transfer, seed in ((transfer, seed) for transfer in task.transfers for seed in task.seeds):
        if (transfer, seed) not in trained.rows:
            raise SubmissionError(f"{transfer}, seed {seed}: the run wrote no row.")
    return trained


def job_time_limit(protocol: Protocol) -> float:
    """Return the seconds that a job may take; the authors' protocol can only lower the limit.

    The limit is not part of a protocol's hash, so the value in a submission is not checked.
    """
    shipped = protocol.name in shipped_protocols()
    own = load_protocol(protocol.name).job_time_limit_s if shipped else None
    most = own or LONGEST_JOB_S
    return min(protocol.job_time_limit_s or most, most)


def run_harness(
    task: Task, folder: Path, methods: Sequence[str], most: float | None = None
) -> Path:
    """Run `cropglobe run` in a separate process, with time limits.

    Args:
        task: Data, protocol, transfers and seeds of the run.
        folder: Folder to write to.
        methods: Words of the command line that name the methods.
        most: Seconds after which the run is ended. Each job has its own limit.

    Returns:
        The run directory.

    Raises:
        SubmissionError: If the run fails or takes too long.
    """
    protocol = folder / "protocol.yaml"
    limit = job_time_limit(task.protocol)
    content = task.protocol.model_dump(mode="json") | {"job_time_limit_s": limit}
    protocol.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    words = ["run", "--data", str(task.data.resolve()), "--protocol", str(protocol)]
    words += ["--transfers", *task.transfers, "--seeds", *map(str, task.seeds)]
    words += [
        "--out",
        str(folder / "run"),
        "--no-tracking",
        "--no-reports",
        "--workers",
        "1",
        *methods,
    ]
    done = run_bounded(
        # -P keeps the folder off the path; otherwise a submitted yaml.py could replace a module.
        [sys.executable, "-P", "-c", PROGRAM, *words],
        folder=folder,
        environment=_environment(),
        seconds=most,
    )
    if done.status is None:
        raise SubmissionError(
            f"The run was ended after {most:g} s, before its jobs had begun or after them."
        )
    if done.status not in (0, EXIT_FAILED_JOBS):  # the rows say which jobs have failed
        end = " ".join(done.output[-MOST_OUTPUT:].split())
        raise SubmissionError(f"The run ended with exit status {done.status}: {end}")
    return folder / "run"


def _check_method(submission: Submission, run: Path, trained: TrainedRun) -> None:
    """Check that the code is of the method that the submission describes, and of no other."""
    described, name = submission.described, submission.manifest.method
    names = sorted({row.method for row in trained.rows.values()})
    if names != [name]:
        found = ", ".join(map(printable, names))
        raise SubmissionError(f"The code is of {found}, not of '{name}'.")
    card = read_cards(run)[0].get(name)
    stated = (described.version, described.family, described.track, described.representation)
    for row in trained.rows.values():
        if (row.method_version, row.family, row.track, row.representation) != stated:
            raise SubmissionError(
                "The code states another version, family, track or representation than the card."
            )
    if card is None or card.card != described.card:
        raise SubmissionError("The card in the submission is not the one in its code.")


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }


def read_run(run: Path) -> TrainedRun:
    """Return the rows and probabilities of a run of one method.

    Raises:
        SubmissionError: If a row has no scores, or two rows have the same transfer and seed.
    """
    store = RunStore(run)
    jobs, damaged = store.read_all()
    if damaged:
        raise SubmissionError(damaged[0])
    rows: dict[tuple[str, int], Row] = {}
    predictions: dict[tuple[str, int], Probabilities] = {}
    for job in jobs:
        for row in job.rows:
            if row.scores is None:
                raise SubmissionError(f"{row.transfer}, seed {row.seed}: {row.reason}")
            found = store.predictions(job, row.target)
            if (row.transfer, row.seed) in rows:
                raise SubmissionError(f"{row.transfer}, seed {row.seed}: the run wrote two rows.")
            rows[row.transfer, row.seed] = row
            predictions[row.transfer, row.seed] = dict(
                zip(found.sample_ids.tolist(), found.probabilities, strict=True)
            )
    return TrainedRun(rows, predictions)
