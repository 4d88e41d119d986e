"""Measure how often intervals hold the mean over draws of source samples: docs/leaderboard.md.

Run as ``python scripts/draw_coverage.py DATA SOURCE:TARGET``; a few minutes of one core. A random
forest learns from many draws of samples of the source and is scored on the same samples of the
target. A leaderboard has a few of these draws: its interval should hold the mean over the others.
Beside it stands what metrics version 1 did, where all seeds of a leaderboard learned from one draw.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
import typer

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.repeated_series import found_elsewhere
from benchmark.data.representations import Observations, represent
from benchmark.data.taxonomy import CROPS
from benchmark.task.methods import Context, Features, registry
from benchmark.task.metrics import confusion_matrix
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.samples.preparation import (
    SourceSplit,
    class_positions,
    divide_source,
    prepare_target,
    source_pool,
)
from benchmark.task.samples.sample_division import cap
from benchmark.task.transfers import Transfer, parse_transfer, transfer_bands
from leaderboard.statistics.bootstrap import bootstrap, tabulate
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.statistics.intervals import interval

METHOD: Final = "median.random-forest"
SEEDS: Final = (2, 3, 5)
GROUPS: Final = 200
"""Groups of draws that are looked at, of all there are."""

Answers = npt.NDArray[np.int64]
"""Predicted class of each scored sample [N]."""


@dataclass(frozen=True)
class Trial:
    """A transfer on which a method is trained over and over.

    Attributes:
        dataset: The data.
        protocol: The protocol, which caps the source.
        transfer: Source and target.
    """

    dataset: Dataset
    protocol: Protocol
    transfer: Transfer

    def answers(self, splits: Sequence[SourceSplit]) -> Iterator[Answers]:
        """Yield what the method answers after learning from each split."""
        samples = self.dataset.load(self.transfer.source)
        features, asked = self._features(self.transfer.source), self._features(self.transfer.target)
        bands = transfer_bands(self.dataset, self.protocol, self.transfer)
        scored = self.scored_rows(splits[0])
        for seed, split in enumerate(splits):
            context = Context(
                seed=seed,
                classes=tuple(CROPS[index] for index in split.classes),
                protocol=self.protocol,
                device="cpu",
                bands=bands,
                sample_shape=tuple(features.shape[1:]),
            )
            parts = [
                (features[rows], class_positions(split.classes)[samples.labels[rows]])
                for rows in (split.training, split.validation)
            ]
            fitted = registry().get(METHOD).build(context).fit(*parts[0], validation=parts[1])
            yield np.array(split.classes)[fitted.predict_proba(asked[scored]).argmax(axis=1)]

    def scored_rows(self, split: SourceSplit) -> Answers:
        """Return the rows of the target that are scored."""
        samples = self.dataset.load(self.transfer.target)
        return prepare_target(samples, split.classes, self.protocol).rows

    def splits(self, draws: int, *, each: int = 1) -> list[SourceSplit]:
        """Return splits of so many draws of the source, each divided so many times."""
        samples = self.dataset.load(self.transfer.source)
        elsewhere = found_elsewhere(self.dataset, self.transfer.source)
        pool = source_pool(samples, self.protocol, elsewhere=elsewhere)
        most, found = self.protocol.max_source_samples, []
        for draw in range(draws):
            rows = cap(pool.rows, samples, self.protocol, most, "source", draw)
            found += [
                divide_source(samples, replace(pool, rows=rows), self.protocol, seed=seed)
                for seed in range(draw * each, draw * each + each)
            ]
        return found

    def _features(self, domain: str) -> Features:
        bands = transfer_bands(self.dataset, self.protocol, self.transfer)
        samples = self.dataset.load(domain)
        series = self.dataset.series(domain, bands)
        observations = Observations(domain, series, bands, samples.sample_ids)
        return represent(observations, registry().get(METHOD).representation)


def limits(
    labels: Answers, predicted: Sequence[Answers], units: Answers
) -> dict[str, tuple[float, float, float]]:
    """Return each metric's interval as the leaderboard makes it, and its mean over the seeds."""
    table = tabulate(labels, np.stack(predicted), units, len(CROPS))
    rng = np.random.default_rng(2025)
    (draws,) = bootstrap([table], [len(predicted)], len(CROPS), unit_rng=rng, seed_rngs=[rng])
    found = {}
    for name, metric in METRICS.items():
        matrices = [confusion_matrix(labels, answer, len(CROPS)) for answer in predicted]
        point = float(metric(np.stack(matrices).astype(float)).mean())
        span = interval(draws[name], point)
        found[name] = (span.low, point, span.high)
    return found


def coverage(
    labels: Answers, answers: Sequence[Answers], units: Answers, groups: Sequence[Sequence[int]]
) -> dict[str, str]:
    """Return how often the interval of a group holds the mean of the others, and its mean width."""
    scores = {
        name: np.array(
            [
                float(metric(confusion_matrix(labels, answer, len(CROPS)).astype(float)))
                for answer in answers
            ]
        )
        for name, metric in METRICS.items()
    }
    held: dict[str, list[bool]] = {name: [] for name in METRICS}
    widths: dict[str, list[float]] = {name: [] for name in METRICS}
    for group in groups:
        found = limits(labels, [answers[index] for index in group], units)
        for name, (low, _, high) in found.items():
            others = float(np.delete(scores[name], list(group)).mean())
            held[name].append(low <= others <= high)
            widths[name].append(high - low)
    return {
        name: f"{100 * np.mean(held[name]):.0f} % ({100 * np.mean(widths[name]):.1f} wide)"
        for name in METRICS
    }


def main(
    data: Path,
    transfer: str,
    samples: Annotated[int, typer.Option(help="Source samples of a draw.")] = 1000,
    draws: Annotated[int, typer.Option(help="Draws of source samples.")] = 60,
) -> None:
    """Print a line of the table for each number of seeds, and for one draw for all seeds."""
    protocol = load_protocol("quick").model_copy(update={"max_source_samples": samples})
    trial = Trial(open_dataset(data), protocol, parse_transfer(transfer))
    own, shared = trial.splits(draws), trial.splits(draws // max(SEEDS), each=max(SEEDS))
    target, rows = trial.dataset.load(trial.transfer.target), trial.scored_rows(own[0])
    labels = target.labels[rows]
    block = np.arange(len(rows)) if target.block is None else target.block[rows]
    units = np.unique(block, return_inverse=True)[1]
    every = list(trial.answers(own))
    alike = list(trial.answers(shared))
    accuracies = [100 * float((answer == labels).mean()) for answer in every]
    print(
        f"{transfer}, {samples} source samples: overall accuracy over {draws} draws "
        f"{np.mean(accuracies):.1f} ± {np.std(accuracies):.1f}, "
        f"{min(accuracies):.1f} to {max(accuracies):.1f}"
    )
    rng = np.random.default_rng(2025)
    for count in SEEDS:
        groups = [rng.choice(draws, count, replace=False).tolist() for _ in range(GROUPS)]
        starts = range(0, len(alike), max(SEEDS))
        one = [list(range(start, start + count)) for start in starts]
        lines = (
            ("a draw for each seed", coverage(labels, every, units, groups)),
            ("one draw for all seeds", coverage(labels, alike, units, one)),
        )
        for name, found in lines:
            print(f"| {transfer} | {count} | {name} | {' | '.join(found.values())} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
