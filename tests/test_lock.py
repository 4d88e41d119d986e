"""The lock has a version of every dependency, and it is one that is allowed."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DIRECT = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]

PLACES = [
    {"sys_platform": system, "platform_system": system.title(), "platform_machine": machine}
    | {"python_version": python, "python_full_version": f"{python}.1", "os_name": "posix"}
    for python in ("3.11", "3.12", "3.13")
    for system, machine in (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
]


def locked(place: dict[str, str]) -> dict[str, str]:
    """Return the version of each package that is installed in a place."""
    found: dict[str, str] = {}
    for line in (ROOT / "requirements" / "lock.txt").read_text("utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = Requirement(line)
        if entry.marker is None or entry.marker.evaluate(place):
            (pin,) = entry.specifier
            assert pin.operator == "==", line
            name = canonicalize_name(entry.name)
            assert name not in found, f"{name} twice for {place}"
            found[name] = pin.version
    return found


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(list(place.values())[::2]))
def test_every_dependency_is_locked_to_a_version_that_it_allows(place: dict[str, str]) -> None:
    versions = locked(place)
    for line in DIRECT:
        wanted = Requirement(line)
        version = versions[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(version), f"{line} is locked to {version}"


def test_the_lock_says_how_it_is_made() -> None:
    head = (ROOT / "requirements" / "lock.txt").read_text("utf-8").splitlines()[1]
    command = head.removeprefix("#").strip()
    text = re.sub(r" \\\n\s*", " ", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert command.removeprefix("uv pip compile ") in text.replace(" --upgrade", "")


def test_lower_bounds_are_stated_for_all() -> None:
    extras = PROJECT["optional-dependencies"].values()
    for line in [*DIRECT, *(line for extra in extras for line in extra)]:
        assert [pin.operator for pin in Requirement(line).specifier] == [">="], line
