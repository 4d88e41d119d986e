"""Intervals, their tails and what is more than chance, against numbers worked out by hand."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmark.task.metrics import confusion_matrix
from leaderboard.statistics.behrens_fisher import tail
from leaderboard.statistics.bootstrap import bootstrap, resample, tabulate
from leaderboard.statistics.confusion_scores import macro_f1
from leaderboard.statistics.intervals import Draws, beyond_chance, interval, mean_of


def of_units(values: npt.NDArray[np.float64], units: int) -> Draws:
    """Return draws of a score in which only units differ: their number less one is the freedom."""
    return Draws(values, {"FRA": np.zeros(1)}, {"FRA": 1}, {"CHN": units})


def made(
    values: list[float], by_seed: list[float], *, seeds: int, units: int, **names: str
) -> Draws:
    fits, samples = names.get("fits", "FRA"), names.get("samples", "CHN")
    return Draws(np.array(values), {fits: np.array(by_seed)}, {fits: seeds}, {samples: units})


def test_an_interval_moves_with_the_bias_of_the_resamples() -> None:
    draws = of_units(np.arange(1001) / 1000, 10**9)
    assert interval(draws, 0.5).low == pytest.approx(0.025)
    assert interval(draws, 0.5).high == pytest.approx(0.975)
    # The statistic lies one deviation up: limits at Phi(2 - 1.96) and Phi(2 + 1.96).
    found = interval(draws, stats.norm.cdf(1))
    assert found.low == pytest.approx(stats.norm.cdf(0.04), abs=1e-3)
    assert found.high == pytest.approx(1, abs=1e-3)


def test_an_interval_of_few_units_is_as_much_wider_as_the_tails_of_student() -> None:
    # Percentiles 0.45 and 0.55 +- 0.0025; Student's t of ten degrees of freedom is 2.228.
    draws = of_units(0.45 + np.arange(1001) / 10_000, 11)
    assert interval(draws, 0.5).low == pytest.approx(0.5 - 0.0475 * 2.228 / 1.960, abs=1e-5)
    assert interval(draws, 0.5).high == pytest.approx(0.5 + 0.0475 * 2.228 / 1.960, abs=1e-5)
    # A skewed statistic keeps its skew: 0.05 below and 0.15 above become twice as far.
    skewed = np.interp(np.arange(1001), [0, 25, 500, 975, 1000], [0.44, 0.45, 0.5, 0.65, 0.66])
    twice = interval(of_units(skewed, 5), 0.5)  # t of four degrees of freedom: 2.776
    assert (0.5 - twice.low) / 0.05 == pytest.approx(2.776 / 1.960, abs=1e-3)
    assert (twice.high - 0.5) / 0.15 == pytest.approx(2.776 / 1.960, abs=1e-3)
    # The middle is that of the bias correction, Phi(2) = 0.97725; the tail begins at Phi(0.04).
    biased = interval(of_units(np.arange(1001) / 1000, 11), stats.norm.cdf(1))
    assert biased.low == pytest.approx(0.97725 - (0.97725 - 0.51595) * 2.228 / 1.960, abs=1e-3)
    # Other levels have other tails: 90 %, Student's 1.812 and the normal 1.645.
    narrow = interval(draws, 0.5, 0.9)
    assert narrow.high == pytest.approx(0.5 + 0.045 * 1.8125 / 1.6449, abs=1e-5)
    assert interval(of_units(np.full(9, 0.5), 5), 0.5).low == 0.5


def test_an_interval_of_three_seeds_reaches_beyond_the_best_and_the_worst() -> None:
    """Three seeds are all that differs: the interval is Student's own, 4.303 s / sqrt(3)."""
    by_seed = np.array([0.4, 0.5, 0.6])
    weights = np.concatenate(list(resample(3, 100_000, np.random.default_rng(0)))) / 2
    draws = Draws(weights @ by_seed, {"FRA": weights @ by_seed}, {"FRA": 3}, {"CHN": 100})
    found = interval(draws, 0.5)
    # Resamples end at the best seed, 0.1 above the mean; 0.1 = 1.732 s / sqrt(3).
    assert found.high == pytest.approx(0.5 + 0.1 * 4.303 / 1.960, abs=2e-3)
    assert found.low == pytest.approx(0.5 - 0.1 * 4.303 / 1.960, abs=2e-3)


def test_no_limit_is_a_score_that_there_cannot_be() -> None:
    score = of_units(np.linspace(0.9, 1, 101), 3)
    assert interval(score, 0.95).high == 1
    assert interval(of_units(1 - score.values, 3), 0.05).low == 0
    # A difference of two scores goes down to -1.
    nothing = of_units(np.zeros(101), 3)
    assert interval(nothing - of_units(1 - score.values, 3), -0.05).low < -0.1
    low = nothing - of_units(np.linspace(0.5, 1, 101), 2)
    assert interval(low, -0.75).low == -1
    # What two differences differ by goes down to -2, and a mean of differences to -1.
    assert interval(low - (nothing - low), -1.5).low < -1
    assert interval(mean_of([low, low]), -0.75).low == -1


