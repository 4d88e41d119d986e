"""The samples of a target that methods on other tracks than ``inductive`` may see."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from benchmark.data.official.domain_file import DomainSamples
from benchmark.errors import UnavailableError
from benchmark.randomness import generator
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import DATA_SEED, distinct, series_numbers
from benchmark.task.samples.sample_division import Rows


def unlabelled_rows(samples: DomainSamples, protocol: Protocol, *, seed: int) -> Rows:
    """Choose the samples of a target to whose series a method may adapt.

    The choice does not use labels, so crops that the source lacks are included.

    Args:
        samples: Samples of the target.
        protocol: The protocol, which has the cap.
        seed: Seed of the run. Under a cap each seed draws its own samples.

    Returns:
        Row numbers, ascending: all, or at most ``max_target_samples``.
    """
    most = protocol.max_target_samples or len(samples)
    order = generator(seed, "unlabelled", samples.name).permutation(len(samples))
    return np.sort(order[:most]).astype(np.int64)


def teaching_parts(
    samples: DomainSamples,
    scored: Rows,
    classes: Sequence[int],
    protocol: Protocol,
    *,
    seed: int,
) -> Iterator[tuple[Rows, Rows]]:
    """Divide a target in two halves: a classifier learns from one half and predicts the other.

    If the target has several spatial blocks, the halves consist of whole blocks. Every scored
    sample is predicted, and never by a classifier that has learned from its block or, if the
    protocol keeps repeats, from a repeat of its series.

    Args:
        samples: Samples of the target.
        scored: Rows that are scored.
        classes: Class indices that are learned from the source. Samples of other classes are not
            learned from.
        protocol: The protocol, which has the cap.
        seed: Seed of the run. Under a cap each seed draws its own samples to learn from. The halves
            are the same for every seed.

    Yields:
        Rows to learn from [M], and the positions in `scored` to predict after that [P].

    Raises:
        UnavailableError: If a half has no sample to learn from.
    """
    names, member = np.unique(
        np.arange(len(samples)) if samples.block is None else samples.block, return_inverse=True
    )
    if len(names) == 1:
        names = member = np.arange(len(samples))
    halves = generator(DATA_SEED, "halves", samples.name)
    side = (halves.permutation(len(names)) % 2)[member]
    compared = samples.series if samples.keys is None else samples.keys
    pool = distinct(compared, samples.labels, drop_conflicts=True)
    draw = generator(seed, "teaching", samples.name)
    pool = draw.permutation(pool[np.isin(samples.labels[pool], list(classes))])
    number = series_numbers(compared) if protocol.deduplicate == "none" else None
    for half in (0, 1):
        predicted = np.flatnonzero(side[scored] == half)
        learned: npt.NDArray[np.int64] = pool[side[pool] != half]
        if not len(predicted):
            continue
        if number is not None:
            learned = learned[~np.isin(number[learned], number[scored[predicted]])]
        if not len(learned):
            raise UnavailableError(
                f"Target {samples.name} cannot be taught: one half of it has no sample of a "
                "crop that the source has."
            )
        yield np.sort(learned[: protocol.max_source_samples]), predicted
