"""In-domain score and gap of each transfer, and their means, for leaderboards and MLflow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import Row

MEANS: Final = ("macro_f1", "overall_accuracy", "in_domain", "gap")
"""Scores whose means over transfers are computed."""


@dataclass(frozen=True)
class TransferScore:
    """The scores of one fit in one target.

    Attributes:
        source: Domain of the training data.
        target: Domain that was scored.
        macro_f1: Macro-F1 in the target.
        overall_accuracy: Overall accuracy in the target.
        in_domain: Macro-F1 of the same fit on the source's held-out samples of the crops that are
            scored in the target; ``None`` if one of these crops has no held-out sample.
        gap: In-domain macro-F1 minus macro-F1 in the target; ``None`` likewise.
    """

    source: str
    target: str
    macro_f1: float
    overall_accuracy: float
    in_domain: float | None
    gap: float | None


def in_domain_macro_f1(in_domain: Row | None, target: Row) -> float | None:
    """Return the in-domain macro-F1 over the crops that are scored in a target.

    Args:
        in_domain: Row of the source's held-out part, of the same fit.
        target: Row of the target.

    Returns:
        Macro-F1 over the held-out samples of the crops that are scored in the target. Samples of
        other crops are left out, as in the target. The prediction of another crop is an error.
        ``None`` if a crop of the target has no held-out sample.
    """
    if in_domain is None or in_domain.confusion is None or target.scores is None:
        return None
    crops = [CROPS.index(name) for name, crop in target.scores.per_crop.items() if crop.support]
    whole = np.array(in_domain.confusion, dtype=np.float64)
    matrix = np.zeros_like(whole)
    matrix[crops] = whole[crops]
    support, given = matrix.sum(axis=1), matrix.sum(axis=0)
    if not crops or not support[crops].all():
        return None
    return float((2 * matrix.diagonal()[crops] / (support + given)[crops]).mean())


def transfer_scores(rows: Iterable[Row]) -> tuple[TransferScore, ...]:
    """Return the scores of one job in each scored target, without the source itself.

    Args:
        rows: Rows of one job.
    """
    rows = tuple(rows)
    source = next((r for r in rows if r.relation == "in-domain" and r.scores is not None), None)
    found = []
    for row in rows:
        if row.relation == "in-domain" or row.scores is None:
            continue
        inside = in_domain_macro_f1(source, row)
        found.append(
            TransferScore(
                source=row.source,
                target=row.target,
                macro_f1=row.scores.macro_f1,
                overall_accuracy=row.scores.overall_accuracy,
                in_domain=inside,
                gap=None if inside is None else inside - row.scores.macro_f1,
            )
        )
    return tuple(found)


def mean_scores(scores: Iterable[TransferScore]) -> Mapping[str, float]:
    """Return the means over transfers of the means over seeds, as in leaderboards.

    Args:
        scores: Scores of one method, of any transfers and seeds.

    Returns:
        The means by the names in `MEANS`. A score that a transfer lacks is left out: its
        mean would be over fewer transfers than that of macro-F1.
    """
    cells: dict[tuple[str, str], list[TransferScore]] = {}
    for score in scores:
        cells.setdefault((score.source, score.target), []).append(score)
    means = {}
    for name in MEANS:
        found = [
            [value for score in members if (value := getattr(score, name)) is not None]
            for members in cells.values()
        ]
        known = [fmean(values) for values in found if values]
        if known and len(known) == len(found):
            means[name] = fmean(known)
    return means
