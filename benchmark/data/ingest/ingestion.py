"""From a long point table to domains of a CropGlobe directory."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset import (
    BANDS,
    DatasetCard,
    DomainCard,
    DomainSamples,
    check_room,
    write_dataset,
)
from benchmark.data.ingest.column_roles import Level, find_columns
from benchmark.data.ingest.domain_assignment import is_aligned, members_by_region
from benchmark.data.ingest.point_table import PointTable, read_table, table_columns
from benchmark.data.ingest.sample_series import (
    MIN_BAND_COVER,
    Observations,
    Samples,
    cadence_of,
    gather_samples,
    observe,
)
from benchmark.data.ingest.spatial_blocks import spatial_blocks
from benchmark.data.observation_calendar import (
    Season,
    choose_year,
    covered_years,
    parse_season_start,
    season_of,
)
from benchmark.data.official.stored_numbers import (
    DIGITAL_NUMBER,
    HIGHEST_REFLECTANCE,
    LOWEST_REFLECTANCE,
    TYPICAL_DIGITAL_NUMBER,
    TYPICAL_REFLECTANCE,
    typical_value,
)
from benchmark.data.taxonomy import (
    CROPS,
    OTHER,
    LabelMap,
    load_label_map,
    parse_code,
)
from benchmark.errors import DataError, UsageError

MIN_OBSERVATIONS: Final = 6
"""Observed dates in the year below which a sample is dropped: the harmonic representation fits five
coefficients to each band, and a series of fewer dates than those carries less than it."""

MAX_IMPOSSIBLE: Final = 0.01
"""Share of band values that may be no reflectance (saturated cloud, glint) and count as not
observed; above it, the unit or the missing-value code of the table is another than assumed."""

GAP_FILLING: Final = "linear between the observations of a sample, ends held"

Progress = Callable[[str, int, int], None]


class IngestedDomain(BaseModel):
    """One domain that an ingestion wrote.

    Attributes:
        name: Name of the domain.
        samples: Number of samples.
        classes: Samples of each class that it has.
        blocks: Number of spatial blocks, ``None`` without coordinates.
        card: Its card.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    samples: int
    classes: dict[str, int]
    blocks: int | None
    card: DomainCard


