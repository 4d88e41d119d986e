"""Labels of methods: rows that different code made under one name get different labels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benchmark.results.rows import Row

SIGN: Final = ":"
"""Sign between a name and the mark of its code."""

FEWEST_DIGITS: Final = 6
"""Number of digits of a fingerprint in a mark; more if two codes share them."""

Code = tuple[str, str]
"""Fingerprints of a method's code and of the files of vectors that it reads."""


def code_of(row: Row) -> Code:
    """Return the fingerprints of the code and of the vectors that made a row."""
    return (row.provenance.code_fingerprint, row.data.vectors or "")


def name_of(row: Row) -> str:
    """Return the name of a row's method without the mark of a label."""
    name, _, mark = row.method.rpartition(SIGN)
    code, vectors = code_of(row)
    first, _, second = mark.partition("+")
    is_label = name and first and code.startswith(first) and vectors.startswith(second)
    return name if is_label else row.method


def with_labels(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Label the methods of rows so that no two codes share a name.

    Args:
        rows: Rows in any order, labelled or not.

    Returns:
        The rows in the same order. If rows of one dataset, protocol and metrics version have one
        name and several codes, the method of each becomes ``NAME:MARK``. The mark is the first
        digits of the code's fingerprint, and if two have the same code, a ``+`` and the first
        digits of the vectors' fingerprint. Other rows have the name of their method.
    """
    known = tuple(rows)
    codes: dict[tuple[str, ...], set[Code]] = {}
    for row in known:
        codes.setdefault(_scope(row), set()).add(code_of(row))
    marks = {scope: _marks(sorted(found)) for scope, found in codes.items()}
    return tuple(_labelled(row, marks[_scope(row)]) for row in known)


def _scope(row: Row) -> tuple[str, ...]:
    return (row.data.fingerprint, row.protocol_hash, row.metric_version, name_of(row))


def _labelled(row: Row, marks: Mapping[Code, str]) -> Row:
    mark = marks[code_of(row)]
    label = f"{name_of(row)}{SIGN}{mark}" if mark else name_of(row)
    return row if label == row.method else row.model_copy(update={"method": label})


def _marks(codes: Sequence[Code]) -> dict[Code, str]:
    if len(codes) == 1:
        return {codes[0]: ""}
    several_vectors = len({code for code, _ in codes}) < len(codes)
    for digits in range(FEWEST_DIGITS, max(len(part) for pair in codes for part in pair) + 1):
        marks = {
            (code, vectors): code[:digits] + (f"+{vectors[:digits]}" if several_vectors else "")
            for code, vectors in codes
        }
        if len(set(marks.values())) == len(codes):
            return marks
    return {pair: "+".join(pair) for pair in codes}


def newest_labels(rows: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Return the labels of each name: those with a score before others, the newest first."""
    last: dict[str, dict[str, tuple[bool, str]]] = {}
    for row in rows:
        labels = last.setdefault(name_of(row), {})
        found = (row.scores is not None, row.provenance.created)
        labels[row.method] = max(labels.get(row.method, found), found)
    return {
        name: tuple(sorted(labels, key=lambda label: (labels[label], label), reverse=True))
        for name, labels in last.items()
    }


def shared_names(rows: Iterable[Row]) -> str | None:
    """Return a sentence about the names with several codes; ``None`` if there is no such name."""
    parts = [
        f"{name} ({', '.join(labels)})"
        for name, labels in sorted(newest_labels(rows).items())
        if len(labels) > 1
    ]
    if not parts:
        return None
    return (
        f"Different code made rows under one name, so each code has its own line. The newest that "
        f"has a score comes first: {'; '.join(parts)}. The name alone means that one."
    )
