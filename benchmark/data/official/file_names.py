"""Names of the official files: which representation and domain a name means."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final

from benchmark.data.taxonomy import countries, country_code
from benchmark.errors import UsageError, did_you_mean

REPOSITORY: Final = "x-ytong/CropGlobe"
"""Dataset repository on the Hugging Face hub (paper_facts.md)."""

DOMAIN: Final = r"(?P<domain>[A-Za-z0-9-]+|[A-Za-z-]+_20\d\d|20\d\d_[A-Za-z-]+)"
"""A domain in a file name: letters, digits and hyphens; an underscore may separate a year."""

YEAR: Final = re.compile(r"(?<!\d)20\d\d(?!\d)")
"""A year of Sentinel-2 in a name."""

OF_A_YEAR: Final = (
    re.compile(r"(?P<country>[A-Za-z]+(?:-[A-Za-z]+)*)[-_]?(?P<year>20\d\d)"),
    re.compile(r"(?P<year>20\d\d)[-_]?(?P<country>[A-Za-z]+(?:-[A-Za-z]+)*)"),
)
"""Spellings of a country or region with a year. It is not known which of them the official files
have (paper_facts.md, Input)."""

SERIES: Final = "median-year"
"""The representation from which all others are computed; every dataset must have it."""

OFFICIAL_FILES: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        SERIES: re.compile(rf"^median_S2_{DOMAIN}_month1-12_day5\.npz$"),
        "median": re.compile(rf"^median_S2_{DOMAIN}_month5-11_day5\.npz$"),
        "harmonic": re.compile(rf"^harmonic_{DOMAIN}_month5-11\.npz$"),
        "presto-season": re.compile(rf"^presto_embedding_S2_{DOMAIN}_MayNov\.npz$"),
        "presto": re.compile(rf"^presto_embedding_S2_{DOMAIN}\.npz$"),
        "alphaearth": re.compile(rf"^alphaearth_embedding_{DOMAIN}\.npz$"),
    }
)
"""Pattern of the file names of each representation, as the released code reads them (mark C)."""

READ_HERE: Final = (SERIES, "alphaearth")
"""Representations that are read from files; the others are computed from the series."""


EVERYTHING: Final = "all"
"""The word that selects every file of the repository, whether its name is known or not."""


@dataclass(frozen=True)
class OfficialName:
    """Representation and domain in an official file name.

    Attributes:
        representation: Key of `OFFICIAL_FILES`.
        domain: Domain, such as ``FRA``.
    """

    representation: str
    domain: str


def parse_official_name(name: str) -> OfficialName | None:
    """Return representation and domain of a file name, or ``None`` if it is not an official name.

    Args:
        name: Name of the file, without its folder.
    """
    for representation, pattern in OFFICIAL_FILES.items():
        match = pattern.match(name)
        if match is not None:
            return OfficialName(representation, domain_of(match["domain"]))
    return None


def domain_of(text: str) -> str:
    """Return the domain that a part of a file name means.

    Args:
        text: Part of the name, such as ``FRA``. A country with a year may be spelled ``USA2020``,
            ``USA_2020`` or ``2020_USA``.

    Returns:
        The domain; a year follows the country after a hyphen, such as ``USA-2020``.
    """
    for spelling in OF_A_YEAR:
        match = spelling.fullmatch(text)
        if match is not None:
            return f"{match['country']}-{match['year']}"
    return text


def likely_domain(name: str) -> str | None:
    """Return the probable domain of a file whose name has no known form, for a hint to the user.

    Args:
        name: Name of a file.

    Returns:
        The country in the name, with the year if there is one. ``None`` if the name has no country,
        or several countries or years.
    """
    words = set(re.findall(r"[A-Z]+", name)) & countries().keys()
    years = set(YEAR.findall(name))
    if len(words) != 1 or len(years) > 1:
        return None
    return "-".join([*words, *years])


def vector_domain(name: str, stem: str, suffix: str = "") -> str | None:
    """Return the domain of a file of precomputed vectors.

    Args:
        name: Name of the file.
        stem: Beginning of the names of such files, before the domain.
        suffix: End of the names, after the domain.

    Returns:
        The domain; ``None`` if the name has another form.
    """
    match = re.fullmatch(rf"{re.escape(stem)}_{DOMAIN}{re.escape(suffix)}\.npz", name)
    return None if match is None else domain_of(match["domain"])


def select_files(
    names: Sequence[str], countries: Sequence[str], representations: Sequence[str]
) -> tuple[str, ...]:
    """Choose files of a repository by domain and representation in their names.

    Args:
        names: Paths in the repository.
        countries: Countries or domains; if empty, all.
        representations: Keys of `OFFICIAL_FILES`, or ``all``; if empty, `READ_HERE`.

    Returns:
        The chosen paths.

    Raises:
        UsageError: If a country or representation is unknown, or no file is chosen.
    """
    known = [*OFFICIAL_FILES, EVERYTHING]
    for word in representations:
        if word not in known:
            raise UsageError(f"Unknown representation '{word}': {did_you_mean(word, known)}")
    plain = [name for name in names if not _is_hidden(name)]
    parsed = {name: parse_official_name(PurePosixPath(name).name) for name in plain}
    domains = {entry.domain for entry in parsed.values() if entry is not None}
    selectable = domains | {country_code(domain) for domain in domains}
    for word in countries:
        if word not in selectable:
            raise UsageError(
                f"The repository has no files of '{word}': {did_you_mean(word, selectable)}"
            )
    every = EVERYTHING in representations
    kinds = set(representations or READ_HERE)

    def is_wanted(name: str) -> bool:
        entry = parsed[name]
        if entry is None:
            return every and not countries
        if countries and not {entry.domain, country_code(entry.domain)} & set(countries):
            return False
        return every or entry.representation in kinds

    chosen = tuple(name for name in plain if is_wanted(name))
    if not chosen:
        shown = ", ".join(plain[:5]) or "nothing"
        raise UsageError(
            f"The repository has no file of {' or '.join(sorted(kinds))} under a known name "
            f"(it has {shown} ...): use --representations all to download every file."
        )
    return chosen


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)
