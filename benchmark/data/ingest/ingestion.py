"""From a long point table to domains of a CropGlobe directory."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
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
from benchmark.data.dataset_card import NOT_STATED
from benchmark.data.ingest.cadence import Stamp
from benchmark.data.ingest.column_roles import Level, find_columns
from benchmark.data.ingest.domain_assignment import DomainPlan, is_aligned, plan_domains
from benchmark.data.ingest.point_table import PointTable, read_table
from benchmark.data.ingest.sample_series import (
    MIN_BAND_COVER,
    Observations,
    Samples,
    gather_samples,
    observe,
)
from benchmark.data.ingest.season_choice import refuse_unseen_season
from benchmark.data.ingest.spatial_blocks import spatial_blocks
from benchmark.data.ingest.stored_values import StoredForm, to_reflectance
from benchmark.data.ingest.table_files import table_columns
from benchmark.data.observation_calendar import Calendar, parse_season_start
from benchmark.data.official.stored_numbers import Missing
from benchmark.data.season import DAYS_PER_YEAR
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
        first_day: First day of the 73 steps, ISO; that of the first of several years.
        last_day: Last day of the 73 steps, ISO; that of the last of several years.
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
    season_start: str
    level: Level | None
    min_observations: int
    window: float | None
    stamp: Stamp | None
    source: str
    impossible: float
    said: tuple[str, ...]


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
    stamp: Stamp | None = None,
    missing: Missing | None = None,
    offset: float | None = None,
    offset_from: date | None = None,
    name: str | None = None,
    licence: str | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Turn a point table into domains of a CropGlobe directory, all of them or none.

    Args:
        table: The table; docs/data.md lists the formats.
        directory: Directory to write; domains that it holds already stay.
        labels: Label map: ``cdl``, ``ewoc``, ``worldcereal`` or a YAML file.
        region_column: Column that names each sample's domain; default ``region`` where it exists.
        region: Name of the one domain that the whole table becomes.
        year: Year of the labels; default the table's. Several years make a domain each.
        season_start: ``MM-DD`` at which the 73 steps begin, default ``01-01``; from July on, the
            season ends in `year`.
        level: Processing level; default what the band columns say.
        label_column: Column of the label codes; default the one of the label map.
        min_observations: Observed dates in the year that a sample needs to be kept.
        window: Days of each composite, 0 for acquisition dates; default detected.
        stamp: Which day of its window the date of a composite is; default the first.
        missing: Number that stands for a missing observation beside 65535 and empty cells;
            ``nan`` if no other number does.
        offset: What was added to the digital numbers.
        offset_from: First day on which it was added; default all days.
        name: Name of the dataset; default that of the directory.
        licence: Terms under which the data may be used.
        progress: Called with the domain, the samples done and the samples in all.

    Returns:
        What was written, dropped and assumed.

    Raises:
        DataError: If the table or the directory cannot be used.
        UsageError: If an option is needed, does not exist or does not fit the table.
    """
    if region is not None and region_column is not None:
        raise UsageError("Give --region or --region-column, not both.")
    if name is not None and not (name.strip() and name.isprintable()):
        raise UsageError("The dataset's name is blank or has characters that cannot be shown.")
    start = parse_season_start(season_start or "01-01")
    label_map = load_label_map(labels)
    columns = find_columns(
        table,
        table_columns(table),
        labels=label_map.columns if label_column is None else (label_column,),
        region=region_column,
    )
    if level is not None and columns.level not in (None, level):
        raise UsageError(
            f"{table} says level {columns.level} in its columns, --level says {level}."
        )
    points = read_table(table, columns)
    scaling = to_reflectance(points, StoredForm(missing, offset, offset_from))
    points, samples = gather_samples(points)
    plans, plan_notes = plan_domains(points, samples, region=region, year=year, start=start)
    notes = (*plan_notes, *points.notes, *scaling.notes)
    existing = check_room(directory, [plan.name for plan in plans], simulated=False)
    if existing is not None and name not in (None, existing.name):
        raise UsageError(
            f"{directory} is named '{existing.name}' already: leave out --name, or name another "
            "directory."
        )
    job = _Job(
        table=points,
        samples=samples,
        label_map=label_map,
        season_start=season_start or "01-01",
        level=level or columns.level,
        min_observations=min_observations,
        window=window,
        stamp=stamp,
        source=_source(table),
        impossible=scaling.impossible,
        said=(scaling.unit, *notes),
    )
    made = [_make_domain(job, plan, progress) for plan in plans]
    cards = {domain.name: card for domain, card in made}
    card = DatasetCard(
        name=name or directory.resolve().name,
        source=job.source,
        licence=licence or NOT_STATED,
        domains=cards,
    )
    write_dataset(directory, card, (domain for domain, _ in made))
    return IngestReport(
        table=str(table),
        directory=str(directory),
        first_day=min(plan.season.first for plan in plans).isoformat(),
        last_day=max(plan.season.last for plan in plans).isoformat(),
        domains=tuple(_describe(domain, card) for domain, card in made),
        notes=notes,
    )


