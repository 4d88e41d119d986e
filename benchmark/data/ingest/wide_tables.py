"""Tables with a row for each sample and a column for each band and date."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmark.data.ingest.cell_values import numbers_of, plain_column
from benchmark.data.ingest.column_roles import Columns, WideColumns
from benchmark.data.ingest.dates import COMPACT, Days, day_of_month, parse_dates, read_dates
from benchmark.errors import DataError

DEKADS: Final = 3
"""Dekads of a month: they begin on its days 1, 11 and 21."""


def wide_values(
    path: Path, table: Any, wide: WideColumns, bands: tuple[str, ...]
) -> tuple[npt.NDArray[np.float32], bool]:
    """Return the values of a wide table with one row for each sample and date.

    Args:
        path: The table, for messages.
        table: Its columns, an arrow table of N rows.
        wide: Which column is which band at which date.
        bands: The bands.

    Returns:
        Values [N * T, B], the dates of a sample following each other; whether all are integers.

    Raises:
        DataError: If a column holds no numbers.
    """
    values = np.full((table.num_rows, len(wide.tokens), len(bands)), np.nan, dtype=np.float32)
    whole = True
    for (band, token), name in wide.columns.items():
        column = plain_column(path, name, table.column(name))
        whole = whole and pa.types.is_integer(column.type)
        place = wide.tokens.index(token), bands.index(band)
        values[:, place[0], place[1]] = numbers_of(path, name, column, pa.float32())
    return values.reshape(-1, len(bands)), whole


def wide_dates(path: Path, table: Any, columns: Columns) -> Days:
    """Return the date of each row and time of a wide table, [N * T].

    Args:
        path: The table, for messages.
        table: Its columns, an arrow table of N rows.
        columns: Which column is what.

    Raises:
        DataError: If the dates are not said for certain.
    """
    wide = columns.wide
    assert wide is not None
    if wide.by_step:
        return _dates_of_steps(path, table, columns, wide)
    texts = []
    for token in wide.tokens:
        match = COMPACT.search(token)
        texts.append(match[1] if match else token.replace("_", "-").replace(".", "-"))
    _, times, _ = parse_dates(path, "a band", texts)
    return np.tile(times.astype("datetime64[D]"), table.num_rows)


def _dates_of_steps(path: Path, table: Any, columns: Columns, wide: WideColumns) -> Days:
    """Return the months or dekads that the time steps of each row stand for."""
    if columns.start is None or columns.end is None:
        raise DataError(
            f"{path} numbers its time steps (ts{wide.tokens[0]} ...) and has no columns start_date "
            "and end_date, which say when they are: add them."
        )
    start = read_dates(path, columns.start, table.column(columns.start)).days
    end = read_dates(path, columns.end, table.column(columns.end)).days
    steps = np.array([int(token) for token in wide.tokens])
    first = start.astype("datetime64[M]")
    # An end on the first of a month belongs to the month before it: the end itself is outside.
    months = ((end - np.timedelta64(1, "D")).astype("datetime64[M]") - first).astype(np.int64) + 1
    typical, count = float(np.median(months)), int(steps.max()) + 1
    if abs(count - typical) <= 1:
        return np.asarray((first[:, None] + steps[None, :]).astype("datetime64[D]").reshape(-1))
    if abs(count - DEKADS * typical) <= DEKADS:
        number = (np.minimum((day_of_month(start) - 1) // 10, DEKADS - 1))[:, None] + steps[None, :]
        days = (first[:, None] + number // DEKADS).astype("datetime64[D]")
        return np.asarray((days + 10 * (number % DEKADS)).reshape(-1))
    raise DataError(
        f"{path} has {count} time steps from {columns.start} to {columns.end}, which are "
        f"{typical:.0f} months apart: they are neither months nor dekads."
    )
