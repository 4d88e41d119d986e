"""Which of the transfers that were asked for the data can score."""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.errors import DataError
from benchmark.run.jobs import Job
from benchmark.run.runner import Runner
from benchmark.task.transfers import Transfer, named_transfers


def choose_scorable(
    runner: Runner, todo: Sequence[Job], pairs: Sequence[Transfer], words: Sequence[str]
) -> tuple[tuple[Transfer, ...], tuple[str, ...]]:
    """Choose the samples of all jobs, and leave out the transfers for which that cannot be done.

    Args:
        runner: Chooses the samples, and remembers them.
        todo: Jobs that are to be run.
        pairs: Transfers of the run.
        words: What the user asked for: a pair that is named there is not left out.

    Returns:
        The transfers that remain, and what was left out and why, in sentences.

    Raises:
        DataError: If a named pair cannot be scored, or none can.
    """
    named = named_transfers(words)
    reasons: dict[str, list[Transfer]] = {}
    for transfer, error in _failures(runner, todo):
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
    found: list[tuple[Transfer, DataError]] = []
    jobs = {job.source: job for job in todo}
    for source, job in jobs.items():
        same = (other for other in todo if other.source == source)
        targets = tuple(dict.fromkeys(target for other in same for target in other.targets))
        try:
            runner.prepare(replace(job, targets=targets))
        except DataError:
            for target in targets:
                try:
                    runner.prepare(replace(job, targets=(target,)))
                except DataError as error:
                    found.append((Transfer(source, target), error))
    return found
