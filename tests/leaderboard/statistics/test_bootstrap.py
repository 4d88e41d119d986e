"""Resamples against numbers worked out by hand, and their intervals against a known truth."""

import time

import numpy as np
import pytest

from benchmark.task.metrics import confusion_matrix
from leaderboard.statistics.bootstrap import bootstrap, resample, tabulate
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.statistics.intervals import Draws, interval


def test_counts_of_blocks_and_seeds() -> None:
    labels, predicted = np.array([0, 1, 1]), np.array([[0, 1, 0], [1, 1, 1]])
    counts = tabulate(labels, predicted, np.array([0, 1, 1]), 2).toarray().reshape(2, 2, 2, 2)
    assert counts[0].tolist() == [[[1, 0], [0, 0]], [[0, 1], [0, 0]]]
    assert counts[1].tolist() == [[[0, 0], [1, 1]], [[0, 0], [0, 2]]]


def test_a_resample_takes_one_less_than_there_are() -> None:
    for units, size in ((5, 4), (1, 1)):
        weights = np.concatenate(list(resample(units, 7, np.random.default_rng(0))))
        assert weights.shape == (7, units)
        assert (weights.sum(axis=1) == size).all()


def test_resamples_spread_as_the_mean_does() -> None:
    # Variance of the mean of 0, 0, 1, 1, 1, 1 without bias: s2 / n = (6 * 2/9 / 5) / 6 = 2/45.
    values = np.array([0.0, 0, 1, 1, 1, 1])
    weights = np.concatenate(list(resample(6, 40_000, np.random.default_rng(0))))
    assert np.var(weights @ values / 5) == pytest.approx(2 / 45, rel=0.03)


def run(tables: list[object], seeds: list[int], classes: int, draws: int) -> list[dict[str, Draws]]:
    return bootstrap(
        tables,
        seeds,
        classes,
        unit_rng=np.random.default_rng(1),
        seed_rngs=[np.random.default_rng(2) for _ in seeds],
        draws=draws,
    )


def test_the_same_method_twice_differs_by_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=200)
    predicted = rng.integers(3, size=(2, 200))
    table = tabulate(labels, predicted, np.arange(200) // 10, 3)
    one, other = run([table, table], [2, 2], 3, 50)
    np.testing.assert_array_equal(one["macro_f1"].values, other["macro_f1"].values)
    assert np.std(one["macro_f1"].values) > 0
    nothing = one["macro_f1"] - other["macro_f1"]
    assert interval(nothing, 0.0).low == 0


def test_seeds_spread_as_their_mean_does() -> None:
    """Seeds right in 40, 60, 60 and 80 of 100: s2 / n = (800 / 3) / 4 in percent squared."""
    labels = np.zeros(100, dtype=int)
    predicted = np.stack([(np.arange(100) >= right).astype(int) for right in (40, 60, 60, 80)])
    (draws,) = run([tabulate(labels, predicted, np.arange(100), 2)], [4], 2, 20_000)
    (alone,) = draws["overall_accuracy"].fits.values()
    assert np.var(100 * alone) == pytest.approx(800 / 3 / 4, rel=0.05)


@pytest.mark.parametrize(
    ("seeds", "spread", "low", "high"),
    [(8, 0.02, 0.935, 0.975), pytest.param(2, 0.05, 0.95, 0.985, marks=pytest.mark.slow)],
)
def test_intervals_cover_the_truth(seeds: int, spread: float, low: float, high: float) -> None:
    """Blocks and seeds of their own accuracy around 0.7: 95 % intervals cover it about as often.

    Of two seeds that differ much they cover it more often.
    Two classes, of which each block has 10 samples; a sample is right with the block's and the
    seed's probability. Truth for both classes alike: accuracy 0.7, and F1 0.7 as well.
    """
    rng = np.random.default_rng(5)
    blocks, size, worlds = 60, 20, 1000
    labels = np.tile(np.arange(size) % 2, blocks)
    units = np.repeat(np.arange(blocks), size)
    covered = dict.fromkeys(METRICS, 0)
    for _ in range(worlds):
        chance = 0.7 + rng.uniform(-0.2, 0.2, blocks)[None] + rng.normal(0, spread, seeds)[:, None]
        # One draw per sample for all seeds: what one seed gets wrong, another mostly does too.
        luck = rng.random(len(labels))
        right = luck[None] < np.repeat(chance, size, axis=1)
        predicted = np.where(right, labels, 1 - labels)
        (draws,) = bootstrap(
            [tabulate(labels, predicted, units, 2)],
            [seeds],
            2,
            unit_rng=rng,
            seed_rngs=[rng],
            draws=300,
        )
        counts = np.stack([confusion_matrix(labels, line, 2) for line in predicted])
        for name, metric in METRICS.items():
            point = float(metric(counts.astype(float)).mean())
            found = interval(draws[name], point)
            covered[name] += found.low <= 0.7 <= found.high
    assert all(low <= count / worlds <= high for count in covered.values()), covered


def test_a_thousand_resamples_of_a_hundred_thousand_predictions_take_seconds() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(7, size=100_000)
    predicted = np.where(rng.random((1, 100_000)) < 0.7, labels, rng.integers(7, size=100_000))
    for units in (np.arange(100_000), np.arange(100_000) // 100):
        start = time.process_time()
        (draws,) = run([tabulate(labels, predicted, units, 7)], [1], 7, 1000)
        assert time.process_time() - start < 5
        # Standard error of an accuracy of 0.7 + 0.3 / 7: sqrt(p (1 - p) / N).
        assert np.std(draws["overall_accuracy"].values) == pytest.approx(0.00138, rel=0.1)