class IngestReport(BaseModel):
    """What an ingestion did.

    Attributes:
        table: File that was read.
        directory: Directory that was written.
        first_day: First day of the 73 steps, ISO.
        last_day: Last day of the 73 steps, ISO.
        domains: The domains, by name.
        notes: What the user must know and did not ask for.
    """

    model_config = ConfigDict(frozen=True)

    table: str
    directory: str
    first_day: str
    last_day: str
    domains: tuple[IngestedDomain, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Job:
    """What all domains of a table have in common."""

    table: PointTable
    samples: Samples
    label_map: LabelMap
    season: Season
    season_start: str
    level: Level | None
    min_observations: int
    window: float | None
    source: str
    impossible: float


def ingest_table(
    table: Path,
    directory: Path,
    *,
    labels: str,
    region_column: str | None = None,
    region: str | None = None,
    year: int | None = None,
    season_start: str | None = None,
    level: Level | None = None,
    label_column: str | None = None,
    min_observations: int = MIN_OBSERVATIONS,
    window: float | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Turn a long point table into domains of a CropGlobe directory, all of them or none.

    Args:
        table: Parquet or CSV file, one row per sample and date; see
            `benchmark.data.ingest.point_table`.
        directory: Directory to write; domains that it holds already stay.
        labels: Label map: ``cdl``, ``ewoc`` or a YAML file.
        region_column: Column that names each sample's domain; default ``region`` where it exists.
        region: Name of the one domain that the whole table becomes.
        year: Year of the labels; default the table's only one.
        season_start: ``MM-DD`` at which the 73 steps begin, default ``01-01``; from July on, the
            season ends in `year`.
        level: Processing level; default what the band columns say.
        label_column: Column of the label codes; default the one of the label map.
        min_observations: Observed dates in the year that a sample needs to be kept.
        window: Days of each composite, 0 for acquisition dates; default detected.
        progress: Called with the domain, the samples done and the samples in all.

    Returns:
        What was written, dropped and assumed.

    Raises:
        DataError: If the table or the directory cannot be used.
        UsageError: If an option is needed, does not exist or does not fit the table.
    """
    if region is not None and region_column is not None:
        raise UsageError("Give --region or --region-column, not both.")
    start = parse_season_start(season_start or "01-01")
    label_map = load_label_map(labels)
    columns = find_columns(
        table, table_columns(table), label=label_column or label_map.column, region=region_column
    )
    if level is not None and columns.level not in (None, level):
        raise UsageError(
            f"{table} says level {columns.level} in its columns, --level says {level}."
        )
    points = read_table(table, columns)
    impossible = _to_reflectance(points)
    samples = gather_samples(points)
    regions, region_note = members_by_region(points, samples, region)
    check_room(directory, regions, simulated=False)
    every_row = samples.rows_of(np.arange(len(samples)))
    label_year = choose_year(
        str(table),
        asked=year,
        labels=[] if samples.year is None else np.unique(samples.year).tolist(),
        covered=covered_years(np.unique(points.days), cadence_of(points, *every_row), start),
    )
    job = _Job(
        table=points,
        samples=samples,
        label_map=label_map,
        season=season_of(label_year, start),
        season_start=season_start or "01-01",
        level=level or columns.level,
        min_observations=min_observations,
        window=window,
        source=_source(table),
        impossible=impossible,
    )
    made = [_make_domain(job, name, rows, progress) for name, rows in sorted(regions.items())]
    cards = {domain.name: card for domain, card in made}
    card = DatasetCard(name=directory.resolve().name, source=job.source, domains=cards)
    write_dataset(directory, card, (domain for domain, _ in made))
    return IngestReport(
        table=str(table),
        directory=str(directory),
        first_day=job.season.first.isoformat(),
        last_day=job.season.last.isoformat(),
        domains=tuple(_describe(domain, card) for domain, card in made),
        notes=(region_note,) if region_note else (),
    )


def _to_reflectance(points: PointTable) -> float:
    """Scale the stored values in place and blank what is no reflectance; return the blank share."""
    values = points.values
    present = int(np.count_nonzero(~np.isnan(values)))
    if present == 0:
        raise DataError(f"{points.path} has no observation in any band.")
    typical = typical_value(values)
    if typical >= TYPICAL_DIGITAL_NUMBER:
        values /= np.float32(DIGITAL_NUMBER)
    elif points.whole_numbers or typical > TYPICAL_REFLECTANCE:
        raise DataError(
            f"{points.path} has band values that are typically {typical:.3g}, neither reflectance "
            "(0 to 1) nor reflectance x 10,000 for certain: convert them to reflectance."
        )
    wrong = (values < LOWEST_REFLECTANCE) | (values > HIGHEST_REFLECTANCE)
    share = float(np.count_nonzero(wrong)) / present
    if share > MAX_IMPOSSIBLE:
        raise DataError(
            f"{points.path} has {share:.1%} band values outside {LOWEST_REFLECTANCE} to "
            f"{HIGHEST_REFLECTANCE}, which is no reflectance: check its unit and its "
            "missing-value code (65535 or empty)."
        )
    values[wrong] = np.nan
    return share


def _make_domain(
    job: _Job, name: str, members: npt.NDArray[np.intp], progress: Progress | None
) -> tuple[DomainSamples, DomainCard]:
    """Composite one domain and say how."""
    members, dropped = _with_label(job, members)
    observed = observe(job.table, job.samples, members, job.season, job.window)
    enough = observed.counts(members) >= job.min_observations
    if not enough.all():
        reason = f"fewer than {job.min_observations} observed dates in the year"
        dropped[reason] = int(np.count_nonzero(~enough))
    members = members[enough]
    if len(members) == 0:
        raise DataError(
            f"{job.table.path} leaves no sample for {name} from {job.season.first} to "
            f"{job.season.last}: {', '.join(f'{n} with {why}' for why, n in dropped.items())}."
        )

    def done(count: int) -> None:
        if progress is not None:
            progress(name, count, len(members))

    series, missing, by_step = observed.composite(members, done)
    labels, unknown = _classes(job, name, job.samples.label[members])
    place = job.samples.place(members)
    domain = DomainSamples(
        name=name,
        series=series,
        labels=labels,
        sample_ids=job.samples.names[members],
        longitude=None if place is None else place[0],
        latitude=None if place is None else place[1],
        block=None if place is None else spatial_blocks(*place),
        year=np.full(len(members), job.season.year, dtype=np.int64),
    )
    card = DomainCard(
        bands=observed.bands,
        year=job.season.year,
        processing_level=job.level,
        cadence_days=observed.calendar.cadence,
        gap_filling=GAP_FILLING,
        season="aligned" if is_aligned(name, job.season) else "calendar",
        season_start=job.season_start,
        unit="digital_number",
        missing_share=round(missing, 4),
        missing_by_step=by_step,
        source=job.source,
        label_map=job.label_map.name,
        unknown_codes=unknown,
        dropped=dropped,
        notes=tuple(_notes(job, observed, has_place=place is not None)),
    )
    return domain, card


def _with_label(
    job: _Job, members: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], dict[str, int]]:
    """Return the samples that have a label of the year, and how many have not."""
    labelled = job.samples.label[members] >= 0
    this_year = np.ones(len(members), dtype=bool)
    if job.samples.year is not None:
        this_year = job.samples.year[members] == job.season.year
    reasons = {
        "no label": int(np.count_nonzero(~labelled)),
        "a label of another year": int(np.count_nonzero(labelled & ~this_year)),
    }
    return members[labelled & this_year], {why: n for why, n in reasons.items() if n}


def _classes(
    job: _Job, name: str, words: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], dict[str, int]]:
    """Return the class of each sample, and the codes that the map does not know with counts."""
    codes = [parse_code(text) for text in job.table.label.values]
    found = [job.label_map.class_of(code) for code in codes]
    index = np.array([OTHER if crop is None else crop for crop in found], dtype=np.int64)
    counts = np.bincount(words, minlength=len(found))
    unknown: Counter[str] = Counter()
    for code, crop, count in zip(codes, found, counts, strict=True):
        if crop is None and count:
            unknown[str(code)] += int(count)
    if unknown.total() == len(words):
        raise DataError(
            f"{job.table.path} has no code in column {job.table.columns.label} of {name} that the "
            f"label map {job.label_map.name} knows ({', '.join([*unknown][:3])}): name another "
            "map with --labels or another column with --label-column."
        )
    return index[words], dict(unknown.most_common())


def _notes(job: _Job, observed: Observations, *, has_place: bool) -> list[str]:
    """Say what a reader of the card must know of how the domain was made."""
    calendar = observed.calendar
    absent = [band for band in BANDS if band not in job.table.columns.bands]
    notes = [
        f"Dates are first days of composites of about {calendar.windows.mean():.0f} days and stand "
        "at the middle of their window."
        if calendar.composites
        else "Dates are acquisition days."
    ]
    if absent:
        notes.append(f"The table has no band {', '.join(absent)}.")
    if observed.left_out:
        notes.append(
            f"Band {', '.join(observed.left_out)} is left out: observed on less than "
            f"{MIN_BAND_COVER:.0%} of the dates of the best-observed band."
        )
    if job.impossible > 0:
        notes.append(
            f"{job.impossible:.4%} of the table's band values are no reflectance and count as "
            "not observed."
        )
    if job.level is None:
        notes.append("The processing level is not stated: give it with --level L1C or L2A.")
    if not has_place:
        notes.append("Not every sample has coordinates, so that there are no spatial blocks.")
    return notes


def _source(table: Path) -> str:
    with table.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return f"{table.name} (sha256 {digest[:12]})"


def _describe(domain: DomainSamples, card: DomainCard) -> IngestedDomain:
    counts = np.bincount(domain.labels, minlength=len(CROPS))
    return IngestedDomain(
        name=domain.name,
        samples=len(domain),
        classes={crop: int(n) for crop, n in zip(CROPS, counts, strict=True) if n},
        blocks=None if domain.block is None else len(np.unique(domain.block)),
        card=card,
    )
