"""Which samples of a point table make which domain."""

import re

import numpy as np
import numpy.typing as npt

from benchmark.data.ingest.point_table import PointTable
from benchmark.data.ingest.sample_series import Samples
from benchmark.data.observation_calendar import Season
from benchmark.data.taxonomy import countries, country_of
from benchmark.errors import DataError, UsageError

WINTER = range(5, 9)
"""Months of the southern winter in which an aligned year may begin."""


def members_by_region(
    points: PointTable, samples: Samples, region: str | None
) -> tuple[dict[str, npt.NDArray[np.intp]], str | None]:
    """Return the samples of each domain, and what was assumed to find them.

    Args:
        points: The table.
        samples: Its samples.
        region: Name that the user gives to the whole table, or ``None``.

    Returns:
        Numbers of the samples of each domain, and a sentence for the user or ``None``.

    Raises:
        UsageError: If the table does not say its domains.
        DataError: If some samples have no region.
    """
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
    """Return the country that every WorldCereal ``ref_id`` names, if it is one of the eight."""
    if points.reference is None or (points.reference.row < 0).any():
        return None
    matches = [re.match(r"\d{4}_([A-Z]{3})_", text) for text in points.reference.values]
    codes = {match[1] if match else "" for match in matches}
    code = codes.pop() if len(codes) == 1 else ""
    return code if code in countries() else None


def is_aligned(name: str, season: Season) -> bool:
    """Return whether a southern year starts in winter, so that it runs as a northern one does."""
    country = country_of(name)
    return country is not None and country.hemisphere == "south" and season.first.month in WINTER