def _make_domain(
    job: _Job, plan: DomainPlan, progress: Progress | None
) -> tuple[DomainSamples, DomainCard]:
    """Composite one domain and say how."""
    season = plan.season
    members, dropped = _with_label(job, plan)
    observed = observe(job.table, job.samples, members, season, window=job.window, stamp=job.stamp)
    enough = observed.counts(members) >= job.min_observations
    if not enough.all():
        reason = f"fewer than {job.min_observations} observed dates in the year"
        dropped[reason] = int(np.count_nonzero(~enough))
    members = members[enough]
    if len(members) == 0:
        raise DataError(
            f"{job.table.path} leaves no sample for {plan.name} from {season.first} to "
            f"{season.last}: {', '.join(f'{n} with {why}' for why, n in dropped.items())}"
            f"{_other_year(job, plan)}."
        )

    def done(count: int) -> None:
        if progress is not None:
            progress(plan.name, count, len(members))

    series, by_step, gap = observed.composite(members, done)
    refuse_unseen_season(job.table.path, plan, observed, gap)
    labels, unknown = _classes(job, plan.name, job.samples.label[members])
    place = job.samples.place(members)
    domain = DomainSamples(
        name=plan.name,
        series=series,
        labels=labels,
        sample_ids=job.samples.names[members],
        longitude=None if place is None else place[0],
        latitude=None if place is None else place[1],
        block=None if place is None else spatial_blocks(*place),
        year=np.full(len(members), season.year, dtype=np.int64),
    )
    card = DomainCard(
        bands=observed.bands,
        year=season.year,
        processing_level=job.level,
        cadence_days=observed.calendar.cadence,
        gap_filling=GAP_FILLING,
        season="aligned" if is_aligned(plan.name, season) else "calendar",
        season_start=job.season_start,
        unit="digital_number",
        missing_share=round(sum(by_step) / len(by_step), 4),
        missing_by_step=by_step,
        source=job.source,
        label_map=job.label_map.name,
        unknown_codes=unknown,
        dropped=dropped,
        notes=tuple(_notes(job, observed, has_place=place is not None)),
    )
    return domain, card


def _other_year(job: _Job, plan: DomainPlan) -> str:
    """Say when a domain was observed, where that is not in its year."""
    rows, _ = job.samples.rows_of(plan.members)
    days, season = job.table.days[rows], plan.season
    after = season.days_after_start(days)
    if not len(days) or ((after >= 0) & (after < DAYS_PER_YEAR)).any():
        return ""
    said = f"; its dates are from {days.min()} to {days.max()}"
    if season.first.year < season.year:
        said += f", and a year that begins in {season.first:%B} is named after the one it ends in"
    return said


def _with_label(job: _Job, plan: DomainPlan) -> tuple[npt.NDArray[np.intp], dict[str, int]]:
    """Return the samples that have a label that counts, and how many have not."""
    members = plan.members
    label = job.samples.label[members]
    known = [parse_code(text) for text in job.table.label.values]
    dropped = np.array([*(job.label_map.drops(code) for code in known), False])
    reasons = {"no label": int(np.count_nonzero(label < 0))}
    for number in np.unique(label[dropped[label]]).tolist():
        reason = f"the label {known[number]}, which the map drops"
        reasons[reason] = int(np.count_nonzero(label == number))
    reasons["a label of another year"] = plan.other_years
    kept = (label >= 0) & ~dropped[label]
    return members[kept], {why: n for why, n in reasons.items() if n}


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
    notes = [_say_calendar(calendar), calendar.evidence, *job.said]
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
        notes.append(
            "Not every sample has coordinates (columns lon and lat, in degrees, or .geo), so that "
            "there are no spatial blocks."
        )
    return notes


def _say_calendar(calendar: Calendar) -> str:
    """Say what the dates were concluded to be."""
    if not calendar.composites:
        return "Dates are acquisition days."
    leads = np.zeros(1) if calendar.leads is None else calendar.leads
    stamp = "first days" if not leads.any() else "days"
    return (
        f"Dates are {stamp} of composites of about {calendar.windows.mean():.0f} days and stand at "
        "the middle of their window."
    )


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
