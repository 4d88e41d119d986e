"""A new method from a template: one file that works, and one test."""

import re
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Final

from benchmark.errors import StoreError, UsageError, did_you_mean
from benchmark.files import write_text
from benchmark.task.methods import ALL_METHODS, method_sets, registry

KINDS: Final = ("sklearn", "torch", "embedding")
"""Templates of `cropglobe methods new`."""

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*")
"""Names of methods; each can also be a file name on every system."""

LONGEST_NAME: Final = 50


def new_method(name: str, kind: str, folder: Path) -> tuple[Path, Path]:
    """Write a method file and its test.

    Args:
        name: Name of the method, such as ``my-method`` or ``median.my-head``.
        kind: One of `KINDS`.
        folder: Folder to write to; it is made if needed.

    Returns:
        The method file and its test.

    Raises:
        UsageError: If the name cannot be used or is in use, the kind is unknown, or a file exists.
        StoreError: If the files cannot be written.
    """
    if kind not in KINDS:
        raise UsageError(f"Unknown kind '{kind}': {did_you_mean(kind, KINDS)}")
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"'{name}' is no name for a method: use at most {LONGEST_NAME} small letters, digits, "
            "'-' and '.', beginning with a letter, such as my-method."
        )
    if name in method_sets() or name == ALL_METHODS:
        raise UsageError(f"'{name}' is the word for a set of methods: choose another name.")
    if name in registry().all():
        raise UsageError(f"A method named '{name}' is installed: choose another name.")
    module = re.sub(r"[-.]", "_", name)
    if find_spec(module) is not None:
        raise UsageError(f"{module}.py would hide the module '{module}': choose another name.")
    method, test = folder / f"{module}.py", folder / f"test_{module}.py"
    for path in (method, test):
        if path.exists():
            raise UsageError(f"{path} is there already: choose another name, or --out DIR.")
    words = {"name": name, "file": method.name}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, template in ((method, kind), (test, "test")):
            source = files("benchmark.task.authoring").joinpath("templates", f"{template}.py.txt")
            with path.open("x"):  # fails if another process has just written the file
                write_text(path, Template(source.read_text("utf-8")).substitute(words))
    except OSError as error:
        raise StoreError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    return method, test
