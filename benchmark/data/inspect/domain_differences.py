"""Differences between two domains that are no geography."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from benchmark.data.calendar_detection import (
    find_season,
    is_southern,
    place_year,
    season_of,
)
from benchmark.data.dataset import Dataset
from benchmark.data.dataset_card import DomainCard
from benchmark.data.inspect.reading_doubts import reading_doubts
from benchmark.data.repeated_series import count_shared
from benchmark.data.season import DAYS_PER_YEAR, SHIFTED_FIRST_DAY
from benchmark.data.season_coverage import coverage_warnings

IN_PHASE: Final = 10
"""Days out of phase that are no difference: half a year is counted as 180, 181 or 184 days."""


def transfer_warnings(
    dataset: Dataset, source: str, target: str, *, shared_removed: bool, aligned: bool = False
) -> tuple[str, ...]:
    """Name what a reader must know of the data of a transfer before believing its score.

    Args:
        dataset: The dataset.
        source: Domain of the training data.
        target: Domain that is scored.
        shared_removed: Whether source samples are left out whose series another domain holds.
        aligned: Whether the protocol aligns years before they are used.

    Returns:
        A sentence for each difference that is no geography, for series that both domains hold,
        for a stated season that the series contradict, and for a season that was not seen.
    """
    found = list(pair_differences(dataset, source, target, aligned=aligned))
    shared = count_shared(dataset, source, target) if source != target else 0
    if shared:
        done = "and are not learned from" if shared_removed else "and are learned from"
        found.append(f"{shared} samples of the source have a series of the target, {done}.")
    return (*found, *season_warnings(dataset, (source, target), aligned=aligned))


def run_warnings(
    dataset: Dataset, pairs: Iterable[tuple[str, str]], *, aligned: bool = False
) -> tuple[str, ...]:
    """Name what a reader must know of the data of a run, each sentence once.

    Args:
        dataset: The dataset.
        pairs: Source and target of each transfer.
        aligned: Whether the protocol aligns years before they are used.

    Returns:
        Sentences on transfers, which name their source and target, and on domains.
    """
    known = list(dict.fromkeys(pairs))
    by_sentence: dict[str, list[str]] = {}
    for source, target in known:
        for sentence in pair_differences(dataset, source, target, aligned=aligned):
            by_sentence.setdefault(sentence, []).append(f"{source}:{target}")
    found = [f"{', '.join(where)}: {sentence}" for sentence, where in by_sentence.items()]
    domains = [name for pair in known for name in pair]
    doubts = (sentence for name in sorted(set(domains)) for sentence in _doubts(dataset, name))
    return (*found, *season_warnings(dataset, domains, aligned=aligned), *doubts)


def _doubts(dataset: Dataset, domain: str) -> Iterator[str]:
    facts = dataset.facts(domain)
    return reading_doubts(
        domain,
        dataset.domain_card(domain),
        find_season(dataset, domain),
        facts.reading,
        dark_share=facts.dark_share,
        lowest=facts.lowest,
    )


def pair_differences(
    dataset: Dataset, source: str, target: str, *, aligned: bool
) -> tuple[str, ...]:
    """Name the differences between two domains that are no geography.

    Years that run in phase are no difference: a northern one from January and a southern one from
    July do, and so does any year that the protocol aligns.

    Args:
        dataset: The dataset.
        source: The source.
        target: The target.
        aligned: Whether the protocol aligns years before they are used.

    Returns:
        One sentence for each of level, cadence, gap filling, applied shifts and season in which
        both are known and differ.
    """
    cards = [dataset.domain_card(name) for name in (source, target)]
    found = list(differences(*cards))
    seasons = [season_of(dataset, name) for name in (source, target)]
    if "unknown" in seasons or source == target:
        return tuple(found)
    phases = [_phase(dataset, name, aligned=aligned) for name in (source, target)]
    apart = abs(phases[0] - phases[1]) % DAYS_PER_YEAR
    days = min(apart, DAYS_PER_YEAR - apart)
    if days > IN_PHASE:
        said = [
            f"{season} from {card.season_start or '01-01'}"
            for card, season in zip(cards, seasons, strict=True)
        ]
        found.append(
            f"Source and target differ in season: {said[0]} and {said[1]}, {days} days out of "
            "phase."
        )
    return tuple(found)


def _phase(dataset: Dataset, domain: str, *, aligned: bool) -> int:
    """Return the days from the middle of a domain's winter to its first step, about."""
    first = place_year(dataset, domain, aligned=aligned).first_day
    return (first - SHIFTED_FIRST_DAY * is_southern(domain)) % DAYS_PER_YEAR


def season_warnings(
    dataset: Dataset, domains: Iterable[str], *, aligned: bool = False
) -> tuple[str, ...]:
    """Name the domains whose season is not what their card says, not stated, or was not seen.

    Args:
        dataset: The dataset.
        domains: Domains that are used.
        aligned: Whether the protocol aligns years before they are used.

    Returns:
        A sentence for each such domain.
    """
    used = sorted(set(domains))
    found = (_season(dataset, domain) for domain in used)
    moved = {name: place_year(dataset, name, aligned=aligned).moved for name in used}
    said = tuple(sentence for sentence in found if sentence is not None)
    return (*said, *coverage_warnings(dataset, moved))


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
        One sentence for each of level, cadence, gap filling and applied shifts in which both are
        known and differ.
    """
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("processing level", _level(source), _level(target)),
        ("cadence in days", source.cadence_days, target.cadence_days),
        ("gap filling", source.gap_filling, target.gap_filling),
        ("applied shifts", _shifts(source), _shifts(target)),
    )
    return tuple(
        f"Source and target differ in {what}: {a} and {b}."
        for what, a, b in pairs
        if a is not None and b is not None and a != b
    )


def _level(card: DomainCard) -> str | None:
    """Return a processing level; what is simulated without an atmosphere is of the surface."""
    return "L2A" if card.processing_level == "simulated" else card.processing_level


def _shifts(card: DomainCard) -> str:
    return " ".join(card.shifts) or "none"
