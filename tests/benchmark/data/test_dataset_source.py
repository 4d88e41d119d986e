"""The word `simulated` and paths."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from homeless import leave_home

from benchmark.data.dataset import DatasetCard, DomainCard, write_dataset
from benchmark.data.dataset_source import (
    DEFAULT_DOMAINS,
    DEFAULT_SAMPLES_PER_DOMAIN,
    DEFAULT_SEED,
    cache_directory,
    open_source,
)
from benchmark.data.official.domain_file import DomainSamples
from benchmark.errors import DataError, UsageError

Make = Callable[..., DomainSamples]


class World(ModuleType):
    """A generator that is as good as the real one here and takes no time."""

    GENERATOR_VERSION = "9"

    def __init__(self, make_samples: Make) -> None:
        super().__init__("benchmark.data.simulate.world")
        self.calls: list[dict[str, Any]] = []
        self.before_writing: Callable[[], None] = lambda: None
        self._make = make_samples

    def simulate_dataset(self, directory: Path, **options: Any) -> None:
        self.calls.append(options)
        self.before_writing()
        card = DatasetCard(name="simulated", simulated=True, domains={"FRA": DomainCard()})
        write_dataset(directory, card, [self._make("FRA")])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_samples: Make) -> World:
    world = World(make_samples)
    monkeypatch.setitem(sys.modules, "benchmark.data.simulate.world", world)
    monkeypatch.setenv("CROPGLOBE_CACHE", str(tmp_path / "cache"))
    return world


def content(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").iterdir())


def test_simulated_is_made_once_with_the_documented_numbers(world: World, tmp_path: Path) -> None:
    first = open_source("simulated")
    assert first.card.simulated
    assert content(tmp_path) == [f"simulated-9-{DEFAULT_SAMPLES_PER_DOMAIN}-{DEFAULT_SEED}"]
    assert open_source("simulated").fingerprint == first.fingerprint
    (options,) = world.calls
    assert options["samples_per_domain"] == DEFAULT_SAMPLES_PER_DOMAIN
    assert options["seed"] == DEFAULT_SEED
    assert tuple(options["domains"]) == DEFAULT_DOMAINS


def test_another_generator_makes_another_folder(world: World, tmp_path: Path) -> None:
    open_source("simulated")
    world.GENERATOR_VERSION = "10"
    open_source("simulated")
    assert len(content(tmp_path)) == 2


def test_a_process_that_was_first_wins(world: World, tmp_path: Path) -> None:
    def another_process() -> None:
        world.before_writing = lambda: None
        open_source("simulated")

    world.before_writing = another_process
    assert open_source("simulated").domains == ("FRA",)
    assert len(world.calls) == 2
    assert len(content(tmp_path)) == 1


def test_an_interrupted_simulation_leaves_nothing(world: World, tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    world.before_writing = interrupt
    with pytest.raises(KeyboardInterrupt):
        open_source("simulated")
    assert content(tmp_path) == []


def test_what_a_killed_process_left_is_removed_after_a_day(world: World, tmp_path: Path) -> None:
    for name, age in ((".simulating-old", 2 * 24 * 3600), (".simulating-new", 60)):
        folder = tmp_path / "cache" / name
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age, time.time() - age))
    open_source("simulated")
    assert [name for name in content(tmp_path) if name.startswith(".")] == [".simulating-new"]


def test_a_cache_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match="name another with CROPGLOBE_CACHE"):
        open_source("simulated")


def test_any_other_word_is_a_path(world: World, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no data directory .*simulate: .* or 'simulated'"):
        open_source(str(tmp_path / "simulate"))
    assert world.calls == []


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("CROPGLOBE_CACHE", raising=False)
    assert cache_directory() == tmp_path / "xdg" / "cropglobe"
    monkeypatch.setenv("CROPGLOBE_CACHE", str(tmp_path / "mine"))
    assert cache_directory() == tmp_path / "mine"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_without_a_home_directory_the_cache_must_be_named(
    monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    leave_home(monkeypatch)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(DataError, match="name a folder with CROPGLOBE_CACHE"):
        open_source("simulated")


def test_data_of_an_unknown_home_directory_are_named() -> None:
    with pytest.raises(UsageError, match="~nobody-of-this-name/D cannot be found"):
        open_source("~nobody-of-this-name/D")
