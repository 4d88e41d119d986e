"""`domains.yaml`: what a user says of files that do not say it themselves."""

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
    """What is said of the whole-year series in one file.

    Attributes:
        file: Path below the directory, or name; ``*`` and ``?`` stand for anything.
        domain: Domain that the file holds, such as ``USA-2017``; that of an official name if
            ``None``.
        year: Year of the series.
        unit: Stored unit.
        orientation: Whether bands or steps come first.
        offset: What was added to the digital numbers.
        missing: What stands for a missing observation, a number or ``nan``.
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

    def matches(self, place: str) -> bool:
        """Return whether a path below the directory is meant."""
        name = place if "/" in self.file else place.rpartition("/")[2]
        return fnmatchcase(name, self.file)

    def complete(self, card: DomainCard) -> DomainCard:
        """Return a card with what this rule says in the place of what it says."""
        said = self.model_dump(exclude_none=True, exclude={"file", "domain"})
        return card.model_copy(update=said)


class DomainRules(BaseModel):
    """What `domains.yaml` says.

    Attributes:
        files: Rules for files; a file may fit one.
        ignore: Patterns of files that are left alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[FileRule, ...] = ()
    ignore: tuple[str, ...] = ()


def read_rules(root: Path) -> DomainRules:
    """Return what the `domains.yaml` of a directory says; nothing where there is none.

    Raises:
        DataError: If it cannot be read, or has an unknown key or a value that does not fit.
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
    """Tell which file holds which domain.

    Args:
        root: The directory.
        paths: Every archive below it.
        rules: What the user says.

    Returns:
        The file of each domain, and the rule of each domain that has one.

    Raises:
        DataError: If two files hold one domain, a file fits two rules, a rule fits no file, or a
            file's domain is not known.
    """
    files: dict[str, Path] = {}
    used: dict[str, FileRule] = {}
    seen: set[str] = set()
    for path in paths:
        place = path.relative_to(root).as_posix()
        fitting = [rule for rule in rules.files if rule.matches(place)]
        seen.update(rule.file for rule in fitting)
        if len(fitting) > 1:
            raise DataError(
                f"{root / DOMAINS_FILE} has {len(fitting)} rules for {place} "
                f"({', '.join(rule.file for rule in fitting)}): keep one."
            )
        domain = _domain(root, path, fitting[0] if fitting else None)
        if domain is None or any(_matches(place, pattern) for pattern in rules.ignore):
            continue
        if domain in files:
            raise DataError(
                f"{files[domain]} and {path} both hold domain {domain}: keep one, name the other "
                f"under `ignore:` in {root / DOMAINS_FILE}, or say there what it holds, such as "
                f"`- {{file: {place}, domain: {domain}-B}}` under `files:`."
            )
        files[domain] = path
        if fitting:
            used[domain] = fitting[0]
    lost = [rule.file for rule in rules.files if rule.file not in seen]
    if lost:
        raise DataError(f"{root / DOMAINS_FILE} names {lost[0]}, which fits no .npz file there.")
    return files, used


def unread_files(
    root: Path, paths: Iterable[Path], read: Iterable[Path], stems: Iterable[str]
) -> tuple[str, ...]:
    """Return the archives that nothing here knows what to do with.

    Args:
        root: The directory.
        paths: Every archive below it.
        read: Those that hold a domain.
        stems: Beginnings of the names of files of vectors.
    """
    known, ignored = set(read), read_rules(root).ignore
    return tuple(
        place
        for path in paths
        for place in [path.relative_to(root).as_posix()]
        if path not in known
        and parse_official_name(path.name) is None
        and not any(path.name.startswith(f"{stem}_") for stem in stems)
        and not any(_matches(place, pattern) for pattern in ignored)
    )


def _domain(root: Path, path: Path, rule: FileRule | None) -> str | None:
    if rule is not None and rule.domain is not None:
        return check_domain_name(rule.domain)
    said = parse_official_name(path.name)
    if said is not None and said.representation == SERIES:
        return said.domain
    if rule is not None:
        raise DataError(
            f"{root / DOMAINS_FILE} does not say which domain {path.name} holds: add `domain:` to "
            f"the rule of {rule.file}."
        )
    return None


def _matches(place: str, pattern: str) -> bool:
    return FileRule(file=pattern).matches(place)
