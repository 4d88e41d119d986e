"""A method's fingerprint follows the code that it is built with, and no more."""

from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.task.code_fingerprint import code_files
from benchmark.task.methods import Card, Method, registry


def names(method: str) -> set[str]:
    return {path.name for path in code_files(registry().get(method).build)}


def test_the_network_behind_a_partial_counts() -> None:
    assert {"networks.py", "transformers.py", "training_loop.py", "augmentation.py"} <= names(
        "vit.aug"
    )
    assert "model.py" in names("cropnet")


def test_other_methods_and_the_harness_do_not() -> None:
    assert names("floor.majority") == {"floor.py"}
    assert "temporal_cnn.py" not in names("vit")
    assert not {"runner.py", "jobs.py", "protocol.py"} & names("cropnet.aug")


def test_representation_and_version_are_part_of_it() -> None:
    card = Card(summary="", reference="", licence="")
    build = partial(print, "x")
    one = Method("a", "f", "median", build, card)  # type: ignore[arg-type]
    assert one.code_fingerprint == Method("a", "g", "median", build, card).code_fingerprint  # type: ignore[arg-type]
    others = [
        Method("a", "f", "harmonic", build, card),  # type: ignore[arg-type]
        Method("a", "f", "median", build, card, version="2"),  # type: ignore[arg-type]
    ]
    assert len({m.code_fingerprint for m in (one, *others)}) == 3


def test_files_are_those_on_disk() -> None:
    assert all(
        isinstance(path, Path) and path.is_file()
        for path in code_files(test_files_are_those_on_disk)
    )


def test_where_the_files_lie_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A method file in any folder, the harness installed in any other."""
    method = registry().get("floor.majority")
    found = set()
    for mine, harness in (("a", "z"), ("z", "a")):
        modules = [ModuleType("mine"), ModuleType("harness")]
        for module, folder in zip(modules, (mine, harness), strict=True):
            file = tmp_path / folder / f"{module.__name__}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(module.__name__)
            module.__file__ = str(file)
        monkeypatch.setattr("benchmark.task.code_fingerprint._modules", lambda build: modules)  # noqa: B023
        found.add(method.code_fingerprint)
    assert len(found) == 1
