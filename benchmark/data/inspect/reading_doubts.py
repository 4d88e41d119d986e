"""Signs that the numbers of a file mean something else than what they were read as."""

from collections.abc import Iterator
from typing import Final

from benchmark.data.calendar_detection import SeasonFinding
from benchmark.data.dataset_card import DomainCard
from benchmark.data.official.stored_numbers import DOMAINS_FILE, Reading

GREEN: Final = 0.3
"""Mean NDVI that crops reach in their season in every domain measured; bare soil stays below."""

LIKELY_GAPS: Final = 0.001
"""Share of dates that are zero in every band from which on that is no accident of dark water."""

LIKELY_OFFSET: Final = 0.095
"""Reflectance below which shade, water and dark vegetation bring some value of every domain."""


def reading_doubts(
    name: str,
    card: DomainCard,
    season: SeasonFinding,
    reading: Reading | None,
    *,
    dark_share: float,
    lowest: float,
) -> Iterator[str]:
    """Yield a sentence for each sign that a domain was read wrongly, with what to write then.

    Args:
        name: The domain.
        card: Its card.
        season: What its greenness says.
        reading: How its numbers were read.
        dark_share: Share of all samples and steps that are zero in every band.
        lowest: Lowest reflectance, in [0, 1].
    """
    green = season.peak_ndvi
    if green is not None and green < GREEN:
        yield (
            f"{name}: mean NDVI of {', '.join(season.looked_at)} never rises above "
            f"{green:.2f}, so that the order of the bands may be another one: name it under "
            f"`bands:` in {DOMAINS_FILE}."
        )
    if dark_share >= LIKELY_GAPS:
        # What ingest interpolated cannot be told from what it saw: only the table can mend that.
        ingested = card.label_map is not None
        mend = (
            "ingest the table again with `--missing 0`"
            if ingested
            else f"write `missing: 0` in {DOMAINS_FILE}"
        )
        yield (
            f"{name}: {dark_share:.1%} of the dates are zero in every band, which "
            f"may stand for missing observations: if so, {mend}."
        )
    digital = reading is not None and reading.unit == "digital_number" and not reading.offset
    if digital and lowest >= LIKELY_OFFSET:
        yield (
            f"{name}: no digital number is below {lowest * 10_000:.0f}, as after the "
            "1,000 that processing baseline 04.00 adds: if so, write `offset: 1000` in "
            f"{DOMAINS_FILE}."
        )
