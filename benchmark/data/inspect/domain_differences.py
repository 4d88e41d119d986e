"""Differences between two domains that are no geography."""

from collections.abc import Iterable
from typing import Any

from benchmark.data.calendar_detection import find_season, is_southern
from benchmark.data.dataset import Dataset
from benchmark.data.dataset_card import DomainCard
from benchmark.data.repeated_series import count_shared


def transfer_warnings(
    dataset: Dataset, source: str, target: str, *, shared_removed: bool
) -> tuple[str, ...]:
    """Name what a reader must know of the data of a transfer before believing its score.

    Args:
        dataset: The dataset.
        source: Domain of the training data.
        target: Domain that is scored.
        shared_removed: Whether source samples are left out whose series another domain holds.

    Returns:
        A sentence for each difference that is no geography, for series that both domains hold,
        and for a stated season that the series contradict.
    """
    found = list(differences(dataset.domain_card(source), dataset.domain_card(target)))
    shared = count_shared(dataset, source, target) if source != target else 0
    if shared:
        done = "and are not learned from" if shared_removed else "and are learned from"
        found.append(f"{shared} samples of the source have a series of the target, {done}.")
    return (*found, *season_warnings(dataset, (source, target)))


def season_warnings(dataset: Dataset, domains: Iterable[str]) -> tuple[str, ...]:
    """Name the domains whose season is not what their card says, or not stated where it matters.

    Args:
        dataset: The dataset.
        domains: Domains that are used.

    Returns:
        A sentence for each such domain.
    """
    found = (_season(dataset, domain) for domain in sorted(set(domains)))
    return tuple(sentence for sentence in found if sentence is not None)


def _season(dataset: Dataset, domain: str) -> str | None:
    finding = find_season(dataset, domain)
    if finding.judged:
        return f"{domain} does not state its season; its series say {finding.season}."
    if finding.season == "unknown" and is_southern(domain):
        return f"{domain} does not state its season, and its series do not tell it."
    return finding.contradiction


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
