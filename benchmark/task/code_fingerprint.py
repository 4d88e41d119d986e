"""The code with which a method is built: its files, and their content when they were loaded."""

import ast
import inspect
import io
import sys
import tokenize
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Final, TypeGuard

from benchmark.errors import MethodError
from benchmark.files import as_utf8

SUITE: Final = frozenset({"baselines", "benchmark", "cropglobe", "cropnet", "leaderboard"})
"""Packages of the suite. Of the harness itself only `PREDICTING` counts."""

PREDICTING: Final = ("baselines.", "benchmark.run.", "cropnet.")
"""Beginnings of the names of the suite's modules that change what a method predicts."""

INSTALLED: Final = frozenset({"site-packages", "dist-packages"})
"""Folders of installed packages, whose versions are recorded with each row."""


def require_utf8(*words: str) -> None:
    """Check the words of a method that are hashed with its code.

    Args:
        words: Such as its name.

    Raises:
        MethodError: If UTF-8 cannot hold one of them.
    """
    for word in words:
        if as_utf8(word) != word:
            raise MethodError(f"{word!r:.100} is not valid Unicode: name the method otherwise.")


def code_files(build: Callable[..., object]) -> set[Path]:
    """Return the files of the code with which a method is built.

    These are the files of the function and of its bound arguments, and of the modules that they
    import from their own package, from the suite's methods and training (`PREDICTING`), and from
    files that are not installed (`local_files`), since all of these change predictions. Only
    imports at the top of a module count.

    Args:
        build: Function that makes the classifier.
    """
    return {path for path in map(_file, _modules(build)) if path is not None}


def local_files(build: Callable[..., object]) -> set[Path]:
    """Return those files of a method's code that belong to no installed package.

    Such as a helper module beside the file of the method.

    Args:
        build: Function that makes the classifier.
    """
    return {
        path
        for module in _modules(build)
        if _is_local(module) and (path := _file(module)) is not None
    }


def defining_file(build: Callable[..., object]) -> Path | None:
    """Return the file that defines the function with which a method is built.

    Args:
        build: Function that makes the classifier; of a partial, its function counts.

    Returns:
        The file; ``None`` if there is none, as for a function from a prompt.
    """
    module = inspect.getmodule(next(_parts(build), None))
    return None if module is None else _file(module)


def code_contents(build: Callable[..., object]) -> list[bytes]:
    """Return the content of the `code_files` of a method as it was when this process first read it.

    Comments, docstrings and empty lines are left out (:func:`executed_text`). A file may be edited
    while a process runs for a long time, such as a worker of a cluster. The process goes on with
    the code that it loaded, so the fingerprint must be of that code.

    Args:
        build: Function that makes the classifier.

    Returns:
        The contents of the files.
    """
    contents = {_file(module): _content(module) for module in _modules(build)}
    return [content for content in contents.values() if content is not None]


def executed_text(content: bytes) -> bytes:
    """Return a module's text without comments, string statements, empty lines and line endings.

    What is left out changes no prediction, unless code reads its own docstrings. So finished jobs
    stay valid when a docstring is corrected. The result does not depend on the version of Python.

    Args:
        content: Content of the file.

    Returns:
        The text in UTF-8; the content as it is where it is no Python that can be parsed.
    """
    try:
        tree = ast.parse(content)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        comments = [
            token.start
            for token in tokenize.tokenize(io.BytesIO(content).readline)
            if token.type == tokenize.COMMENT
        ]
        lines = io.StringIO(content.decode(encoding), newline=None).read().split("\n")
    except (SyntaxError, ValueError, tokenize.TokenError):
        return content
    for number, column in comments:
        lines[number - 1] = lines[number - 1][:column]
    coded = [line.encode() for line in lines]
    kept_lines: set[int] = set()
    removed: set[ast.AST] = set()
    for node in ast.walk(tree):  # a statement comes before the text that it consists of
        if isinstance(node, ast.Expr) and _is_text(node.value):
            removed.add(node.value)
            _blank(coded, node)
        elif node not in removed and (isinstance(node, ast.JoinedStr) or _is_text(node)):
            kept_lines.update(range(node.lineno, node.end_lineno or node.lineno))
    # A space or an empty line inside a text of several lines is part of its value.
    found = (
        line if number in kept_lines else line.rstrip()
        for number, line in enumerate(coded, start=1)
    )
    return b"\n".join(
        line for number, line in enumerate(found, start=1) if line or number in kept_lines
    )


def _is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _blank(lines: list[bytes], node: ast.Expr) -> None:
    """Remove a statement from lines, in place."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    after = lines[last][node.end_col_offset :]
    lines[first] = lines[first][: node.col_offset] + (after if first == last else b"")
    for number in range(first + 1, last + 1):
        lines[number] = b""
    if first != last:
        lines[last] = after


def _modules(build: Callable[..., object]) -> set[ModuleType]:
    waiting = [inspect.getmodule(part) for part in _parts(build)]
    tops = {module.__name__.partition(".")[0] for module in waiting if module is not None}
    packages = tuple(f"{top}." for top in tops - {"benchmark"}) + PREDICTING
    seen: set[ModuleType] = set()
    while waiting:
        module = waiting.pop()
        if module is None or module in seen:
            continue
        seen.add(module)
        for value in vars(module).values():
            other = value if inspect.ismodule(value) else inspect.getmodule(value)
            if other is not None and (other.__name__.startswith(packages) or _is_local(other)):
                waiting.append(other)
    return seen


@cache
def _is_local(module: ModuleType) -> bool:
    """Return whether a module is no part of the suite, of Python or of an installed package.

    Every name in a module asks this of its own module, so the answer is kept.
    """
    top = module.__name__.partition(".")[0]
    if top in SUITE or top in sys.stdlib_module_names:
        return False
    path = _file(module)
    return path is not None and INSTALLED.isdisjoint(path.parts)


def _parts(build: object) -> Iterator[object]:
    """Yield the function; for a partial, its function and those arguments that are callable."""
    if isinstance(build, partial):
        for part in (build.func, *build.args, *build.keywords.values()):
            yield from _parts(part)
    elif callable(build):
        yield build if inspect.isroutine(build) or inspect.isclass(build) else type(build)


def _file(module: ModuleType) -> Path | None:
    path = Path(getattr(module, "__file__", None) or "")
    return path if path.is_file() else None


@cache
def _content(module: ModuleType) -> bytes | None:
    path = _file(module)
    return None if path is None else executed_text(path.read_bytes())
