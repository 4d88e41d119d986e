"""The harness in a process of its own, under a submission's protocol."""

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
"""What the submitted code gets to see of the environment, besides threads and this package's."""

KEPT_PREFIXES: Final = ("CROPGLOBE_", "OMP_", "HF_HUB_OFFLINE")

PROGRAM: Final = "from benchmark.cli import main; main()"

LONGEST_JOB_S: Final = 86400.0
"""Seconds that a job may take under a protocol of the authors' own: the most of a shipped one."""

BESIDE_JOBS_S: Final = 3600.0
"""Seconds that a run may take beside its jobs: imports, and preparing the data."""

EXIT_FAILED_JOBS: Final = 3
"""Exit status of `cropglobe run` whose jobs have failed, as `benchmark.run.run_command` has it."""

TRIES: Final = 2
"""How often a job is run at most: once more where its process died."""

MOST_OUTPUT: Final = 300
"""Letters of a failed run's output that are told."""

Isolation = Literal["confined", "process"]
"""How a submitted method is shut off: confined by bubblewrap, or in a process of its own alone."""

Probabilities = dict[str, npt.NDArray[np.float32]]
"""Probabilities [K] by sample id."""


@dataclass(frozen=True)
class TrainedRun:
    """What a run of one method gave.

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
    """What a run is asked for.

    Attributes:
        data: The data to train on.
        protocol: The protocol.
        transfers: Transfers to score, none of them in-domain.
        seeds: Seeds to train with.
    """

    data: Path
    protocol: Protocol
    transfers: Sequence[str]
    seeds: Sequence[int]


def train(submission: Submission, task: Task, folder: Path, isolation: Isolation) -> TrainedRun:
    """Run a submission's code in a process of its own.

    Args:
        submission: The submission, with code.
        task: What to run.
        folder: Where to write; must not exist.
        isolation: How the method's process is shut off.

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
    for place in ((transfer, seed) for transfer in task.transfers for seed in task.seeds):
        if place not in trained.rows:
            raise SubmissionError(f"{place[0]}, seed {place[1]}: the run left no row.")
    return trained


def job_time_limit(protocol: Protocol) -> float:
    """Return the seconds that a job may take: the authors' protocol may ask for less, not more.

    The limit is no part of a protocol's hash, so that what a submission says of it is unchecked.
    """
    shipped = protocol.name in shipped_protocols()
    own = load_protocol(protocol.name).job_time_limit_s if shipped else None
    most = own or LONGEST_JOB_S
    return min(protocol.job_time_limit_s or most, most)


def run_harness(
    task: Task, folder: Path, methods: Sequence[str], most: float | None = None
) -> Path:
    """Run `cropglobe run` in a process of its own, and its jobs in a worker that is ended in time.

    Args:
        task: What to run.
        folder: Where to write.
        methods: Words of the command line that name the methods.
        most: Seconds after which the run itself is ended; a job has a limit of its own.

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
        # Without its folder on the path, in which a submitted yaml.py would be taken for another.
        [sys.executable, "-P", "-c", PROGRAM, *words],
        folder=folder,
        environment=_environment(),
        seconds=most,
    )
    if done.status is None:
        raise SubmissionError(
            f"The run was ended after {most:g} s, before its jobs had begun or after them."
        )
    if done.status not in (0, EXIT_FAILED_JOBS):  # what has failed stands in the rows
        end = " ".join(done.output[-MOST_OUTPUT:].split())
        raise SubmissionError(f"The run ended with exit status {done.status}: {end}")
    return folder / "run"


def _check_method(submission: Submission, run: Path, trained: TrainedRun) -> None:
    """See that the code is of the method that the submission describes, and of no other."""
    described, name = submission.described, submission.manifest.method
    names = sorted({row.method for row in trained.rows.values()})
    if names != [name]:
        found = ", ".join(map(printable, names))
        raise SubmissionError(f"The code is of {found}, not of '{name}'.")
    card = read_cards(run)[0].get(name)
    said = (described.version, described.family, described.track, described.representation)
    for row in trained.rows.values():
        if (row.method_version, row.family, row.track, row.representation) != said:
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
        SubmissionError: If a row has no scores, or there are two of one transfer and seed.
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
                raise SubmissionError(f"{row.transfer}, seed {row.seed}: the run left two rows.")
            rows[row.transfer, row.seed] = row
            predictions[row.transfer, row.seed] = dict(
                zip(found.sample_ids.tolist(), found.probabilities, strict=True)
            )
    return TrainedRun(rows, predictions)
