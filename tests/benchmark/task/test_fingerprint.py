"""A method's fingerprint follows the code that it is built with, and no more."""

import ast
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.task.code_fingerprint import code_files, executed_text
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


CODE = b'''"""What it is."""
import math  # for pi


SIZE = 3
"""How many."""

def area(r: float) -> float:
    """Return the area.

    Args:
        r: Radius.
    """
    # the formula
    return math.pi * r**2
'''

SAME = b"import math\nSIZE = 3\ndef area(r: float) -> float:\n    return math.pi * r**2"


def test_comments_docstrings_and_empty_lines_do_not_count() -> None:
    assert executed_text(CODE) == SAME
    assert executed_text(CODE.replace(b"\n", b"\r\n")) == SAME


@pytest.mark.parametrize(
    "text",
    [
        b'x = """a\n\n  # no comment \nb"""',
        b'x = f"""a {1}\n\n # no comment \nb"""',
        b"x = b'# no comment'",
        "x = '\u00e9 # no comment'".encode(),
    ],
)
def test_texts_that_are_values_count_to_the_last_space(text: bytes) -> None:
    assert executed_text(text + b"  # a comment\n\n") == text
    assert executed_text(b"# -*- coding: utf-8 -*-\n" + text) == text


def test_statements_after_a_text_are_kept() -> None:
    text = b'"""one\ntwo"""; x = 1\ny = "a"; "b"; z = 2'
    assert executed_text(text) == b'; x = 1\ny = "a"; ; z = 2'


def test_a_change_of_code_counts() -> None:
    assert executed_text(CODE.replace(b"r**2", b"r**3")) != SAME


@pytest.mark.parametrize("package", ["baselines", "benchmark/run/training", "cropnet"])
def test_what_is_left_is_the_same_program(package: str) -> None:
    """The parser is the reference: the same tree, less the statements that are texts."""
    compared = 0
    for path in (Path(__file__).parents[3] / package).rglob("*.py"):
        content = path.read_bytes()
        try:
            left = ast.parse(executed_text(content))
        except SyntaxError:  # a class or function of nothing but a docstring
            continue
        assert ast.dump(left) == ast.dump(WithoutTexts().visit(ast.parse(content))), path
        compared += 1
    assert compared >= 3


class WithoutTexts(ast.NodeTransformer):
    """Removes statements that are texts."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node


def test_what_is_no_python_counts_as_it_is() -> None:
    assert executed_text(b"\x00 binary  ") == b"\x00 binary  "
    assert executed_text(b"def broken(:\n\n# x") == b"def broken(:\n\n# x"
