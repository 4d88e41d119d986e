"""Measure how often the leaderboard's 95 % intervals hold the truth: docs/leaderboard.md's tables.

Run as ``python scripts/interval_coverage.py``; five minutes of one core. Blocks of 20 samples
and seeds have an accuracy of their own: 0.7, plus or minus up to 0.2 for a block, with a normal
deviation for a seed. A sample that one seed gets wrong the others mostly do too. The other tables
have methods that are equally good: each block is harder for one of them by chance. Their seeds are
drawn together, as the leaderboard draws those of one source.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.task.metrics import confusion_matrix
from leaderboard.comparison_group import RANKED_BY, comparison_groups
from leaderboard.rank_ranges import open_ranks
from leaderboard.reference.agreement import every_reference
from leaderboard.reference.shipped_files import reference_folder
from leaderboard.results import read_results
from leaderboard.statistics.bootstrap import bootstrap, tabulate
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.statistics.intervals import LEVEL, Draws, interval
from leaderboard.tables.section_facts import title_of

WORLDS: Final = 1000
SIZE: Final = 20
ACCURACY: Final = 0.7
EVEN: Final = (0.5, 0.5)
METHODS: Final = 10
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
            found = interval(draws[name], point)
            counts[name] += found.low <= known[name] <= found.high
    return {name: count / WORLDS for name, count in counts.items()}


def _answers(
    world: World,
    labels: npt.NDArray[np.int64],
    rng: np.random.Generator,
    accuracy: float = ACCURACY,
) -> npt.NDArray[np.int64]:
    by_block = np.repeat(rng.uniform(-0.2, 0.2, world.blocks), SIZE)
    by_seed = rng.normal(0, world.spread, world.seeds)
    right = rng.random(len(labels)) < accuracy + by_block[None] + by_seed[:, None]
    classes = len(world.shares)
    other = (labels + rng.integers(1, classes, size=len(labels))) % classes
    return np.where(right, labels, other)


Drawn = tuple[dict[str, Draws], dict[str, float]]
"""Resampled values of a method by metric, and the value on all samples."""


def equally_good(world: World, methods: int, rng: np.random.Generator) -> list[Drawn]:
    """Return methods that are equally good, resampled together as a leaderboard does."""
    return resampled(world, [ACCURACY] * methods, rng)


def resampled(world: World, accuracies: Sequence[float], rng: np.random.Generator) -> list[Drawn]:
    """Return methods of these accuracies, resampled together as a leaderboard does."""
    classes = len(world.shares)
    units = np.repeat(np.arange(world.blocks), SIZE)
    labels = rng.choice(classes, size=len(units), p=world.shares)
    answers = [_answers(world, labels, rng, accuracy) for accuracy in accuracies]
    tables = [tabulate(labels, predicted, units, classes) for predicted in answers]
    state = int(rng.integers(2**32))
    same = [np.random.default_rng(state) for _ in answers]
    drawn = bootstrap(tables, [world.seeds] * len(answers), classes, unit_rng=rng, seed_rngs=same)
    found = []
    for draws, lines in zip(drawn, answers, strict=True):
        matrices = np.stack([confusion_matrix(labels, line, classes) for line in lines])
        points = {n: float(score(matrices.astype(float)).mean()) for n, score in METRICS.items()}
        found.append((draws, points))
    return found


def false_differences(world: World, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of pairs of equally good methods whose difference excludes zero.

    ``seeds`` is the median share of the variance of the difference in macro-F1 that its seeds have.
    """
    counts, shares = dict.fromkeys(METRICS, 0), []
    for _ in range(WORLDS):
        (one, first), (other, second) = equally_good(world, 2, rng)
        for name in METRICS:
            draws = one[name] - other[name]
            found = interval(draws, first[name] - second[name])
            counts[name] += found.excludes_zero
        shares.append(_seeds_share(one["macro_f1"] - other["macro_f1"]))
    return {
        **{name: count / WORLDS for name, count in counts.items()},
        "seeds": float(np.median(shares)),
    }


def _seeds_share(draws: Draws) -> float:
    """Return the share of the variance of a statistic that its seeds have."""
    return float(sum(np.var(fits) for fits in draws.fits.values()) / np.var(draws.values))


def reference_shares() -> Iterator[tuple[str, float]]:
    """Yield the title of each group of reference results, and the median share of seeds in it.

    Of the variance of the differences in macro-F1 over all transfers, of all pairs of its methods;
    groups with too few seeds or blocks to decide are left out.
    """
    references = every_reference(reference_folder()).references
    for group in comparison_groups(read_results([], references=lambda _: references)):
        drawn = [group.mean_draws(str(method), "macro_f1") for method in group.grid.index]
        pairs = combinations([draws for draws in drawn if draws is not None], 2)
        found = [one - other for one, other in pairs]
        shares = [_seeds_share(draws) for draws in found if draws.shortage is None]
        if shares:
            yield title_of(group.comparable), float(np.median(shares))


