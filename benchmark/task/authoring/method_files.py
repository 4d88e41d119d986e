"""Methods from a Python file that is not part of an installed package."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from pydantic import ValidationError

from benchmark.errors import MethodError, UsageError
from benchmark.task.code_fingerprint import code_files
from benchmark.task.method_lines import FILE_MODULE, method_line
from benchmark.task.methods import ENTRY_POINTS, Method, Registry, registry, taken

ENDING: Final = ".py"

OWN_PACKAGE: Final = "cropglobe-benchmark"

FUNCTION: Final = "methods"
"""Function of a method file that returns its methods, as an entry point does."""


@dataclass(frozen=True)
class MethodFile:
    """A file of methods, as a source of methods for the registry.

    Attributes:
        path: The file, absolute.
    """

    path: Path

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def value(self) -> str:
        """Path of the file, for messages."""
        return str(self.path)

    def load(self) -> Callable[[], Iterable[Method]]:
        """Return the function of the file that returns its methods.

        Raises:
            MethodError: If the file cannot be run or has no methods.
        """
        return lambda: load_method_file(self.path)


@dataclass(frozen=True)
class _Found:
    """A file with methods that are loaded already, as a source of methods for the registry."""

    path: Path
    methods: tuple[Method, ...]

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def value(self) -> str:
        """Path of the file, for messages."""
        return str(self.path)

    def load(self) -> Callable[[], Iterable[Method]]:
        """Return a function that returns the methods."""
        return lambda: self.methods


def load_method_file(path: Path) -> tuple[Method, ...]:
    """Run a Python file and return the methods that it defines.

    The code runs with the rights of the user.

    Args:
        path: A file that defines ``methods()``.

    Returns:
        Its methods.

    Raises:
        UsageError: If there is no such file.
        MethodError: If it cannot be run, or ``methods()`` does not return methods.
    """
    if path.suffix != ENDING or not path.is_file():
        raise UsageError(f"There is no method file {path}: name a Python file, my_method.py.")
    function = getattr(_module(path.resolve()), FUNCTION, None)
    if not callable(function):
        raise MethodError(
            f"{path} has no function {FUNCTION}(): add one that returns a tuple of Method."
        )
    try:
        returned = function()
        found = tuple(returned) if isinstance(returned, Iterable) else ()
    except Exception as error:
        raise MethodError(
            f"{FUNCTION}() of {path}{_line(error)} failed with {_said(error)}."
        ) from error
    if not found or not all(isinstance(method, Method) for method in found):
        raise MethodError(f"{FUNCTION}() of {path} must return a tuple of Method, one or more.")
    for method in found:
        if path.resolve() not in code_files(method.build):
            raise MethodError(
                f"{path}: build of '{method.name}' is not in this file: make it a function or "
                "class of this file, so that a change of the file is noticed."
            )
    return taken(found)


def select_with_files(patterns: Sequence[str], files: Sequence[Path]) -> tuple[Method, ...]:
    """Return the methods of a run: all methods of its files, and the installed ones selected.

    Args:
        patterns: Names or patterns of installed methods. If empty, the headline set without files,
            and no installed method with files.
        files: Method files.

    Returns:
        The methods, each once.

    Raises:
        UsageError: If a file does not exist or a pattern matches nothing.
        MethodError: If a file cannot be run or has a method with the name of an installed one.
    """
    return select_methods(patterns, {path: load_method_file(path) for path in files})


def select_methods(
    patterns: Sequence[str], found: Mapping[Path, Sequence[Method]]
) -> tuple[Method, ...]:
    """Return the methods of a run like `select_with_files`, for files that are loaded already.

    Args:
        patterns: See `select_with_files`.
        found: The methods of each file, loaded or described.

    Returns:
        The methods, each once.

    Raises:
        UsageError: If a pattern matches nothing.
        MethodError: If a file has a method with the name of an installed one.
    """
    points = entry_points(group=ENTRY_POINTS)
    known = Registry([*points, *(_Found(path, tuple(m)) for path, m in found.items())])
    own = [method.name for methods in found.values() for method in methods]
    chosen = {name: known.get(name) for name in own}
    if patterns or not own:
        chosen.update({method.name: method for method in known.select(patterns)})
    return tuple(chosen.values())


def find_method(name: str, file: Path | None = None) -> Method:
    """Return a method of an installed package or of a file. The process of a method calls this.

    For a method of this package, no code of a file or of another package runs.

    Args:
        name: Name of the method.
        file: The file that it is in; ``None`` if it is installed.

    Raises:
        UsageError: If there is no method of that name.
        MethodError: If the file cannot be run.
    """
    if file is not None:
        return Registry([MethodFile(file.resolve())]).get(name)
    own = own_methods()
    return own[name] if name in own else registry().get(name)


@cache
def own_methods() -> Mapping[str, Method]:
    """Return the methods of this package by name. No code of another package runs."""
    points = entry_points(group=ENTRY_POINTS)
    own = [point for point in points if point.dist is not None and point.dist.name == OWN_PACKAGE]
    return Registry(own).all()


class _FromSource(SourceFileLoader):
    """Loads a file from its source, never from stored bytecode.

    Python finds out whether bytecode is old by the second and the length of the file. An edit may
    change neither.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled source."""
        del fullname
        return self.source_to_code(self.get_data(self.path), self.path)


def _module(path: Path) -> ModuleType:
    """Run a file as a module; run it again in the same process only if its content has changed."""
    key = sha256(str(path).encode() + b"\0" + path.read_bytes()).hexdigest()[:12]
    name = f"{FILE_MODULE}{path.stem}_{key}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=_FromSource(name, str(path)))
    if spec is None or spec.loader is None:
        raise MethodError(f"{path} cannot be run as a Python file: name a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a method's code fingerprint finds its file through this
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise MethodError(
            f"{path}{_line(error)} cannot be run: {_said(error)}; {_what_to_do(path, error)}."
        ) from error
    return module


def _line(error: BaseException) -> str:
    """Return the line of the method file at which an error came about, for a sentence."""
    place = method_line(error)
    own = error.lineno if isinstance(error, SyntaxError) else None
    line = own if place is None else place[1]
    return "" if line is None else f", line {line}"


def _what_to_do(path: Path, error: BaseException) -> str:
    """Return what helps against an error of a file as it is loaded."""
    if isinstance(error, ValidationError):
        tuples = any(each["type"] == "tuple_type" for each in error.errors())
        return 'write it as a tuple, such as ("one text",)' if tuples else "correct it"
    name = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    beside = [path.parent / f"{name}.py", path.parent / name] if name.isidentifier() else []
    for module in beside:
        if module.exists():
            return (
                f"{module.name} lies beside it, where no module is looked for: put its code into "
                f"the method file, which `pack` asks for, or {path.parent} on PYTHONPATH"
            )
    return "correct it, and import installed packages only"


def _said(error: BaseException) -> str:
    """Return the name and the text of an error, without the full stop of a sentence."""
    if isinstance(error, ValidationError):  # its own text has a line for each value, and addresses
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (error.title, *first["loc"])))
        return f"{type(error).__name__}: {place} is {first['input']!r:.100}: {first['msg']}"
    return f"{type(error).__name__}: {str(error).removesuffix('.')}"
