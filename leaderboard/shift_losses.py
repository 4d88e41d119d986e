"""What shifts of the targets cost each method in macro-F1, beside the targets as they are."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import fmean

from leaderboard.comparison_group import ComparisonGroup, once_for_each_group
from leaderboard.results import row_key


@dataclass(frozen=True)
class ShiftLoss:
    """What one shift costs one method.

    Attributes:
        method: Label of the method.
        shift: Name of the shift.
        factor: What is other in the shifted copy.
        strength: How much, in the factor's unit.
        macro_f1: Macro-F1 of the shifted copies, the mean over transfers of means over seeds.
        loss: Macro-F1 of the targets as they are less that; negative where the shift helps.
        transfers: Transfers that both were scored on.
        scores: Pairs of transfer and seed that were compared.
    """

    method: str
    shift: str
    factor: str
    strength: float
    macro_f1: float
    loss: float
    transfers: tuple[str, ...]
    scores: int


@once_for_each_group
def shift_losses(group: ComparisonGroup) -> tuple[ShiftLoss, ...]:
    """Return what each shift costs each method of a section.

    A score of a shifted copy is compared with that of the same fit on the target as it is; one
    without the other does not count.

    Args:
        group: Methods that may be compared.

    Returns:
        The losses by method, factor, strength and name; none where no shift was scored.
    """
    plain = {row_key(row): row for row in group.comparable.rows if row.scores is not None}
    pairs: dict[tuple[str, str, float, str], dict[str, list[tuple[float, float]]]] = {}
    for row in group.results.shifted:
        before = plain.get(row_key(row))
        if row.shift is None or row.scores is None or before is None or before.scores is None:
            continue
        shift = row.shift
        of_shift = pairs.setdefault((row.method, shift.factor, shift.strength, shift.name), {})
        pair = (before.scores.macro_f1, row.scores.macro_f1)
        of_shift.setdefault(row.transfer, []).append(pair)
    return tuple(
        ShiftLoss(
            method=method,
            shift=name,
            factor=factor,
            strength=strength,
            macro_f1=_mean(found.values(), of=lambda pair: pair[1]),
            loss=_mean(found.values(), of=lambda pair: pair[0] - pair[1]),
            transfers=tuple(sorted(found)),
            scores=sum(map(len, found.values())),
        )
        for (method, factor, strength, name), found in sorted(pairs.items())
    )


def comparable_losses(group: ComparisonGroup) -> tuple[ShiftLoss, ...]:
    """Return the losses over every transfer that any method was scored on under that shift.

    Means over other transfers may not stand beside them, as in the ranking.
    """
    every = _transfers_by_shift(group)
    return tuple(loss for loss in shift_losses(group) if set(loss.transfers) == every[loss.shift])


@once_for_each_group
def lacking_transfers(group: ComparisonGroup) -> dict[str, list[str]]:
    """Return the transfers on which a method lacks a shift that others were scored under."""
    every = _transfers_by_shift(group)
    found: dict[str, set[str]] = {}
    for loss in shift_losses(group):
        found.setdefault(loss.method, set()).update(every[loss.shift] - {*loss.transfers})
    return {method: sorted(names) for method, names in found.items() if names}


@once_for_each_group
def lacking_shifts(group: ComparisonGroup) -> dict[str, list[str]]:
    """Return the shifts that a method lacks and others have; not of methods without any shift."""
    every = {*_transfers_by_shift(group)}
    found: dict[str, set[str]] = {}
    for loss in shift_losses(group):
        found.setdefault(loss.method, set()).add(loss.shift)
    return {method: sorted(every - own) for method, own in found.items() if every - own}


@once_for_each_group
def _transfers_by_shift(group: ComparisonGroup) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for loss in shift_losses(group):
        found.setdefault(loss.shift, set()).update(loss.transfers)
    return found


def worst_factor(group: ComparisonGroup, method: str) -> ShiftLoss | None:
    """Return the shift that costs a method most, whose factor is its worst.

    Args:
        group: Methods that may be compared.
        method: Label of the method.

    Returns:
        The loss; ``None`` if no shift was scored of it, one that others have was not, or one was
        not on every transfer: the worst of fewer shifts may not stand beside that of all.
    """
    if method in lacking_transfers(group) or method in lacking_shifts(group):
        return None
    own = [loss for loss in shift_losses(group) if loss.method == method]
    return max(own, key=lambda loss: loss.loss, default=None)


Pair = tuple[float, float]
"""Macro-F1 on a target as it is, and on its shifted copy."""


def _mean(transfers: Iterable[list[Pair]], *, of: Callable[[Pair], float]) -> float:
    """Average over transfers the means over seeds."""
    return fmean(fmean(map(of, pairs)) for pairs in transfers)
