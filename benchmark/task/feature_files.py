"""Methods whose features can be computed or read from the official files."""

from collections.abc import Sequence
from typing import Final

from benchmark.errors import UsageError
from benchmark.task.methods import Method, registry

FROM_FILES: Final = {"harmonic": "harmonic-files"}
"""For each computed representation, the one with the same features read from official files."""


def on_files(methods: Sequence[Method]) -> tuple[Method, ...]:
    """Replace methods on computed features by the methods that read these features from files.

    The two have different names (`harmonic.*` and `harmonic-files.*`), so that rows of computed
    features and rows of features from files are never averaged.

    Args:
        methods: Methods that were asked for.

    Returns:
        The same number of methods; those that cannot read files are unchanged.

    Raises:
        UsageError: If none of them can read files.
    """
    chosen = tuple(_on_files(method) for method in methods)
    if not any(method.representation in FROM_FILES.values() for method in chosen):
        raise UsageError(
            "None of the chosen methods can read its features from the official files: name "
            "'harmonic.*', or leave out --representation-from."
        )
    return chosen


def _on_files(method: Method) -> Method:
    view = FROM_FILES.get(method.representation)
    name = method.name.replace(f"{method.representation}.", f"{view}.", 1)
    known = registry().all()
    return known[name] if view is not None and name in known else method
