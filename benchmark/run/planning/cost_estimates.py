"""Predict the cost of a run from a calibration: jobs, time, memory and disk."""

import heapq
import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.embeddings import read_embedding
from benchmark.data.representations import BUILT_IN, get_representation, represent
from benchmark.data.season import STEPS_PER_YEAR
from benchmark.data.shifted_copies.kept_copies import COSTLY, MOST_BYTES
from benchmark.data.shifted_copies.shifted_fields import fields_of
from benchmark.data.shifts.shift_table import Shift, apply_shift
from benchmark.data.taxonomy import CROPS, country_of
from benchmark.errors import CropGlobeError, UnavailableError
from benchmark.results.store import Prediction, RunStore
from benchmark.run.device import resolve_device
from benchmark.run.fitting.target_prediction import require_unknown_answers
from benchmark.run.jobs import Job
from benchmark.run.planning.speed_calibration import Speed, calibrate, passes_of
from benchmark.run.runner import Runner
from benchmark.task.methods import Context, Features, Labels, Target
from benchmark.task.samples.preparation import SourceSplit, TargetSet, class_positions

logger = logging.getLogger(__name__)

SUBSET: Final = 2048
"""Number of source samples for the calibration of a method, with the classes in turn."""

ENCODED_SUBSET: Final = 256
"""The same for methods whose representation an encoder computes."""

SHIFTED_SUBSET: Final = 512
"""Number of samples of a target with which the making of a shifted copy is timed."""

FLOAT_BYTES: Final = 4
COPIES: Final = 2
"""Number of copies of a domain's series in memory: the series and a representation."""

HARNESS_SHARE: Final = 0.03
"""Share of time that choosing, checking, scoring and storing add (docs/performance.md)."""

TAUGHT_HALVES: Final = 2
"""Number of parts of a target on the oracle track; a classifier learns from each of them."""

Progress = Callable[[str, int, int], None]
Scored = tuple[str, tuple[str, ...], tuple[Shift, ...]]
"""Source, targets and shifts of a job; the latter two differ if a stored job is extended."""

Prepared = tuple[SourceSplit, Mapping[str, TargetSet]]


@dataclass(frozen=True)
class MethodEstimate:
    """The predicted cost of the jobs of one method.

    Attributes:
        method: Name of the method.
        seconds: Seconds of each job to run.
        unavailable: Why the method cannot run on this machine; ``None`` if it can.
        memory_bytes: Highest memory of its calibration.
        disk_bytes: Size of the files of its jobs.
    """

    method: str
    seconds: tuple[float, ...]
    unavailable: str | None = None
    memory_bytes: int = 0
    disk_bytes: int = 0


@dataclass(frozen=True)
class Estimate:
    """The predicted cost of a run.

    Attributes:
        device: Device of the calibration.
        jobs: Number of jobs of the run.
        stored: Number of these jobs that are stored already.
        methods: Predicted cost of each method with jobs to run.
        represent_seconds: Seconds to compute all representations once.
        memory_bytes: Peak memory of one worker.
        copies: Number of shifted copies of targets, each counted once for all jobs.
        copy_seconds: Seconds to make them once, and their representations.
        copy_bytes: Size of those that are kept in the cache.
    """

    device: str
    jobs: int
    stored: int
    methods: tuple[MethodEstimate, ...]
    represent_seconds: float
    memory_bytes: int
    copies: int = 0
    copy_seconds: float = 0.0
    copy_bytes: int = 0

    @property
    def seconds(self) -> float:
        """Seconds of the run on one device."""
        return self.seconds_with(1)

    @property
    def disk_bytes(self) -> int:
        """Size of the files of all jobs."""
        return sum(method.disk_bytes for method in self.methods)

    @property
    def longest(self) -> float:
        """Seconds of the longest job; more workers do not make the run shorter than this."""
        return max((max(method.seconds, default=0.0) for method in self.methods), default=0.0)

    def seconds_with(self, workers: int) -> float:
        """Return the seconds until the last job ends, if each worker has its own such device.

        Jobs begin in the order of `execute`: the longest first, each as soon as a worker is free.
        """
        ends = [0.0] * workers
        for seconds in sorted((s for m in self.methods for s in m.seconds), reverse=True):
            heapq.heapreplace(ends, ends[0] + seconds)
        once = self.represent_seconds + self.copy_seconds
        return (max(ends) + once) * (1 + HARNESS_SHARE)

    def workers_within(self, seconds: float) -> int | None:
        """Return the smallest number of workers that finish in a time; ``None`` if none does.

        Each worker has its own device.
        """
        low, high = 1, max(sum(len(method.seconds) for method in self.methods), 1)
        if self.seconds_with(high) > seconds:
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self.seconds_with(middle) <= seconds else (middle + 1, high)
            )
        return low


