"""A dataset in which some domains are replaced by shifted copies of them."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmark.data.calendar_detection import place_year
from benchmark.data.dataset import (
    CARD_FILE,
    Dataset,
    DatasetCard,
    DomainCard,
    DomainSamples,
)
from benchmark.data.official.domain_file import write_domain_file, year_file_name
from benchmark.data.season import STEP_DAYS
from benchmark.data.shifted_copies.shifted_fields import fields_of
from benchmark.data.shifts.shift_table import Shift, apply_shift, shifted_rows, shifts
from benchmark.errors import DataError, UsageError
from benchmark.files import flush_folder, folder_aside, replace_file, write_text

ORDER: Final = ("season", "level", "clouds", "bands", "gaps", "cadence", "mix")
"""Order in which factors are applied, which is that in which a product comes to be: what grows
when, the atmosphere and the clouds above it, the bands of the sensor, the dates that are lost, the
composites, the samples."""

SHIFTED: Final = ", shifted"
"""What the name of a dataset with shifted copies ends with."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Degradation:
    """What is done to a domain.

    Attributes:
        shifts: Shifts, in the order in which they are applied; of each factor at most one.
        drop_bands: Whether bands that a sensor lacks are left out, and not filled.
    """

    shifts: tuple[Shift, ...]
    drop_bands: bool = False


def make_degradation(chosen: Sequence[Shift], *, drop_bands: bool = False) -> Degradation:
    """Return what shifts do to a domain, one after another.

    Args:
        chosen: The shifts, in any order.
        drop_bands: Whether bands that a sensor lacks are left out, and not filled.

    Raises:
        UsageError: If there is none, or there are two of one factor, or no band is left out.
    """
    if not chosen:
        raise UsageError("There is nothing to change: name shifts with --shifts.")
    _require_one_of_each_factor(chosen, "Name one of them.")
    if drop_bands and not any(shift.factor == "bands" for shift in chosen):
        raise UsageError("--drop-bands needs a shift of the bands, such as bands-hls.")
    ordered = sorted(chosen, key=lambda shift: ORDER.index(shift.factor))
    return Degradation(tuple(ordered), drop_bands)


