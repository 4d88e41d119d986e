"""The site of the documentation: what can be seen without Sphinx, and its build where it is."""

import ast
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import cropglobe
from benchmark import errors
from benchmark.task import methods

ROOT = Path(__file__).parent.parent
CONFIGURATION = ROOT / "docs" / "conf.py"


def pages() -> list[str]:
    """Return the pages that the configuration lists, without running it."""
    for node in ast.parse(CONFIGURATION.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PAGES":
            found: dict[str, tuple[str, ...]] = ast.literal_eval(node.value)
            return [name for names in found.values() for name in names]
    raise AssertionError(CONFIGURATION)


def test_every_page_is_listed_once() -> None:
    docs = ROOT / "docs"
    there = [
        str(path.relative_to(docs).with_suffix(""))
        for pattern in ("*.md", "notebooks/*.ipynb")
        for path in docs.glob(pattern)
    ]
    assert sorted(pages()) == sorted(there)


def test_the_reference_has_every_public_name() -> None:
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    listed = set(re.findall(r"autoapi\w+:: (\S+)", text))
    last = {name.rpartition(".")[2] for name in listed}
    assert set(cropglobe.__all__) - {"__version__"} <= last
    for name in listed:
        place, _, word = name.rpartition(".")
        module = {
            "cropglobe": cropglobe,
            "benchmark.errors": errors,
            "benchmark.task.methods": methods,
        }.get(place)
        assert module is None or hasattr(module, word), name


def test_versions_are_pinned_and_are_those_that_are_wanted() -> None:
    lines = (ROOT / "requirements" / "docs.txt").read_text("utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.lstrip().startswith("#")]
    assert {pin.operator for entry in pins for pin in entry.specifier} == {"=="}
    versions = {entry.name: next(iter(entry.specifier)).version for entry in pins}
    for line in (ROOT / "requirements" / "docs.in").read_text("utf-8").splitlines():
        wanted = line.partition("#")[0].strip()
        if wanted:
            entry = Requirement(wanted)
            assert entry.specifier.contains(versions[entry.name]), line
    assert not {"torch", "numpy", "pandas"} & set(versions)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("autoapi") is None, reason="Sphinx is installed by `tox -e docs`")
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    words = ["-q", "-E", "-W", "--keep-going", "-c", "docs", "-d", tmp_path / "trees", "-b", "html"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *map(str, words), ".", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first = (tmp_path / "site" / "index.html").read_text("utf-8")
    for page in pages():
        assert (tmp_path / "site" / "docs" / f"{page}.html").is_file()
        assert f'href="docs/{page}.html"' in first
