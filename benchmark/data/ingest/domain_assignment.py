"""Which samples of a point table make which domain, and of which year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.ingest.cadence import spacing_of
from benchmark.data.ingest.point_table import PointTable
from benchmark.data.ingest.sample_series import Samples
from benchmark.data.observation_calendar import Season, choose_year, covered_years, season_of
from benchmark.data.taxonomy import (
    country_code,
    country_of,
    is_country_code,
    is_south_of_equator,
)
from benchmark.errors import DataError, UsageError

WINTER = range(5, 9)
"""Months of the southern winter in which an aligned year may begin."""

TROPICS = 10.0
"""Degrees from the equator within which a country may lie in both hemispheres."""

Members = npt.NDArray[np.intp]


@dataclass(frozen=True)
class DomainPlan:
    """One domain that is to be made.

    Attributes:
        name: Its name.
        members: Numbers of its samples.
        season: The 365 days that become its 73 steps.
        other_years: Samples of its region that have a label of another year.
    """

    name: str
    members: Members
    season: Season
    other_years: int = 0


def plan_domains(
    points: PointTable,
    samples: Samples,
    *,
    region: str | None,
    year: int | None,
    start: tuple[int, int],
) -> tuple[tuple[DomainPlan, ...], tuple[str, ...]]:
    """Say which samples make which domain, and which year each domain is of.

    Args:
        points: The table.
        samples: Its samples.
        region: Name that the user gives to the whole table, or ``None``.
        year: Year that the user wants, or ``None``.
        start: Month and day at which a season starts.

    Returns:
        The domains, by name, and what was assumed.

    Raises:
        UsageError: If the table does not say its domains, or its year is ambiguous.
        DataError: If some samples have no region, or lie where the domain cannot.
    """
    regions, note = _members_by_region(points, samples, region)
    years, year_note = _years(points, samples, asked=year, start=start)
    found = np.unique(years[years >= 0]).tolist()
    wanted = [year] if year is not None else found
    plans: list[DomainPlan] = []
    elsewhere: list[str] = []
    for name, members in sorted(regions.items()):
        _check_place(points, samples, name, members)
        elsewhere += _samples_elsewhere(samples, name, members)
        for one in wanted:
            chosen = members[years[members] == one]
            if len(chosen) == 0 and len(wanted) > 1:
                continue
            label = name if len(wanted) == 1 else f"{name}-{one}"
            others = len(members) - len(chosen) if len(wanted) == 1 else 0
            plans.append(DomainPlan(label, chosen, season_of(one, start), others))
    notes = [text for text in (note, year_note) if text is not None] + elsewhere
    nowhere = [name for name in sorted(regions) if not is_country_code(country_code(name))]
    if nowhere:
        notes.append(
            f"{', '.join(nowhere)}: no country's ISO code, such as FRA or USA-AR, begins this "
            "name, so that its transfers are of no known relation (--region gives another)."
        )
    if len(wanted) > 1:
        notes.append(
            f"The samples are of {', '.join(str(one) for one in wanted)}: each year is a domain."
        )
    return tuple(plans), tuple(notes)


def _members_by_region(
    points: PointTable, samples: Samples, region: str | None
) -> tuple[Mapping[str, Members], str | None]:
    """Return the samples of each region, and what was assumed to find them."""
    everything = np.arange(len(samples))
    if region is not None:
        named = () if points.region is None else points.region.values
        note = f"Domain {region} joins the regions {', '.join(named)} of the table."
        return {region: everything}, note if len(named) > 1 else None
    if points.region is not None and samples.region is not None:
        if (samples.region < 0).any():
            raise DataError(
                f"{points.path} has samples without {points.columns.region}: fill it, or name one "
                "domain with --region."
            )
        return {
            name: np.flatnonzero(samples.region == index)
            for index, name in enumerate(points.region.values)
        }, None
    from_reference = _country_of_references(points)
    if from_reference is None:
        raise UsageError(
            f"{points.path} has no region column: name its domain with --region, such as "
            "--region FRA, or the column with --region-column."
        )
    assumed = f"Domain {from_reference} was read from ref_id; --region gives another name."
    return {from_reference: everything}, assumed


def _country_of_references(points: PointTable) -> str | None:
    """Return the country that every WorldCereal ``ref_id`` names, if they name one."""
    if points.reference is None or (points.reference.row < 0).any():
        return None
    matches = [re.match(r"\d{4}_([A-Z]{3})_", text) for text in points.reference.values]
    codes = {match[1] if match else "" for match in matches}
    code = codes.pop() if len(codes) == 1 else ""
    return code if is_country_code(code) else None


def _years(
    points: PointTable, samples: Samples, *, asked: int | None, start: tuple[int, int]
) -> tuple[npt.NDArray[np.int64], str | None]:
    """Return the year of each sample [S], -1 where its dates cover none, and what was assumed."""
    if samples.year is not None:
        if asked is not None:
            labels = np.unique(samples.year).tolist()
            choose_year(str(points.path), asked=asked, labels=labels, covered=(), dates=points.days)
        return samples.year, None
    if asked is not None:
        return np.full(len(samples), asked, dtype=np.int64), None
    rows, owner = samples.rows_of(np.arange(len(samples)))
    spacing = spacing_of(points.days[rows], owner)
    covered = covered_years(spacing.days, spacing.cadence, start)
    if len(covered) != 1 and len(samples) > 1:
        own = _covered_by_sample(points, samples, spacing.cadence, start)
        if own is not None:
            return own, "The year of each sample is the one that its own dates cover."
    one = choose_year(str(points.path), asked=None, labels=(), covered=covered, dates=spacing.days)
    return np.full(len(samples), one, dtype=np.int64), None


def _covered_by_sample(
    points: PointTable, samples: Samples, cadence: float, start: tuple[int, int]
) -> npt.NDArray[np.int64] | None:
    """Return the one year that the dates of each sample cover, if each covers one."""
    years = np.empty(len(samples), dtype=np.int64)
    known: dict[bytes, list[int]] = {}
    for number in range(len(samples)):
        rows = samples.order[samples.starts[number] : samples.starts[number + 1]]
        days = points.days[rows]
        key = days.tobytes()
        if key not in known:
            known[key] = covered_years(days, cadence, start)
        if len(known[key]) != 1:
            return None
        years[number] = known[key][0]
    return years


def _check_place(points: PointTable, samples: Samples, name: str, members: Members) -> None:
    """Check that the samples of a domain may lie where they do.

    Raises:
        DataError: If longitude and latitude seem to be exchanged, or if the name does not say that
            the domain lies south of the equator.
    """
    if samples.longitude is None or samples.latitude is None or not len(members):
        return
    east, north = samples.longitude[members], samples.latitude[members]
    found = np.isfinite(east + north)
    if not found.any():
        return
    x, y = float(np.median(east[found])), float(np.median(north[found]))
    country = country_of(name)
    if country is not None and not country.holds(x, y) and country.holds(y, x):
        raise DataError(
            f"{points.path} has samples of {name} about lon {x:.3g}, lat {y:.3g}, which is not in "
            f"{country.name}, while lon {y:.3g}, lat {x:.3g} is: if the two columns are exchanged "
            "rename them, else give the domain another name with --region."
        )
    if y < -TROPICS and not is_south_of_equator(name):
        raise DataError(
            f"{points.path} has samples of {name} about latitude {y:.3g}, south of the equator, "
            "where no country of that name is known, so that its seasons would be taken for "
            "northern ones: begin the domain's name with the country's ISO code, such as "
            "--region ZAF."
        )


def _samples_elsewhere(samples: Samples, name: str, members: Members) -> list[str]:
    """Say which samples of a domain lie at longitude and latitude 0, or not in its country."""
    if samples.longitude is None or samples.latitude is None or not len(members):
        return []
    east, north = samples.longitude[members], samples.latitude[members]
    nowhere = (east == 0) & (north == 0)
    outside = np.zeros(len(members), dtype=bool)
    country = country_of(name)
    if country is not None:
        places = zip(east.tolist(), north.tolist(), strict=True)
        outside = ~np.array([country.holds(*place) for place in places])
        outside &= np.isfinite(east + north)
    found = []
    for where, there in (
        ("at lon 0, lat 0, which often stands for no place", nowhere),
        (f"outside {country.name if country else ''}", outside & ~nowhere),
    ):
        if there.any():
            first = int(np.flatnonzero(there)[0])
            found.append(
                f"{np.count_nonzero(there)} of {len(members)} samples of {name} lie {where}, such "
                f"as {samples.names[members[first]]} at lon {east[first]:g}, lat {north[first]:g}: "
                "correct them or leave them out."
            )
    return found


def is_aligned(name: str, season: Season) -> bool:
    """Return whether a southern year starts in winter, so that it runs as a northern one does."""
    return is_south_of_equator(name) and season.first.month in WINTER
