"""Find the methods of which a folder of reference results holds every row already."""

from collections.abc import Sequence
from pathlib import Path

from benchmark.data.dataset import Dataset
from benchmark.errors import DataError
from benchmark.run.jobs import plan
from benchmark.task.methods import Method
from benchmark.task.metrics import METRIC_VERSION
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers
from leaderboard.reference.reference_file import read_key, read_reference, reference_files


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
        (counted.row.job_identity, counted.row.target)
        for path in found
        for counted in read_reference(path).rows
    }
    if not packed:
        return frozenset()
    try:
        jobs = plan(dataset, protocol, methods, select_transfers(words, dataset.domains))
    except DataError:  # a transfer has no bands: the run leaves it out, or says what is wrong
        return frozenset()
    left = {
        job.method.name
        for job in jobs
        if any((job.identity, target) not in packed for target in (job.source, *job.targets))
    }
    return frozenset(method.name for method in methods) - left
