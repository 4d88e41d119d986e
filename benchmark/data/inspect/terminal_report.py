"""Tables and sentences of the data commands, for a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from benchmark.data.ingest.ingestion import IngestedDomain, IngestReport
from benchmark.data.inspect.inspection import DomainInspection, Inspection
from benchmark.data.inspect.reading_doubts import reading_doubts
from benchmark.data.official.file_names import likely_domain
from benchmark.data.official.stored_numbers import DOMAINS_FILE, Declared
from benchmark.data.taxonomy import CROPS
from benchmark.terminal import counted, plain_table


def show_ingest(report: IngestReport) -> Iterator[RenderableType]:
    """Yield what an ingestion did."""
    yield f"{report.table} -> {report.directory}, {report.first_day} to {report.last_day}"
    yield _classes([(domain.name, domain.samples, domain.classes) for domain in report.domains])
    for note in report.notes:
        yield Text(note, style="yellow")
    for domain in report.domains:
        yield from _ingested(domain, said=report.notes)


def _ingested(domain: IngestedDomain, said: tuple[str, ...]) -> Iterator[RenderableType]:
    card = domain.card
    blocks = "no coordinates, no blocks" if domain.blocks is None else f"{domain.blocks} blocks"
    yield (
        f"{domain.name}: {len(card.bands)} bands ({' '.join(card.bands)}), "
        f"level {card.processing_level or 'not stated'}, a date every {card.cadence_days:g} days, "
        f"{card.missing_share or 0:.1%} of the 5-day steps not observed, {blocks}"
    )
    for note in card.notes:
        if note in said:  # of the whole table, above
            continue
        yield Text(
            f"  {note}", style="yellow" if "no band" in note or "left out" in note else "dim"
        )
    for reason, count in card.dropped.items():
        yield Text(f"  {_samples(count)} dropped: {reason}.", style="yellow")
    if card.unknown_codes:
        listed = ", ".join(f"{code} ({count})" for code, count in card.unknown_codes.items())
        total = sum(card.unknown_codes.values())
        yield Text(
            f"  {_samples(total)} counted as other for a code that the map {card.label_map} "
            f"cannot tell: {listed}.",
            style="bold red",
        )


def _samples(count: int) -> str:
    return counted(count, "sample")


def show_inspection(inspection: Inspection) -> Iterator[RenderableType]:
    """Yield the card of a dataset."""
    kind = Text(" simulated", style="bold magenta") if inspection.simulated else Text(" real data")
    yield Text(inspection.name, style="bold") + kind
    extent = (
        f"{counted(inspection.samples, 'sample')} in {counted(len(inspection.domains), 'domain')}"
    )
    yield f"{inspection.root}: {extent}"
    yield f"source: {inspection.source}; licence: {inspection.licence}"
    yield f"fingerprint: {inspection.fingerprint}"
    yield _classes([(domain.name, domain.samples, domain.classes) for domain in inspection.domains])
    yield _making(inspection)
    yield _reading(inspection)
    yield from _defects(inspection)


def _classes(rows: list[tuple[str, int, dict[str, int]]]) -> Table:
    table = plain_table("domain", title="samples by class")
    for crop in (*CROPS, "all"):
        table.add_column(crop, justify="right")
    for name, samples, classes in rows:
        counts = [str(classes[crop]) if crop in classes else "-" for crop in CROPS]
        table.add_row(name, *counts, str(samples))
    return table


def _making(inspection: Inspection) -> Table:
    headings = ("domain", "bands", "range", "level", "season", "year", "cadence", "missing")
    table = plain_table(*headings, title="how they were made")
    table.add_column("blocks", justify="right")
    for domain in inspection.domains:
        card = domain.card
        table.add_row(
            domain.name,
            str(len(domain.bands)),
            f"{domain.lowest:.3f} to {domain.highest:.3f}",
            card.processing_level or "?",
            f"{card.season} {card.season_start or ''}".strip(),
            ", ".join(str(year) for year in domain.years) or str(card.year or "?"),
            "?" if card.cadence_days is None else f"{card.cadence_days:g} d",
            "?" if card.missing_share is None else f"{card.missing_share:.1%}",
            "-" if domain.blocks is None else str(domain.blocks),
        )
    return table


def _reading(inspection: Inspection) -> Table:
    """Show what was concluded of the files; what the user declared is marked with a star."""
    headings = ("domain", "stored as", "unit", "axes", "greenest", "as in the", "calendar")
    table = plain_table(*headings, title="how they were read (* declared)")
    for domain in inspection.domains:
        reading, season = domain.reading, domain.season
        if reading is None:
            continue
        mark = {key: "*" if key in reading.declared else "" for key in Declared.model_fields}
        offset = f" less {reading.offset:g}{mark['offset']}" if reading.offset else ""
        gaps = "" if reading.missing is None else f", missing {reading.missing}*"
        axes = (str(reading.bands), str(reading.steps))
        table.add_row(
            domain.name,
            reading.stored.split(" [")[0],
            reading.unit.replace("_number", "") + mark["unit"] + offset + gaps,
            " x ".join(axes if reading.orientation == "bands-steps" else axes[::-1])
            + mark["orientation"],
            "?" if season.peak_day is None else f"day {season.peak_day:.0f}",
            {"northern": "north", "southern": "south"}.get(season.phase, "?"),
            f"{season.season}, told" if season.judged else season.season,
        )
    return table


def _defects(inspection: Inspection) -> Iterator[RenderableType]:
    found: list[str] = []
    for domain in inspection.domains:
        found.extend(_domain_defects(domain))
    for pair in inspection.shared:
        first, second = pair.domains
        found.append(
            f"{first} and {second} share {pair.series} series, {pair.label_conflicts} of them with "
            "different labels."
        )
    for sentence in inspection.disagreements:
        yield Text(sentence, style="bold red")
    if not found:
        yield Text("No duplicate series, no label conflicts, no constant series.", style="green")
    notes = [note for domain in inspection.domains for note in _domain_notes(domain)]
    assumed = [domain for domain in inspection.domains if domain.bands_assumed]
    if assumed:
        notes.append(
            f"Nothing says the order of the bands of {', '.join(d.name for d in assumed)}: "
            f"{' '.join(assumed[0].bands)} is assumed."
        )
    for line in (*found, *notes, *inspection.harmonics, *_unread(inspection)):
        yield Text(line, style="yellow")


def _unread(inspection: Inspection) -> Iterator[str]:
    for place in inspection.unread:
        domain = likely_domain(place.rpartition("/")[2])
        yield (
            f"Not read: {place}. If it holds the series of a domain, write "
            f"`- {{file: {place}, domain: {domain or 'DOMAIN'}}}`"
            f"{'' if domain else ', with its own domain such as USA-2020,'} under `files:` in "
            f"{DOMAINS_FILE}."
        )


def _domain_defects(domain: DomainInspection) -> Iterator[str]:
    if domain.duplicates:
        yield f"{domain.name}: {_samples(domain.duplicates)} with the series of an earlier one."
    if domain.label_conflicts:
        yield f"{domain.name}: {domain.label_conflicts} series carry more than one label."
    if domain.constant_series:
        yield f"{domain.name}: {domain.constant_series} series never change."


def _domain_notes(domain: DomainInspection) -> Iterator[str]:
    if domain.card.shifts:
        yield f"{domain.name} is a shifted copy: {', '.join(domain.card.shifts)}."
    if domain.season.contradiction is not None:
        yield domain.season.contradiction
    if domain.unseen_season is not None:
        yield domain.unseen_season
    yield from reading_doubts(
        domain.name,
        domain.card,
        domain.season,
        domain.reading,
        dark_share=domain.dark_share,
        lowest=domain.lowest,
    )
    if len(domain.bands) < 10:
        yield f"{domain.name}: only the bands {' '.join(domain.bands)}."
    if domain.card.unknown_codes:
        listed = ", ".join(f"{code} ({n})" for code, n in domain.card.unknown_codes.items())
        yield f"{domain.name}: counted as other for want of a class: {listed}."
