"""Sentences of the harness in the words of Python: arguments in place of the command's options."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from inspect import signature
from types import MappingProxyType
from typing import Any, Final

from benchmark.errors import CropGlobeError

RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {"cadence": "cadence_days", "tracking-uri": "mlflow"}
)
"""Options whose argument has another name."""

LISTS: Final = frozenset({"bands", "domains", "methods", "seeds", "shifts", "transfers"})
"""Arguments that take lists."""

PARTS: Final = re.compile(r"(`[a-z][^`]*`|(?<![\w/-])--[a-z][a-z-]*)")
"""A whole command in backticks, which stays as it is, or an option."""

VALUE: Final = re.compile(
    r" (\d+(?:[-.]\d+)*|[A-Z][\w-]*(?::[A-Z][\w-]*)?(?:\.\w+)?|nan|never|failed|stale|always|all"
    r"|auto|cpu|cuda|first|middle|last|computed|files|cdl|ewoc|worldcereal)(?![\w:])"
)
"""What stands for a value behind an option: a number, a capital letter, or a word of an option."""


@contextmanager
def argument_words() -> Iterator[None]:
    """Let errors name arguments in place of options; also a decorator of functions."""
    try:
        yield
    except CropGlobeError as error:
        error.args = (in_arguments(str(error)), *error.args[1:])
        raise


def in_arguments(sentence: str) -> str:
    """Return a sentence with the arguments of this package in place of the command's options.

    Args:
        sentence: Such as ``use --workers 1 or name another with --out``.

    Returns:
        Such as ``use workers=1 or name another with `out```. An option that no function of this
        package has as an argument is called one of the command line.
    """
    if "--" not in sentence:
        return sentence
    known = _arguments()
    parts = PARTS.split(sentence)
    for place in range(1, len(parts), 2):
        option, behind = parts[place], parts[place + 1]
        if not option.startswith("--"):
            continue
        word = option.removeprefix("--")
        name = RENAMED.get(word, word.replace("-", "_"))
        inside = parts[place - 1].count("`") % 2 == 1
        if name not in known:
            parts[place] = f"the command line's {option}"
        elif found := VALUE.match(behind):
            parts[place] = f"{name}={_literal(name, found[1])}"
            parts[place + 1] = behind[found.end() :]
        else:
            parts[place] = name if inside else f"`{name}`"
    return "".join(parts)


def _literal(name: str, value: str) -> str:
    """Return a value as it is written in Python."""
    text = value if re.fullmatch(r"\d+(\.\d+)?", value) else repr(value)
    return f"[{text}]" if name in LISTS else text


def _arguments() -> set[str]:
    from benchmark.data.ingest.ingestion import ingest_table
    from cropglobe.datasets import simulate
    from cropglobe.running import run

    functions: tuple[Callable[..., Any], ...] = (run, simulate, ingest_table)
    return {name for function in functions for name in signature(function).parameters}
