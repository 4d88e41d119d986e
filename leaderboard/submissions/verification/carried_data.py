"""How much a method file brings along besides code: answers may hide in any form of it."""

import ast
import sys
import zlib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from re import match
from typing import Final

from leaderboard.submissions.archive import printable

MOST_LITERALS: Final = 16 * 1024
"""Bytes of texts and numbers that a method file may hold unseen: the labels of 5,000 samples each
with a number to know it by."""

MOST_COMPRESSED: Final = 16 * 1024
"""Bytes of the whole file, compressed: data hidden in comments, names or blanks counts as well.
Code compresses to a quarter; the largest module of this package takes 5 kB."""

DISTRIBUTION: Final = "cropglobe-benchmark"

OWN_PACKAGES: Final = ("baselines", "benchmark", "cropglobe", "cropnet", "leaderboard")
"""Packages of this project."""

FOR_METHODS: Final = (
    "baselines.",
    "benchmark.data.representations.",
    "benchmark.data.season.",
    "benchmark.data.taxonomy.",
    "benchmark.errors.",
    "benchmark.randomness.",
    "benchmark.run.training.augmentation.",
    "benchmark.run.training.target_label_wrappers.",
    "benchmark.run.training.training_loop.",
    "benchmark.task.methods.",
    "cropnet.",
)
"""What of these packages a method may import without a look: nothing that reads data or simulates
it, since the public world can be simulated again."""

UNREADABLE: Final = frozenset(
    {"__import__", "__builtins__", "builtins", "compile", "ctypes", "eval", "exec", "gc"}
    | {"importlib", "inspect", "marshal", "pickle", "pkgutil", "runpy", "subprocess"}
    | {"code", "codeop", "pydoc", "zipimport", "globals", "locals", "vars", "attrgetter"}
    | {"__dict__", "__getattribute__", "__globals__", "__loader__", "__spec__", "__subclasses__"}
    | {"sys.modules", "sys.meta_path", "getattr of a name that is put together"}
    | {"simulate", "simulate_domain", "simulate_dataset", "open_dataset", "dataset_source"}
)
"""Names by which code runs, imports or reads what its text does not show."""

HARMLESS_ATTRIBUTES: Final = frozenset({"code", "compile", "eval", "exec", "inspect"})
"""Those that methods of common objects have too, such as `re.compile` and `model.eval`."""


def questions(code: str) -> Iterator[str]:
    """Yield what of a method file a person must look at before it can be verified by rerun.

    A file says nothing of weights: those that a method may use are declared by an installed
    package under `cropglobe.weights`, with a checksum, and are not in the file.

    Args:
        code: Text of the file.

    Yields:
        What to look at, in sentences.
    """
    size = len(zlib.compress(code.encode(), 9))
    if size > MOST_COMPRESSED:
        yield (
            f"The file holds {size / 1024:.0f} kB of information (compressed), of "
            f"{MOST_COMPRESSED // 1024} kB that pass without a look."
        )
    try:
        tree = ast.parse(code.encode())  # with the encoding that it names, as it is when it runs
        shown = ast.dump(ast.parse(code))
        if ast.dump(tree) != shown:
            yield "It names an encoding in which it says something else than what a reader sees."
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield "The file is not readable as Python, so that nobody can say what it holds."
        return
    literals = sum(map(_literal_bytes, ast.walk(tree)))
    if literals > MOST_LITERALS:
        yield (
            f"The file holds {literals / 1024:.0f} kB of texts and numbers, of "
            f"{MOST_LITERALS // 1024} kB that pass without a look."
        )
    imported = _imported(tree)
    strange = sorted({name.partition(".")[0] for name in imported} - _known_packages())
    if strange:
        yield (
            f"It imports {printable(', '.join(strange))}, which is no part of this package or of "
            "what it requires, and may bring data along."
        )
    others = _own_modules_for_a_look(imported)
    if others:
        yield (
            f"It imports {printable(', '.join(others))}, by which data can be read or simulated."
        )
    hidden = sorted(_names(tree) & UNREADABLE | imported & UNREADABLE)
    if hidden:
        yield f"It uses {', '.join(hidden)}, by which it can run or import what it does not name."


def _literal_bytes(node: ast.AST) -> int:
    """Return the bytes that a constant takes, written out."""
    if not isinstance(node, ast.Constant):
        return 0
    value = node.value
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, bool) or value is None or value is ...:
        return 0
    return (abs(value).bit_length() + 7) // 8 if isinstance(value, int) else 8


def _imported(tree: ast.AST) -> set[str]:
    """Return the modules that are imported anywhere in a file, with what is taken from them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." if node.level else node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def _own_modules_for_a_look(imported: set[str]) -> list[str]:
    """Return the modules of this project among the imports that are not meant for methods."""
    own = {name for name in imported if name.partition(".")[0] in OWN_PACKAGES}
    meant = {name for name in own if f"{name}.".startswith(FOR_METHODS)}
    parents = {name for name in own if any(each.startswith(f"{name}.") for each in meant)}
    return sorted(own - meant - parents)


def _names(tree: ast.AST) -> set[str]:
    """Return the names and attributes that a file uses, those that `getattr` fetches among them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found |= {node.id} - {"code"}
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} - HARMLESS_ATTRIBUTES
            if isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            name = node.args[1] if len(node.args) > 1 else None
            plain = name.value if isinstance(name, ast.Constant) else None
            built = "getattr of a name that is put together"
            found.add(plain if isinstance(plain, str) else built)
    return found


def _known_packages() -> set[str]:
    """Return the packages of Python, of this project, and of what it requires, directly or not."""
    waiting, known = [DISTRIBUTION], set[str]()
    while waiting:
        name = _normal(waiting.pop())
        if name in known:
            continue
        known.add(name)
        try:
            wanted = requires(name) or []
        except PackageNotFoundError:
            continue
        for text in wanted:
            found = match(r"[A-Za-z0-9._-]+", text)
            if found and "extra ==" not in text:
                waiting.append(found.group())
    modules = {
        module
        for module, owners in packages_distributions().items()
        if any(_normal(owner) in known for owner in owners)
    }
    return modules | set(sys.stdlib_module_names) | set(OWN_PACKAGES)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
