"""Which samples of a source are learned from and which samples of a target are scored."""

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
"""Seed of every choice that is the same for all methods and seeds: held-out parts, and what a cap
leaves of the samples that are scored."""

FEWEST_SCORED_CROPS: Final = 2
"""Crops of a target that is scored: where there is one, a constant answer is always right."""

SplitKind = Literal["block", "random"]


@dataclass(frozen=True)
class SourcePool:
    """What a source offers, the same for every seed, as row numbers of its samples.

    Attributes:
        classes: Class indices that are learned, ascending.
        rows: Rows that training and validation samples are drawn from.
        held_out: Rows of the in-domain score; empty if the protocol keeps none.
        by_block: Whether spatial blocks are kept whole.
        too_few: Class indices left out for lack of samples.
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
        training: Rows to train on.
        validation: Rows to select by.
        held_out: Rows of the in-domain score; empty if the protocol keeps none.
        kind: Whether spatial blocks were kept whole.
        too_few: Class indices left out for lack of samples.
    """

    classes: tuple[int, ...]
    training: Rows
    validation: Rows
    held_out: Rows
    kind: SplitKind
    too_few: tuple[int, ...]


@dataclass(frozen=True)
class TargetSet:
    """The samples of a target that are scored, as row numbers.

    Attributes:
        rows: Rows to score.
        scorable: Samples of scored crops, of which a cap draws the rows.
        unscored: Samples left out because the source lacks their crop.
        space: Which crops source and target share.
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
        series: What makes samples alike: series [N, ...], or digests of them [N].
        labels: Class index [N].
        drop_conflicts: Whether to drop every sample of a series that carries two labels; the
            first sample of each series and label is kept otherwise.
        one_label: Whether to keep the first sample of each series whatever its label.

    Returns:
        Row numbers, ascending.
    """
    keys = series
    if series.dtype.kind != "V":
        # Adding zero makes one value of 0.0 and -0.0, which are equal and have other bytes.
        flat = np.ascontiguousarray(series.reshape(len(series), -1) + series.dtype.type(0))
        keys = flat.view(np.dtype((np.void, flat.dtype.itemsize * flat.shape[1]))).ravel()
    _, group = np.unique(keys, return_inverse=True)
    group = group.reshape(-1)
    pair = group if one_label else group.astype(np.int64) * len(CROPS) + labels
    _, first = np.unique(pair, return_index=True)
    rows = np.sort(first).astype(np.int64)
    if drop_conflicts:
        labels_of_group = np.bincount(group[rows])
        rows = rows[labels_of_group[group[rows]] == 1]
    return rows


