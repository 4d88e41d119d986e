"""Which calendar a domain's series follow, told from the series themselves."""

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset_card import DomainCard, Season
from benchmark.data.official.domain_facts import DomainFacts
from benchmark.data.official.stored_numbers import DOMAINS_FILE
from benchmark.data.season import (
    DAYS_PER_YEAR,
    SHIFTED_FIRST_DAY,
    STEP_DAYS,
    days_to,
    steps_to_align,
)
from benchmark.data.taxonomy import CROPS, country_of, is_south_of_equator

if TYPE_CHECKING:
    from benchmark.data.dataset import Dataset

SUMMER_CROPS: Final = ("corn", "soybeans", "rice", "cotton")
"""Crops that are green in summer; winter wheat peaks in spring, sugarcane all year."""

ENOUGH: Final = 20
"""Samples of summer crops below which all samples are looked at."""

NORTHERN_PEAK: Final = 205.0
"""Day of the year about which northern summer crops are greenest: 24 July. Half a year from it,
southern ones are."""

TOLERANCE: Final = 70.0
"""Days from that about which a peak may lie; farther away it tells nothing."""

LEAST_RISE: Final = 0.08
"""Rise of mean NDVI over the year below which its peak tells nothing."""

Phase = Literal["northern", "southern", "unclear"]


class SeasonFinding(BaseModel):
    """What the series of a domain say of its calendar.

    Attributes:
        peak_day: Day after the first step of the file, 1 to 365, at which mean NDVI is highest;
            ``None`` without B4 and B8.
        peak_ndvi: Mean NDVI on that day.
        looked_at: Crops that were looked at.
        phase: Whether the file runs as a northern or as a southern calendar year.
        season: The card's season or, for a southern domain whose card does not know, what the
            series say.
        judged: Whether the season was told from the series.
        contradiction: A sentence where card and series disagree.
    """

    model_config = ConfigDict(frozen=True)

    peak_day: float | None
    peak_ndvi: float | None = None
    looked_at: tuple[str, ...]
    phase: Phase
    season: Season
    judged: bool = False
    contradiction: str | None = None


def find_season(dataset: "Dataset", domain: str) -> SeasonFinding:
    """Compare the day on which a domain is greenest with what its card says.

    Args:
        dataset: The dataset.
        domain: The domain.

    Returns:
        The finding.
    """
    return judge(domain, dataset.facts(domain), dataset.domain_card(domain))


def season_of(dataset: "Dataset", domain: str) -> Season:
    """Return the season of a domain: its card's, else what the series of a southern domain say."""
    card = dataset.domain_card(domain)
    if card.season != "unknown" or not is_southern(domain):
        return card.season
    return find_season(dataset, domain).season


class PlacedYear(NamedTuple):
    """Where the year of a domain stands.

    Attributes:
        moved: Steps by which its series are moved; see :func:`benchmark.data.season.move`.
        first_day: Days from 1 January to its first step after that.
    """

    moved: int
    first_day: int


def place_year(dataset: "Dataset", domain: str, *, aligned: bool) -> PlacedYear:
    """Return where the year of a domain stands.

    Args:
        dataset: The dataset.
        domain: The domain.
        aligned: Whether years of either hemisphere are to run as northern calendar years do.
    """
    card, season = dataset.domain_card(domain), season_of(dataset, domain)
    if card.season_start is None and is_southern(domain) and season == "aligned":
        return PlacedYear(0, SHIFTED_FIRST_DAY)
    # A stated season start is the true calendar day, of aligned domains too.
    stated = days_to(card.season_start or "01-01")
    moved = 0
    if aligned and season == "calendar":
        moved = steps_to_align(stated, southern=is_southern(domain))
    return PlacedYear(moved, (stated - moved * STEP_DAYS) % DAYS_PER_YEAR)


def judge(domain: str, facts: DomainFacts, card: DomainCard) -> SeasonFinding:
    """Judge the calendar of a domain; see `find_season`."""
    crops, profile = _profile(facts)
    if profile is None:
        return SeasonFinding(peak_day=None, looked_at=(), phase="unclear", season=card.season)
    peak = (int(profile.argmax()) + 0.5) * STEP_DAYS
    rises = float(np.ptp(profile)) >= LEAST_RISE
    phase = _phase(peak) if rises else "unclear"
    season, southern = card.season, is_southern(domain)
    judged = southern and season == "unknown" and phase != "unclear"
    if judged:
        season = "aligned" if phase == "northern" else "calendar"
    return SeasonFinding(
        peak_day=peak,
        peak_ndvi=float(profile.max()),
        looked_at=crops,
        phase=phase,
        season=season,
        judged=judged,
        contradiction=_contradiction(domain, card, peak, phase),
    )


def _profile(facts: DomainFacts) -> tuple[tuple[str, ...], npt.NDArray[np.float64] | None]:
    """Return the crops that are looked at, and their mean NDVI smoothed over 25 days [73]."""
    summer = [CROPS.index(crop) for crop in SUMMER_CROPS if CROPS.index(crop) in facts.greenness]
    if sum(facts.counts[index] for index in summer) < ENOUGH:
        summer = list(facts.greenness)
    if not summer:
        return (), None
    weights = np.array([facts.counts[index] for index in summer], dtype=np.float64)
    mean = np.average([facts.greenness[index] for index in summer], axis=0, weights=weights)
    smooth = sum(np.roll(mean, step) for step in range(-2, 3)) / 5
    return tuple(CROPS[index] for index in summer), np.asarray(smooth)


def _phase(day: float) -> Phase:
    distance = abs((day - NORTHERN_PEAK + DAYS_PER_YEAR / 2) % DAYS_PER_YEAR - DAYS_PER_YEAR / 2)
    if distance <= TOLERANCE:
        return "northern"
    return "southern" if distance >= DAYS_PER_YEAR / 2 - TOLERANCE else "unclear"


def _contradiction(domain: str, card: DomainCard, peak: float, phase: Phase) -> str | None:
    """Say where series and card disagree; an aligned file runs as a northern year."""
    country = country_of(domain)
    if country is None or (card.season == "unknown" and country.hemisphere == "south"):
        return None
    if card.season == "aligned":
        wrong = phase == "southern"
    else:
        start = days_to(card.season_start or "01-01")
        there = phase if not start else _phase((peak + start) % DAYS_PER_YEAR)
        phase = phase if phase == "unclear" else there
        wrong = phase == ("northern" if country.hemisphere == "south" else "southern")
    if not wrong:
        return None
    return (
        f"{domain} is stated as {card.season}, but its series are greenest on day {peak:.0f} of "
        f"the file, as {'a southern' if phase == 'southern' else 'a northern'} calendar year is: "
        f"correct `season` in {DOMAINS_FILE}."
    )


def is_southern(domain: str) -> bool:
    """Return whether a domain is known to lie south of the equator."""
    return is_south_of_equator(domain)
