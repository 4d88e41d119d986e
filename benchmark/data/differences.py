"""Differences between two domains that are no geography."""

from typing import Any

from benchmark.data.dataset import DomainCard


def differences(source: DomainCard, target: DomainCard) -> tuple[str, ...]:
    """Name the differences between two domains that are no geography.

    Args:
        source: Card of the source.
        target: Card of the target.

    Returns:
        One sentence for each of level, cadence, gap filling and season in which both are known
        and differ.
    """
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("processing level", source.processing_level, target.processing_level),
        ("cadence in days", source.cadence_days, target.cadence_days),
        ("gap filling", source.gap_filling, target.gap_filling),
        ("season", source.season, target.season),
        ("season start", source.season_start, target.season_start),
    )
    return tuple(
        f"Source and target differ in {what}: {a} and {b}."
        for what, a, b in pairs
        if a is not None and b is not None and a != b
    )