def source_pool(
    samples: DomainSamples,
    protocol: Protocol,
    *,
    key: npt.NDArray[np.float32] | None = None,
    elsewhere: npt.NDArray[np.bool_] | None = None,
) -> SourcePool:
    """Choose the samples that a source offers, and cut off its held-out part.

    Args:
        samples: Samples of the source.
        protocol: The protocol.
        key: What makes samples alike [N, ...] if it is not the whole series.
        elsewhere: Which samples [N] have a series that another domain holds too: to learn from
            them would be to know an answer. They are left out where series are compared at all.

    Returns:
        The samples, the same for every seed.

    Raises:
        DataError: If fewer than two classes can be learned, or the samples cannot be divided.
    """
    rows = _distinct_rows(samples, protocol, key, drop_conflicts=True)
    if elsewhere is not None and protocol.deduplicate == "series":
        rows = rows[~elsewhere[rows]]
    counts = np.bincount(samples.labels[rows], minlength=len(CROPS))
    classes = np.flatnonzero(counts >= protocol.minimum_class_samples)
    too_few = np.flatnonzero((counts > 0) & (counts < protocol.minimum_class_samples))
    if len(classes) < 2:
        raise DataError(
            f"Source {samples.name} has {len(classes)} class(es) with at least "
            f"{protocol.minimum_class_samples} samples ({_describe(counts)}): a source needs two."
        )
    rows = rows[np.isin(samples.labels[rows], classes)]
    blocks = None if protocol.split == "random" else samples.block
    if protocol.split == "block" and blocks is None:
        raise DataError(
            f"Source {samples.name} has no spatial blocks, which split: block asks for; "
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
    """Draw the samples that one seed learns from, and divide them.

    Args:
        samples: Samples of the source.
        pool: What the source offers.
        protocol: The protocol.
        seed: Seed of the run. Under a cap it decides which samples are drawn, and always how they
            are divided into training and validation.
        division: How the released code divides a source for the method, where the protocol
            repeats that (`repeated_division`); ``None`` divides by the protocol's own rules.

    Returns:
        The parts; one and the same where the division is ``undone``.

    Raises:
        DataError: If a class has no sample left to train on, or none is left to select by.
    """
    rows = cap(pool.rows, samples, protocol, protocol.max_source_samples, "source", seed)
    blocks = samples.block if pool.by_block else None
    if blocks is not None and len(np.unique(blocks[rows])) < 2:
        blocks = None  # what is held out are whole blocks all the same
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
    """Return what a protocol repeats of the released code's division of a source.

    Args:
        division: How the released code divides a source for a method.
        protocol: The protocol.

    Returns:
        The division to repeat, or ``None`` where the protocol's own rules hold.
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

    The held-out part depends on the protocol alone. Which samples are learned from, where the
    protocol caps them, and which of those are validation samples, depends on the seed too.

    Args:
        samples: Samples of the source.
        protocol: The protocol.
        seed: Seed of the run.
        key: As for :func:`source_pool`.
        elsewhere: As for :func:`source_pool`.

    Returns:
        The parts.

    Raises:
        DataError: As :func:`source_pool` and :func:`divide_source` do.
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
    """Choose the samples of a target that are scored, the same for every method and seed.

    A cap is drawn last, from the samples of scored crops alone.

    Args:
        samples: Samples of the target.
        classes: Class indices that the source teaches.
        protocol: The protocol.
        source: Name of the source, for messages.
        source_too_few: Class indices that the source has too few samples of.
        key: What makes samples alike [N, ...] if it is not the whole series.

    Returns:
        The samples and the accounting of labels.

    Raises:
        DataError: If fewer than two crops are left to score.
    """
    rows = _distinct_rows(samples, protocol, key, drop_conflicts=False)
    counts = np.bincount(samples.labels[rows], minlength=len(CROPS))
    asked = np.flatnonzero(counts >= protocol.minimum_class_samples)
    too_few = np.flatnonzero((counts > 0) & (counts < protocol.minimum_class_samples))
    space = label_space(classes, asked.tolist(), {*too_few.tolist(), *source_too_few})
    eligible = rows[np.isin(samples.labels[rows], asked)]
    rows = eligible
    if protocol.label_policy == "shared":
        rows = eligible[np.isin(samples.labels[eligible], classes)]
    crops = np.unique(samples.labels[rows])
    if len(crops) < FEWEST_SCORED_CROPS:
        shared = f"one crop ({CROPS[crops[0]]})" if len(crops) else "no crop"
        why = "a constant answer is always right" if len(crops) else "there is nothing to score"
        raise DataError(
            f"Target {samples.name} ({_describe(counts)}) shares {shared} with "
            f"{'the source' if source is None else f'source {source}'} that has at least "
            f"{protocol.minimum_class_samples} samples: {why}."
        )
    return TargetSet(
        rows=cap(rows, samples, protocol, protocol.max_target_samples, "target", DATA_SEED),
        scorable=len(rows),
        unscored=len(eligible) - len(rows),
        space=space,
    )


def class_positions(classes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the column of each class index [7]; -1 for a class that is not among `classes`."""
    positions = np.full(len(CROPS), -1, dtype=np.int64)
    positions[list(classes)] = np.arange(len(classes))
    return positions


def ids_hash(ids: npt.NDArray[np.str_]) -> str:
    """Return sixteen hex digits that name a set of samples, whatever their order."""
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
    alike = samples.series if samples.keys is None else samples.keys
    return distinct(alike, samples.labels, drop_conflicts=drop_conflicts, one_label=one_label)


def _describe(counts: npt.NDArray[np.int64]) -> str:
    return ", ".join(f"{CROPS[k]} {counts[k]}" for k in np.flatnonzero(counts)) or "no samples"
