"""Find data in a method file, since labels could be hidden in it in any form."""

import ast
import sys
import zlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from re import match
from typing import Final

from leaderboard.submissions.archive import printable

MOST_LITERALS: Final = 16 * 1024
"""Bytes of texts and numbers that a method file may have without inspection. They would be enough
for the labels of 5,000 samples, each with a number that identifies the sample."""

MOST_COMPRESSED: Final = 16 * 1024
"""Bytes of the compressed file that are allowed without inspection, so that data in comments, names
or blanks counts too. Code compresses to a quarter; the largest module of this package has 5 kB."""

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
"""What a method may import of these packages before a person looks at it."""

REACH_DATA: Final = (
    "baselines.embeddings.",
    "baselines.handcrafted.",
    "cropnet.area_statistics.",
    "cropnet.checked_self_training.",
    "cropnet.gated.",
    "cropnet.methods.",
)
"""Exceptions from that list: modules that import what reads or simulates data, so that it can be
had from them under their own name. The public simulated data can be made again with all labels."""

_FORMS: Final = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")

UNREADABLE: Final = frozenset(
    {"__import__", "__builtins__", "builtins", "compile", "ctypes", "eval", "exec", "gc"}
    | {"importlib", "inspect", "marshal", "pickle", "pkgutil", "runpy", "subprocess"}
    | {"code", "codeop", "pydoc", "zipimport", "globals", "locals", "vars", "attrgetter"}
    | {"os.system", "os.popen", "os.posix_spawn", "os.posix_spawnp"}
    | {f"os.{way}{form}" for way in ("exec", "spawn") for form in _FORMS}
    | {"__dict__", "__getattribute__", "__globals__", "__loader__", "__self__", "__spec__"}
    | {"__subclasses__", "sys.modules", "sys.meta_path"}
    | {"getattr under another name", "getattr of a name that is put together"}
    | {"simulate", "simulate_domain", "simulate_dataset", "open_dataset", "dataset_source"}
    | {"SimulatedTarget", "WithSimulatedTarget", "simulated_samples", "simulated_target"}
    | {"entry_points", "registry"}
)
"""Names with which code can run, import or read things that its text does not show."""

RUN_TEXTS: Final = frozenset(
    {"bdb", "cProfile", "doctest", "pdb", "posix", "profile", "pty", "timeit", "trace", "unittest"}
)
"""Modules of Python that run texts or import by a text, whose names other things have too."""

HARMLESS_ATTRIBUTES: Final = frozenset({"code", "compile", "eval", "exec", "inspect"})
"""Names in `UNREADABLE` that are also attributes of common objects, such as `re.compile`."""


def questions(code: str) -> Iterator[str]:
    """Yield what a person must inspect in a method file before it can be verified by rerun.

    Weights are not part of the file: an installed package declares them under `cropglobe.weights`,
    with a checksum.

    Args:
        code: Text of the file.

    Yields:
        Sentences.
    """
    size = len(zlib.compress(code.encode(), 9))
    if size > MOST_COMPRESSED:
        yield (
            f"The file holds {size / 1024:.0f} kB of information (compressed); "
            f"{MOST_COMPRESSED // 1024} kB are allowed without inspection."
        )
    try:
        tree = ast.parse(code.encode())  # with the encoding that it names, as it is when it runs
        shown = ast.dump(ast.parse(code))
        if ast.dump(tree) != shown:
            yield "It names an encoding in which its code differs from the text that a reader sees."
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield "The file is not readable as Python, so its content is not known."
        return
    literals = sum(map(_literal_bytes, ast.walk(tree)))
    if literals > MOST_LITERALS:
        yield (
            f"The file holds {literals / 1024:.0f} kB of texts and numbers; "
            f"{MOST_LITERALS // 1024} kB are allowed without inspection."
        )
    imported = _imported(tree)
    strange = sorted({name.partition(".")[0] for name in imported} - _known_packages())
    if strange:
        yield (
            f"It imports {printable(', '.join(strange))}, which is not part of this package or of "
            "what it requires, and may contain data."
        )
    others = _own_modules_for_a_look(imported)
    if others:
        yield f"It imports {printable(', '.join(others))}, which can read or simulate data."
    used = (_names(tree) | imported | _parts(imported)) & UNREADABLE
    hidden = sorted(used | {name.partition(".")[0] for name in imported} & RUN_TEXTS)
    if hidden:
        yield f"It uses {', '.join(hidden)}, which can run or import code that it does not name."


def _literal_bytes(node: ast.AST) -> int:
    """Return the size of a constant in bytes; 0 for other nodes."""
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
    """Return the modules that a file imports, and the names that it imports from them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." if node.level else node.module or ""
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def _parts(imported: set[str]) -> set[str]:
    """Return the parts of dotted names, since a module has what it imports under its own name."""
    parts = {part for name in imported for part in name.split(".")[1:]}
    return {name.partition(".")[0] for name in imported} | parts - HARMLESS_ATTRIBUTES


def _own_modules_for_a_look(imported: set[str]) -> list[str]:
    """Return the imported modules of this project that are not on the list `FOR_METHODS`."""
    own = {name for name in imported if name.partition(".")[0] in OWN_PACKAGES}
    meant = {
        name
        for name in own
        if f"{name}.".startswith(FOR_METHODS) and not f"{name}.".startswith(REACH_DATA)
    }
    parents = {name for name in own if any(each.startswith(f"{name}.") for each in meant)}
    return sorted(own - meant - parents)


def _names(tree: ast.AST) -> set[str]:
    """Return the names and attributes that a file uses, also those in calls of `getattr`."""
    found: set[str] = set()
    other_names = _other_names(tree)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found |= {node.id} - {"code"}
            if node.id == "getattr" and id(node) not in called:
                found.add("getattr under another name")
        elif isinstance(node, ast.Attribute):
            found |= {node.attr} - HARMLESS_ATTRIBUTES
            if isinstance(node.value, ast.Name):
                found.add(f"{other_names.get(node.value.id, node.value.id)}.{node.attr}")
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
            name = node.args[1] if len(node.args) > 1 else None
            plain = name.value if isinstance(name, ast.Constant) else None
            built = "getattr of a name that is put together"
            found.add(plain if isinstance(plain, str) else built)
    return found


def _other_names(tree: ast.AST) -> dict[str, str]:
    """Return the last part of each imported module's name, by the name that it has in the file."""
    return {
        alias.asname: alias.name.rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None
    }


@cache
def _known_packages() -> frozenset[str]:
    """Return the packages of Python, of this project, and of all its requirements."""
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
    return frozenset(modules | set(sys.stdlib_module_names) | set(OWN_PACKAGES))


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
