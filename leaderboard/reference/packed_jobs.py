"""Find the methods of which a folder of reference results holds every row already."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.data.dataset import Dataset
from benchmark.errors import DataError
from benchmark.run.jobs import Job, plan
from benchmark.task.methods import Method
from benchmark.task.metrics import METRIC_VERSION
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers
from leaderboard.reference.reference_file import read_key, read_reference, reference_files

Slot = tuple[str, str, str, int, tuple[str, ...], str, str]
"""Method, source, target, seed and bands of a row, and fingerprints of code and vectors."""


def packed_methods(
    folder: Path,
    dataset: Dataset,
    protocol: Protocol,
    methods: Sequence[Method],
    words: Sequence[str] = (),
) -> frozenset[str]:
    """Return the names of the methods that need not be run, since every row is in the folder.

    A row counts if it is of this data, this protocol and these metrics, and was made by the code
    and the files of vectors that the method has now.

    Args:
        folder: Folder of the files of reference results.
        dataset: The data.
        protocol: The protocol, with the seeds that are asked for.
        methods: The methods that are asked for.
        words: Transfers, as ``cropglobe run --transfers`` takes them.

    Raises:
        StoreError: If a file is damaged.
        UsageError: If a word names no transfer.
    """
    same = (dataset.fingerprint, protocol.hash, METRIC_VERSION)
    found = [path for path in reference_files(folder) if read_key(path).comparable == same]
    packed = {
        (
            row.method,
            row.source,
            row.target,
            row.seed,
            row.data.bands,
            row.provenance.code_fingerprint,
            row.data.vectors or "",
        )
        for path in found
        for row in (counted.row for counted in read_reference(path).rows)
    }
    if not packed:
        return frozenset()
    try:
        jobs = plan(dataset, protocol, methods, select_transfers(words, dataset.domains))
    except DataError:  # a transfer has no bands: the run leaves it out, or says what is wrong
        return frozenset()
    left = {job.method.name for job in jobs if not _slots(job) <= packed}
    return frozenset(method.name for method in methods) - left


def _slots(job: Job) -> set[Slot]:
    identity = job.identity
    return {
        (
            identity.method,
            identity.source,
            target,
            identity.seed,
            identity.bands,
            identity.code_fingerprint,
            identity.vectors or "",
        )
        for target in (job.source, *job.targets)
    }
