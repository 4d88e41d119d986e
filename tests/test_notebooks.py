"""The notebooks run from top to bottom, hold no output, and are small."""

import ast
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

MOST_BYTES = 20_000
"""Size of a notebook without output."""


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cells"]
    return found


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) >= 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_small_and_holds_no_output(path: Path) -> None:
    assert path.stat().st_size < MOST_BYTES
    for cell in cells(path):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell is executed as Python, in order, in one namespace and an empty directory.

    The last expression of a cell is shown as a notebook shows it, if it knows how.
    """
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    with mpl.rc_context({"backend": "agg"}):
        for number, cell in enumerate(cells(path)):
            if cell["cell_type"] == "code":
                run_cell("".join(cell["source"]), names, f"{path.name} cell {number}")
    assert any(tmp_path.iterdir())  # it has left its run


def run_cell(source: str, names: dict[str, Any], where: str) -> None:
    tree = ast.parse(source, where)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, where, "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), where, "eval"), names)
        show = getattr(value, "_repr_html_", None)
        text = None if show is None else show()
        assert text is None or "<t" in text
