"""The leaderboard's columns: each is one entry that says how it is computed, shown and read."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import pandas as pd

from leaderboard.comparison_group import RANKED_BY, ComparisonGroup, once_for_each_group
from leaderboard.machine import SEPARATOR, is_one_machine
from leaderboard.results import VERIFICATIONS
from leaderboard.statistics.ranking import DIGITS
from leaderboard.tables.method_standing import MethodStanding

MISSING: Final = "-"


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard.

    Attributes:
        name: Column of the frame and of CSV files.
        title: Heading.
        show: How a value is written.
        value: What it is for a method.
        meaning: What it says, for people.
        main: Whether narrow views have it.
        telling: Says of all its values whether narrow views have it all the same.
    """

    name: str
    title: str
    show: Callable[[float], str]
    value: Callable[[MethodStanding], float | str]
    meaning: str
    main: bool = True
    telling: Callable[[pd.Series], bool] | None = None


def percent(value: float) -> str:
    """Write a share in percent."""
    return f"{100 * value:.1f}"


def signed_percent(value: float) -> str:
    """Write a difference in percent points."""
    return f"{100 * value:+.1f}"


def seconds(value: float) -> str:
    """Write seconds."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def count(value: float) -> str:
    """Write a whole number."""
    return f"{value:,.0f}"


def _decimal(value: float) -> str:
    return f"{value:.2f}"


def _mean(name: str) -> Callable[[MethodStanding], float]:
    return partial(MethodStanding.mean, name=name)


def _cost(name: str) -> Callable[[MethodStanding], float]:
    return partial(MethodStanding.cost, name=name)


def _limit(name: str, side: Literal[0, 1]) -> Callable[[MethodStanding], float]:
    return partial(MethodStanding.limit, name=name, side=side)


def _any_known(values: pd.Series) -> bool:
    return bool(values.notna().any())


MISSING_SCORES: Final = Column(
    "missing",
    "missing",
    count,
    lambda s: s.missing_scores,
    "Scores that are missing, of every transfer and seed of the section.",
    main=False,
    telling=lambda values: bool((values > 0).any()),
)

REGISTRY: Final = (
    Column("method", "method", str, lambda s: s.method, "Name of the method."),
    Column("family", "family", str, lambda s: s.family, "Its family."),
    Column("macro_f1", "macro-F1", percent, _mean("macro_f1"), "Mean F1 over the shared crops."),
    Column("macro_f1_low", "95% low", percent, _limit("macro_f1", 0), "Bootstrap, lower limit."),
    Column("macro_f1_high", "95% high", percent, _limit("macro_f1", 1), "Bootstrap, upper limit."),
    Column(
        "best_rank",
        "best rank",
        count,
        lambda s: s.open_rank.best if s.open_rank else math.nan,
        "One more than the number of methods that are better beyond chance.",
        main=False,
        telling=_any_known,
    ),
    Column(
        "worst_rank",
        "worst rank",
        count,
        lambda s: s.open_rank.worst if s.open_rank else math.nan,
        "The number of ranked methods less those that are worse beyond chance.",
        main=False,
        telling=_any_known,
    ),
    Column(
        "overall_accuracy",
        "overall accuracy",
        percent,
        _mean("overall_accuracy"),
        "Share of samples that are right.",
    ),
    Column(
        "overall_accuracy_low",
        "accuracy from",
        percent,
        _limit("overall_accuracy", 0),
        "Bootstrap, lower limit.",
        main=False,
    ),
    Column(
        "overall_accuracy_high",
        "accuracy to",
        percent,
        _limit("overall_accuracy", 1),
        "Bootstrap, upper limit.",
        main=False,
    ),
    Column(
        "weighted_f1",
        "weighted F1",
        percent,
        _mean("weighted_f1"),
        "Mean F1 over the shared crops, weighted by samples; as the released code reports.",
        main=False,
    ),
    Column(
        "balanced_accuracy",
        "balanced accuracy",
        percent,
        _mean("balanced_accuracy"),
        "Mean recall over the shared crops.",
    ),
    Column(
        "worst_macro_f1",
        "worst transfer",
        percent,
        lambda s: s.worst,
        "Lowest macro-F1 of a transfer.",
    ),
    Column(
        "worst",
        "worst is",
        str,
        lambda s: s.worst_transfer or MISSING,
        "Which transfer that is.",
        main=False,
    ),
    Column(
        "worst_factor",
        "worst factor",
        str,
        lambda s: s.worst_factor or MISSING,
        "Factor whose shifts of the targets cost most macro-F1, and the points of its worst shift.",
        main=False,
        telling=lambda values: bool((values != MISSING).any()),
    ),
    Column(
        "in_domain_macro_f1",
        "in-domain",
        percent,
        _mean("in_domain_macro_f1"),
        "Macro-F1 on the source's held-out samples of the crops that are scored in the target.",
    ),
    Column("gap", "gap", percent, _mean("gap"), "In-domain less target."),
    Column(
        "gap_closed",
        "gap closed",
        percent,
        lambda s: s.gap_closed,
        "Share of the way from the reference method to the best method of the oracle track.",
        main=False,
    ),
    Column(
        "difference",
        "to reference",
        signed_percent,
        lambda s: s.difference,
        "Macro-F1 less that of the reference method.",
        main=False,
    ),
    Column(
        "difference_low",
        "difference from",
        signed_percent,
        lambda s: s.difference_limit(0),
        "Paired bootstrap, lower limit.",
        main=False,
    ),
    Column(
        "difference_high",
        "difference to",
        signed_percent,
        lambda s: s.difference_limit(1),
        "Paired bootstrap, upper limit.",
        main=False,
    ),
    Column(
        "average_rank",
        "average rank",
        _decimal,
        lambda s: s.group.average_rank(s.method),
        "Mean of the ranks on each transfer, among methods with every transfer; ties share.",
        main=False,
    ),
    Column(
        "win_rate",
        "win rate",
        percent,
        lambda s: s.group.win_rate(s.method),
        "Share of comparisons won, over transfers and other methods; ties count half.",
        main=False,
    ),
    Column(
        "calibration_error",
        "calibration error",
        percent,
        _mean("calibration_error"),
        "Expected calibration error of the top class.",
        main=False,
    ),
    Column(
        "area_error",
        "area error",
        percent,
        _mean("area_error"),
        "Half the summed difference of predicted and true crop shares.",
        main=False,
    ),
    Column("fit_seconds", "fit s", seconds, _cost("fit_seconds"), "Seconds inside fit."),
    Column(
        "predict_samples_per_second",
        "samples/s",
        count,
        _cost("predict_samples_per_second"),
        "Samples predicted per second: the harmonic mean over seeds and transfers.",
    ),
    Column("parameters", "parameters", count, _cost("parameters"), "Trained numbers.", main=False),
    Column(
        "flops_per_sample",
        "FLOPs per sample",
        count,
        _cost("flops_per_sample"),
        "Floating-point operations of one prediction.",
        main=False,
    ),
    Column(
        "fit_samples_per_second",
        "fit samples/s",
        count,
        _cost("fit_samples_per_second"),
        "Training samples drawn per second of fit: the harmonic mean over seeds and transfers.",
        main=False,
    ),
    Column(
        "peak_memory_bytes",
        "peak memory (bytes)",
        count,
        _cost("peak_memory_bytes"),
        "Highest memory during the fit.",
        main=False,
    ),
    Column(
        "cells", "transfers", count, lambda s: float(len(s.cells)), "Transfers that have a score."
    ),
    MISSING_SCORES,
    Column(
        "confirmed",
        "confirmed",
        percent,
        lambda s: s.group.confirmed_share(s.method),
        "Share of the rows whose stored predictions give their scores.",
        main=False,
    ),
    Column(
        "coverage",
        "coverage",
        percent,
        lambda s: float(s.cells["coverage"].mean()),
        "Share of the scored samples that have a vector, for methods on vectors that are read.",
        main=False,
        telling=lambda values: bool((values < 1).any()),
    ),
    Column(
        "origin",
        "rows of",
        str,
        lambda s: s.group.origin(s.method),
        "Whether its rows are of a run that was named, or of the reference results.",
        main=False,
        telling=lambda values: bool((values != "run").any()),
    ),
    Column(
        "machine",
        "measured on",
        str,
        lambda s: SEPARATOR.join(s.group.machines(s.method)),
        "Machine of its costs: device, and threads of a processor.",
        main=False,
        telling=lambda values: not is_one_machine(values),
    ),
    Column(
        "verification",
        "verified",
        str,
        lambda s: s.group.verification(s.method),
        "What somebody else has checked: nothing (self-reported), the predictions or a rerun.",
        main=False,
        telling=lambda values: bool((values != VERIFICATIONS[0]).any()),
    ),
)
"""How the leaderboard is made: a new column is one entry here."""

RANK: Final = Column("rank", "rank", count, lambda _: float("nan"), "By macro-F1.")
"""The first column; it is known when all others are."""

COLUMNS: Final = (RANK, *REGISTRY)


@once_for_each_group
def method_frame(group: ComparisonGroup) -> pd.DataFrame:
    """Return one line per method that has a score, best first.

    Args:
        group: Methods that may be compared.

    Returns:
        Every column of the registry; kept, so not to be changed. A method without a score for
        every transfer has neither means nor rank.
    """
    lines = []
    for (method, family), cells in group.transfers.groupby(["method", "family"], sort=True):
        standing = MethodStanding(str(method), str(family), cells, group)
        lines.append({column.name: column.value(standing) for column in REGISTRY})
    frame = pd.DataFrame(lines, columns=[column.name for column in REGISTRY])
    order = frame[RANKED_BY].astype(float).round(DIGITS).rank(ascending=False, method="min")
    frame.insert(0, RANK.name, order)
    return frame.sort_values([RANK.name, "method"], na_position="last", ignore_index=True)


def main_columns(frame: pd.DataFrame) -> tuple[Column, ...]:
    """Return the columns of narrow views: the main ones, and those that tell something here."""
    return tuple(
        column
        for column in COLUMNS
        if column.main or (column.telling is not None and column.telling(frame[column.name]))
    )


def shown(frame: pd.DataFrame, columns: Iterable[Column]) -> list[list[str]]:
    """Write a frame's values as its columns say; a missing one is a dash."""
    chosen = tuple(columns)
    return [
        [
            MISSING if pd.isna(line[column.name]) else column.show(line[column.name])
            for column in chosen
        ]
        for line in frame.to_dict("records")
    ]
