"""What tells one estimator from another: its classes, its parameters, and code of one's own."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any, Final

import numpy as np

from benchmark.errors import MethodError
from benchmark.task.code_fingerprint import INSTALLED, SUITE

PLAIN: Final = (str, int, float, bool, type(None))


def version_of(estimator: Any) -> str:
    """Return a hash of an estimator's classes, parameters and code of one's own.

    Code of one's own is that of no installed package, such as a transformer of the notebook. Code
    of packages is told by their versions, which each row records.

    Args:
        estimator: An unfitted estimator.

    Returns:
        Twelve hex digits.

    Raises:
        MethodError: If a parameter cannot be told from another.
    """
    from sklearn import __version__

    text = json.dumps([__version__, _Description().of(estimator)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def code_version(build: Callable[..., object]) -> str:
    """Return a hash of the code of one's own with which a method is built.

    For methods of a notebook, whose code is in no file.

    Args:
        build: Function or class that makes the classifier.

    Returns:
        Eight hex digits.
    """
    text = json.dumps(_Description().of_use(build), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


class _Description:
    """Describes the values of one estimator, without addresses in memory."""

    def __init__(self) -> None:
        self._coded: set[object] = set()  # functions and classes whose code is described
        self._open: list[object] = []  # values of which the next is a part

    def of(self, value: Any) -> Any:
        """Return what tells one value from another, in JSON."""
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return self._inside(value, self._of_whole)

    def _inside(self, value: Any, describe: Callable[[Any], Any]) -> Any:
        """Describe a value that may contain itself."""
        if any(value is other for other in self._open):
            return "itself"
        self._open.append(value)
        try:
            return describe(value)
        finally:
            self._open.pop()

    def _of_whole(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self.of(item) for item in value]
        if isinstance(value, dict):
            return {str(key): self.of(item) for key, item in value.items()}
        if isinstance(value, partial):
            return ["partial", *map(self.of, (value.func, value.args, value.keywords))]
        if isinstance(value, MethodType):
            return [self.of(value.__func__), self.of(value.__self__)]
        if callable(value) and hasattr(value, "__name__"):
            module = getattr(value, "__module__", None) or type(value).__module__
            name = f"{module}.{getattr(value, '__qualname__', value.__name__)}"
            code = list(self._code_of(value))
            return [name, code] if code else name
        return self._of_object(value)

    def _of_object(self, value: Any) -> Any:
        """Describe the class and the parameters of an estimator, else the attributes."""
        code = list(self._code_of(type(value)))
        if hasattr(value, "get_params"):
            own: Mapping[str, Any] = value.get_params(deep=False)
            given = {key: own[key] for key in sorted(own)}
            if isinstance(given.get("random_state"), np.random.RandomState):
                given["random_state"] = "set to the seed of each fit"
            return [
                type(value).__qualname__,
                {key: self.of(item) for key, item in given.items()},
                *code,
            ]
        known = _is_own(type(value)) or type(value).__module__.startswith("sklearn.")
        if not known or not hasattr(value, "__dict__"):
            raise MethodError(
                f"A parameter of type {type(value).__name__} has no stable description: wrap the "
                "estimator in a Method with a version of your own."
            )
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        return [kind, {key: self.of(item) for key, item in sorted(vars(value).items())}, *code]

    def _code_of(self, value: Any) -> Iterator[Any]:
        """Yield the code of a function or class that is of no package, and what it makes use of."""
        if not isinstance(value, FunctionType | type) or value in self._coded:
            return
        self._coded.add(value)
        if isinstance(value, type):
            for kind in filter(_is_own, value.__mro__):
                for _, member in sorted(vars(kind).items()):
                    yield from self._code_of_member(member)
        elif _is_own(value):
            yield _digest(value.__code__)
            cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
            used = [value.__globals__.get(name) for name in sorted(set(_names(value.__code__)))]
            for item in (value.__defaults__, value.__kwdefaults__, *cells, *used):
                yield self.of_use(item)

    def _code_of_member(self, member: Any) -> Iterator[Any]:
        parts = (member.fget, member.fset) if isinstance(member, property) else (member,)
        for part in (getattr(part, "__func__", part) for part in parts):
            if isinstance(part, PLAIN):
                yield part
            else:
                yield from self._code_of(part)

    def of_use(self, value: Any) -> Any:
        """Describe what own code makes use of: own code and plain values, else the type alone."""
        if isinstance(value, list | tuple):
            return self._inside(value, lambda items: [self.of_use(item) for item in items])
        if isinstance(value, dict):
            return self._inside(value, lambda items: [self.of_use([*x]) for x in items.items()])
        if isinstance(value, partial):
            return [*map(self.of_use, (value.func, value.args, value.keywords))]
        if isinstance(value, FunctionType | type):
            return list(self._code_of(value))
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            return type(value).__qualname__
        plain = isinstance(value, (*PLAIN, np.generic, np.ndarray))
        return self.of(value) if plain else type(value).__qualname__


def _is_own(value: FunctionType | type) -> bool:
    """Return whether a function or class is of no package, of Python or of the suite."""
    name = getattr(value, "__module__", None) or ""
    top = name.partition(".")[0]
    if top == "__main__":
        return True
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or top in SUITE or top in sys.stdlib_module_names:
        return False
    return INSTALLED.isdisjoint(Path(file).parts)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _digest(code: CodeType) -> str:
    """Return a hash of what a function does, whatever its file and its lines."""
    digest = hashlib.sha256(code.co_code)
    for constant in code.co_consts:
        text = _digest(constant) if isinstance(constant, CodeType) else _stable(constant)
        digest.update(text.encode())
    digest.update(repr((code.co_names, code.co_varnames)).encode())
    return digest.hexdigest()[:16]


def _stable(constant: Any) -> str:
    """Return the text of a constant; of a set, in an order that does not change."""
    if isinstance(constant, frozenset):
        return repr(sorted(map(repr, constant)))
    return repr(constant)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
