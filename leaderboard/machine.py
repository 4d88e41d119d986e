"""The machine on which the costs of a row were measured, in words."""

import re
from collections.abc import Iterable
from typing import Final

from benchmark.results.rows import Row

UNKNOWN: Final = "an unknown machine"


NOT_NEEDED: Final = re.compile(r"\((?:R|TM)\)|\b(?:Processor|CPU)\b", re.IGNORECASE)
"""Parts of a device's name that do not tell it from others."""

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
        row: The row. Of its device's name, what no reader needs is left out, such as ``(R)``.
    """
    name = row.cost.device_name or row.cost.device
    if name is None:
        return UNKNOWN
    name = " ".join(NOT_NEEDED.sub(" ", name).split()) or name
    if (row.cost.device or "cpu") != "cpu":
        return name
    threads = row.provenance.threads or row.provenance.processors
    if threads is None:
        return name
    return f"{name}, {threads} {'thread' if threads == 1 else 'threads'}"
