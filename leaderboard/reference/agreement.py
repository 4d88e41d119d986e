"""Decide which reference results may be compared with the rows of runs, and why others may not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmark.errors import UsageError
from benchmark.results.rows import Row
from benchmark.task.method_cards import MethodDescription
from leaderboard.code_labels import Code, code_of, name_of
from leaderboard.confusion_counts import CountedRow
from leaderboard.reference.reference_file import (
    ReferenceKey,
    key_of,
    read_key,
    read_reference,
    reference_files,
)
from leaderboard.results import References

PARTS: Final = ("data", "protocol", "metrics")
"""Names of the parts that must agree, in the order of `ReferenceKey.comparable`."""


@dataclass(frozen=True)
class Agreement:
    """Reference results that may be compared with the rows of runs.

    Attributes:
        references: Rows on the transfers of the runs.
        codes: Name and code of each method of the reference results.
        disagreements: A sentence for each dataset and protocol of the runs without reference
            results, or without those of some of its transfers: what differs, and what to do.
    """

    references: References
    codes: frozenset[tuple[str, Code]]
    disagreements: tuple[str, ...]


def agree(rows: Sequence[Row], folder: Path, *, shown: Sequence[Row] | None = None) -> Agreement:
    """Choose the reference results that may be compared with the rows of runs.

    Args:
        rows: Rows of runs.
        folder: Folder of the files of reference results.
        shown: Those that are compared, and so whose lack of reference results is said; all where
            none is given.

    Returns:
        The reference rows with the same data fingerprint, protocol hash and metrics version, on the
        transfers of the runs, and the in-domain rows of their sources.

    Raises:
        StoreError: If a file is damaged.
    """
    paths = {path: read_key(path) for path in reference_files(folder)}
    found: list[CountedRow] = []
    cards: dict[str, MethodDescription] = {}
    disagreements: list[str] = []
    for key in sorted({key_of(row) for row in rows}, key=lambda key: key.file_name):
        own = [row for row in rows if key_of(row) == key]
        transfers = {row.transfer for row in own}
        sources = {row.source for row in own if row.relation != "in-domain"}
        same = [path for path, known in paths.items() if known.comparable == key.comparable]
        on: set[str] = set()
        for path in same:
            content = read_reference(path)
            found += [
                _named(counted, key.dataset)
                for counted in content.rows
                if (counted.row.source in sources and counted.row.relation == "in-domain")
                or counted.row.transfer in transfers
            ]
            on |= {c.row.transfer for c in content.rows if c.row.relation != "in-domain"}
            cards.update(content.cards)
        compared = own if shown is None else [row for row in shown if key_of(row) == key]
        lacking = {row.transfer for row in compared if row.relation != "in-domain"} - on
        if not compared:
            continue
        if not same:
            disagreements.append(_disagreement(key, list(paths.values()), folder))
        elif lacking:
            disagreements.append(
                f"No reference results of {_shortened(lacking)} for {key.dataset}, protocol "
                f"{key.protocol}; there are some of {_shortened(on)}: run these and keep to them "
                "with --transfers, or compare with runs of your own."
            )
    codes = frozenset((name_of(counted.row), code_of(counted.row)) for counted in found)
    return Agreement(References(tuple(found), cards), codes, tuple(disagreements))


def every_reference(folder: Path) -> Agreement:
    """Return all reference results, which so stand beside no run.

    Args:
        folder: Folder of the files of reference results.

    Raises:
        UsageError: If there is none.
        StoreError: If a file is damaged.
    """
    contents = [read_reference(path) for path in reference_files(folder)]
    rows = tuple(counted for content in contents for counted in content.rows)
    if not rows:
        raise UsageError(
            f"{folder} holds no reference results: name a run directory, or make them with "
            "`cropglobe reference make`."
        )
    cards = {name: card for content in contents for name, card in content.cards.items()}
    codes = frozenset((name_of(counted.row), code_of(counted.row)) for counted in rows)
    return Agreement(References(rows, cards), codes, ())


def _named(counted: CountedRow, dataset: str) -> CountedRow:
    """Return a reference row under the name that the runs give to the same data."""
    data = counted.row.data.model_copy(update={"name": dataset})
    return replace(counted, row=counted.row.model_copy(update={"data": data}))


def _disagreement(key: ReferenceKey, known: Sequence[ReferenceKey], folder: Path) -> str:
    """Return a sentence: which of data, protocol and metrics differs from the nearest results."""
    beginning = f"No reference results for {key.dataset}, protocol {key.protocol}"
    if not known:
        return f"{beginning}: {folder} holds none; `cropglobe reference make` makes them."
    fewest = min(len(_differing(key, other)) for other in known)
    nearest = [other for other in known if len(_differing(key, other)) == fewest]
    reasons = [_REASONS[part](key, nearest) for part in _differing(key, nearest[0])]
    return f"{beginning}: {'; '.join(reasons)}."


def _differing(one: ReferenceKey, other: ReferenceKey) -> tuple[str, ...]:
    pairs = zip(PARTS, one.comparable, other.comparable, strict=True)
    return tuple(part for part, mine, theirs in pairs if mine != theirs)


def _other_data(key: ReferenceKey, nearest: Sequence[ReferenceKey]) -> str:
    theirs = _listed(f"{other.dataset} ({other.fingerprint[:8]})" for other in nearest)
    what = (
        "run again on the embedded default of the installed version (--data simulated)"
        if key.simulated
        else "run on the same files, or compare with runs of your own"
    )
    return f"the data differ, fingerprint {key.fingerprint[:8]} here and {theirs} there: {what}"


def _other_protocol(key: ReferenceKey, nearest: Sequence[ReferenceKey]) -> str:
    theirs = _listed(f"{other.protocol} ({other.protocol_hash})" for other in nearest)
    names = {other.protocol for other in nearest}
    if key.protocol in names:
        what = "run again under the protocol of the installed version"
    else:
        what = f"run again with --protocol {' or '.join(sorted(names))}"
    return f"the protocols differ, hash {key.protocol_hash} here and {theirs} there: {what}"


def _other_metrics(key: ReferenceKey, nearest: Sequence[ReferenceKey]) -> str:
    theirs = _listed(other.metric_version for other in nearest)
    return (
        f"the metrics differ, version {key.metric_version} here and {theirs} there: run again, or "
        "make the reference results again, with the newer version of this package"
    )


_REASONS: Final = {"data": _other_data, "protocol": _other_protocol, "metrics": _other_metrics}


MOST_NAMED: Final = 3
"""Transfers that a sentence names; the others are counted."""


def _shortened(transfers: Iterable[str]) -> str:
    names = sorted(transfers)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED]) or 'no transfer'}{more}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(sorted(set(texts)))
