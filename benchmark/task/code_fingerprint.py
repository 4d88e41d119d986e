"""The code that a method is built with: its modules, and what their files held when loaded."""

import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType


def code_files(build: Callable[..., object]) -> set[Path]:
    """Return the files that a function and what it is bound to are written in.

    Modules of its own package that those import at their top count too, and so do the harness's
    training and augmentation (``benchmark.run``), since they change answers as well.
    """
    return {path for path in map(_file, _modules(build)) if path is not None}


def code_contents(build: Callable[..., object]) -> list[bytes]:
    """Return what those files held when each was first asked for here: the code that is loaded.

    A file may be edited under a process that lives long, such as a worker of a cluster. It goes on
    with the code that it has, and is not to pass that off as the new.
    """
    held = {_file(module): _content(module) for module in _modules(build)}
    return [content for content in held.values() if content is not None]


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
    """Yield a function, or for a partial its function and the arguments that are code."""
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
