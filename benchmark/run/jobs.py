"""Make jobs from methods, transfers and seeds: each job is one fit, scored on several targets."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import vectors_fingerprint
from benchmark.data.representations import get_representation
from benchmark.results.store import JobIdentity
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
    """

    method: Method
    source: str
    seed: int
    targets: tuple[str, ...]
    identity: JobIdentity

    def __str__(self) -> str:
        """Return method, source and seed of the job in words."""
        return f"{self.method.name} from {self.source}, seed {self.seed}"

    def extended(self, stored: Collection[str]) -> "Job":
        """Return the job with the domains, too, that a stored job of it has rows of."""
        targets = dict.fromkeys([*self.targets, *sorted(set(stored) - {self.source})])
        return replace(self, targets=tuple(targets))


def plan(
    dataset: Dataset,
    protocol: Protocol,
    methods: Iterable[Method],
    transfers: Sequence[Transfer],
) -> tuple[Job, ...]:
    """Return the jobs of a run.

    Args:
        dataset: The data.
        protocol: The protocol, which has the seeds and may fix the bands.
        methods: Methods to train.
        transfers: Transfers to score. Transfers with the same source and bands share their fits.

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
        )
        for method in methods
        for (source, bands), names in targets.items()
        for seed in protocol.seeds
    )


def _vectors(dataset: Dataset, method: Method) -> str | None:
    name = get_representation(method.representation).vectors
    return None if name is None else vectors_fingerprint(name, dataset)
