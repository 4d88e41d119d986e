"""Copies of training samples as other products would show them: level, cadence, gaps, clouds.

Everything is drawn from physics and calendars, and nothing is fitted to any target. Each change is
a table that is made once (atmospheres, matrices over time for composites and gaps) or, for clouds,
a mixture that is drawn for each date.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from benchmark.data.compositing import to_year_grid
from benchmark.data.season import DAYS_PER_YEAR, STEPS_PER_YEAR, step_centres
from benchmark.data.shifts.atmosphere import atmosphere
from benchmark.data.shifts.calendar_shifts import lose_dates
from benchmark.data.shifts.level import aerosol_depths
from benchmark.data.shifts.sun import sun_zenith
from benchmark.randomness import generator

TABLE_SEED: Final = 0
"""Seed of the tables, the same for every fit; which entry a sample gets is drawn by the fit."""

ENTRIES: Final = 96
"""Entries of each table."""

THICKEST: Final = 1.2
"""Largest strength of an atmosphere, uniform from 0."""

LATITUDES: Final = (10.0, 55.0)
"""Degrees from the equator between which the crops of the benchmark grow."""

GAP_SHARES: Final = (0.1, 0.7)
"""Share of the dates that a pattern of gaps loses, uniform between the two."""

CADENCES: Final = (8, 10, 12, 16, 20, 24, 28)
"""Days of composites; some begin later than the year, as those of other products do."""

CLOUDY_DATES: Final = 0.25
"""Largest share of a cloudy copy's dates that clouds were left on, uniform from 0."""

THICKEST_CLOUD: Final = 0.8
"""Largest share of a pixel's light that comes from a cloud, uniform from 0. Thicker ones are masked
by every product."""

CLOUD_REFLECTANCE: Final = (0.3, 0.7)
"""Reflectance of clouds, the same in all bands, uniform between the two. These three numbers are
assumed; none was fitted."""

DARKEST: Final = 1e-4
"""Least reflectance; where too much air is removed, less would be left."""


@dataclass(frozen=True)
class ProductRandomisation:
    """Chances of each change, drawn independently for each sample.

    Attributes:
        air: Chance that the atmosphere of another level is added.
        correction: Chance that one is removed, as from a source that was never corrected.
        calendar: Chance of another cadence or of more gaps, one as often as the other.
        clouds: Chance that clouds are left on some dates.
    """

    air: float = 0.3
    correction: float = 0.1
    calendar: float = 0.5
    clouds: float = 0.0

    def __call__(self, year: Tensor, bands: tuple[str, ...], random: torch.Generator) -> Tensor:
        """Return one copy of each sample as another product would show it.

        Args:
            year: Reflectance of whole years [N, B, 73].
            bands: Names of the bands [B].
            random: Source of all randomness, on the device of the series.

        Returns:
            Reflectance [N, B, 73].
        """
        count, device = len(year), year.device

        def draw() -> Tensor:
            return torch.rand(count, generator=random, device=device).view(-1, 1, 1)

        def entry() -> Tensor:
            return torch.randint(ENTRIES, (count,), generator=random, device=device)

        skies = _on(device, sky_table(bands))
        path, passed, gases, back = skies[:, entry()]
        which = draw()
        reached = (year / gases - path) / passed
        corrected = (reached / (1 + back * reached)).clamp(DARKEST, 1)
        hazy = (gases * (path + passed * year / (1 - back * year))).clamp(DARKEST, 1)
        seen = torch.where(which < self.air, hazy, year)
        seen = torch.where(which > 1 - self.correction, corrected, seen)
        over_time = torch.bmm(seen, _on(device, time_table())[entry()])
        seen = torch.where(draw() < self.calendar, over_time, seen)
        return self._under_clouds(seen, random) if self.clouds else seen

    def _under_clouds(self, year: Tensor, random: torch.Generator) -> Tensor:
        """Return samples with clouds on some of the dates of those that are drawn."""

        def draw(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=random, device=year.device)

        count, _, steps = year.shape
        share = CLOUDY_DATES * draw(count, 1, 1) * (draw(count, 1, 1) < self.clouds)
        cover = THICKEST_CLOUD * draw(count, 1, steps) * (draw(count, 1, steps) < share)
        darkest, brightest = CLOUD_REFLECTANCE
        cloud = darkest + (brightest - darkest) * draw(count, 1, steps)
        return year + cover * (cloud - year)


def _on(device: torch.device, table: Tensor) -> Tensor:
    return table if table.device == device else table.to(device)


@cache
def sky_table(bands: tuple[str, ...]) -> Tensor:
    """Return atmospheres of whole years: path, scattering, gases, spherical [4, skies, B, 73]."""
    rng = generator(TABLE_SEED, "skies")
    latitude = rng.uniform(*LATITUDES, ENTRIES).astype(np.float32)[:, None]
    strength = rng.uniform(0, THICKEST, ENTRIES)
    sun = np.cos(np.deg2rad(sun_zenith(latitude, step_centres().astype(np.float32)[None])))
    aerosol = aerosol_depths(rng, np.arange(ENTRIES))
    found = []
    for row in range(ENTRIES):
        above = atmosphere(bands, sun[row], aerosol[row], strength=float(strength[row]))
        found.append(np.stack([above.path, above.scattering, above.gases, above.spherical]))
    return torch.from_numpy(np.stack(found, axis=1).astype(np.float32))


@cache
def time_table() -> Tensor:
    """Return matrices over time, composites first and then gaps, [changes, 73, 73]."""
    rng = generator(TABLE_SEED, "times")
    basis = np.eye(STEPS_PER_YEAR, dtype=np.float32)[:, None, :]
    scene = np.zeros(STEPS_PER_YEAR, np.int64)
    found = []
    for number in range(ENTRIES):
        if number < ENTRIES // 2:
            days = int(rng.choice(CADENCES))
            found.append(composite_matrix(days, int(rng.integers(days))))
        else:
            found.append(lose_dates(rng, basis, scene, rng.uniform(*GAP_SHARES))[:, 0])
    return torch.from_numpy(np.stack(found).astype(np.float32))


def composite_matrix(days: int, first: int) -> np.ndarray:
    """Return the matrix [73, 73] of mean composites that are brought back to the 5-day grid.

    Args:
        days: Days of a window.
        first: Day on which the first whole window begins.
    """
    edges = np.unique([0, *range(first, DAYS_PER_YEAR, days), DAYS_PER_YEAR])
    window = np.searchsorted(edges, step_centres(), side="right") - 1
    used = np.unique(window)
    middles = ((edges[:-1] + edges[1:]) / 2)[used]
    means = np.stack([(window == number) / np.sum(window == number) for number in used], axis=1)
    basis = np.eye(len(used), dtype=np.float32)[:, None, :]
    return np.asarray(means @ to_year_grid(basis, middles)[:, 0], dtype=np.float32)
