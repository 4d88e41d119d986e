"""The machine on which the costs of a row were measured, in words."""

from typing import Final

from benchmark.results.rows import Row

UNKNOWN: Final = "an unknown machine"


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
