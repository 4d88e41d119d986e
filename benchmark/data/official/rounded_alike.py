"""One fingerprint for a simulated dataset on processors that round otherwise in the last digit."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml


@cache
def known_roundings() -> Mapping[str, str]:
    """Return the fingerprint that stands for each other one, from ``rounded_alike.yaml``."""
    text = files("benchmark.data.official").joinpath("rounded_alike.yaml").read_text("utf-8")
    stored: dict[str, list[str]] = yaml.safe_load(text)
    return MappingProxyType({other: one for one, others in stored.items() for other in others})


def common_fingerprint(fingerprint: str) -> str:
    """Return the fingerprint that stands for all roundings of a dataset.

    Args:
        fingerprint: Fingerprint of the bytes of a dataset.

    Returns:
        That of the first processor, if both are known to differ by rounding alone; otherwise the
        same fingerprint.
    """
    return known_roundings().get(fingerprint, fingerprint)
