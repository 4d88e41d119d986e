"""Tails of a sum of two means whose variances are both estimated: the Behrens-Fisher solution."""

from typing import Final

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from leaderboard.statistics.confusion_scores import Floats

_EDGES: Final = np.array([0, 1e-5, 1e-3, 1e-2, 0.1, 0.5])
"""Probabilities between which the integral is computed part by part, since tails are heavy."""

_STEPS: Final = np.array([-16, -6, -3, -1, 0, 1, 3, 6, 16])
"""Further edges around the limit, in standard errors of the other part: there the integrand falls
from one to zero, and the more abruptly the farther out the limit is."""

_SMALLEST: Final = 1e-300
"""Smallest probability of an edge, so that its percentile is finite."""

_PLACES, _WEIGHTS = leggauss(12)


def _nodes(edges: Floats) -> tuple[Floats, Floats]:
    """Return places and weights of an integral over the parts between edges."""
    half = np.diff(edges)[:, None] / 2
    middle = (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * _PLACES).ravel(), (half * _WEIGHTS).ravel()


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

    def excess(limit: float) -> float:
        step = stdtr(one, -np.maximum(limit + _STEPS * second, 0) / first)
        places, weights = _nodes(np.sort([*_EDGES, *np.maximum(step, _SMALLEST)]))
        drawn = first * stdtrit(one, places)
        within = stdtr(other, (limit - drawn) / second) + stdtr(other, (limit + drawn) / second)
        return float(weights @ within) - wanted

    farthest = first * stdtrit(one, wanted) + second * stdtrit(other, wanted)
    return float(brentq(excess, 0, 2 * farthest, xtol=1e-6))
