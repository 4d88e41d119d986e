"""Which columns of the leaderboard matter most, and columns by name."""

from typing import Final

from benchmark.errors import UsageError, did_you_mean
from leaderboard.tables.columns import COLUMNS, Column

FIRST: Final = (
    *("rank", "method", "macro_f1", "macro_f1_low", "macro_f1_high", "missing"),
    *(
        "best_rank",
        "worst_rank",
        "overall_accuracy",
        "gap",
        "verification",
        "origin",
        "in_domain_macro_f1",
        "fit_seconds",
    ),
    *("coverage", "worst_macro_f1", "predict_samples_per_second", "balanced_accuracy", "cells"),
)
"""Names of the columns that matter most, in that order: they are shown where there is room."""


def by_importance() -> tuple[Column, ...]:
    """Return every column, those first that matter most."""
    others = (column for column in COLUMNS if column.name not in FIRST)
    return (*map(column_named, FIRST), *others)


def column_named(name: str) -> Column:
    """Return a column.

    Args:
        name: Its name in CSV files, such as ``fit_seconds``.

    Raises:
        UsageError: If there is none of that name.
    """
    known = {column.name: column for column in COLUMNS}
    if name not in known:
        raise UsageError(f"Unknown column '{name}': {did_you_mean(name, known)}")
    return known[name]
