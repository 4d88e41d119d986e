"""Methods from a Python file that belongs to no installed package."""

import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from benchmark.errors import MethodError, UsageError
from benchmark.task.code_fingerprint import code_files
from benchmark.task.methods import ENTRY_POINTS, Method, Registry, taken

ENDING: Final = ".py"

FUNCTION: Final = "methods"
"""Function of a method file that returns its methods, as an entry point does."""


@dataclass(frozen=True)
class MethodFile:
    """A file of methods as the registry sees it, beside entry points.

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
        """The file, as messages name it."""
        return str(self.path)

    def load(self) -> Callable[[], Iterable[Method]]:
        """Return the function of the file that returns its methods.

        Raises:
            MethodError: If the file cannot be run or has no methods.
        """
        return lambda: load_method_file(self.path)


def load_method_file(path: Path) -> tuple[Method, ...]:
    """Run a Python file and return the methods that it defines.

    The file's code is executed with the rights of the user.

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
        found = tuple(function())
    except Exception as error:
        raise MethodError(
            f"{FUNCTION}() of {path} failed with {type(error).__name__}: {error}."
        ) from error
    if not found or not all(isinstance(method, Method) for method in found):
        raise MethodError(f"{FUNCTION}() of {path} must return a tuple of Method, one or more.")
    for method in found:
        if path.resolve() not in code_files(method.build):
            raise MethodError(
                f"{path}: let build of '{method.name}' be a function or class of this file, so "
                "that a change of the file is noticed."
            )
    return taken(found)


def registry_with(files: Sequence[Path]) -> Registry:
    """Return the registry of the installed methods and of those in files.

    Args:
        files: Method files.

    Returns:
        A registry, in which a name that occurs twice is an error.
    """
    points = entry_points(group=ENTRY_POINTS)
    return Registry([*points, *(MethodFile(path.resolve()) for path in files)])


def select_with_files(patterns: Sequence[str], files: Sequence[Path]) -> tuple[Method, ...]:
    """Return the methods of a run: all of its files, and the installed ones that are asked for.

    Args:
        patterns: Names or patterns; none asks for the headline set, or for nothing besides the
            files where there are some.
        files: Method files.

    Returns:
        The methods, each once.

    Raises:
        UsageError: If a file is not there or a pattern matches nothing.
        MethodError: If a file cannot be run or names a method that is installed.
    """
    known = registry_with(files)
    own = [method.name for path in files for method in load_method_file(path)]
    chosen = {name: known.get(name) for name in own}
    if patterns or not own:
        chosen.update({method.name: method for method in known.select(patterns)})
    return tuple(chosen.values())


def find_method(files: tuple[Path, ...], name: str) -> Method:
    """Return a method of an installed package or a file; what a worker process is told to use.

    A file that has changed is run again, as a module beside the older one.

    Args:
        files: Method files, absolute.
        name: Name of the method.

    Raises:
        UsageError: If there is none of that name.
    """
    contents = tuple(path.read_bytes() if path.is_file() else b"" for path in files)
    return _registry_of(files, contents).get(name)


@lru_cache(maxsize=1)
def _registry_of(files: tuple[Path, ...], contents: tuple[bytes, ...]) -> Registry:
    del contents  # of the same files with other contents the methods are others
    return registry_with(files)


class _FromSource(SourceFileLoader):
    """Loads a file as it stands.

    Bytecode is told from that of an older file by second and length alone, and so might be its.
    """

    def get_code(self, fullname: str) -> CodeType:
        """Return the compiled source."""
        del fullname
        return self.source_to_code(self.get_data(self.path), self.path)


def _module(path: Path) -> ModuleType:
    """Run a file as a module of a name of its own, once in a process while it stays the same."""
    key = sha256(str(path).encode() + b"\0" + path.read_bytes()).hexdigest()[:12]
    name = f"cropglobe_file_{path.stem}_{key}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=_FromSource(name, str(path)))
    if spec is None or spec.loader is None:
        raise MethodError(f"{path} cannot be run as a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # a method's code fingerprint finds its file through this
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise MethodError(
            f"{path}{line} cannot be run: {type(error).__name__}: {error}; it must stand alone, "
            "importing nothing but installed packages."
        ) from error
    return module
