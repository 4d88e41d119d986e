"""Rules for the samples: which ones of a source are learned from, which ones of a target scored."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.randomness import derive_seed
from benchmark.task.protocol import Division, Protocol
from benchmark.task.samples.sample_division import Rows, can_split, cap, divide, divide_plainly
from benchmark.task.transfers import LabelSpace, label_space

DATA_SEED: Final = 0
"""Seed of every choice that is the same for all methods and seeds: the held-out parts, and the
scored samples under a cap."""

FEWEST_SCORED_CROPS: Final = 2
"""Smallest number of crops of a scored target; with one, a constant prediction is always right."""

SplitKind = Literal["block", "random"]


@dataclass(frozen=True)
class SourcePool:
    """The samples of a source before the draw of one seed, as row numbers; the same for every seed.

    Attributes:
        classes: Class indices that are learned, ascending.
        rows: Rows from which training and validation samples are drawn.
        held_out: Rows for the in-domain score; empty if the protocol keeps none.
        by_block: Whether spatial blocks are kept whole.
        too_few: Class indices that are left out because they have too few samples.
    """

    classes: tuple[int, ...]
    rows: Rows
    held_out: Rows
    by_block: bool
    too_few: tuple[int, ...]


@dataclass(frozen=True)
class SourceSplit:
    """The parts of a source for one seed, as row numbers of its samples.

    Attributes:
        classes: Class indices that are learned, ascending.
        training: Rows for training.
        validation: Rows for validation.
        held_out: Rows for the in-domain score; empty if the protocol keeps none.
        kind: ``block`` if spatial blocks were kept whole, otherwise ``random``.
        too_few: Class indices that are left out because they have too few samples.
    """

    classes: tuple[int, ...]
    training: Rows
    validation: Rows
    held_out: Rows
    kind: SplitKind
    too_few: tuple[int, ...]


@dataclass(frozen=True)
class TargetSet:
    """The scored samples of a target.

    Attributes:
        rows: Row numbers of the scored samples.
        scorable: Number of samples of scored crops, before a cap.
        unscored: Number of samples left out because the source lacks their crop.
        space: The crops of source and target.
    """

    rows: Rows
    scorable: int
    unscored: int
    space: LabelSpace


def distinct(
    series: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    *,
    drop_conflicts: bool,
    one_label: bool = False,
) -> Rows:
    """Return the rows that remain when repeated series are dropped.

    Args:
        series: Series [N, ...], or digests of them [N]. Two samples are repeats if these are equal.
        labels: Class index [N].
        drop_conflicts: Whether to drop all samples of a series that has two labels. If not, the
            first sample of each pair of series and label is kept.
        one_label: Whether to keep only the first sample of each series, whatever its label.

    Returns:
        Row numbers, ascending.
    """
    group = series_numbers(series)
    pair = group if one_label else group * len(CROPS) + labels
    _, first = np.unique(pair, return_index=True)
    rows = np.sort(first).astype(np.int64)
    if drop_conflicts:
        labels_of_group = np.bincount(group[rows])
        rows = rows[labels_of_group[group[rows]] == 1]
    return rows


def series_numbers(series: npt.NDArray[Any]) -> Rows:
    """Number the different series.

    Args:
        series: Series [N, ...], or digests of them [N].

    Returns:
        The number of each sample's series [N], the same for equal series.
    """
    keys = series
    if series.dtype.kind != "V":
        # Adding zero turns -0.0 into 0.0: the two are equal numbers with different bytes.
        flat = np.ascontiguousarray(series.reshape(len(series), -1) + series.dtype.type(0))
        keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, group = np.unique(keys, return_inverse=True)
    return group.reshape(-1).astype(np.int64)


def source_pool(
    samples: DomainSamples,
    protocol: Protocol,
    *,
    key: npt.NDArray[np.float32] | None = None,
    elsewhere: npt.NDArray[np.bool_] | None = None,
) -> SourcePool:
    """Choose the samples of a source that may be learned from, and set apart its held-out part.

    Args:
        samples: Samples of the source.
        protocol: The protocol.
        key: Values by which repeats are found [N, ...], if not the whole series.
        elsewhere: Whether the series of a sample is in another domain too [N]. Such samples are
            left out if the protocol compares series, since a target may have them too.

    Returns:
        The samples, the same for every seed.

    Raises:
        DataError: If fewer than two classes can be learned, or the samples cannot be divided.
    """
    rows = _distinct_rows(samples, protocol, key, drop_conflicts=True)
    repeated = 0
    if elsewhere is not None and protocol.deduplicate == "series":
        repeated = int(elsewhere[rows].sum())
        rows = rows[~elsewhere[rows]]
    counts = np.bincount(samples.labels[rows], minlength=len(CROPS))
    classes = np.flatnonzero(counts >= protocol.minimum_class_samples)
    too_few = np.flatnonzero((counts > 0) & (counts < protocol.minimum_class_samples))
    if len(classes) < 2:
        copies = f", without {repeated} series that other domains have too" if repeated else ""
        raise DataError(
            f"Source {samples.name} has {len(classes)} class(es) with at least "
            f"{protocol.minimum_class_samples} samples ({_describe(counts)}{copies}): a source "
            "needs two, so choose another source or lower minimum_class_samples in the protocol."
        )
    rows = rows[np.isin(samples.labels[rows], classes)]
    blocks = None if protocol.split == "random" else samples.block
    if protocol.split == "block" and blocks is None:
        raise DataError(
            f"Source {samples.name} has no spatial blocks, which split: block needs; "
            "use split: auto or random."
        )
    if blocks is not None and not can_split(samples.labels[rows], blocks[rows], protocol):
        blocks = None
    held_out: Rows = np.empty(0, dtype=np.int64)
    if protocol.held_out_fraction > 0:
        rows, held_out = divide(
            rows, samples, blocks, protocol.held_out_fraction, derive_seed(DATA_SEED, "held-out")
        )
        held_out = cap(
            held_out, samples, protocol, protocol.max_target_samples, "held-out", DATA_SEED
        )
    return SourcePool(
        classes=tuple(int(index) for index in classes),
        rows=rows,
        held_out=held_out,
        by_block=blocks is not None,
        too_few=tuple(int(index) for index in too_few),
    )


def divide_source(
    samples: DomainSamples,
    pool: SourcePool,
    protocol: Protocol,
    *,
    seed: int,
    division: Division | None = None,
) -> SourceSplit:
    """Draw the samples of a source for one seed, and divide them into training and validation.

    Args:
        samples: Samples of the source.
        pool: Samples from which to draw.
        protocol: The protocol.
        seed: Seed of the run. It decides the division and, under a cap, which samples are drawn.
        division: Division of the released code to repeat (`repeated_division`); ``None`` divides
            by the protocol's own rules.

    Returns:
        The parts. If the division is ``undone``, training and validation are the same samples.

    Raises:
        DataError: If a class has no training sample left, or there is no validation sample.
    """
    rows = cap(pool.rows, samples, protocol, protocol.max_source_samples, "source", seed)
    blocks = samples.block if pool.by_block else None
    if blocks is not None and len(np.unique(blocks[rows])) < 2:
        blocks = None  # the held-out part still consists of whole blocks
    share = protocol.validation_fraction / (1 - protocol.held_out_fraction)
    state = derive_seed(seed, "validation")
    if division == "undone":
        training = validation = rows
    elif division == "plain":
        training, validation = divide_plainly(rows, samples, share, state)
    else:
        training, validation = divide(rows, samples, blocks, share, state)
    for index in pool.classes:
        if division != "plain" and not np.any(samples.labels[training] == index):
            raise DataError(
                f"Class '{CROPS[index]}' of source {samples.name} has no sample left to train on "
                f"after capping and splitting: raise max_source_samples "
                f"({protocol.max_source_samples}) or minimum_class_samples "
                f"({protocol.minimum_class_samples}) in protocol {protocol.name}."
            )
    return SourceSplit(
        classes=pool.classes,
        training=training,
        validation=validation,
        held_out=pool.held_out,
        kind="random" if blocks is None else "block",
        too_few=pool.too_few,
    )


def repeated_division(division: Division, protocol: Protocol) -> Division | None:
    """Return the division of the released code that a protocol repeats for a method.

    Args:
        division: How the released code divides a source for the method.
        protocol: The protocol.

    Returns:
        The division to repeat, or ``None`` if the protocol's own rules are used.
    """
    released = protocol.released_defects
    if division == "undone" and released.split_undone:
        return "undone"
    if division == "stratified" or not released.plain_split:
        return None
    return "plain"


def prepare_source(
    samples: DomainSamples,
    protocol: Protocol,
    *,
    seed: int,
    key: npt.NDArray[np.float32] | None = None,
    elsewhere: npt.NDArray[np.bool_] | None = None,
) -> SourceSplit:
    """Choose the samples of a source and divide them for one seed.

    The held-out part depends only on the protocol. The division into training and validation
    samples, and the draw under a cap, depend on the seed too.

    Args:
        samples: Samples of the source.
        protocol: The protocol.
        seed: Seed of the run.
        key: See :func:`source_pool`.
        elsewhere: See :func:`source_pool`.

    Returns:
        The parts.

    Raises:
        DataError: See :func:`source_pool` and :func:`divide_source`.
    """
    pool = source_pool(samples, protocol, key=key, elsewhere=elsewhere)
    return divide_source(samples, pool, protocol, seed=seed)


def prepare_target(
    samples: DomainSamples,
    classes: Sequence[int],
    protocol: Protocol,
    *,
    source: str | None = None,
    source_too_few: Sequence[int] = (),
    key: npt.NDArray[np.float32] | None = None,
) -> TargetSet:
    """Choose the scored samples of a target, the same for every method and seed.

    A cap is applied last, to the samples of scored crops only.

    Args:
        samples: Samples of the target.
        classes: Class indices that are learned from the source.
        protocol: The protocol.
        source: Name of the source, for messages.
        source_too_few: Class indices with too few samples in the source.
        key: Values by which repeats are found [N, ...], if not the whole series.

    Returns:
        The samples, their numbers and the crops of source and target.

    Raises:
        DataError: If fewer than two crops are left to score.
    """
    rows = _distinct_rows(samples, protocol, key, drop_conflicts=False)
    counts = np.bincount(samples.labels[rows], minlength=len(CROPS))
    occurring = np.flatnonzero(counts >= protocol.minimum_class_samples)
    too_few = np.flatnonzero((counts > 0) & (counts < protocol.minimum_class_samples))
    space = label_space(classes, occurring.tolist(), {*too_few.tolist(), *source_too_few})
    eligible = rows[np.isin(samples.labels[rows], occurring)]
    rows = eligible
    if protocol.label_policy == "shared":
        rows = eligible[np.isin(samples.labels[eligible], classes)]
    crops = np.unique(samples.labels[rows])
    if len(crops) < FEWEST_SCORED_CROPS:
        shared = f"one crop ({CROPS[crops[0]]})" if len(crops) else "no crop"
        why = "a constant prediction is always right" if len(crops) else "there is nothing to score"
        raise DataError(
            f"Target {samples.name} ({_describe(counts)}) shares {shared} with "
            f"{'the source' if source is None else f'source {source}'} that has at least "
            f"{protocol.minimum_class_samples} samples: {why}, so leave this transfer out."
        )
    return TargetSet(
        rows=cap(rows, samples, protocol, protocol.max_target_samples, "target", DATA_SEED),
        scorable=len(rows),
        unscored=len(eligible) - len(rows),
        space=space,
    )


def class_positions(classes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the probability column of each class.

    Args:
        classes: Class indices in the order of the columns.

    Returns:
        Column of each class index [7]; -1 for a class that is not in `classes`.
    """
    positions = np.full(len(CROPS), -1, dtype=np.int64)
    positions[list(classes)] = np.arange(len(classes))
    return positions


def ids_hash(ids: npt.NDArray[np.str_]) -> str:
    """Return sixteen hex digits of a hash of sample ids, the same for every order of the ids."""
    return hashlib.sha256("\n".join(sorted(ids.tolist())).encode()).hexdigest()[:16]


def _distinct_rows(
    samples: DomainSamples,
    protocol: Protocol,
    key: npt.NDArray[np.float32] | None,
    *,
    drop_conflicts: bool,
) -> Rows:
    if protocol.deduplicate == "none":
        return np.arange(len(samples), dtype=np.int64)
    one_label = protocol.released_defects.one_label_per_series
    if protocol.deduplicate == "representation" and key is not None:
        return distinct(key, samples.labels, drop_conflicts=False, one_label=one_label)
    compared = samples.series if samples.keys is None else samples.keys
    return distinct(compared, samples.labels, drop_conflicts=drop_conflicts, one_label=one_label)


def _describe(counts: npt.NDArray[np.int64]) -> str:
    return ", ".join(f"{CROPS[k]} {counts[k]}" for k in np.flatnonzero(counts)) or "no samples"
