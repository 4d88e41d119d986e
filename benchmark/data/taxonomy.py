"""Crops, countries and the label codes that are mapped onto them."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.errors import DataError, UsageError, did_you_mean

CROPS: tuple[str, ...] = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
"""Crop of each class index, as in the released code (``shared/spec/paper_facts.md``, mark C)."""

OTHER = CROPS.index("other")

Hemisphere = Literal["north", "south"]


class Country(BaseModel):
    """A country of the benchmark.

    Attributes:
        name: English name.
        continent: Continent it counts to.
        hemisphere: Hemisphere of its cropland.
        released_classes: Classes outside which the released code rewrites predictions to
            ``other``; ``None`` where it leaves them alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    continent: str
    hemisphere: Hemisphere
    released_classes: tuple[str, ...] | None = None


class LabelMap(BaseModel):
    """How the codes of one map product become classes.

    Attributes:
        name: Name of the product.
        source: Where the codes are documented.
        column: Usual name of the column that holds the code.
        codes: Code to crop name.
        other: Codes known to be none of the six crops; any further code counts as ``other`` too
            but is reported as unknown.
        other_below: Codes below this number are documented classes of the product, so that they
            count as known ``other`` when they are not in ``codes``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    column: str
    codes: dict[int, str]
    other: tuple[int, ...] = ()
    other_below: int | None = None

    def class_of(self, code: int) -> int | None:
        """Return the class index of a code, or ``None`` when the map does not know the code."""
        crop = self.codes.get(code)
        if crop is not None:
            return CROPS.index(crop)
        known = code in self.other or (
            self.other_below is not None and 0 <= code < self.other_below
        )
        return OTHER if known else None


@cache
def countries() -> Mapping[str, Country]:
    """Return the eight countries by ISO 3166 alpha-3 code."""
    text = files("benchmark.data").joinpath("countries.yaml").read_text("utf-8")
    return {code: Country(**entry) for code, entry in yaml.safe_load(text).items()}


def country_code(domain: str) -> str:
    """Return the country of a domain: ``USA`` for ``USA``, ``USA-2017`` and ``USA-AR``."""
    return domain.split("-", 1)[0]


def country_of(domain: str) -> Country | None:
    """Return the country of a domain, or ``None`` for one outside the eight."""
    return countries().get(country_code(domain))


def check_domain_name(name: str) -> str:
    """Return the name of a domain if it can be one, that is a country code with an optional suffix.

    Raises:
        DataError: If it holds anything but letters, digits and inner hyphens.
    """
    parts = name.split("-")
    if not all(part.isascii() and part.isalnum() for part in parts):
        raise DataError(
            f"'{name}' cannot name a domain: use letters, digits and hyphens, such as USA-AR."
        )
    return name


def crop_index(name: str) -> int:
    """Return the class index of a crop.

    Raises:
        UsageError: If there is no such crop.
    """
    if name not in CROPS:
        raise UsageError(f"Unknown crop '{name}': {did_you_mean(name, CROPS)}")
    return CROPS.index(name)