def write_shifted(
    dataset: Dataset,
    directory: Path,
    degradation: Degradation,
    domains: Sequence[str] | None = None,
    *,
    progress: Progress | None = None,
) -> None:
    """Write a dataset in which some domains are replaced by shifted copies; all or nothing.

    The files of the other domains are copied as they are. Files of other representations, such as
    embeddings, are left out.

    Args:
        dataset: The dataset.
        directory: Directory to write.
        degradation: What is done to the domains.
        domains: Names of the domains that are replaced; all if ``None``.
        progress: Called with the domain, the domains done and the domains in all.

    Raises:
        UsageError: If the dataset lacks one of the domains, or a factor was shifted in it before.
        DataError: If the directory exists or cannot be written; nothing is left behind then.
        UnavailableError: If a domain has none of the bands that are kept.
    """
    chosen = tuple(dict.fromkeys(domains or dataset.domains))
    for domain in chosen:
        dataset.file(domain)
        _check(domain, dataset.domain_card(domain), degradation)
    if directory.exists():
        raise DataError(f"{directory} exists already: name another directory.")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        staging = folder_aside(directory.parent)
    except OSError as error:
        raise DataError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    try:
        cards = {}
        for number, domain in enumerate(dataset.domains):
            if progress is not None:
                progress(domain, number, len(dataset.domains))
            path = staging / year_file_name(domain)
            if domain in chosen:
                samples, cards[domain] = shifted_domain(dataset, domain, degradation)
                write_domain_file(path, samples)
            else:
                cards[domain] = dataset.domain_card(domain)
                _copy(dataset.file(domain), path)
        card = _card(dataset.card, cards)
        write_text(staging / CARD_FILE, card.model_dump_json(indent=2) + "\n")
        flush_folder(staging)
        staging.rename(directory)
        flush_folder(directory.parent)
    except OSError as error:
        raise DataError(f"Cannot write to {directory}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def shifted_domain(
    dataset: Dataset, domain: str, degradation: Degradation
) -> tuple[DomainSamples, DomainCard]:
    """Return the shifted copy of a domain, on its calendar as stored, and its card.

    Args:
        dataset: The dataset.
        domain: Name of the domain.
        degradation: What is done to it.

    Raises:
        UnavailableError: If it has none of the bands that are kept.
    """
    samples, card = dataset.load(domain), dataset.domain_card(domain)
    first_day = place_year(dataset, domain, aligned=False).first_day
    fields = fields_of(samples, np.asarray(samples.series), card.bands, first_day)
    rows = np.arange(len(samples))
    changes: dict[str, Any] = {}
    kept = card.bands
    for shift in degradation.shifts:
        fields = replace(fields, series=apply_shift(shift, fields))
        rows = shifted_rows(shift, domain, rows, samples.labels[rows])
        changes |= _changes(shift, card)
        if shift.factor == "bands":
            kept = tuple(band for band in card.bands if band in shift.bands)
    series = fields.series
    if degradation.drop_bands:
        series = series[:, [card.bands.index(band) for band in kept]]
        changes["bands"] = kept
    lacking = " ".join(band for band in card.bands if band not in kept)
    done = "left out" if degradation.drop_bands else "filled from the others over wavelength"
    changes["notes"] = (*card.notes, *((f"Bands {lacking}: {done}.",) if lacking else ()))
    changes["shifts"] = (*card.shifts, *(shift.name for shift in degradation.shifts))
    # What is written is plain digital numbers, whatever the file was that it was made from.
    changes |= {"unit": "digital_number", "orientation": None, "offset": None, "missing": None}
    copy = replace(samples, series=series, keys=None).take(rows)
    return copy, card.model_copy(update=changes)


def _changes(shift: Shift, card: DomainCard) -> dict[str, Any]:
    """Return what a shift changes of a domain's card."""
    if shift.factor == "level":
        return {"processing_level": "L1C" if shift.strength == 1 else None}
    if shift.factor == "cadence":
        return {"cadence_days": max(card.cadence_days or 0, shift.strength)}
    if shift.factor == "season" and card.missing_by_step is not None:
        moved = np.roll(card.missing_by_step, round(shift.strength / STEP_DAYS))
        return {"missing_by_step": tuple(moved.tolist())}
    if shift.factor in ("gaps", "mix"):  # what is missing of the dates or samples left is not known
        return {"missing_share": None, "missing_by_step": None}
    return {}


def _check(domain: str, card: DomainCard, degradation: Degradation) -> None:
    """Refuse a shift of a factor that was shifted in a domain before, or of the level of L1C.

    Raises:
        UsageError: If there is one.
    """
    before = [shift for name, shift in shifts().items() if name in card.shifts]
    _require_one_of_each_factor(
        (*before, *degradation.shifts), f"{domain} is a shifted copy already; leave it out."
    )
    if card.processing_level == "L1C" and any(s.factor == "level" for s in degradation.shifts):
        raise UsageError(f"{domain} is of level L1C already: shift its level no further.")


def _require_one_of_each_factor(chosen: Sequence[Shift], mend: str) -> None:
    by_factor: dict[str, str] = {}
    for shift in chosen:
        if shift.factor in by_factor:
            raise UsageError(
                f"{by_factor[shift.factor]} and {shift.name} both change the {shift.factor}: {mend}"
            )
        by_factor[shift.factor] = shift.name


def _card(card: DatasetCard, domains: dict[str, DomainCard]) -> DatasetCard:
    name = card.name.removesuffix(SHIFTED) + SHIFTED
    return card.model_copy(update={"name": name, "domains": domains})


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as handle:
        replace_file(target, lambda file: shutil.copyfileobj(handle, file))
