"""Tails of a sum of two means whose variances are both estimated: the Behrens-Fisher solution."""

from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from leaderboard.statistics.confusion_scores import Floats

_EDGES: Final = np.array([0, 1e-6, 1e-5, 1e-4, 1e-3, 4e-3, 1e-2, 2e-2, 4e-2, 0.1, 0.5])
"""Probabilities between which the integral is computed part by part, since tails are heavy."""


def _nodes() -> tuple[Floats, Floats]:
    places, weights = leggauss(12)
    half = np.diff(_EDGES)[:, None] / 2
    middle = (_EDGES[1:] + _EDGES[:-1])[:, None] / 2
    return (middle + half * places).ravel(), (half * weights).ravel()


_PROBABILITIES, _WEIGHTS = _nodes()


def tail(share: float, one: float, other: float, level: float) -> float:
    """Return how many standard errors a limit lies from the middle.

    The limits of the sum of two independent means: each, divided by its own estimated standard
    error, has Student's distribution. Such intervals hold the truth about as often as they say, or
    more often, however large the two variances are (Robinson 1976, Ann. Stat. 4: 963-971); those of
    one approximate number of degrees of freedom (Satterthwaite 1946) hold it less often where one
    variance is estimated from three values.

    Args:
        share: Share of the first mean's variance in the variance of the sum, 0 to 1.
        one: Degrees of freedom of the first variance.
        other: Degrees of freedom of the second variance.
        level: Coverage.

    Returns:
        The limit, in standard errors of the sum: between the normal percentile and the sum of both
        Student's percentiles.
    """
    wanted = (1 + level) / 2
    if share <= 0 or share >= 1:
        return float(stdtrit(one if share >= 1 else other, wanted))
    if share > 0.5:  # the integral is over the part with the smaller variance: it is smooth
        return tail(1 - share, other, one, level)
    first, second = np.sqrt(share), np.sqrt(1 - share)
    drawn = first * stdtrit(one, _PROBABILITIES)

    def excess(limit: float) -> float:
        within = stdtr(other, (limit - drawn) / second) + stdtr(other, (limit + drawn) / second)
        return float(_WEIGHTS @ within) - wanted

    farthest = first * stdtrit(one, wanted) + second * stdtrit(other, wanted)
    return float(brentq(excess, 0, 2 * farthest, xtol=1e-6))
