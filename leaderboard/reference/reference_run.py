"""Make reference results: run methods, the most used first, and pack each step when it is done."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from benchmark.data.dataset import Dataset
from benchmark.data.dataset_source import SIMULATED, open_source
from benchmark.errors import StoreError, UsageError
from benchmark.results.store import JOBS, RunStore
from benchmark.run.job_options import data_word
from benchmark.task.methods import HEADLINE, Method, method_sets, registry
from benchmark.task.protocol import load_protocol
from leaderboard.reference.packed_jobs import packed_methods
from leaderboard.reference.packing import Packed, pack_reference
from leaderboard.reference.reference_file import reference_files

PROGRAM: Final = "from benchmark.cli import main; main()"

PUBLISHED: Final = "published"
"""The word for the nine published transfers."""

FIRST_SETS: Final = (HEADLINE, "paper", "ablation")
"""Sets of methods that run before all others, in this order."""

LARGEST_SINGLE: Final = 1_500_000
"""Largest number of parameters of one network. Methods with more are ensembles, which run last."""

FAILED_JOBS: Final = 3
"""Exit status of a run with failed jobs."""

BAD_REQUEST: Final = 2
"""Exit status of a run with wrong options."""

SECONDS_TO_END: Final = 60.0
"""Seconds after which an interrupted run is killed. Finished jobs are kept in any case."""

Say = Callable[[str], None]
"""Function that shows a sentence to the user."""


@dataclass(frozen=True)
class ReferenceRequest:
    """The reference results to make.

    Attributes:
        data: Datasets, as ``cropglobe run --data`` takes them.
        protocols: Protocols.
        methods: Names, patterns or sets of methods; if empty, every method.
        seeds: Seeds; if empty, those of the protocols.
        transfers: Transfers, as ``cropglobe run --transfers`` takes them.
        out: Folder of the run directories, one for each dataset and protocol.
        minutes: Minutes after which no job is started; ``None`` for no limit.
        again: Whether to run methods, too, of which the folder holds every row.
        further: Further options of ``cropglobe run``.
    """

    data: tuple[str, ...]
    protocols: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    transfers: tuple[str, ...]
    out: Path
    minutes: float | None = None
    again: bool = False
    further: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One ``cropglobe run``: some methods on one dataset under one protocol with one seed.

    Attributes:
        title: Description for the user.
        run: Run directory.
        data: The dataset, as ``cropglobe run --data`` takes it.
        protocol: The protocol, by name or path.
        seed: The seed.
        methods: Names of the methods.
        further: Further options of ``cropglobe run``.
    """

    title: str
    run: Path
    data: str
    protocol: str
    seed: int
    methods: tuple[str, ...]
    further: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Command line, without the name of the program."""
        words = ["run", "--data", self.data, "--protocol", self.protocol, "--out", str(self.run)]
        words += ["--methods", *self.methods, "--seeds", str(self.seed)]
        words += ["--no-tracking", "--no-reports", "--no-keep-networks"]
        return (*words, *self.further)


def steps(request: ReferenceRequest) -> tuple[Step, ...]:
    """Return the steps of a request, the most used methods first.

    The order is: the headline methods, those of the paper, CropNet's ablations, all others, and
    the ensembles. Each set runs on every dataset and under every protocol, one seed after the
    other, before the next set begins.

    Args:
        request: The reference results to make.

    Returns:
        The steps in their order.

    Raises:
        UsageError: If a method, a set or a protocol is unknown.
    """
    found = []
    for title, names in _in_order(registry().select(request.methods or ("all",))).items():
        for data in request.data:
            # All files of one dataset need the same transfers: a method that lacks one has no rank.
            words = request.transfers or ((PUBLISHED,) if data == SIMULATED else ())
            further = (*(("--transfers", *words) if words else ()), *request.further)
            for name in request.protocols:
                protocol = load_protocol(name)
                run = request.out / f"{data_word(data)}-{protocol.name}"
                for seed in request.seeds or protocol.seeds:
                    shown = f"{title}: {data_word(data)}, {protocol.name}, seed {seed}"
                    found.append(Step(shown, run, data, name, seed, names, further))
    return tuple(found)


def _in_order(chosen: Sequence[Method]) -> Mapping[str, tuple[str, ...]]:
    """Divide methods into sets, cheap methods first; a method is only in its first set."""
    left = sorted(chosen, key=lambda method: (method.card.parameters or 0, method.name))
    large = [m for m in left if (m.card.parameters or 0) > LARGEST_SINGLE]
    single = {method.name: method for method in left if method not in large}
    sets: dict[str, tuple[str, ...]] = {}
    for word in FIRST_SETS:
        sets[word] = tuple(name for name in method_sets()[word] if name in single)
        single = {name: m for name, m in single.items() if name not in sets[word]}
    sets["others"] = tuple(single)
    sets["ensembles"] = tuple(method.name for method in large)
    return {title: names for title, names in sets.items() if names}


def make_reference(request: ReferenceRequest, folder: Path, say: Say) -> Packed:
    """Run the jobs that are missing, and pack the finished jobs after each step.

    Methods of which the folder holds every row of a step are not run, on whichever machine the rows
    were made.

    Args:
        request: The reference results to make.
        folder: Folder of the files of reference results.
        say: Function that shows progress to the user.

    Returns:
        The result of the last packing.

    Raises:
        UsageError: If a step cannot be run.
        StoreError: If a file cannot be read or written.
        KeyboardInterrupt: If the user interrupted it. Finished jobs are packed before.
    """
    end = None if request.minutes is None else time.monotonic() + 60 * request.minutes
    planned = steps(request)
    runs = tuple(dict.fromkeys(step.run for step in planned))
    opened = cache(open_source)
    try:
        for number, asked in enumerate(planned, start=1):
            left = None if end is None else (end - time.monotonic()) / 60
            if left is not None and left <= 0:
                say(f"The time is over before step {number} of {len(planned)}; call again.")
                break
            step = (
                asked
                if request.again
                else _without_packed(asked, request.transfers, folder, opened)
            )
            known = len(asked.methods) - len(step.methods)
            of_which = f"; {folder} has {known} of its {len(asked.methods)} methods already"
            say(f"Step {number} of {len(planned)}, {step.title}{of_which if known else ''}")
            if not step.methods:
                continue
            before = _jobs(step.run)
            _run(step, left, say)
            if _jobs(step.run) != before:
                pack_reference([step.run], folder)
    finally:
        packed = pack_reference([run for run in runs if (run / JOBS).is_dir()], folder)
    return packed


def _without_packed(
    step: Step, transfers: Sequence[str], folder: Path, opened: Callable[[str], Dataset]
) -> Step:
    """Return the step without the methods of which the folder holds every row."""
    if not reference_files(folder):
        return step
    protocol = load_protocol(step.protocol).model_copy(update={"seeds": (step.seed,)})
    methods = registry().select(step.methods)
    packed = packed_methods(folder, opened(step.data), protocol, methods, transfers)
    return replace(step, methods=tuple(name for name in step.methods if name not in packed))


def _jobs(run: Path) -> dict[str, int]:
    """Return the time at which each job of a run was written, by key, in nanoseconds."""
    keys = RunStore(run).keys()
    return {key: (run / JOBS / key).stat().st_mtime_ns for key in keys}


def _run(step: Step, minutes: float | None, say: Say) -> None:
    words = [*step.words, *(() if minutes is None else ("--minutes", f"{minutes:.2f}"))]
    with subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, *words]) as process:  # noqa: S603
        try:
            with _ended_by_signals():
                status = process.wait()
        except KeyboardInterrupt:
            _end(process)
            raise
    if status == BAD_REQUEST:
        raise UsageError(f"This cannot be run (see above): cropglobe {' '.join(words)}")
    if status == -signal.SIGINT or status == 128 + signal.SIGINT:
        raise KeyboardInterrupt
    if status == FAILED_JOBS:
        say("Some jobs have failed: `cropglobe status " + str(step.run) + "` says why.")
    elif status != 0:
        raise StoreError(
            f"The run ended with exit status {status}: {step.run} keeps the finished jobs, so call "
            "again."
        )


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Turn a signal to end this process into an interrupt, so that the run ends too."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: "subprocess.Popen[bytes]") -> None:
    # A shell starts what runs in the background with Ctrl-C ignored, and its children inherit that.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    process.send_signal(signal.SIGTERM if ignored else signal.SIGINT)
    try:
        process.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
