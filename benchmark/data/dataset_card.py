"""What is known of a dataset and of how each of its domains was made."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.data.official.stored_numbers import Missing, Orientation, Unit
from benchmark.errors import DataError

CARD_FILE: Final = "dataset.json"

NOT_STATED: Final = "not stated"
"""What a card says of a source or terms that nobody stated."""

BANDS: Final = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")
"""Band order of the official files; very likely, not confirmed (paper_facts.md, mark I)."""

Season = Literal["calendar", "aligned", "unknown"]


class DomainCard(BaseModel):
    """What is known of how one domain was made.

    Attributes:
        bands: Names of the bands in the order of the file.
        year: Year of the series, where it is one year.
        processing_level: ``L1C`` (top of atmosphere), ``L2A`` (surface) or ``simulated`` (surface,
            which no satellite saw).
        cadence_days: Days between the composites or passes that the series was made from.
        gap_filling: How gaps were filled.
        season: ``calendar`` if the first step is the season start as declared, ``aligned`` if a
            southern year was moved by half a year.
        season_start: Calendar day at which the 73 steps begin, ``MM-DD``; of an aligned year too.
        unit: Stored unit, ``reflectance`` or ``digital_number``; ``None`` is detected.
        orientation: Whether the file has bands or steps first; ``None`` is told by their numbers.
        offset: What was added to its digital numbers; ``None`` is nothing.
        missing: What stands for a missing observation in the file; ``None`` allows of none.
        missing_share: Share of the 5-day steps of all samples that were not observed before
            filling: no composite holds the step's middle, or no acquisition falls in it.
        missing_by_step: That share for each 5-day step, [73], where it is known.
        source: File or product that the domain was made from.
        label_map: Name of the label map.
        unknown_codes: Codes that the map does not know, with their sample counts.
        dropped: Samples left out when the domain was made, by reason.
        notes: Anything that a reader must know.
        shifts: Names of the shifts that were applied to the domain, in their order. A card without
            any has no such key, as before there were shifts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: tuple[str, ...] = BANDS
    year: int | None = None
    processing_level: Literal["L1C", "L2A", "simulated"] | None = None
    cadence_days: float | None = None
    gap_filling: str | None = None
    season: Season = "unknown"
    season_start: str | None = None
    unit: Unit | None = None
    orientation: Orientation | None = None
    offset: float | None = None
    missing: Missing | None = None
    missing_share: float | None = None
    missing_by_step: tuple[float, ...] | None = None
    source: str | None = None
    label_map: str | None = None
    unknown_codes: dict[str, int] = {}
    dropped: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    shifts: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)


class DatasetCard(BaseModel):
    """What `dataset.json` says of a dataset.

    Attributes:
        name: Name of the dataset.
        source: Where it comes from.
        licence: Terms under which it may be used.
        simulated: Whether no satellite saw it.
        generator_version: Version of the simulator that made it.
        seed: Seed that the simulator was given.
        domains: Card of each domain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str = NOT_STATED
    licence: str = NOT_STATED
    simulated: bool = False
    generator_version: str | None = None
    seed: int | None = None
    domains: dict[str, DomainCard] = {}


def read_card(root: Path) -> DatasetCard | None:
    """Return the card of a directory, or ``None`` if it has none.

    Raises:
        DataError: If the card is damaged or of another form.
    """
    path = root / CARD_FILE
    if not path.exists():
        return None
    try:
        return DatasetCard.model_validate_json(path.read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise DataError(f"{path} is not a dataset card ({reason}): mend or remove it.") from error
