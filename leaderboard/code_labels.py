"""One name, one code: rows that different code made under one name get a label each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benchmark.results.rows import Row

SIGN: Final = ":"
"""What stands between a name and the mark of its code."""

FEWEST_DIGITS: Final = 6
"""Digits of a fingerprint that make a mark, unless two codes share them."""

Code = tuple[str, str]
"""Fingerprints of a method's code and of the files of vectors that it reads."""


def code_of(row: Row) -> Code:
    """Return what a row was made by: of one method and seed it gives one answer."""
    return (row.provenance.code_fingerprint, row.data.vectors or "")


def name_of(row: Row) -> str:
    """Return the name that a row's method has in its run, whatever its label."""
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
        The rows in the same order. Where rows of one dataset, protocol and metrics version have
        one name and several codes, the method of each is ``NAME:MARK``, the mark being the first
        digits of the code's fingerprint; a ``+`` and those of the vectors follow where two have
        the same code. Other rows have their method's name.
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
    """Return the labels of each name, that of the code which made rows last before the others."""
    last: dict[str, dict[str, str]] = {}
    for row in rows:
        labels = last.setdefault(name_of(row), {})
        created = row.provenance.created
        labels[row.method] = max(labels.get(row.method, created), created)
    return {
        name: tuple(sorted(labels, key=lambda label: (labels[label], label), reverse=True))
        for name, labels in last.items()
    }


def shared_names(rows: Iterable[Row]) -> str | None:
    """Say which names stand for several codes; ``None`` if none does."""
    parts = [
        f"{name} ({', '.join(labels)})"
        for name, labels in sorted(newest_labels(rows).items())
        if len(labels) > 1
    ]
    if not parts:
        return None
    return (
        f"Several codes under one name, a line each, the newest named first: {'; '.join(parts)}. "
        "Where a method is named, the newest is meant."
    )
