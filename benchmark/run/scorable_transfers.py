"""Choose the transfers of a run that the data allows, and leave out the others with a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchmark.data.dataset import Dataset
from benchmark.errors import DataError
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer, named_transfers, transfer_bands


def choose_with_bands(
    dataset: Dataset, protocol: Protocol, pairs: Sequence[Transfer], words: Sequence[str]
) -> tuple[tuple[Transfer, ...], tuple[str, ...]]:
    """Leave out the transfers whose domains lack the bands of the protocol.

    Args:
        dataset: The data.
        protocol: The protocol, which may fix the bands.
        pairs: Transfers of the run.
        words: What the user asked for. A pair that is named there is never left out.

    Returns:
        The remaining transfers, and a sentence for each reason to leave out others.

    Raises:
        DataError: If a named pair lacks bands, or all transfers do.
    """
    failures = []
    for transfer in pairs:
        try:
            transfer_bands(dataset, protocol, transfer)
        except DataError as error:
            failures.append((transfer, error))
    return _without(failures, pairs, words)


def domains_of_none(
    domains: Iterable[str], pairs: Sequence[Transfer], words: Sequence[str]
) -> tuple[str, ...]:
    """Return a sentence where no transfer was named, and those chosen leave out domains.

    The published transfers do not have a country that somebody adds to theirs.

    Args:
        domains: Domains of the data.
        pairs: Transfers of the run.
        words: What the user asked for.
    """
    rest = sorted(set(domains) - {domain for pair in pairs for domain in pair.domains})
    if words or not rest:
        return ()
    source = pairs[0].source
    return (
        f"No published transfer has {', '.join(rest)}: name others with --transfers, such as "
        f"{source}:{rest[0]}, or all.",
    )


def choose_scorable(
    runner: Runner, todo: Sequence[Job], pairs: Sequence[Transfer], words: Sequence[str]
) -> tuple[tuple[Transfer, ...], tuple[str, ...]]:
    """Choose the samples of all jobs, and leave out the transfers without enough samples.

    Each seed draws its own samples. A transfer without enough samples for one seed is left out for
    all seeds.

    Args:
        runner: Runner that chooses the samples and keeps the choice.
        todo: Jobs to run.
        pairs: Transfers of the run.
        words: What the user asked for. A pair that is named there is never left out.

    Returns:
        The remaining transfers, and a sentence for each reason to leave out others.

    Raises:
        DataError: If a named pair cannot be scored, or no transfer can.
    """
    return _without(_failures(runner, todo), pairs, words)


def _without(
    failures: Iterable[tuple[Transfer, DataError]],
    pairs: Sequence[Transfer],
    words: Sequence[str],
) -> tuple[tuple[Transfer, ...], tuple[str, ...]]:
    named = named_transfers(words)
    reasons: dict[str, list[Transfer]] = {}
    for transfer, error in failures:
        if transfer in named:
            raise error
        reasons.setdefault(str(error), []).append(transfer)
    lost = {transfer for group in reasons.values() for transfer in group}
    left = tuple(transfer for transfer in pairs if transfer not in lost)
    if not left:
        raise DataError(f"No transfer can be scored: {next(iter(reasons))}")
    return left, tuple(
        f"Left out: {', '.join(map(str, group))}. {reason}" for reason, group in reasons.items()
    )


def _failures(runner: Runner, todo: Sequence[Job]) -> list[tuple[Transfer, DataError]]:
    alike: dict[tuple[str, int, tuple[str, ...]], list[Job]] = {}
    for job in todo:
        alike.setdefault((job.source, job.seed, job.identity.bands), []).append(job)
    found: dict[Transfer, DataError] = {}
    for (source, *_), jobs in alike.items():
        targets = tuple(dict.fromkeys(target for job in jobs for target in job.targets))
        try:
            runner.prepare(replace(jobs[0], targets=targets))
        except DataError:
            for target in targets:
                try:
                    runner.prepare(replace(jobs[0], targets=(target,)))
                except DataError as error:
                    found.setdefault(Transfer(source, target), error)
    return list(found.items())
