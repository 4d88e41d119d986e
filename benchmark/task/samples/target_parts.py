"""Parts of a target that other tracks may see, apart from the samples that score them."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from benchmark.data.official.domain_file import DomainSamples
from benchmark.errors import UnavailableError
from benchmark.randomness import generator
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import DATA_SEED, distinct
from benchmark.task.samples.sample_division import Rows


def unlabelled_rows(samples: DomainSamples, protocol: Protocol, *, seed: int) -> Rows:
    """Choose the samples of a target whose series a method may adapt to.

    Labels play no part, not even in the choice: crops that the source lacks are among them.

    Args:
        samples: Samples of the target.
        protocol: The protocol, for its cap.
        seed: Seed of the run: under a cap each draws its own samples.

    Returns:
        Row numbers, ascending: all, or as many as are scored at most.
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
    """Divide a target in two, so that each half of the scored samples has teachers in the other.

    Halves keep spatial blocks whole where the target has more than one. So every scored sample of
    the transfer is answered, and none by a classifier that has seen its block.

    Args:
        samples: Samples of the target.
        scored: Rows that are scored.
        classes: Class indices that the source teaches; samples of others teach nothing.
        protocol: The protocol, for its cap.
        seed: Seed of the run: under a cap each draws its own samples to learn from. The halves are
            the same for every seed.

    Yields:
        Rows to learn from, and positions in `scored` to answer after that.

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
    alike = samples.series if samples.keys is None else samples.keys
    pool = distinct(alike, samples.labels, drop_conflicts=True)
    draw = generator(seed, "teaching", samples.name)
    pool = draw.permutation(pool[np.isin(samples.labels[pool], list(classes))])
    for half in (0, 1):
        asked = np.flatnonzero(side[scored] == half)
        teachers: npt.NDArray[np.int64] = pool[side[pool] != half]
        if not len(asked):
            continue
        if not len(teachers):
            raise UnavailableError(
                f"Target {samples.name} cannot be taught: one half of it has no sample of a "
                "crop that the source teaches."
            )
        yield np.sort(teachers[: protocol.max_source_samples]), asked
