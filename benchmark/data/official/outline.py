"""One fingerprint for simulated data that differ by a processor's rounding alone.

Processors round exponentials and matrix products otherwise in the last digit, so that a few values
of simulated data, which are whole digital numbers, lie one number higher or lower. The outline of a
dataset is what such rounding cannot change, and sums that it changes by little.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset_card import DomainCard
from benchmark.data.official.domain_facts import hash_all_but_series, start_hash
from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.official.stored_numbers import DIGITAL_NUMBER, parts
from benchmark.randomness import generator

MOST_MOVED: Final = 5e-4
"""Largest share of the values of a band that may lie one digital number away, up or down alike.

Measured on the embedded default with the kernels of four kinds of processors: at most 1.6e-4.
"""

WEIGHTS: Final = (1.0, 2.0)
"""Weights of values in a sum, each as often. Neither is 0, so that no large change is missed; they
differ, so that values that change places are noticed."""

DEVIATIONS: Final = 4.0
"""Standard deviations of a sum under rounding that are still taken for rounding."""


class DomainOutline(BaseModel):
    """What rounding leaves of a domain.

    Attributes:
        exact: SHA-256 of everything but the series, 64 hex digits.
        values: Number of samples and steps of each band.
        sums: Sum of the reflectance of each band, each value with one of the `WEIGHTS`.
    """

    model_config = ConfigDict(frozen=True)

    exact: str
    values: int
    sums: tuple[float, ...]

    def is_alike(self, other: "DomainOutline") -> bool:
        """Whether two domains differ by no more than rounding."""
        variance = MOST_MOVED * self.values * np.square(WEIGHTS).mean()
        limit = DEVIATIONS * np.sqrt(variance) / DIGITAL_NUMBER
        return (
            (self.exact, self.values, len(self.sums))
            == (other.exact, other.values, len(other.sums))
        ) and all(abs(a - b) <= limit for a, b in zip(self.sums, other.sums, strict=True))


class Known(BaseModel):
    """Data whose fingerprint stands for all that are alike.

    Attributes:
        fingerprint: SHA-256 of the dataset, 64 hex digits.
        domains: Outline of each domain.
    """

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    domains: Mapping[str, DomainOutline]


def domain_outline(samples: DomainSamples, card: DomainCard) -> DomainOutline:
    """Return what rounding leaves of a domain.

    Args:
        samples: Its samples.
        card: Its card.

    Returns:
        The outline. Weights of single values make it depend on which sample has which value.
    """
    digest = start_hash(samples, card)
    hash_all_but_series(digest, samples)
    count, bands, steps = samples.series.shape
    weights = generator(0, "outline", samples.name)
    sums = np.zeros(bands)
    for rows in parts(count):
        part = samples.series[rows]
        drawn = np.where(weights.random((len(part), steps)) < 0.5, *WEIGHTS)
        for band in range(bands):
            sums[band] += (part[:, band] * drawn).sum()
    return DomainOutline(
        exact=digest.hexdigest(),
        values=count * steps,
        sums=tuple(float(total) for total in sums.round(6)),
    )


@cache
def known_outlines() -> tuple[Known, ...]:
    """Return the data of ``known_outlines.yaml``, whose fingerprints stand for others."""
    text = files("benchmark.data.official").joinpath("known_outlines.yaml").read_text("utf-8")
    return tuple(Known.model_validate(entry) for entry in yaml.safe_load(text))


def common_fingerprint(
    own: str, domains: tuple[str, ...], outline: Callable[[str], DomainOutline]
) -> str:
    """Return the fingerprint that stands for all roundings of a dataset.

    Args:
        own: Fingerprint of its bytes.
        domains: Names of its domains.
        outline: Returns the outline of a domain; called only if known data have these domains.

    Returns:
        That of the known data if the dataset differs from them by rounding alone; otherwise `own`.
    """
    for known in known_outlines():
        if own == known.fingerprint:
            return own
        if set(domains) == set(known.domains) and all(
            known.domains[domain].is_alike(outline(domain)) for domain in domains
        ):
            return known.fingerprint
    return own
