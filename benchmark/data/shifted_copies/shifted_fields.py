"""What shifts are applied to: the samples of a domain, each with its scene and latitude."""

import numpy as np

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.season import FloatArray
from benchmark.data.shifts.shift_table import LATITUDE, Fields
from benchmark.data.taxonomy import country_of


def fields_of(
    samples: DomainSamples, series: FloatArray, bands: tuple[str, ...], first_day: int
) -> Fields:
    """Return what shifts are applied to.

    Args:
        samples: Samples of a domain; without places they count as one scene at 40 degrees.
        series: Their reflectance in some bands, on some calendar [N, B, 73].
        bands: Names of these bands [B].
        first_day: Days from 1 January to the first step of the series.
    """
    latitude = samples.latitude
    if latitude is None:
        country = country_of(samples.name)
        side = -1 if country is not None and country.hemisphere == "south" else 1
        latitude = np.full(len(samples), side * LATITUDE)
    scene = np.zeros(len(samples), np.int64) if samples.block is None else samples.block
    return Fields(samples.name, series, bands, scene, latitude, first_day)
