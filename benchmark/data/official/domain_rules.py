"""`domains.yaml`: what a user declares about files, such as domain, year and unit."""

import math
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from benchmark.data.dataset_card import DomainCard, Season
from benchmark.data.observation_calendar import parse_season_start
from benchmark.data.official.file_names import SERIES, parse_official_name
from benchmark.data.official.stored_numbers import DOMAINS_FILE, Missing, Orientation, Unit
from benchmark.data.taxonomy import check_domain_name
from benchmark.errors import DataError, UsageError, did_you_mean


class FileRule(BaseModel):
    """Declarations about the whole-year series in one file, or in several.

    Attributes:
        file: Path below the directory, or file name. ``*`` matches any characters, ``?`` one.
        domain: Domain of the file, such as ``USA-2017``. If ``None``, the domain in its official
            name.
        year: Year of the series.
        unit: Stored unit.
        orientation: Whether bands or steps come first.
        offset: Number that was added to the digital numbers.
        missing: Value of a missing observation, a number or ``nan``.
        bands: Names of the bands in the order of the file.
        season: Whether the steps follow the calendar or were aligned.
        season_start: Calendar day ``MM-DD`` at which the 73 steps begin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    domain: str | None = None
    year: int | None = None
    unit: Unit | None = None
    orientation: Orientation | None = None
    offset: float | None = None
    missing: Missing | None = None
    bands: tuple[str, ...] | None = None
    season: Season | None = None
    season_start: str | None = None

    @field_validator("missing", mode="before")
    @classmethod
    def _nan_is_a_word(cls, value: object) -> object:
        return "nan" if isinstance(value, float) and math.isnan(value) else value

    @field_validator("season_start")
    @classmethod
    def _is_a_day(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                parse_season_start(value)
        except UsageError as error:
            raise ValueError(str(error).rstrip(".")) from error
        return value

    def matches(self, relative: str) -> bool:
        """Return whether the rule is about a file, given by its path below the directory."""
        name = relative if "/" in self.file else relative.rpartition("/")[2]
        return fnmatchcase(name, self.file)

    def complete(self, card: DomainCard) -> DomainCard:
        """Return a copy of a card in which the values of this rule replace those of the card."""
        declared = self.model_dump(exclude_none=True, exclude={"file", "domain"})
        return card.model_copy(update=declared)


class DomainRules(BaseModel):
    """Content of `domains.yaml`.

    Attributes:
        files: Rules for files; at most one rule may match a file.
        ignore: Patterns of files that are not read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[FileRule, ...] = ()
    ignore: tuple[str, ...] = ()


def read_rules(root: Path) -> DomainRules:
    """Return the content of the `domains.yaml` of a directory; no rules if there is no such file.

    Raises:
        DataError: If it cannot be read, or has an unknown key or a wrong value.
    """
    path = root / DOMAINS_FILE
    try:
        content: Any = yaml.safe_load(path.read_text("utf-8"))
        return DomainRules.model_validate(content or {})
    except FileNotFoundError:
        return DomainRules()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise DataError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        hint = ""
        if first["type"] == "extra_forbidden":
            known = FileRule.model_fields if len(first["loc"]) > 1 else DomainRules.model_fields
            hint = f" ({did_you_mean(str(first['loc'][-1]), known)})"
        raise DataError(f"{path} is wrong at {where}: {first['msg']}{hint}.") from error


def find_domains(
    root: Path, paths: Iterable[Path], rules: DomainRules
) -> tuple[dict[str, Path], dict[str, FileRule]]:
    """Find the domain of each file.

    Args:
        root: The directory.
        paths: Every archive below it.
        rules: What the user declares.

    Returns:
        The file of each domain, and the rule of each domain that has one.

    Raises:
        DataError: If two files have the same domain, two rules match a file, a rule matches no
            file, or the domain of a file is not known.
    """
    files: dict[str, Path] = {}
    used: dict[str, FileRule] = {}
    matched: set[str] = set()
    for path in paths:
        relative = path.relative_to(root).as_posix()
        matching = [rule for rule in rules.files if rule.matches(relative)]
        matched.update(rule.file for rule in matching)
        if len(matching) > 1:
            raise DataError(
                f"{root / DOMAINS_FILE} has {len(matching)} rules for {relative} "
                f"({', '.join(rule.file for rule in matching)}): keep one."
            )
        domain = _domain(root, path, matching[0] if matching else None)
        if domain is None or any(_matches(relative, pattern) for pattern in rules.ignore):
            continue
        if domain in files:
            raise DataError(
                f"{files[domain]} and {path} both hold domain {domain}: keep one, name the other "
                f"under `ignore:` in {root / DOMAINS_FILE}, or declare its domain there, such as "
                f"`- {{file: {relative}, domain: {domain}-B}}` under `files:`."
            )
        files[domain] = path
        if matching:
            used[domain] = matching[0]
    unmatched = [rule.file for rule in rules.files if rule.file not in matched]
    if unmatched:
        raise DataError(
            f"{root / DOMAINS_FILE} names {unmatched[0]}, which fits no .npz file there: correct "
            "the name or remove the rule."
        )
    return files, used


def unread_files(
    root: Path, paths: Iterable[Path], read: Iterable[Path], stems: Iterable[str]
) -> tuple[str, ...]:
    """Return the archives that are neither read nor ignored and have no known name.

    Args:
        root: The directory.
        paths: Every archive below it.
        read: Archives that hold a domain.
        stems: Beginnings of the names of files of vectors.

    Returns:
        Paths relative to the directory.
    """
    known, ignored = set(read), read_rules(root).ignore
    return tuple(
        relative
        for path in paths
        for relative in [path.relative_to(root).as_posix()]
        if path not in known
        and parse_official_name(path.name) is None
        and not any(path.name.startswith(f"{stem}_") for stem in stems)
        and not any(_matches(relative, pattern) for pattern in ignored)
    )


def _domain(root: Path, path: Path, rule: FileRule | None) -> str | None:
    if rule is not None and rule.domain is not None:
        return check_domain_name(rule.domain)
    official = parse_official_name(path.name)
    if official is not None and official.representation == SERIES:
        return official.domain
    if rule is not None:
        raise DataError(
            f"{root / DOMAINS_FILE} does not say which domain {path.name} holds: add `domain:` to "
            f"the rule of {rule.file}."
        )
    return None


def _matches(relative: str, pattern: str) -> bool:
    return FileRule(file=pattern).matches(relative)
