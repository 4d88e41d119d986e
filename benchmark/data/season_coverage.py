"""Whether a season was seen: how much of the season window has no observation."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEP_DAYS, STEPS_PER_YEAR, WINDOW, WINDOW_STEPS

if TYPE_CHECKING:
    from benchmark.data.dataset import Dataset

LONGEST_GAP: Final = 60
"""Days without observation inside the season window that half of the samples may not have: two of
the five months from sowing to harvest of a summer crop."""

LARGEST_SHARE: Final = 1 / 3
"""Share of the window's steps that may be observed in no sample at all."""

HALF: Final = 0.5

NOBODY: Final = 0.99
"""Share of samples without observation from which on a step was seen by next to nobody."""

INGEST_AGAIN: Final = "make it again with another --season-start or --year"
SIMULATE_AGAIN: Final = (
    "with few samples the clouds of a few places decide: simulate more of them, or another --seed"
)
"""What to do about a season that was not seen."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Gap:
    """What is not observed of a season window.

    Attributes:
        unobserved: Steps of the window that no sample is observed in.
        first: First step of the longest gap, counted in the window.
        days: Days of that gap.
    """

    unobserved: int
    first: int
    days: int

    @property
    def too_large(self) -> bool:
        """Whether the season was not seen."""
        return self.days >= LONGEST_GAP or self.unobserved > LARGEST_SHARE * WINDOW_STEPS


def window_steps(moved: int = 0) -> npt.NDArray[np.intp]:
    """Return the steps of a file that stand in the season window, [43].

    Args:
        moved: Steps by which the protocol moves the year; see `benchmark.data.season.move`.
    """
    return (np.arange(WINDOW.start, WINDOW.stop) - moved) % STEPS_PER_YEAR


def spread_by(cadence: float | None) -> int:
    """Return to how many steps on either side an acquisition reaches at some cadence.

    A satellite that passes every 10 days is not expected in every step of 5.
    """
    return 0 if cadence is None else int(min(cadence, LONGEST_GAP) / 2 / STEP_DAYS)


def widen(seen: Flags, reach: int) -> Flags:
    """Return steps [..., 73] that are observed or within some steps of one that is."""
    wide = seen.copy()
    for shift in range(1, reach + 1):
        wide[..., shift:] |= seen[..., :-shift]
        wide[..., :-shift] |= seen[..., shift:]
    return wide


def longest_run(unseen: Flags) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return first step and length of the longest run of steps without observation, [N] twice.

    Args:
        unseen: Whether each step of the window is without observation [N, 43].
    """
    length = np.zeros(len(unseen), dtype=np.int64)
    longest, first = length.copy(), length.copy()
    for step in range(unseen.shape[1]):
        length = np.where(unseen[:, step], length + 1, 0)
        first = np.where(length > longest, step - length + 1, first)
        longest = np.maximum(longest, length)
    return first, longest


def gap_of_samples(seen: Flags, reach: int) -> Gap:
    """Return what half of the samples of a domain have not observed of the season window.

    Args:
        seen: Whether each sample is observed in each step of the window [N, 43].
        reach: Steps to which an observation reaches on either side.
    """
    wide = widen(seen, reach)
    first, longest = longest_run(~wide)
    order = np.argsort(longest, kind="stable")
    # At least half of the samples have a gap as long as that of this one.
    typical = int(order[len(order) // 2])
    return Gap(
        unobserved=int(np.count_nonzero(~wide.any(axis=0))),
        first=int(first[typical]),
        days=int(longest[typical]) * STEP_DAYS,
    )


def find_gap(dataset: "Dataset", domain: str, moved: int) -> Gap | None:
    """Return what a domain of a dataset has not observed of its season window, if that is too much.

    It is told from its card, which `ingest` writes, and from the series: steps at which half of the
    samples repeat the step before them in every band were filled and not observed.

    Args:
        dataset: The dataset.
        domain: The domain.
        moved: Steps by which the protocol moves its year.

    Returns:
        The gap, or ``None`` where the season was seen.
    """
    steps, card = window_steps(moved), dataset.domain_card(domain)
    still = np.asarray(dataset.facts(domain).still_share, dtype=np.float64)
    unseen = still >= HALF if len(still) == STEPS_PER_YEAR else np.zeros(STEPS_PER_YEAR, bool)
    never = np.zeros(STEPS_PER_YEAR, dtype=np.bool_)
    if card.missing_by_step is not None and len(card.missing_by_step) == STEPS_PER_YEAR:
        missing = np.asarray(card.missing_by_step)
        # How long the gaps of one sample are, the shares of many do not say: a cloudy country has
        # half of its samples missing in every step. Steps that nobody saw are a gap of all.
        never = ~widen(missing < NOBODY, spread_by(card.cadence_days))
        unseen |= never
    first, longest = longest_run(unseen[None, steps])
    gap = Gap(
        unobserved=int(np.count_nonzero(never[steps])),
        first=int(first[0]),
        days=int(longest[0]) * STEP_DAYS,
    )
    return gap if gap.too_large else None


def coverage_warnings(
    dataset: "Dataset", moved: dict[str, int] | list[str] | tuple[str, ...]
) -> tuple[str, ...]:
    """Name the domains whose season was not seen.

    Args:
        dataset: The dataset.
        moved: Domains, with the steps by which the protocol moves the year of each.

    Returns:
        A sentence for each such domain.
    """
    found = []
    again = SIMULATE_AGAIN if dataset.card.simulated else INGEST_AGAIN
    by_domain = moved if isinstance(moved, dict) else dict.fromkeys(moved, 0)
    for domain in sorted(by_domain):
        gap = find_gap(dataset, domain, by_domain[domain])
        if gap is not None:
            found.append(f"{domain} has {describe(gap)}: its season was not seen; {again}.")
    return tuple(found)


def describe(gap: Gap) -> str:
    """Say how large a gap is, and what may be."""
    return (
        f"no observation for {gap.days} days of the season window in half of the samples, and none "
        f"in any sample in {gap.unobserved} of its {WINDOW_STEPS} steps (less than {LONGEST_GAP} "
        f"days and at most {int(LARGEST_SHARE * WINDOW_STEPS)} steps may be)"
    )
