"""Which resampling units the sets of samples of one target have in common.

Two sources that share other crops with a target are scored on other samples of it, but on the same
blocks. These are resampled together; otherwise the interval of a mean over transfers would be too
narrow.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.errors import StoreError
from leaderboard.confusion_counts import CountedRow, EvaluatedRow, UnitKind, units_of
from leaderboard.statistics.bootstrap import Part

SetName = tuple[str, str, str]
"""Dataset fingerprint, target and hash of the sample ids of a set of samples."""


def shared_units(
    sets: Mapping[SetName, Iterable[EvaluatedRow]], compared: Iterable[Collection[SetName]]
) -> dict[SetName, Part]:
    """Return the units of each set of samples that is compared with another set of its target.

    Args:
        sets: Rows by set of samples.
        compared: Sets of one dataset and target that stand in one comparison.

    Returns:
        The place of each set's units among those of all sets it is compared with. Sets that are
        compared with no other are left out, and those whose units have no names.
    """
    found: dict[SetName, Part] = {}
    for members in _joined(compared):
        if len(members) > 1:
            named = {name: units for name in sorted(members) if (units := _named(sets[name]))}
            found |= _parts(named)
    return found


def _joined(groups: Iterable[Collection[SetName]]) -> list[set[SetName]]:
    """Return the groups, those that have a set in common as one."""
    joined: list[set[SetName]] = []
    for group in groups:
        own, apart = set(group), []
        for other in joined:
            if own & other:
                own |= other
            else:
                apart.append(other)
        joined = [*apart, own]
    return joined


def _parts(
    named: Mapping[SetName, tuple[UnitKind, npt.NDArray[Any]]],
) -> dict[SetName, Part]:
    parts: dict[SetName, Part] = {}
    for kind in ("blocks", "samples"):
        own = {name: units for name, (its, units) in named.items() if its == kind}
        if len(own) > 1:
            whole = np.unique(np.concatenate(list(own.values())))
            for name, units in own.items():
                parts[name] = Part(np.searchsorted(whole, units).astype(np.int64), len(whole))
    return parts


def _named(rows: Iterable[EvaluatedRow]) -> tuple[UnitKind, npt.NDArray[Any]] | None:
    """Return the units of the first row that can be read and has their names, if there is one."""
    for row in rows:
        if isinstance(row, CountedRow):
            if row.counts is not None and row.counts.names is not None:
                return row.counts.kind, row.counts.names
            continue
        try:
            kind, names, _ = units_of(row.read())
        except StoreError:
            continue  # named as a problem when its counts are read
        return kind, names
    return None
