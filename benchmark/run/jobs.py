"""Make jobs from methods, transfers and seeds: each job is one fit, scored on several targets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import vectors_fingerprint
from benchmark.data.representations import get_representation
from benchmark.data.shifts.shift_table import Shift
from benchmark.data.shifts.shift_table import shifts as registered_shifts
from benchmark.results.rows import JobIdentity
from benchmark.results.store import StoredJob
from benchmark.task.methods import Method
from benchmark.task.metrics import METRIC_VERSION
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer, transfer_bands


@dataclass(frozen=True)
class Job:
    """One fit of one method on one source with one seed.

    Attributes:
        method: The method.
        source: Domain of the training data.
        seed: Seed of the fit.
        targets: Domains to score besides the source itself; all are given the same bands.
        identity: Everything that can change its predictions.
        shifts: Shifts. A copy of each target with each shift is scored too.
    """

    method: Method
    source: str
    seed: int
    targets: tuple[str, ...]
    identity: JobIdentity
    shifts: tuple[Shift, ...] = ()

    def __str__(self) -> str:
        """Return method, source and seed of the job in words."""
        return f"{self.method.name} from {self.source}, seed {self.seed}"

    def extended(self, stored: StoredJob) -> "Job":
        """Return the job with the targets and the shifts, too, that a stored job of it has."""
        targets = dict.fromkeys([*self.targets, *sorted(stored.targets - {self.source})])
        names = {shift.name for shift in self.shifts} | {name for _, name in stored.shifts}
        chosen = tuple(shift for shift in registered_shifts().values() if shift.name in names)
        return replace(self, targets=tuple(targets), shifts=chosen)

    @property
    def shifted_targets(self) -> frozenset[tuple[str, str]]:
        """Targets with the names of the shifts that are scored of them."""
        return frozenset((target, shift.name) for target in self.targets for shift in self.shifts)

    def is_held_by(self, stored: StoredJob) -> bool:
        """Whether a stored job has rows of all its targets and of their shifted copies."""
        return set(self.targets) <= stored.targets and self.shifted_targets <= stored.shifts


def plan(
    dataset: Dataset,
    protocol: Protocol,
    methods: Iterable[Method],
    transfers: Sequence[Transfer],
    shifts: tuple[Shift, ...] = (),
) -> tuple[Job, ...]:
    """Return the jobs of a run.

    Args:
        dataset: The data.
        protocol: The protocol, which has the seeds and may fix the bands.
        methods: Methods to train.
        transfers: Transfers to score. Transfers with the same source and bands share their fits.
        shifts: Shifts. A copy of each target with each shift is scored too.

    Returns:
        The jobs.

    Raises:
        DataError: If a transfer has no bands.
    """
    methods = tuple(methods)
    vectors = {method.representation: _vectors(dataset, method) for method in methods}
    targets: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for transfer in transfers:
        bands = transfer_bands(dataset, protocol, transfer)
        targets.setdefault((transfer.source, bands), []).append(transfer.target)
    return tuple(
        Job(
            method=method,
            source=source,
            seed=seed,
            targets=tuple(names),
            identity=JobIdentity(
                method=method.name,
                code_fingerprint=method.code_fingerprint,
                representation=method.representation,
                source=source,
                seed=seed,
                protocol_hash=protocol.hash,
                dataset_fingerprint=dataset.fingerprint,
                metric_version=METRIC_VERSION,
                bands=bands,
                vectors=vectors[method.representation],
            ),
            shifts=shifts,
        )
        for method in methods
        for (source, bands), names in targets.items()
        for seed in protocol.seeds
    )


def _vectors(dataset: Dataset, method: Method) -> str | None:
    name = get_representation(method.representation).vectors
    return None if name is None else vectors_fingerprint(name, dataset)
