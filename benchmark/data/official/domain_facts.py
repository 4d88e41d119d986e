"""Facts of a domain, computed once from its samples: fingerprint, ranges, counts, mean NDVI."""

import hashlib
import json

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset_card import DomainCard
from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.official.stored_numbers import Reading, parts
from benchmark.data.season import STEPS_PER_YEAR, FloatArray
from benchmark.data.taxonomy import CROPS

KEY_BYTES = 16
"""Length of a series' digest; the chance that two of 300,000 digests agree is 1 in 10^27."""


class DomainFacts(BaseModel):
    """Facts of one domain.

    Attributes:
        fingerprint: SHA-256 of the domain, 64 hex digits.
        samples: Number of samples.
        counts: Samples of each class, in the order of ``taxonomy.CROPS``.
        lowest: Lowest reflectance, in [0, 1].
        highest: Highest reflectance, in [0, 1].
        constant_series: Number of samples in which no band changes during the year.
        still_share: For each step, the share of samples that equal the step before in every band
            [73]. The step before the first one is the last one. Empty if it was not computed.
        dark_share: Share of all samples and steps that are zero in every band.
        greenness: Mean NDVI at each step [73] of each class that occurs, by class index. Empty
            without B4 or B8.
        blocks: Number of spatial blocks, ``None`` if the file has none.
        years: Years of the labels, empty if the file has none.
        reading: How the numbers of the file were read.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    samples: int
    counts: tuple[int, ...]
    lowest: float
    highest: float
    constant_series: int
    dark_share: float
    still_share: tuple[float, ...] = ()
    greenness: dict[int, tuple[float, ...]]
    blocks: int | None
    years: tuple[int, ...]
    reading: Reading | None


def domain_fingerprint(samples: DomainSamples, card: DomainCard) -> str:
    """Return the SHA-256 of a domain's name, arrays, bands and season as 64 hex digits.

    The way of reading the numbers is part of it only if it differs from that of this project's
    files.
    """
    digest = start_hash(samples, card)
    digest.update(np.ascontiguousarray(samples.series).data)
    hash_all_but_series(digest, samples)
    return digest.hexdigest()


def start_hash(samples: DomainSamples, card: DomainCard) -> "hashlib._Hash":
    """Return a SHA-256 of a domain's name, bands, season, shape and way of reading."""
    header: list[object] = [samples.name, list(card.bands), card.season, list(samples.series.shape)]
    if samples.reading is not None and not samples.reading.is_plain:
        reading = samples.reading
        header.append([reading.orientation, reading.offset, reading.missing])
    return hashlib.sha256(json.dumps(header).encode())


def hash_all_but_series(digest: "hashlib._Hash", samples: DomainSamples) -> None:
    """Add labels, sample ids and blocks of a domain to a hash."""
    digest.update(np.ascontiguousarray(samples.labels).data)
    digest.update("\n".join(samples.sample_ids.tolist()).encode())
    if samples.block is not None:
        digest.update(np.ascontiguousarray(samples.block).data)


def series_keys(series: FloatArray, bands: tuple[str, ...]) -> npt.NDArray[np.void]:
    """Return a digest of each series together with the names of its bands.

    Args:
        series: Reflectance [N, B, 73].
        bands: Names of the bands.

    Returns:
        Digests [N], 16 bytes each. Two are equal if bands and all values are equal.
    """
    prefix = hashlib.blake2b(" ".join(bands).encode(), digest_size=KEY_BYTES)
    found = bytearray()
    for rows in parts(len(series)):
        # Adding zero turns -0.0 into 0.0: the two are equal numbers with different bytes.
        for values in np.ascontiguousarray(series[rows] + np.float32(0)):
            digest = prefix.copy()
            digest.update(values.data)
            found += digest.digest()
    return np.frombuffer(bytes(found), dtype=np.dtype((np.void, KEY_BYTES)))


def compute_facts(
    samples: DomainSamples, card: DomainCard, fingerprint: str | None = None
) -> DomainFacts:
    """Compute the facts of a domain from all of its samples.

    Args:
        samples: The samples.
        card: The domain's card; its bands are used.
        fingerprint: The domain's fingerprint if it is known already.

    Returns:
        The facts.
    """
    lowest, highest, still, dark = 1.0, 0.0, 0, 0
    green = np.zeros((len(CROPS), STEPS_PER_YEAR))
    repeats = np.zeros(STEPS_PER_YEAR, dtype=np.int64)
    red_infrared = [card.bands.index(band) for band in ("B4", "B8") if band in card.bands]
    for rows in parts(len(samples)):
        part = samples.series[rows]
        least, most = part.min(axis=-1), part.max(axis=-1)
        lowest, highest = min(lowest, float(least.min())), max(highest, float(most.max()))
        still += int(np.count_nonzero((least == most).all(axis=-1)))
        repeats += count_repeats(part)
        dark += int(np.count_nonzero(~part.any(axis=1)))
        if len(red_infrared) == 2:
            red, infrared = (part[:, band] for band in red_infrared)
            np.add.at(green, samples.labels[rows], _ndvi(red, infrared))
    counts = np.bincount(samples.labels, minlength=len(CROPS))
    greenness = {
        int(index): tuple((green[index] / counts[index]).tolist())
        for index in np.flatnonzero(counts)
        if len(red_infrared) == 2
    }
    return DomainFacts(
        fingerprint=fingerprint or domain_fingerprint(samples, card),
        samples=len(samples),
        counts=tuple(counts.tolist()),
        lowest=lowest,
        highest=highest,
        constant_series=still,
        dark_share=dark / (len(samples) * STEPS_PER_YEAR),
        still_share=tuple((repeats / len(samples)).round(4).tolist()),
        greenness=greenness,
        blocks=None if samples.block is None else len(np.unique(samples.block)),
        years=() if samples.year is None else tuple(np.unique(samples.year).tolist()),
        reading=samples.reading,
    )


def count_repeats(series: FloatArray) -> npt.NDArray[np.int64]:
    """Count, for each step, the series that equal the step before in every band.

    Args:
        series: Reflectance [N, B, 73]. The step before the first one is the last one.

    Returns:
        Number of series at each step [73].
    """
    same = np.ones((len(series), series.shape[-1]), dtype=np.bool_)
    for band in range(series.shape[1]):
        same &= series[:, band] == np.roll(series[:, band], 1, axis=-1)
    return np.asarray(np.count_nonzero(same, axis=0))


def _ndvi(red: FloatArray, infrared: FloatArray) -> FloatArray:
    total = red + infrared
    return np.where(total > 0, (infrared - red) / np.where(total > 0, total, 1), 0)
