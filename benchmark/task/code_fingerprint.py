"""The code with which a method is built: its files, and their content when they were loaded."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType


def code_files(build: Callable[..., object]) -> set[Path]:
    """Return the files of the code with which a method is built.

    These are the files of the function and of its bound arguments, of the modules of its own
    package that they import, and of the harness's training and augmentation (``benchmark.run``),
    since all of these change predictions. Only imports at the top of a module count.

    Args:
        build: Function that makes the classifier.
    """
    return {path for path in map(_file, _modules(build)) if path is not None}


def code_contents(build: Callable[..., object]) -> list[bytes]:
    """Return the content of the `code_files` of a method as it was when this process first read it.

    A file may be edited while a process runs for a long time, such as a worker of a cluster. The
    process goes on with the code that it loaded, so the fingerprint must be of that code.

    Args:
        build: Function that makes the classifier.
    """
    contents = {_file(module): _content(module) for module in _modules(build)}
    return [content for content in contents.values() if content is not None]


def _modules(build: Callable[..., object]) -> set[ModuleType]:
    waiting = [inspect.getmodule(part) for part in _parts(build)]
    tops = {module.__name__.partition(".")[0] for module in waiting if module is not None}
    packages = tuple(f"{top}." for top in tops - {"benchmark"})
    seen: set[ModuleType] = set()
    while waiting:
        module = waiting.pop()
        if module is None or module in seen:
            continue
        seen.add(module)
        for value in vars(module).values():
            other = value if inspect.ismodule(value) else inspect.getmodule(value)
            name = "" if other is None else other.__name__
            if name.startswith(("benchmark.run.", *packages)):
                waiting.append(other)
    return seen


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
    return None if path is None else path.read_bytes()
