"""Simulate the samples of a domain, or a whole dataset, from a seed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmark.data.compositing import to_year_grid
from benchmark.data.dataset import BANDS, DatasetCard, DomainCard, DomainSamples, write_dataset
from benchmark.data.season import HALF_YEAR_STEPS, STEP_DAYS, STEPS_PER_YEAR
from benchmark.data.shifts.level import aerosol_depths
from benchmark.data.simulate import observation
from benchmark.data.simulate.fields import Fields, draw_fields
from benchmark.data.simulate.observation import Product
from benchmark.data.simulate.random_effects import FloatArray, take
from benchmark.data.simulate.regions import (
    DomainPlan,
    Region,
    read_region,
    resolve,
)
from benchmark.data.simulate.scene import observe
from benchmark.data.simulate.weather import Weather, draw_weather
from benchmark.errors import UsageError
from benchmark.randomness import generator

GENERATOR_VERSION: Final = "1.4"
"""Version of the generator. Raise it whenever the same seed gives other samples."""

DOMAINS: Final[tuple[str, ...]] = (
    "ARG",
    "AUS",
    "BEL",
    "CHN",
    "FRA",
    "GBR",
    "NLD",
    "USA",
    "USA-2017",
    "USA-2018",
    "USA-2020",
    "USA-2021",
)
"""Domains that `simulate_dataset` makes by default."""

CHUNK: Final = 1024
"""Samples rendered at once. Another number gives other samples, since each chunk has its own
random numbers."""

THREADS: Final = 2

MOST_SAMPLES: Final = 2_000_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Options:
    """Options of the simulator for ablations; the defaults make the benchmark's data.

    Attributes:
        water: Whether paddies are flooded.
        noise: Whether haze, noise, mixed pixels and label errors are added.
        gaps: Whether dates are missing because of clouds.
        many_others: Whether `other` has all of its land uses; if not, only the most common one.
        calendar_of: Domain or region whose calendar rows replace those of the same crop; ``None``
            replaces none.
    """

    water: bool = True
    noise: bool = True
    gaps: bool = True
    many_others: bool = True
    calendar_of: str | None = None


def simulate_domain(
    name: str,
    *,
    samples: int,
    seed: int,
    own_regions: Mapping[str, Region] | None = None,
    calendar_season: bool = False,
    options: Options | None = None,
    product: Product | None = None,
    progress: Progress | None = None,
) -> DomainSamples:
    """Simulate the samples of one domain.

    The samples depend only on the generator version and the arguments.

    Args:
        name: Country, country-year or region, such as ``FRA``, ``USA-2017`` or ``USA-AR``.
        samples: Number of samples.
        seed: Seed of the dataset.
        own_regions: The user's regions by name.
        calendar_season: Whether southern years start in January instead of July.
        options: Options for ablations.
        product: Level, cadence and bands; the benchmark's if ``None``.
        progress: Called with the domain's name, the samples made and the samples asked for.

    Returns:
        The samples; 3 % of the labels are wrong unless `options` turn noise off.

    Raises:
        UsageError: If the domain is unknown or the number of samples is impossible.
    """
    chosen = options or Options(), product or Product()
    made, missing = _simulate(name, samples, seed, own_regions or {}, *chosen, progress)
    return _on_calendar(made, missing, own_regions or {})[0] if calendar_season else made


def _on_calendar(
    made: DomainSamples, missing: npt.NDArray[np.float64], own: Mapping[str, Region]
) -> tuple[DomainSamples, npt.NDArray[np.float64]]:
    """Roll a southern season, stored from July to June, to January to December."""
    if resolve(made.name, own)[1][0].hemisphere == "north":
        return made, missing
    series = np.roll(made.series, -HALF_YEAR_STEPS, axis=-1)
    return replace(made, series=series), np.roll(missing, -HALF_YEAR_STEPS)


def _simulate(
    name: str,
    samples: int,
    seed: int,
    own: Mapping[str, Region],
    options: Options,
    product: Product,
    progress: Progress | None,
) -> tuple[DomainSamples, npt.NDArray[np.float64]]:
    """Return the samples of a domain, July to June in the south, and the missing share [73]."""
    plan, parts = resolve(name, own)
    if not 1 <= samples <= MOST_SAMPLES:
        raise UsageError(
            f"Cannot simulate {samples} samples of {name}: ask for 1 to {MOST_SAMPLES}."
        )
    if len({region.hemisphere for region in parts}) > 1:
        raise UsageError(f"The regions of {name} lie in two hemispheres: split the domain.")
    parts = tuple(_with_options(region, options) for region in parts)
    fields, places = draw_fields(name, seed, parts, plan.classes, samples)
    weather = draw_weather(name, seed, parts, places)
    aerosol = None
    if product.level == "L1C":
        # Of a name of its own, so that everything else is drawn as without it.
        aerosol = aerosol_depths(generator(seed, name, "aerosol"), np.arange(len(places)))
    series = np.empty((samples, len(product.bands), STEPS_PER_YEAR), np.float32)
    missing = np.zeros(STEPS_PER_YEAR)
    starts = range(0, samples, CHUNK)

    def render(start: int) -> npt.NDArray[np.float64]:
        chunk = take(fields, np.arange(start, min(start + CHUNK, samples)))
        rng = generator(seed, name, "pixels", start)
        rendered, lost = _render(rng, chunk, weather, options, product.cadence_days, aerosol)
        series[start : start + CHUNK] = rendered[:, [BANDS.index(band) for band in product.bands]]
        return lost

    # The chunks keep the cores busy. BLAS with one thread rounds alike on machines of any size.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(THREADS) as pool:
        for start, lost in zip(starts, pool.map(render, starts), strict=True):
            missing += lost
            if progress is not None:
                progress(name, min(start + CHUNK, samples), samples)
    return _label(name, seed, plan, fields, series, options), missing / samples


def _render(
    rng: np.random.Generator,
    chunk: Fields,
    weather: Weather,
    options: Options,
    cadence_days: int,
    aerosol: FloatArray | None,
) -> tuple[FloatArray, npt.NDArray[np.float64]]:
    """Return the gap-filled series of a chunk [n, 10, 73] and the number of gaps per step [73].

    Aerosol [K, 73] of the blocks is given where the series are of level L1C.
    """
    seen = observation.seen_dates(rng, chunk, weather)
    if not options.gaps:
        seen = np.ones_like(seen)
    sample, step = np.nonzero(seen)
    surface = observe(chunk, weather, sample, step, water=options.water)
    values = np.full((len(seen), STEPS_PER_YEAR, 10), np.nan, np.float32)
    values[sample, step] = surface
    if options.noise:
        mixed = observation.mix_neighbours(rng, values.transpose(0, 2, 1), chunk.block)
        surface = mixed[sample, :, step]
        surface = observation.disturb(rng, surface, sample, len(seen), corrected=aerosol is None)
    if aerosol is not None:
        block = chunk.block[sample]
        surface = observation.above_atmosphere(
            surface,
            aerosol[block, step],
            chunk.latitude[sample].astype(np.float32),
            weather.day_of_year[block, step],
        )
    values[sample, step] = surface
    made, days, seen = observation.composites(values.transpose(0, 2, 1), cadence_days)
    return to_year_grid(made, days), (~seen).sum(axis=0).astype(np.float64)


def _label(
    name: str, seed: int, plan: DomainPlan, fields: Fields, series: FloatArray, options: Options
) -> DomainSamples:
    """Return the series of a domain with labels, ids, positions, blocks and years."""
    labels = fields.crop
    if options.noise:
        labels = observation.mislabel(generator(seed, name, "labels"), labels)
    return DomainSamples(
        name=name,
        series=series,
        labels=labels.astype(np.int64),
        sample_ids=np.array([f"{name}:sim:{row:07d}" for row in range(len(labels))]),
        longitude=fields.longitude,
        latitude=fields.latitude,
        block=fields.block,
        year=np.full(len(labels), plan.year, np.int64),
    )


def _with_options(region: Region, options: Options) -> Region:
    """Return a region whose calendar follows the options."""
    rows = list(region.rows)
    if not options.many_others:
        others = [row for row in rows if row.crop == "other"]
        commonest = max(others, key=lambda row: row.area, default=None)
        rows = [row for row in rows if row.crop != "other" or row is commonest]
    if options.calendar_of is not None:
        foreign = resolve(options.calendar_of, {})[1]
        new = [row for part in foreign for row in part.rows if row.crop != "other"]
        known = {row.crop for row in new}
        rows = [row for row in rows if row.crop not in known]
        grown = {row.crop for row in region.rows}
        rows += [row for row in new if row.crop in grown]
    return region.model_copy(update={"rows": tuple(rows)})


def simulate_dataset(
    directory: Path,
    *,
    samples_per_domain: int,
    seed: int,
    domains: Sequence[str] | None = None,
    region_files: Sequence[Path] = (),
    calendar_season: bool = False,
    product: Product | None = None,
    progress: Progress | None = None,
) -> None:
    """Write a simulated CropGlobe in the official layout.

    Args:
        directory: Directory to write, made if needed.
        samples_per_domain: Samples of each domain.
        seed: Seed; the same one gives the same bytes.
        domains: Domains to make; by default those of `DOMAINS`, or only the regions of
            `region_files` where there are any.
        region_files: YAML files of further regions.
        calendar_season: Whether southern years start in January instead of July.
        product: Level, cadence and bands; the benchmark's if ``None``.
        progress: Called with the domain's name, the samples made and the samples asked for.

    Raises:
        UsageError: If a domain is unknown or the number of samples is impossible.
        DataError: If a region file is wrong or the directory cannot be written.
    """
    own = {region.name: region for region in map(read_region, region_files)}
    names = tuple(domains) if domains is not None else (*own,) or DOMAINS
    names = tuple(dict.fromkeys(names))
    product = product or Product()
    cards = {name: _card(name, own, product, calendar_season=calendar_season) for name in names}
    card = DatasetCard(
        name="CropGlobe (simulated)",
        source="cropglobe simulate: PROSAIL emulator, crop calendars, clouds; no satellite saw it",
        licence="CC0-1.0",
        simulated=True,
        generator_version=GENERATOR_VERSION,
        seed=seed,
        domains=cards,
    )

    def stream() -> Iterator[DomainSamples]:
        for name in names:
            made, missing = _simulate(
                name, samples_per_domain, seed, own, Options(), product, progress
            )
            if calendar_season:
                made, missing = _on_calendar(made, missing, own)
            # The card is written after the last domain, so the missing shares can still be set.
            card.domains[name] = cards[name].model_copy(
                update={
                    "missing_share": round(float(missing.mean()), 4),
                    "missing_by_step": tuple(round(float(share), 4) for share in missing),
                }
            )
            yield made

    write_dataset(directory, card, stream())


def _card(
    name: str, own: Mapping[str, Region], product: Product, *, calendar_season: bool
) -> DomainCard:
    """Return the card of a domain, without the missing shares."""
    plan, parts = resolve(name, own)
    aligned = parts[0].hemisphere == "south" and not calendar_season
    days = product.cadence_days
    top = product.level == "L1C"
    composed = "steps" if days == STEP_DAYS else "composites"
    seen = ("Reflectance above the atmosphere, by the model of docs/shifts.md.",) if top else ()
    return DomainCard(
        bands=product.bands,
        year=plan.year,
        processing_level="L1C" if top else "simulated",
        cadence_days=days,
        gap_filling=f"linear between clear {days}-day {composed}",
        season="aligned" if aligned else "calendar",
        season_start="07-05" if aligned else "01-01",
        unit="digital_number",
        label_map="simulated",
        notes=(
            f"Class set and shares: {plan.source} (mark {plan.mark}).",
            "Three in a hundred labels are wrong on purpose.",
            *seen,
        ),
    )