def make_estimate(
    runner: Runner, todo: Sequence[Job], jobs: int, progress: Progress | None = None
) -> Estimate:
    """Predict the cost of jobs from a calibration of their methods.

    Args:
        runner: Runner with the data and the protocol.
        todo: Jobs to run.
        jobs: Number of all jobs of the run, also those that are stored already.
        progress: Called with the name of each method, its index, and the number of methods.

    Returns:
        The predicted cost.

    Raises:
        DataError: If the data has not enough samples for a job.
        UsageError: If this machine has no such device, or the device lacks the protocol's
            arithmetic.
    """
    by_method: dict[str, list[Job]] = defaultdict(list)
    for job in todo:
        by_method[job.method.name].append(job)
    bench = _Bench(runner, resolve_device(runner.protocol.device, runner.protocol.precision))
    found = []
    for number, group in enumerate(by_method.values()):
        if progress is not None:
            progress(group[0].method.name, number, len(by_method))
        found.append(bench.estimate(group))
    domains = {name for job in todo for name in (job.source, *job.targets)}
    samples = sum(len(runner.dataset.load(name)) for name in domains)
    bands = max((len(job.identity.bands) for job in todo), default=0)
    series = samples * bands * STEPS_PER_YEAR * FLOAT_BYTES
    copies = _Copies(runner, todo)
    return Estimate(
        device=bench.device,
        jobs=jobs,
        stored=jobs - len(todo),
        methods=tuple(found),
        represent_seconds=samples * sum(bench.represent_seconds.values()),
        memory_bytes=max((m.memory_bytes for m in found), default=0)
        + COPIES * (series + copies.largest_bytes),
        copies=len(copies.made),
        copy_seconds=copies.seconds(bench.represent_seconds),
        copy_bytes=copies.kept_bytes,
    )


class _Copies:
    """The shifted copies that jobs score, each once: jobs with the same targets share them."""

    def __init__(self, runner: Runner, todo: Sequence[Job]) -> None:
        self.runner = runner
        self.made: dict[tuple[str, tuple[str, ...], Shift], set[str]] = defaultdict(set)
        for job in todo:
            if get_representation(job.method.representation).vectors is None:
                for name in job.targets:
                    for shift in job.shifts:
                        slot = (name, job.identity.bands, shift)
                        self.made[slot].add(job.method.representation)

    def _bytes(self, name: str, bands: tuple[str, ...]) -> int:
        return len(self.runner.dataset.load(name)) * len(bands) * STEPS_PER_YEAR * FLOAT_BYTES

    @property
    def largest_bytes(self) -> int:
        """Size of the largest copy."""
        return max((self._bytes(name, bands) for name, bands, _ in self.made), default=0)

    @property
    def kept_bytes(self) -> int:
        """Size of the copies that are kept."""
        kept = (self._bytes(name, bands) for name, bands, s in self.made if s.factor in COSTLY)
        return min(sum(kept), MOST_BYTES)

    def seconds(self, represent_seconds: Mapping[str, float]) -> float:
        """Return the seconds to make every copy once, and each of its representations.

        Args:
            represent_seconds: Seconds for a sample by representation.
        """
        of_shift: dict[tuple[tuple[str, ...], Shift], float] = {}
        total = 0.0
        for (name, bands, shift), representations in self.made.items():
            if (bands, shift) not in of_shift:
                of_shift[bands, shift] = self._seconds_of_sample(name, bands, shift)
            once = sum(represent_seconds.get(view, 0.0) for view in representations)
            total += len(self.runner.dataset.load(name)) * (of_shift[bands, shift] + once)
        return total

    def _seconds_of_sample(self, name: str, bands: tuple[str, ...], shift: Shift) -> float:
        samples = self.runner.dataset.load(name)
        few = samples.take(np.arange(min(SHIFTED_SUBSET, len(samples))))
        observed = self.runner.observations(name, bands)
        fields = fields_of(few, observed.series[: len(few)], bands, observed.first_day)
        start = time.perf_counter()
        try:
            apply_shift(shift, fields)
        except UnavailableError:  # the copy has no row with a score
            return 0.0
        return (time.perf_counter() - start) / len(few)


