"""Measure how often the leaderboard's 95 % intervals hold the truth: docs/leaderboard.md's tables.

Run as ``python scripts/interval_coverage.py``; four minutes of one core. Blocks of 20 samples
and seeds have an accuracy of their own: 0.7, plus or minus up to 0.2 for a block, with a normal
deviation for a seed. A sample that one seed gets wrong the others mostly do too. The second table
has pairs of methods that are equally good: each block is harder for one of them by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.task.metrics import confusion_matrix
from leaderboard.statistics.bootstrap import bootstrap, interval, tabulate
from leaderboard.statistics.confusion_scores import METRICS

WORLDS: Final = 1000
SIZE: Final = 20
ACCURACY: Final = 0.7
EVEN: Final = (0.5, 0.5)
RARE: Final = (0.5, 0.3, 0.15, 0.05)


@dataclass(frozen=True)
class World:
    """What is drawn.

    Attributes:
        blocks: Blocks.
        seeds: Seeds.
        spread: Standard deviation of the accuracy of seeds.
        shares: Share of each class.
    """

    blocks: int
    seeds: int
    spread: float
    shares: tuple[float, ...] = EVEN


def truth(world: World, rng: np.random.Generator) -> dict[str, float]:
    """Return the mean of each metric over all seeds that there could be, on all blocks."""
    right = ACCURACY + rng.normal(0, world.spread, 100_000)
    shares, classes = np.array(world.shares), len(world.shares)
    wrong = (1 - right) / (classes - 1)
    given = shares[None] * right[:, None] + (1 - shares)[None] * wrong[:, None]
    f1 = 2 * shares * right[:, None] / (shares + given)
    return {"macro_f1": float(f1.mean()), "overall_accuracy": float(right.mean())}


def covered(world: World, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of experiments whose interval holds the truth, by metric."""
    known, classes = truth(world, rng), len(world.shares)
    units = np.repeat(np.arange(world.blocks), SIZE)
    counts = dict.fromkeys(METRICS, 0)
    for _ in range(WORLDS):
        labels = rng.choice(classes, size=len(units), p=world.shares)
        predicted = _answers(world, labels, rng)
        table = tabulate(labels, predicted, units, classes)
        (draws,) = bootstrap([table], [world.seeds], classes, unit_rng=rng, seed_rngs=[rng])
        matrices = np.stack([confusion_matrix(labels, line, classes) for line in predicted])
        for name, metric in METRICS.items():
            point = float(metric(matrices.astype(float)).mean())
            found = interval(draws[name].values, point, draws[name].freedom)
            counts[name] += found.low <= known[name] <= found.high
    return {name: count / WORLDS for name, count in counts.items()}


def _answers(
    world: World, labels: npt.NDArray[np.int64], rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    by_block = np.repeat(rng.uniform(-0.2, 0.2, world.blocks), SIZE)
    by_seed = rng.normal(0, world.spread, world.seeds)
    right = rng.random(len(labels)) < ACCURACY + by_block[None] + by_seed[:, None]
    classes = len(world.shares)
    other = (labels + rng.integers(1, classes, size=len(labels))) % classes
    return np.where(right, labels, other)


def false_differences(world: World, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of pairs of equally good methods whose difference excludes zero."""
    classes = len(world.shares)
    units = np.repeat(np.arange(world.blocks), SIZE)
    counts = dict.fromkeys(METRICS, 0)
    for _ in range(WORLDS):
        labels = rng.choice(classes, size=len(units), p=world.shares)
        pair = [_answers(world, labels, rng) for _ in range(2)]
        tables = [tabulate(labels, predicted, units, classes) for predicted in pair]
        seeds = [world.seeds, world.seeds]
        one, other = bootstrap(tables, seeds, classes, unit_rng=rng, seed_rngs=rng.spawn(2))
        matrices = [
            np.stack([confusion_matrix(labels, line, classes) for line in lines]) for lines in pair
        ]
        for name, metric in METRICS.items():
            points = [float(metric(confusions.astype(float)).mean()) for confusions in matrices]
            draws = one[name] - other[name]
            found = interval(draws.values, points[0] - points[1], draws.freedom)
            counts[name] += found.excludes_zero
    return {name: count / WORLDS for name, count in counts.items()}


def measure(worlds: Sequence[World]) -> None:
    """Print a line of the table for each world."""
    for world in worlds:
        found = covered(world, np.random.default_rng(2025))
        classes = "2, even" if world.shares == EVEN else "4, the rarest 5 %"
        both = " / ".join(f"{100 * found[name]:.1f}" for name in METRICS)
        spread = f"{100 * world.spread:.0f}"
        print(f"| {world.blocks} | {world.seeds} | {spread} | {classes} | {both} % |", flush=True)


def measure_pairs(worlds: Sequence[World]) -> None:
    """Print a line of the second table for each world."""
    for world in worlds:
        found = false_differences(world, np.random.default_rng(2025))
        both = " / ".join(f"{100 * found[name]:.1f}" for name in METRICS)
        print(f"| {world.blocks} | {both} % |", flush=True)


if __name__ == "__main__":
    measure(
        [
            World(60, 8, 0.02),
            World(60, 8, 0.05),
            World(40, 3, 0.02, RARE),
            World(20, 3, 0.02, RARE),
            World(60, 3, 0.05),
            World(60, 2, 0.02),
            World(60, 2, 0.05),
            World(60, 2, 0.1),
            World(40, 1, 0.0, RARE),
        ]
    )
    measure_pairs([World(blocks, 3, 0.02) for blocks in (2, 3, 4, 5, 6, 8, 12, 20)])
