"""Which class shares of a target its published calendars and crop areas allow."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from benchmark.data.simulate.regions import resolve
from benchmark.errors import UsageError
from cropnet.teacher_checks import Shares, limits

NO_CROP: Final = "other"
"""The class without statistics: what a calendar counts to it depends on the labels."""


def crop_areas(domain: str) -> Mapping[str, float] | None:
    """Return the area of each crop of a target, in one unit, from the stored calendars.

    The areas are those of the calendars' rows, not the class shares of simulated samples: these are
    assumptions, and those of ``USA-AR`` and ``USA-CA`` follow real labels. A country in some year
    has the areas of the country; another part of a country is unknown.

    Args:
        domain: Name of the target.

    Returns:
        Areas of the crops that are grown, without ``other``; ``None`` if no calendar is stored.
    """
    country, _, year = domain.partition("-")
    name = country if year.isdigit() else domain
    try:
        _, regions = resolve(name, {})
    except UsageError:
        return None
    areas: dict[str, float] = {}
    for row in (row for region in regions for row in region.rows if row.crop != NO_CROP):
        areas[row.crop] = areas.get(row.crop, 0.0) + row.area
    return areas


def largest_shares(areas: Mapping[str, float], classes: Sequence[str]) -> Mapping[str, float]:
    """Return the largest share of all answers that is allowed to each crop that is grown.

    A crop with the share a of the crop area has the odds a / (1 - a). The allowed odds are
    `area_odds_factor` times as many. A crop is always allowed `balanced_factor` / K.

    Args:
        areas: Area of each crop that is grown, in one unit.
        classes: Names of the K classes.

    Returns:
        Shares of the classes that have an area.
    """
    known, total = limits(), sum(areas.values())
    least = known.balanced_factor.value / len(classes)
    allowed = {}
    for crop in (crop for crop in classes if crop in areas):
        more = known.area_odds_factor.value * areas[crop]
        allowed[crop] = min(max(more / (total - areas[crop] + more), least), 1.0)
    return allowed


def why_not_allowed(
    shares: Shares, classes: Sequence[str], areas: Mapping[str, float], domain: str
) -> str | None:
    """Return how class shares contradict the statistics of a target, or ``None``.

    Args:
        shares: Share of each class among the answers [K].
        classes: Names of the classes [K].
        areas: Area of each crop of the target, in one unit.
        domain: Name of the target.
    """
    found = dict(zip(classes, shares, strict=True))
    absent = [crop for crop in classes if crop != NO_CROP and crop not in areas]
    wrong, most = float(np.sum([found[crop] for crop in absent])), limits().not_grown_share.value
    if wrong > most:
        return (
            f"{wrong:.0%} of the answers are crops without a calendar in {domain} "
            f"({', '.join(crop for crop in absent if found[crop])}; at most {most:.0%})"
        )
    for crop, allowed in largest_shares(areas, classes).items():
        if found[crop] > allowed:
            return (
                f"{crop} is {found[crop]:.0%} of the answers, and {domain} has it on "
                f"{areas[crop] / sum(areas.values()):.1%} of its crop area (at most {allowed:.0%})"
            )
    return None
