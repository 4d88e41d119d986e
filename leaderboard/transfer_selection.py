"""Select transfers of results, so that methods without the other transfers are ranked too."""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.errors import UsageError, did_you_mean
from benchmark.results.rows import Row
from benchmark.task.transfers import RELATIONS, select_transfers
from leaderboard.results import Results


def on_transfers(results: Results, words: Sequence[str] | None) -> Results:
    """Keep the rows of some transfers, and the in-domain rows of their sources.

    Args:
        results: Results of runs.
        words: Pairs, groups or relations, as for ``cropglobe run --transfers``. A relation means
            every transfer of it that has a row. ``None`` or no word keeps all transfers.

    Returns:
        The results of these transfers; means and ranks are then over them alone.

    Raises:
        UsageError: If a word is unknown, or no row belongs to it.
    """
    return replace(results, rows=rows_on(results.rows, words))


def rows_on(rows: Sequence[Row], words: Sequence[str] | None) -> tuple[Row, ...]:
    """Keep the rows of some transfers, as `on_transfers` does."""
    if not words:
        return tuple(rows)
    away = [row for row in rows if row.relation != "in-domain"]
    domains = sorted({domain for row in away for domain in (row.source, row.target)})
    chosen: set[str] = set()
    for word in words:
        if word in RELATIONS:
            named = {row.transfer for row in away if row.relation == word}
        else:
            named = set(map(str, select_transfers([word], domains)))
        known = {row.transfer for row in away}
        if not named & known:
            near = did_you_mean(word, known)
            raise UsageError(f"No row belongs to '{word}', which --transfers names: {near}")
        chosen |= named & known
    # Of each group: where none of its transfers is left, its in-domain rows go too.
    sources = {(_group_of(row), row.source) for row in away if row.transfer in chosen}
    return tuple(
        row
        for row in rows
        if (
            (_group_of(row), row.source) in sources
            if row.relation == "in-domain"
            else row.transfer in chosen
        )
    )


def _group_of(row: Row) -> tuple[str, ...]:
    return (*row.comparability_key, row.track)
