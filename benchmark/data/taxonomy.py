"""Crops, countries and the label codes that are mapped onto them."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

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
        bounds: Degrees west, south, east and north around it, its territories overseas left out.
        released_classes: Classes outside which the released code rewrites predictions to
            ``other``; ``None`` where it leaves them alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    continent: str
    hemisphere: Hemisphere
    bounds: tuple[float, float, float, float]
    released_classes: tuple[str, ...] | None = None

    def holds(self, longitude: float, latitude: float) -> bool:
        """Return whether a place may lie in the country."""
        west, south, east, north = self.bounds
        return west <= longitude <= east and south <= latitude <= north


class LabelMap(BaseModel):
    """How the codes of one map product become classes.

    A code stands in one of ``drop``, ``ambiguous``, ``codes`` and ``other``, where it goes before
    the longest of ``blocks`` that fits; last comes ``other_below``. Words are compared in one form
    of their accents and without regard to capitals, and a number in groups with hyphens, such as
    ``11-01-06-000-0``, is the number without them.

    Attributes:
        name: Name of the product.
        source: Where the codes are documented.
        column: Usual name of the column that holds the code, or several, the first of which that a
            table has is taken.
        codes: Code, a whole number or a word, to crop name.
        blocks: Crop name of whole blocks of codes, each written as leading digits and an ``x`` for
            every digit that may be anything: ``110101xxxx``.
        drop: Codes that say that nothing is known, such as ``no answer``: samples that have one are
            left out and counted. May be written ``ignore`` as well.
        ambiguous: Codes that may or may not be one of the six crops; reported as unknown.
        other: Codes known to be none of the six crops; any further code counts as ``other`` too
            but is reported as unknown.
        other_below: Codes below this number are documented classes of the product, so that they
            count as known ``other`` when they are not in ``codes``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    source: str
    column: str | tuple[str, ...]
    codes: dict[int | str, str]
    blocks: dict[str, str] = {}
    drop: tuple[int | str, ...] = Field(default=(), validation_alias=AliasChoices("drop", "ignore"))
    ambiguous: tuple[int | str, ...] = ()
    other: tuple[int | str, ...] = ()
    other_below: int | None = None

    @field_validator("codes", mode="before")
    @classmethod
    def _quoted_numbers_are_numbers(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        found: dict[int | str, object] = {}
        for code, crop in value.items():
            if found.setdefault(parse_code(str(code)), crop) != crop:
                raise ValueError(f"'{code}' is two crops in two spellings")
        return found

    @field_validator("drop", "ambiguous", "other", mode="before")
    @classmethod
    def _words_are_codes(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return tuple(parse_code(str(code)) for code in value)

    @field_validator("codes", "blocks")
    @classmethod
    def _crops_exist(cls, value: dict[Any, str]) -> dict[Any, str]:
        for crop in value.values():
            if crop not in CROPS:
                raise ValueError(f"unknown crop '{crop}', {did_you_mean(crop, CROPS)}")
        return value

    @field_validator("codes")
    @classmethod
    def _codes_differ(cls, value: dict[int | str, str]) -> dict[int | str, str]:
        crops: dict[int | str, str] = {}
        for code, crop in value.items():
            if crops.setdefault(_same(code), crop) != crop:
                raise ValueError(f"'{code}' is two crops in two spellings of its capitals")
        return value

    @field_validator("blocks")
    @classmethod
    def _blocks_are_patterns(cls, value: dict[str, str]) -> dict[str, str]:
        for block in value:
            if not re.fullmatch(r"\d+x+", block):
                raise ValueError(f"block '{block}' is not leading digits followed by x")
        return value

    @model_validator(mode="after")
    def _codes_stand_once(self) -> Self:
        listed = {"drop": self.drop, "ambiguous": self.ambiguous, "other": self.other}
        found = [(code, crop, f"as {crop} under codes") for code, crop in self.codes.items()]
        found += [(code, key, f"under {key}") for key, codes in listed.items() for code in codes]
        before: dict[int | str, tuple[str, str]] = {}
        for code, meaning, place in found:
            first, there = before.setdefault(_same(code), (meaning, place))
            if first != meaning:
                raise ValueError(f"'{code}' stands {there} and {place}: leave it in one of the two")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the column that holds the code, in the order in which they are tried."""
        return (self.column,) if isinstance(self.column, str) else self.column

    def drops(self, code: int | str) -> bool:
        """Return whether samples of a code are left out."""
        return _same(code) in map(_same, self.drop)

    def class_of(self, code: int | str) -> int | None:
        """Return the class index of a code, or ``None`` when the map does not know the code."""
        word = _same(code)
        if word in map(_same, self.ambiguous):
            return None
        if word in map(_same, self.other):
            return OTHER
        crop = self._crop_of(word) or self._block_of(code)
        if crop is not None:
            return CROPS.index(crop)
        below = self.other_below
        known = below is not None and isinstance(code, int) and 0 <= code < below
        return OTHER if known else None

    def _crop_of(self, word: int | str) -> str | None:
        return next((crop for code, crop in self.codes.items() if _same(code) == word), None)

    def _block_of(self, code: int | str) -> str | None:
        text = str(code)
        fitting = [
            block
            for block in self.blocks
            if len(block) == len(text) and text.startswith(block.rstrip("x"))
        ]
        return (
            self.blocks[max(fitting, key=lambda block: len(block.rstrip("x")))] if fitting else None
        )


def parse_code(text: str) -> int | str:
    """Return a code as a whole number where it is written as one, else as the word it is.

    ``5.0`` is one as well: pandas writes a column of whole numbers so if one cell of it is empty.
    So is ``11-01-06-000-0``, as WorldCereal writes its codes.
    """
    text = unicodedata.normalize("NFC", text.strip())
    if re.fullmatch(r"\d+(-\d+){2,}", text):
        text = text.replace("-", "")
    match = re.fullmatch(r"(-?\d+)(\.0+)?", text)
    return int(match[1]) if match else text


def _same(code: int | str) -> int | str:
    """Return a code without regard to capitals."""
    return code.casefold() if isinstance(code, str) else code


class _AsWritten(yaml.SafeLoader):
    """YAML whose plain values stay the text that they are written as.

    YAML's own types would make 8 of the code ``010``, false of ``no`` and 90 of ``1:30``.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, none of whose keys stands twice."""
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"'{key.value}' stands a second time in line {key.start_mark.line + 1}"
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_AsWritten.yaml_implicit_resolvers = {"<": yaml.SafeLoader.yaml_implicit_resolvers["<"]}


def label_map_names() -> tuple[str, ...]:
    """Return the names of the label maps that are shipped."""
    folder = files("benchmark.data").joinpath("labels")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_label_map(name: str) -> LabelMap:
    """Return a label map.

    Args:
        name: A shipped map (``cdl``, ``ewoc``) or the path of a ``.yaml`` file of the same form.

    Raises:
        UsageError: If there is no map of this name.
        DataError: If the file cannot be read or is not a label map.
    """
    if name in label_map_names():
        text = files("benchmark.data").joinpath(f"labels/{name}.yaml").read_text("utf-8")
    elif name.endswith((".yaml", ".yml")):
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"The label map {name} cannot be read: {error}.") from error
    else:
        raise UsageError(
            f"Unknown label map '{name}': {did_you_mean(name, label_map_names())}; or "
            "name a file MAP.yaml."
        )
    try:
        return LabelMap.model_validate(_AsWritten(text).get_single_data())
    except yaml.YAMLError as error:
        raise DataError(
            f"The label map {name} is not YAML: {str(error).splitlines()[0]}."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f" at {part}" for part in [".".join(map(str, first["loc"]))] if part)
        what = first["msg"].removeprefix("Value error, ")
        raise DataError(f"The label map {name} is wrong{where}: {what}.") from error


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


@cache
def _hemispheres() -> Mapping[str, Hemisphere]:
    """Return the hemisphere of every country by ISO 3166 alpha-3 code."""
    text = files("benchmark.data").joinpath("iso_countries.yaml").read_text("utf-8")
    content = yaml.safe_load(text)
    sides: tuple[Hemisphere, ...] = ("north", "south")
    return {code: side for side in sides for code in content[side]}


def is_country_code(code: str) -> bool:
    """Return whether a word is the ISO 3166 alpha-3 code of a country."""
    return code in _hemispheres()


def is_south_of_equator(domain: str) -> bool:
    """Return whether the country of a domain is known to lie south of the equator."""
    return _hemispheres().get(country_code(domain)) == "south"


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