class _Bench:
    """Calibrates methods on a device, with a few samples of each source."""

    def __init__(self, runner: Runner, device: str) -> None:
        self.runner = runner
        self.device = device
        self.represent_seconds: dict[str, float] = {}
        self._prepared: dict[Scored, Prepared] = {}
        self._job_bytes: dict[Scored, int] = {}

    def estimate(self, group: Sequence[Job]) -> MethodEstimate:
        """Return the predicted cost of the jobs of one method."""
        method = group[0].method
        try:
            speed = self._calibrate(group[0])
        except UnavailableError as error:
            return MethodEstimate(method.name, (0.0,) * len(group), str(error))
        except (Exception, SystemExit) as error:
            # A method may raise any error; the others are still calibrated.
            logger.warning("%s cannot be calibrated", method.name, exc_info=True)
            reason = str(error) if isinstance(error, CropGlobeError) else repr(error)
            return MethodEstimate(method.name, (0.0,) * len(group), reason)
        network = FLOAT_BYTES * (method.card.parameters or 0) * method.keeps_network
        return MethodEstimate(
            method=method.name,
            seconds=tuple(self._seconds(job, speed) for job in group),
            memory_bytes=speed.peak_memory_bytes,
            disk_bytes=sum(self._stored_bytes(job) + network for job in group),
        )

    def _prepare(self, job: Job) -> Prepared:
        scored = (job.source, job.targets, ())
        if scored not in self._prepared:
            self._prepared[scored] = self.runner.prepare(job)
        return self._prepared[scored]

    def _calibrate(self, job: Job) -> Speed:
        simulated = self.runner.dataset.card.simulated
        require_unknown_answers(job.method.track, simulated=simulated)
        split, _ = self._prepare(job)
        x, y = self._few(job, split)
        context = Context(
            seed=job.seed,
            classes=tuple(CROPS[index] for index in split.classes),
            protocol=self.runner.protocol,
            device=self.device,
            bands=job.identity.bands,
            sample_shape=tuple(x.shape[1:]),
        )
        country = country_of(job.targets[0])
        southern = country is not None and country.hemisphere == "south"
        return calibrate(job.method, context, x, y, Target(job.targets[0], southern, 0))

    def _few(self, job: Job, split: SourceSplit) -> tuple[Features, Labels]:
        """Return features of samples with the classes in turn, and their labels."""
        samples = self.runner.dataset.load(job.source)
        labels, root = samples.labels, self.runner.dataset.root
        most = SUBSET if job.method.representation in BUILT_IN else ENCODED_SUBSET
        rows = split.training[_in_turn(labels[split.training])[:most]]
        whole = self.runner.observations(job.source, job.identity.bands)
        few = replace(
            whole,
            series=whole.series[rows],
            sample_ids=whole.sample_ids[rows],
            longitude=None if whole.longitude is None else whole.longitude[rows],
            latitude=None if whole.latitude is None else whole.latitude[rows],
            stored=lambda name: read_embedding(name, root, samples)[rows],
        )
        taken: list[float] = []
        features = represent(few, job.method.representation, on_computed=taken.append)
        self.represent_seconds.setdefault(job.method.representation, sum(taken) / len(rows))
        if get_representation(job.method.representation).vectors is not None:
            known = np.isfinite(features).all(axis=1)  # as a run does with samples without vectors
            features, rows = features[known], rows[known]
        return features, class_positions(split.classes)[labels[rows]]

    def _seconds(self, job: Job, speed: Speed) -> float:
        split, targets = self._prepare(job)
        passes, training = passes_of(self.runner.protocol), len(split.training)
        seconds = speed.fit.seconds(training, passes)
        asked = [len(targets[name].rows) for name in job.targets]
        if get_representation(job.method.representation).vectors is None:
            asked += [
                len(self.runner.shifted(job, name, shift).rows)
                for name in job.targets
                for shift in job.shifts
            ]
        for samples in asked:
            if job.method.track == "inductive":
                seconds += speed.answer.seconds(samples, passes)
            else:  # the method learns again, from the source, the target or both
                halves = TAUGHT_HALVES if job.method.track == "oracle" else 1
                seconds += halves * speed.answer.seconds((training + samples) / 2, passes)
        return seconds

    def _stored_bytes(self, job: Job) -> int:
        """Return the size of a job's folder, measured with made-up predictions."""
        scored = (job.source, job.targets, job.shifts)
        if scored not in self._job_bytes:
            split, targets = self._prepare(job)
            predictions = [self._made_up(name, chosen, split) for name, chosen in targets.items()]
            rows = self.runner.without_scores(job, "failed", "planned").rows
            with TemporaryDirectory(prefix="cropglobe-") as folder:
                place = RunStore(Path(folder)).write(job.identity, rows, predictions)
                self._job_bytes[scored] = sum(p.stat().st_size for p in place.iterdir())
        return self._job_bytes[scored]

    def _made_up(self, name: str, chosen: TargetSet, split: SourceSplit) -> Prediction:
        samples = self.runner.dataset.load(name)
        random = np.random.default_rng(0)
        answers = random.dirichlet(np.ones(len(split.classes)), len(chosen.rows))
        return Prediction(
            target=name,
            sample_ids=samples.sample_ids[chosen.rows],
            probabilities=answers.astype(np.float32),
            classes=tuple(CROPS[index] for index in split.classes),
            labels=samples.labels[chosen.rows],
            block=None if samples.block is None else samples.block[chosen.rows],
        )


def _in_turn(labels: Labels) -> npt.NDArray[np.int64]:
    """Return row numbers [N] in an order with the classes in turn."""
    rank = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        rank[rows] = np.arange(len(rows))
    return np.lexsort((labels, rank))


def slowest_first(methods: Iterable[MethodEstimate]) -> list[MethodEstimate]:
    """Return methods sorted by the time of all their jobs, longest first; unavailable ones last."""
    return sorted(methods, key=lambda m: (m.unavailable is not None, -math.fsum(m.seconds)))
