"""Simulated data of secret seeds ("other seeds"), whose labels no method can have stored."""

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

SEEDS: Final = 3
"""Number of other seeds with which each target is simulated; their scores are averaged."""

SEED_BITS: Final = 128
"""Bits of a secret seed. Code can try all seeds of 31 bits within the time of a job, and would then
have the labels."""

MOST_SAMPLES: Final = 2_000
"""Largest number of samples of a target with one seed, as many as the embedded default has."""

FIRST_YEAR: Final = 2061
"""First year in the names of the new domains, so that they differ from those of the data."""

GAP: Final = 0.15
"""Largest difference of macro-F1 between the public data and other seeds, for one target. For the
mean of several targets it is divided by the square root of their number.

Measured with four methods, two sources, five targets and five other seeds, three at a time: at most
0.105 for one transfer, 0.045 for the mean of one target and 0.011 for the mean of four.
"""

NOISE: Final = 3.1
"""Three standard deviations of the difference between macro-F1 on one dataset and the mean of three
others, times the square root of the number of samples.

Measured with a forest trained on the USA, four targets of 200 (24 seeds) and of 1,000 samples (10
seeds): the standard deviation of macro-F1 times that root is 0.7 to 1.4, 0.9 on average, since
samples of a block share sky and season and some crops are rare. That of the difference is the root
of 4 / 3 as large.
"""


@dataclass(frozen=True)
class OtherSeeds:
    """Simulated versions of one dataset with other seeds.

    Attributes:
        dataset: The dataset, with its public seed.
        seeds: The other seeds, which are secret.
    """

    dataset: Dataset
    seeds: tuple[int, ...]

    def write(self, root: Path, targets: Sequence[str], bands: tuple[str, ...]) -> dict[str, str]:
        """Simulate each target with the other seeds, and add these domains to a folder.

        Args:
            root: Folder with a dataset card.
            targets: Domains of the dataset.
            bands: Bands to write.

        Returns:
            The target of each new domain, by the name of the new domain.

        Raises:
            DataError: If the folder cannot be written.
        """
        found: dict[str, str] = {}
        cards = {}
        for target in targets:
            card = self.dataset.domain_card(target)
            count = min(len(self.dataset.load(target)), MOST_SAMPLES)
            calendar = card.season == "calendar"  # makes no difference in the north
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


def draw_other_seeds(dataset: Dataset, targets: Sequence[str]) -> OtherSeeds | None:
    """Draw secret seeds for a simulated dataset.

    Args:
        dataset: The dataset.
        targets: Domains that must be simulated with the other seeds.

    Returns:
        The seeds with the dataset; ``None`` if this package cannot simulate the dataset again.
    """
    card = dataset.card
    if not card.simulated or card.generator_version != GENERATOR_VERSION or card.seed is None:
        return None
    try:
        for target in targets:
            simulate_domain(target, samples=1, seed=0)
    except UsageError:
        return None  # a region of a user's own file
    return OtherSeeds(dataset, tuple(secrets.randbits(SEED_BITS) for _ in range(SEEDS)))


def compare_with_other_seeds(
    here: Mapping[str, Sequence[float]],
    elsewhere: Mapping[str, Sequence[float]],
    counts: Mapping[str, int],
) -> Iterator[str]:
    """Yield a sentence where a method is much better on the public data than with other seeds.

    Args:
        here: Macro-F1 of each seed on the public data, by transfer.
        elsewhere: Macro-F1 of each seed on simulated data of other seeds, by transfer.
        counts: Number of scored samples of the public data, by transfer.
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
                f"{transfer}: macro-F1 is {100 * gap:.1f} points higher on the public simulated "
                f"data than on data of other seeds ({100 * most:.1f} are allowed): the code knows "
                "the labels of the public data."
            )
    if not gaps:
        return
    mean = fmean(map(fmean, gaps.values()))
    most = math.hypot(*limits.values()) / len(limits)
    if mean > most and len(gaps) > 1:
        yield (
            f"Mean macro-F1 is {100 * mean:.1f} points higher on the public simulated data than on "
            f"data of other seeds ({100 * most:.1f} are allowed for {len(gaps)} targets): the code "
            "knows labels of the public data."
        )
