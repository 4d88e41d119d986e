"""Columns of a table as words and as numbers, whatever type they are stored in."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benchmark.errors import DataError

Index = npt.NDArray[np.int64]

THOUSANDS: Final = re.compile(r"-?[1-9]\d{0,2}(,\d{3})+")
"""A number that may be grouped by thousands; ``0,123`` is not."""


@dataclass(frozen=True)
class Words:
    """A column of few different words, each row holding the number of its word.

    Attributes:
        row: Number of the word in ``values``, [R]; -1 where the cell is empty.
        values: The different words, [W].
    """

    row: Index
    values: tuple[str, ...]

    def repeated(self, times: int) -> "Words":
        """Return the column of a table in which each row stands several times in a row."""
        return Words(np.repeat(self.row, times), self.values)

    def of_rows(self, rows: npt.NDArray[Any]) -> "Words":
        """Return the column with some of its rows."""
        return Words(self.row[rows], self.values)


def plain_column(path: Path, name: str, column: Any) -> Any:
    """Return an arrow column with one plain value in each cell.

    Categorical columns are decoded, decimal numbers become floating ones, and bytes become text.

    Args:
        path: The table, for messages.
        name: Name of the column, for messages.
        column: An arrow array, chunked or not.

    Raises:
        DataError: If its cells are lists, structs or bytes that are no text.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_nested(kind):
        raise DataError(
            f"{path} has values of type {kind} in column {name} where one plain value belongs in "
            "each cell: take the value out of its list or struct."
        )
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    if any(is_kind(kind) for is_kind in binary):
        try:
            return column.cast(pa.binary()).cast(pa.string())
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise DataError(
                f"{path} has bytes in column {name} that are no text in UTF-8: write it as text."
            ) from error
    return column


def words_of(path: Path, name: str, column: Any) -> Words:
    """Encode an arrow column as text; whole numbers stored as floats lose their ``.0``.

    Text loses the spaces around it, and accents that are stored as signs of their own are joined
    with their letter (Unicode form NFC), so that equal words are equal.

    Args:
        path: The table, for messages.
        name: Name of the column, for messages.
        column: An arrow array, chunked or not.

    Raises:
        DataError: If its cells hold no plain values.
    """
    column = plain_column(path, name, column)
    if pa.types.is_floating(column.type):
        numbers = column.to_numpy()
        whole = numbers[np.isfinite(numbers)]
        column = pc.if_else(pc.is_finite(column), column, None)
        # From 2^63 on no whole number of 64 bits holds them; they stay as floats are written.
        if (whole == np.rint(whole)).all() and (np.abs(whole) < 2.0**63).all():
            column = column.cast(pa.int64())
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    row = pc.fill_null(encoded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    texts = [unicodedata.normalize("NFC", text.strip()) for text in encoded.dictionary.to_pylist()]
    values = tuple(dict.fromkeys(text for text in texts if text))
    number = {text: place for place, text in enumerate(values)} | {"": -1}
    places = np.array([*(number[text] for text in texts), -1], dtype=np.int64)
    return Words(row=places[row], values=values)


def _first_word(column: Any) -> str:
    """Return the first text of a column that is no number."""
    for cell in pc.unique(column).to_pylist():
        try:
            float(cell or 0)
        except ValueError:
            return str(cell)
    return ""


def numbers_of(path: Path, name: str, column: Any, kind: Any) -> npt.NDArray[Any]:
    """Return an arrow column as numbers of an arrow type, NaN where a cell is empty.

    Numbers that are written as text may have a comma for their decimal point.

    Args:
        path: The table, for messages.
        name: Name of the column, for messages.
        column: An arrow array, chunked or not.
        kind: Arrow type of floating numbers.

    Raises:
        DataError: If it holds text that is no number, or commas that may be either decimal points
            or marks of thousands.
    """
    column = plain_column(path, name, column)
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if text:
        column = _with_points(path, name, pc.utf8_trim_whitespace(column))
    try:
        numbers = pc.cast(column, kind, safe=False)
    except pa.ArrowException as error:
        such = f" such as {_first_word(column)!r:.60}" if text else ""
        raise DataError(
            f"{path} has text in column {name} where numbers belong{such}: leave cells without a "
            "number empty."
        ) from error
    return np.asarray(numbers.to_numpy(), dtype=kind.to_pandas_dtype())


def _with_points(path: Path, name: str, column: Any) -> Any:
    """Return numbers in text with decimal points where they have decimal commas."""
    column = pc.if_else(pc.equal(column, ""), None, column)
    commas = pc.fill_null(pc.match_substring(column, ","), False)
    if not pc.any(commas).as_py():
        return column
    written = pc.unique(column.filter(commas)).to_pylist()
    if all(THOUSANDS.fullmatch(text) for text in written):
        raise DataError(
            f"{path} has numbers such as {written[0]} in column {name}, whose comma may be a "
            "decimal point or a mark of thousands: write decimal points and no marks of thousands."
        )
    return pc.replace_substring(column, ",", ".")
