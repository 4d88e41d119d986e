"""Random effects by level, and a function that takes rows from dataclasses of arrays."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

NEVER = 1e6
"""Value of a day for an event that does not happen."""

Table = TypeVar("Table")


def take(table: Table, rows: IntArray) -> Table:
    """Return the given rows of a dataclass whose fields are arrays or such dataclasses.

    Args:
        table: Dataclass of arrays [N, ...].
        rows: Row numbers [M].

    Returns:
        The same dataclass with arrays [M, ...].
    """
    assert is_dataclass(table)
    assert not isinstance(table, type)
    values: dict[str, Any] = {}
    for item in fields(table):
        value = getattr(table, item.name)
        values[item.name] = take(value, rows) if is_dataclass(value) else value[rows]
    return replace(table, **values)


class Levels:
    """Draws random effects: the samples of one group or one field share their value.

    Args:
        rng: Generator.
        group: Crop and block of each sample [N].
        field: Field of each sample [N].
    """

    def __init__(self, rng: np.random.Generator, group: IntArray, field: IntArray) -> None:
        self._rng = rng
        self._ids = {"group": group, "field": field, "pixel": np.arange(len(field))}

    def normal(self, level: str) -> FloatArray:
        """Draw standard normal values, one for each member of a level.

        Args:
            level: ``group``, ``field`` or ``pixel``.

        Returns:
            The value of each sample's group, field or pixel [N].
        """
        ids = self._ids[level]
        return np.asarray(self._rng.standard_normal(int(ids.max()) + 1, np.float32)[ids])

    def uniform(self, low: float = 0, high: float = 1) -> FloatArray:
        """Draw uniform values from `low` to `high`, one for each field.

        Returns:
            The value of each sample's field [N].
        """
        ids = self._ids["field"]
        drawn = self._rng.random(int(ids.max()) + 1, np.float32)[ids]
        return np.asarray(low + (high - low) * drawn, np.float32)