def false_losses(world: World, rivals: int, rng: np.random.Generator) -> dict[str, float]:
    """Return the share of experiments in which one of equally good rivals is called better.

    By the interval that is widened for their number, as for a sentence of the paper.
    """
    level = 1 - (1 - LEVEL) / rivals
    counts = dict.fromkeys(METRICS, 0)
    for _ in range(WORLDS):
        (own, score), *others = equally_good(world, rivals + 1, rng)
        for name in METRICS:
            differences = [(own[name] - d[name], score[name] - s[name]) for d, s in others]
            counts[name] += any(
                interval(draws, point, level).high < 0 for draws, point in differences
            )
    return {name: count / WORLDS for name, count in counts.items()}


def ranks_held(world: World, step: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return how often possible ranks hold the true rank of methods that differ by a step.

    Returns:
        The share of methods whose possible ranks hold the true one, the share of experiments in
        which those of all do, and how many ranks are possible for a method, in the mean.
    """
    accuracies = [ACCURACY + step * ((METHODS - 1) / 2 - n) for n in range(METHODS)]
    held, whole, width = 0, 0, 0
    for _ in range(WORLDS):
        found = resampled(world, accuracies, rng)
        ranges = open_ranks(
            {str(n): points[RANKED_BY] for n, (_, points) in enumerate(found)},
            {str(n): draws[RANKED_BY] for n, (draws, _) in enumerate(found)},
        )
        true = [r.best <= 1 + int(n) <= r.worst for n, r in ranges.items()]
        held, whole = held + sum(true), whole + all(true)
        width += sum(r.worst - r.best + 1 for r in ranges.values())
    return held / WORLDS / METHODS, whole / WORLDS, width / WORLDS / METHODS


def measure_ranks(worlds: Sequence[World], steps: Sequence[float]) -> None:
    """Print a line of the fourth table for each world and step."""
    for world in worlds:
        for step in steps:
            held, whole, width = ranks_held(world, step, np.random.default_rng(2025))
            spread = f"{100 * world.spread:.0f}"
            print(
                f"| {world.seeds} | {spread} | {100 * step:.1f} | {100 * held:.1f} % | "
                f"{100 * whole:.1f} % | {width:.1f} |",
                flush=True,
            )


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
        spread, share = f"{100 * world.spread:.0f}", f"{100 * found['seeds']:.0f} %"
        print(f"| {world.blocks} | {world.seeds} | {spread} | {share} | {both} % |", flush=True)


def measure_losses(worlds: Sequence[World], rivals: Sequence[int]) -> None:
    """Print a line of the third table for each world and number of rivals."""
    for world in worlds:
        for count in rivals:
            found = false_losses(world, count, np.random.default_rng(2025))
            both = " / ".join(f"{100 * found[name]:.1f}" for name in METRICS)
            spread = f"{100 * world.spread:.0f}"
            print(f"| {world.seeds} | {spread} | {count} | {both} % |", flush=True)


if __name__ == "__main__":
    measure(
        [
            World(60, 8, 0.02),
            World(60, 8, 0.05),
            World(40, 3, 0.02, RARE),
            World(20, 3, 0.02, RARE),
            World(60, 3, 0.05),
            World(60, 3, 0.1),
            World(100, 3, 0.15),
            World(60, 2, 0.02),
            World(60, 2, 0.05),
            World(60, 2, 0.1),
            World(40, 1, 0.0, RARE),
        ]
    )
    measure_pairs([World(blocks, 3, 0.02) for blocks in (2, 3, 4, 5, 6, 8, 12, 20)])
    measure_pairs([World(60, 3, spread) for spread in (0.02, 0.05, 0.1)])
    measure_pairs([World(100, 3, 0.15)])
    measure_pairs([World(60, 2, spread) for spread in (0.02, 0.05, 0.1)])
    measure_pairs([World(100, 2, 0.15), World(5, 2, 0.02), World(5, 2, 0.1)])
    measure_pairs([World(60, 5, 0.1), World(60, 8, 0.1)])
    measure_losses([World(60, 2, 0.02), World(60, 2, 0.05), World(60, 2, 0.1)], (1, 5, 12))
    measure_losses([World(60, 3, 0.02), World(60, 3, 0.05), World(60, 3, 0.1)], (1, 5, 12))
    measure_losses([World(60, 5, 0.1), World(60, 8, 0.1)], (12,))
    measure_ranks([World(60, n, s) for n in (2, 3) for s in (0.02, 0.05, 0.1)], (0.005, 0.02))
    for title, share in reference_shares():
        print(f"{title}: seeds {100 * share:.0f} %")