def test_an_interval_holds_its_score_where_every_resample_lies_on_one_side() -> None:
    # Two blocks of one crop each, and half of each right: in a block alone, the other crop has no
    # samples, so that no resample shows what its false predictions cost.
    labels = np.repeat([0, 1], 8)
    predicted = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 2)[None]
    table = tabulate(labels, predicted, labels, 2)
    unit_rng, seed_rng = (np.random.default_rng(seed) for seed in (1, 2))
    (drawn,) = bootstrap([table], [1], 2, unit_rng=unit_rng, seed_rngs=[seed_rng], draws=200)
    found = drawn["macro_f1"]
    score = float(macro_f1(confusion_matrix(labels, predicted[0], 2).astype(np.float64)))
    assert score == pytest.approx(0.5)
    assert found.values.min() > 0.6
    limits = interval(found, score)
    assert limits.low <= score <= limits.high

    # Where the resamples differ, the limits are as far away as they lie from their median.
    above = of_units(np.linspace(0.6, 0.8, 101), 1000)
    limits = interval(above, 0.5)
    assert (limits.low, limits.high) == pytest.approx((0.405, 0.595), abs=1e-3)
    # The rounding of a sum moves no limit: two methods that answer alike differ by nothing.
    nothing = of_units(np.zeros(101), 1000)
    assert not interval(nothing - nothing, 1e-17).excludes_zero


def test_few_seeds_tell_little_of_the_spread() -> None:
    # Two seeds have all of the variance, or none: Student's t of 1 and of 10 degrees of freedom.
    assert made([-3, 3], [-3, 3], seeds=2, units=11).tail(0.95) == pytest.approx(12.706, abs=1e-3)
    assert made([-3, 3], [1, 1], seeds=2, units=11).tail(0.95) == pytest.approx(2.228, abs=1e-3)
    # One seed alone says nothing of fits.
    assert made([-3, 3], [1, 1], seeds=1, units=11).tail(0.95) == pytest.approx(2.228, abs=1e-3)
    # Variance 9, of which 4 is the seeds' and 5 the units'.
    one = made([-3, 3], [-2, 2], seeds=3, units=11)
    assert one.tail(0.95) == pytest.approx(tail(4 / 9, 2, 10, 0.95))


def test_few_seeds_or_few_blocks_are_too_little_to_decide() -> None:
    assert made([1], [0], seeds=2, units=5).shortage is None
    assert made([1], [0], seeds=1, units=5).shortage == "fewer than 2 seeds"
    assert made([1], [0], seeds=3, units=4).shortage == "fewer than 5 blocks"
    # Blocks of several targets count together: 2 free ones of each are 4.
    several = [made([1], [0], seeds=3, units=3, samples=target) for target in ("CHN", "USA")]
    assert mean_of(several).shortage is None


@given(
    seed=st.integers(0, 10_000),
    by_seeds=st.floats(0, 1),
    seeds=st.integers(1, 5),
    units=st.integers(2, 40),
    middle=st.floats(-6, 6),
)
def test_more_than_chance_is_an_interval_without_zero(
    seed: int, by_seeds: float, seeds: int, units: int, middle: float
) -> None:
    """The bounds that spare the tail decide as the whole interval does."""
    rng = np.random.default_rng(seed)
    fits = by_seeds * rng.standard_normal(200)
    values = middle + fits + (1 - by_seeds) * rng.standard_normal(200)
    draws = replace(
        made(list(values), list(fits), seeds=seeds, units=units), lowest=-100, highest=100
    )
    found = beyond_chance(draws, middle)
    assert found == (draws.shortage is None and interval(draws, middle).excludes_zero)
    assert draws.tail(0.95) <= draws.farthest_tail(0.95) + 1e-6


def test_tails_of_differences_and_means() -> None:
    one = made([-3, 3], [-2, 2], seeds=4, units=11)
    # The same fits on other samples: their seeds' parts add up, with three degrees of freedom once;
    # the mean has variance 9, the seeds 4, and the units 5 with 10 + 20.
    same = mean_of([one, made([-3, 3], [-2, 2], seeds=4, units=21, samples="USA")])
    assert same.tail(0.95) == pytest.approx(tail(4 / 9, 3, 30, 0.95))
    # Other fits: each of the two has variance 1 in the mean, with 3 and 1 degrees of freedom:
    # Satterthwaite's (1 + 1)^2 / (1 / 3 + 1 / 1) = 3.
    other = mean_of([one, made([-3, 3], [-2, 2], seeds=2, units=11, fits="USA")])
    assert other.tail(0.95) == pytest.approx(tail(2 / 9, 3, 10, 0.95))
    assert other.fewest_seeds == 2
    # Paired: what both owe to the same seeds falls away.
    paired = one - made([3, -3], [-1, 1], seeds=4, units=11)
    assert paired.values.tolist() == [-6, 6]
    assert paired.fits["FRA"].tolist() == [-1, 1]
    assert paired.tail(0.95) == pytest.approx(tail(1 / 36, 3, 10, 0.95))
