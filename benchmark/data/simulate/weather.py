"""Weather of every block and 5-day step: clouds, snow, soil moisture; and viewing geometry."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from benchmark.data.season import DAYS_PER_YEAR, STEPS_PER_YEAR, step_centres
from benchmark.data.simulate.block_locations import Places, autoregressive
from benchmark.data.simulate.plants import effects
from benchmark.data.simulate.random_effects import FloatArray
from benchmark.data.simulate.regions import Quarterly, Region, through_year
from benchmark.data.simulate.stands import SOUTHERN_START
from benchmark.randomness import generator


@dataclass(frozen=True)
class Weather:
    """Weather and viewing geometry of K blocks on 73 steps.

    Attributes:
        day: Day of the overpass after the start of the stored year [K, 73].
        day_of_year: Day of the year of the overpass [K, 73].
        clear: Whether the block is free of clouds [K, 73].
        snow: Share of the ground covered by snow [K, 73].
        moisture: Surface soil moisture, 0 to 1 [K, 73].
        weeds: Leaf area index of weeds on uncropped ground [K, 73].
        view_zenith: Zenith angle of the sensor in degrees [K, 73].
        azimuth: Azimuth angle between sun and sensor in degrees [K, 73].
    """

    day: FloatArray
    day_of_year: FloatArray
    clear: npt.NDArray[np.bool_]
    snow: FloatArray
    moisture: FloatArray
    weeds: FloatArray
    view_zenith: FloatArray
    azimuth: FloatArray


def draw_weather(name: str, seed: int, regions: Sequence[Region], places: Places) -> Weather:
    """Draw the weather of a domain.

    Clouds cover whole scenes: most of their variance belongs to region and date, the rest to the
    block.

    Args:
        name: Domain.
        seed: Seed of the dataset.
        regions: Its regions.
        places: Its blocks.

    Returns:
        The weather of every block.
    """
    rng = generator(seed, name, "weather")
    sizes = effects()
    shape = (len(places), STEPS_PER_YEAR)
    offsets = np.array(
        [SOUTHERN_START if region.hemisphere == "south" else 0 for region in regions]
    )
    day = step_centres()[None, :] + rng.uniform(-2, 2, shape)
    of_year = np.mod(day + offsets[places.region][:, None], DAYS_PER_YEAR) + 1

    def through(values: Sequence[Quarterly]) -> npt.NDArray[np.float64]:
        by_block = [
            through_year(value, of_year[places.region == i]) for i, value in enumerate(values)
        ]
        return np.concatenate(by_block)

    common = sizes["shared_weather"]
    region_sky = rng.standard_normal((len(regions), STEPS_PER_YEAR))[places.region]
    sky = np.sqrt(common) * region_sky + np.sqrt(1 - common) * rng.standard_normal(shape)
    probability = np.clip(through([region.clear for region in regions]), 1e-3, 1 - 1e-3)
    cold = autoregressive(rng, len(regions), sizes["snow_persistence"])[places.region]
    cold = np.sqrt(0.8) * cold + np.sqrt(0.2) * rng.standard_normal(shape)
    most = np.array([max(region.snow) for region in regions])[places.region][:, None]
    # Twice the interpolated share minus its maximum, so that it is 0 half way to the next season.
    snow_share = 2 * through([region.snow for region in regions]) - most
    snowy = cold < ndtri(np.clip(snow_share, 1e-9, 1))
    rain = autoregressive(rng, len(places), sizes["moisture_rho"])
    wet = through([region.wet for region in regions]) + sizes["moisture_sd"] * rain
    of_season = sizes["moisture_year"] * rng.standard_normal((len(regions), 1))
    wet = wet + of_season[places.region]
    return Weather(
        day=day.astype(np.float32),
        day_of_year=of_year.astype(np.float32),
        clear=sky < ndtri(probability),
        snow=np.where(snowy, rng.uniform(0.3, 1.0, shape), 0).astype(np.float32),
        moisture=np.clip(wet, 0, 1).astype(np.float32),
        weeds=through([region.weeds for region in regions]).astype(np.float32),
        view_zenith=rng.uniform(0, 11, shape).astype(np.float32),
        azimuth=rng.uniform(0, 180, shape).astype(np.float32),
    )
