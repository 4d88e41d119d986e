"""Simulated worlds of secret seeds: nobody can have memorised their labels."""

import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy.typing as npt

from benchmark.data.dataset import CARD_FILE, Dataset
from benchmark.data.dataset_card import read_card
from benchmark.data.official.domain_file import write_arrays, year_file_name
from benchmark.data.simulate.world import GENERATOR_VERSION, simulate_domain
from benchmark.errors import UsageError
from benchmark.files import replace_text

WORLDS: Final = 3
"""Worlds that each target is simulated in again; their scores are averaged."""

SEED_BITS: Final = 128
"""Bits of a secret seed: 31 can be tried out within the time of a job, by code that then has a
world's labels."""

MOST_SAMPLES: Final = 2_000
"""Samples of a target in one world; the embedded default has as many."""

FIRST_YEAR: Final = 2061
"""Years that tell the worlds' domains from those of the data, in their names alone."""

GAP: Final = 0.15
"""By how much macro-F1 on the public world may exceed that on the others, for one target; for more
targets their mean, by this over the square root of their number.

Measured with four methods, two sources, five targets and five other worlds, three at a time: 0.105
for one transfer, 0.045 for the mean of one target and 0.011 for that of four, at most.
"""

NOISE: Final = 1.5
"""Three standard deviations of macro-F1 that come of few samples, times their square root; half of
the samples right, as in a coin, give 0.5."""


@dataclass(frozen=True)
class Worlds:
    """Other worlds of one simulated dataset.

    Attributes:
        dataset: The dataset, of the public seed.
        seeds: Seeds of the others, drawn here.
    """

    dataset: Dataset
    seeds: tuple[int, ...]

    def write(self, root: Path, targets: Sequence[str], bands: tuple[str, ...]) -> dict[str, str]:
        """Write each target as it is in the other worlds, beside what a folder holds.

        Args:
            root: Folder with a dataset card.
            targets: Domains of the dataset.
            bands: Bands to write.

        Returns:
            The target that each new domain is another world's version of.

        Raises:
            DataError: If the folder cannot be written.
        """
        found: dict[str, str] = {}
        cards = {}
        for target in targets:
            card = self.dataset.domain_card(target)
            count = min(len(self.dataset.load(target)), MOST_SAMPLES)
            calendar = card.season == "calendar"  # of the north it is the same either way
            columns = [card.bands.index(band) for band in bands]
            for seed in self.seeds:
                made = simulate_domain(target, samples=count, seed=seed, calendar_season=calendar)
                name = f"{target.split('-')[0]}-{FIRST_YEAR + len(found)}"
                arrays: dict[str, npt.NDArray[Any] | None] = {
                    "fea": made.series[:, columns],
                    "lbl": made.labels,
                    "sample_id": made.sample_ids,
                    "lon": made.longitude,
                    "lat": made.latitude,
                    "block": made.block,
                    "year": made.year,
                }
                kept = {key: array for key, array in arrays.items() if array is not None}
                write_arrays(root / year_file_name(name), kept)
                found[name] = target
                told = {"unit": "reflectance", "bands": bands, "offset": None}
                cards[name] = card.model_copy(update=told)
        whole = read_card(root)
        assert whole is not None
        merged = whole.model_copy(update={"domains": {**whole.domains, **cards}})
        replace_text(root / CARD_FILE, merged.model_dump_json(indent=2) + "\n")
        return found


def other_worlds(dataset: Dataset, targets: Sequence[str]) -> Worlds | None:
    """Draw other worlds of a simulated dataset; ``None`` of others, which nothing can make again.

    Args:
        dataset: The dataset.
        targets: Domains that must be made again.
    """
    card = dataset.card
    if not card.simulated or card.generator_version != GENERATOR_VERSION or card.seed is None:
        return None
    try:
        for target in targets:
            simulate_domain(target, samples=1, seed=0)
    except UsageError:
        return None  # a region of somebody's own file
    return Worlds(dataset, tuple(secrets.randbits(SEED_BITS) for _ in range(WORLDS)))


def compare_worlds(
    here: Mapping[str, Sequence[float]],
    elsewhere: Mapping[str, Sequence[float]],
    counts: Mapping[str, int],
) -> Iterator[str]:
    """Yield whether a method is much better in the public world than in others.

    Args:
        here: Macro-F1 of each seed in the public world, by transfer.
        elsewhere: Macro-F1 of each seed and other world, by transfer.
        counts: Scored samples in the public world, by transfer.

    Yields:
        What is wrong, in sentences.
    """
    gaps: dict[str, list[float]] = {}
    limits: dict[str, float] = {}
    for transfer, values in elsewhere.items():
        gap = fmean(here[transfer]) - fmean(values)
        target = transfer.partition(":")[2]
        most = math.hypot(GAP, NOISE / math.sqrt(counts[transfer]))
        gaps.setdefault(target, []).append(gap)
        limits[target] = max(limits.get(target, 0), most)
        if gap > most:
            yield (
                f"{transfer}: macro-F1 is {100 * gap:.1f} points higher in the public world than "
                f"in worlds of other seeds ({100 * most:.1f} are allowed): the code knows its "
                "labels."
            )
    if not gaps:
        return
    mean = fmean(map(fmean, gaps.values()))
    most = math.hypot(*limits.values()) / len(limits)
    if mean > most and len(gaps) > 1:
        yield (
            f"Mean macro-F1 is {100 * mean:.1f} points higher in the public world than in worlds "
            f"of other seeds ({100 * most:.1f} are allowed for {len(gaps)} targets): the code "
            "knows labels of the public world."
        )
