"""The samples of every part of a run, chosen in one way for the runner and for verification."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import Dataset
from benchmark.data.repeated_series import found_elsewhere
from benchmark.data.shifts.shift_table import Shift, shifted_rows
from benchmark.task.protocol import Division, Protocol
from benchmark.task.samples.preparation import (
    SourcePool,
    SourceSplit,
    TargetSet,
    divide_source,
    prepare_target,
    repeated_division,
    source_pool,
)
from benchmark.task.transfers import label_space


@dataclass(frozen=True)
class Likeness:
    """How repeats among samples are found.

    Attributes:
        name: Name of this way; choices of samples are kept by it.
        key: Function from a domain to the values that repeats have in common [N, ...], or to
            ``None`` if these are the whole series.
    """

    name: str
    key: Callable[[str], npt.NDArray[np.float32] | None]


SERIES: Final = Likeness("", lambda _: None)
"""Samples with equal whole series are repeats."""


@dataclass(frozen=True, eq=False)
class SampleChoice:
    """Chooses the samples of one dataset under one protocol, and keeps the choices.

    Attributes:
        dataset: The data.
        protocol: The protocol.
    """

    dataset: Dataset
    protocol: Protocol
    _pools: dict[tuple[str, str], SourcePool] = field(default_factory=dict)
    _splits: dict[tuple[str, str, int, Division | None], SourceSplit] = field(default_factory=dict)
    _targets: dict[tuple[str, str, str], TargetSet] = field(default_factory=dict)
    _copies: dict[tuple[Shift, str, str, str], TargetSet] = field(default_factory=dict)

    def split(
        self,
        source: str,
        seed: int,
        likeness: Likeness = SERIES,
        division: Division | None = None,
    ) -> SourceSplit:
        """Return the parts of a source for one seed.

        Args:
            source: The source.
            seed: The seed.
            likeness: How repeats are found.
            division: How the released code divides a source for the method. It is used only if the
                protocol repeats it.

        Raises:
            DataError: If the source has too few classes or samples.
        """
        repeated = None if division is None else repeated_division(division, self.protocol)
        slot = (source, likeness.name, seed, repeated)
        if slot not in self._splits:
            samples, pool = self.dataset.load(source), self._pool(source, likeness)
            self._splits[slot] = divide_source(
                samples, pool, self.protocol, seed=seed, division=repeated
            )
        return self._splits[slot]

    def scored(self, source: str, target: str, likeness: Likeness = SERIES) -> TargetSet:
        """Return the scored samples of a transfer, which are the same for every seed.

        Args:
            source: The source.
            target: The target, or the source itself for its held-out part.
            likeness: How repeats are found.

        Raises:
            DataError: If the source has too few classes or samples, or the target cannot be scored.
        """
        slot = (source, target, likeness.name)
        if slot not in self._targets:
            pool = self._pool(source, likeness)
            self._targets[slot] = (
                _held_out(self.dataset, source, pool)
                if source == target
                else prepare_target(
                    self.dataset.load(target),
                    pool.classes,
                    self.protocol,
                    source=source,
                    source_too_few=pool.too_few,
                    key=likeness.key(target),
                )
            )
        return self._targets[slot]

    def shifted(
        self, shift: Shift, source: str, target: str, likeness: Likeness = SERIES
    ) -> TargetSet:
        """Return the scored samples of a shifted copy of a target.

        Args:
            shift: The shift.
            source: The source.
            target: The target.
            likeness: How repeats are found.

        Raises:
            DataError: If the source has too few classes or samples, or the target cannot be scored.
        """
        slot = (shift, source, target, likeness.name)
        if slot not in self._copies:
            chosen = self.scored(source, target, likeness)
            labels = self.dataset.load(target).labels[chosen.rows]
            rows = shifted_rows(shift, target, chosen.rows, labels)
            self._copies[slot] = replace(chosen, rows=rows)
        return self._copies[slot]

    def _pool(self, source: str, likeness: Likeness) -> SourcePool:
        slot = (source, likeness.name)
        if slot not in self._pools:
            by_series = self.protocol.deduplicate == "series"
            self._pools[slot] = source_pool(
                self.dataset.load(source),
                self.protocol,
                key=likeness.key(source),
                elsewhere=found_elsewhere(self.dataset, source) if by_series else None,
            )
        return self._pools[slot]


def _held_out(dataset: Dataset, source: str, pool: SourcePool) -> TargetSet:
    rows = pool.held_out
    labels = np.unique(dataset.load(source).labels[rows]).tolist()
    space = label_space(pool.classes, labels, pool.too_few)
    return TargetSet(rows=rows, scorable=len(rows), unscored=0, space=space)
