"""The machine on which the costs of a row were measured, in words."""

from collections.abc import Iterable
from typing import Final

from benchmark.results.rows import Row

UNKNOWN: Final = "an unknown machine"


SEPARATOR: Final = "; "
"""Text between machines, where a method's costs were measured on several."""


def is_one_machine(names: Iterable[str]) -> bool:
    """Whether all costs were measured on one machine, so that their times can be compared.

    Args:
        names: The machine of each method; several, with `SEPARATOR` between them, if it was
            measured on several.
    """
    known = set(names)
    return len(known) <= 1 and not any(SEPARATOR in name for name in known)


def machine_of(row: Row) -> str:
    """Return the name of the device and, for a processor, the number of threads.

    Args:
        row: The row.
    """
    name = row.cost.device_name or row.cost.device
    if name is None:
        return UNKNOWN
    if (row.cost.device or "cpu") != "cpu":
        return name
    threads = row.provenance.threads or row.provenance.processors
    if threads is None:
        return name
    return f"{name}, {threads} {'thread' if threads == 1 else 'threads'}"
