"""Spatial blocks: clusters of fields that share location, soil, season and weather."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmark.data.season import STEPS_PER_YEAR
from benchmark.data.simulate.plants import effects
from benchmark.data.simulate.random_effects import FloatArray, IntArray
from benchmark.data.simulate.regions import Region
from benchmark.data.taxonomy import country_code
from benchmark.randomness import generator

KM_PER_DEGREE = 111.2


@dataclass(frozen=True)
class Places:
    """The K blocks of a domain; the blocks of one region have consecutive numbers.

    Attributes:
        region: Index of the region [K].
        longitude: Degrees east of the centre [K].
        latitude: Degrees north of the centre [K].
        brightness: Log factor on soil brightness [K].
        tilt: Log ratio by which the soil is brighter in the visible than in the infrared [K].
        soil_quantile: Position in the distribution of soil types, 0 to 1 [K].
        delay: Days by which the season is late [K].
        vigour: Log factor on leaf area [K].
    """

    region: IntArray
    longitude: npt.NDArray[np.float64]
    latitude: npt.NDArray[np.float64]
    brightness: FloatArray
    tilt: FloatArray
    soil_quantile: FloatArray
    delay: FloatArray
    vigour: FloatArray

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.region)

    def assign(self, rng: np.random.Generator, region: IntArray) -> IntArray:
        """Draw a block for each sample from the blocks of its region.

        Args:
            rng: Generator.
            region: Index of the region of each sample [N].

        Returns:
            Index of the block [N].
        """
        count = np.bincount(self.region, minlength=int(region.max()) + 1)
        first = np.concatenate([[0], np.cumsum(count)[:-1]])
        return np.asarray(
            first[region] + np.floor(rng.random(len(region)) * count[region]), np.int64
        )

    def locate(
        self, rng: np.random.Generator, block: IntArray
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Draw the position of each sample around the centre of its block.

        Args:
            rng: Generator.
            block: Block of each sample [N].

        Returns:
            Longitude and latitude in degrees, [N] each.
        """
        away = rng.standard_normal((2, len(block))) * effects()["block_spread_km"] / KM_PER_DEGREE
        latitude = self.latitude[block] + away[1]
        longitude = self.longitude[block] + away[0] / np.cos(np.deg2rad(latitude))
        return np.round(longitude, 5), np.round(latitude, 5)


def draw_places(
    name: str, seed: int, regions: Sequence[Region], samples: npt.NDArray[np.int64]
) -> Places:
    """Draw the blocks of a domain.

    Position and soil are drawn for the country, so all of its years share them. Delay and vigour
    are drawn for the domain.

    Args:
        name: Domain.
        seed: Seed of the dataset.
        regions: Its regions.
        samples: Samples of each region.

    Returns:
        The blocks.
    """
    sizes = effects()
    count = np.ceil(samples / sizes["samples_per_block"]).astype(np.int64)
    columns: list[npt.NDArray[np.float64]] = []
    for region, number in zip(regions, count, strict=True):
        rng = generator(seed, country_code(name), region.name, "places")
        columns.append(np.array([_place(rng, region) for _ in range(number)]).reshape(-1, 5))
    longitude, latitude, bright, tilt, quantile = np.concatenate(columns).T
    total = int(count.sum())
    rng = generator(seed, name, "blocks")
    season = sizes["vigour_year"] * rng.standard_normal(len(regions))
    return Places(
        region=np.repeat(np.arange(len(regions)), count),
        longitude=longitude,
        latitude=latitude,
        brightness=(sizes["brightness_block"] * bright).astype(np.float32),
        tilt=(sizes["tilt_sd"] * tilt).astype(np.float32),
        soil_quantile=quantile.astype(np.float32),
        delay=(sizes["block_sd"] * rng.standard_normal(total)).astype(np.float32),
        vigour=(
            np.repeat(season, count) + sizes["vigour_block"] * rng.standard_normal(total)
        ).astype(np.float32),
    )


def _place(rng: np.random.Generator, region: Region) -> tuple[float, float, float, float, float]:
    """Draw longitude, latitude, brightness, tilt and soil quantile of one block.

    Blocks are drawn one after another, so that a larger domain keeps the blocks of a smaller one.
    """
    size = np.array([(east - west) * (north - south) for west, south, east, north in region.places])
    box = region.places[int(rng.choice(len(size), p=size / size.sum()))]
    x, y, quantile = rng.random(3)
    bright, tilt = rng.standard_normal(2)
    west, south, east, north = box
    return west + x * (east - west), south + y * (north - south), bright, tilt, quantile


def autoregressive(rng: np.random.Generator, count: int, rho: float) -> FloatArray:
    """Draw standard normal first-order autoregressive series over the 73 steps.

    Args:
        rng: Generator.
        count: Number of series.
        rho: Correlation from one step to the next.

    Returns:
        Series [count, 73].
    """
    out = rng.standard_normal((count, STEPS_PER_YEAR), np.float32)
    keep = np.float32(np.sqrt(1 - rho**2))
    for step in range(1, STEPS_PER_YEAR):
        out[:, step] = np.float32(rho) * out[:, step - 1] + keep * out[:, step]
    return out
