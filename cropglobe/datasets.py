"""Datasets for notebooks: opened or simulated, looked at, and turned into arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.figure import Figure

from benchmark.data.dataset import Dataset
from benchmark.data.dataset import open_dataset as open_directory
from benchmark.data.dataset_source import DEFAULT_SEED, open_source
from benchmark.data.season import STEP_DAYS
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UsageError, did_you_mean
from benchmark.files import user_path
from cropglobe.argument_words import argument_words
from cropglobe.arguments import as_list, as_whole_number, require_choice, require_type

Progress = Callable[[str, int, int], None]

RED_INFRARED = ("B4", "B8")
"""Bands of the vegetation index NDVI."""

QUANTILES = {"low": 0.25, "median": 0.5, "high": 0.75}
"""Quantiles of `CropDataset.curves`, by the name of their column."""


@dataclass(frozen=True)
class Arrays:
    """Samples of one domain as a method sees them.

    Attributes:
        x: Features [N, ...], float32, without missing values.
        y: Name of the crop of each sample [N].
        sample_id: Id of each sample [N].
        block: Spatial block of each sample [N]; ``None`` where the places are unknown.
        bands: Names of the bands.
        representation: Name of the representation.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.str_]
    sample_id: npt.NDArray[np.str_]
    block: npt.NDArray[np.int64] | None
    bands: tuple[str, ...]
    representation: str


@dataclass(frozen=True)
class CropDataset:
    """A CropGlobe dataset: domains with labelled series of a year.

    Attributes:
        source: The opened directory.
    """

    source: Dataset

    @property
    def name(self) -> str:
        """Name of the dataset; that of simulated data says so."""
        return self.source.card.name

    @property
    def simulated(self) -> bool:
        """Whether no satellite saw the data."""
        return self.source.card.simulated

    @property
    def path(self) -> Path:
        """Directory of the dataset."""
        return self.source.root

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains: countries, countries and years, or regions."""
        return self.source.domains

    def summary(self) -> pd.DataFrame:
        """Return one line per domain: samples, and samples of each crop."""
        lines = []
        for domain in self.domains:
            labels = self.source.load(domain).labels
            counts = np.bincount(labels, minlength=len(CROPS))
            lines.append(
                {
                    "domain": domain,
                    "samples": len(labels),
                    **{crop: int(counts[index]) for index, crop in enumerate(CROPS)},
                }
            )
        return pd.DataFrame(lines).set_index("domain")

    @argument_words()
    def arrays(self, domain: str, representation: str = "median") -> Arrays:
        """Return the samples of a domain in a representation, on the calendar as stored.

        Args:
            domain: Name of the domain.
            representation: Name of a representation, see `cropglobe.list_representations`.

        Returns:
            Features, names of crops, ids and blocks.

        Raises:
            UsageError: If there is no such domain or representation.
            UnavailableError: If the representation lacks something here, such as weights.
        """
        from benchmark.data.representations import represent
        from benchmark.run.runner import Runner
        from benchmark.task.protocol import load_protocol

        self._require(domain)
        bands = self.source.domain_card(domain).bands
        samples = self.source.load(domain)
        observations = Runner(self.source, load_protocol("smoke")).observations(domain, bands)
        return Arrays(
            x=represent(observations, representation),
            y=np.array(CROPS)[samples.labels],
            sample_id=np.asarray(samples.sample_ids).astype(np.str_),
            block=None if samples.block is None else np.asarray(samples.block),
            bands=bands,
            representation=representation,
        )

    def curves(self, domain: str) -> pd.DataFrame:
        """Return the seasonal curve of the vegetation index NDVI of each crop of a domain.

        Args:
            domain: Name of the domain.

        Returns:
            One line per crop and 5-day step: ``crop``, ``day`` (days after the start of the stored
            year, of the middle of the step), and the quartiles ``low``, ``median`` and ``high``
            over the samples.

        Raises:
            UsageError: If there is no such domain, or it lacks the bands B4 and B8.
        """
        from benchmark.data.inspect.dataset_figures import ndvi

        self._require(domain)
        if not set(RED_INFRARED) <= set(self.source.domain_card(domain).bands):
            raise UsageError(f"{domain} lacks the bands B4 and B8, which NDVI is made of.")
        values = ndvi(self.source.series(domain, RED_INFRARED))
        labels = self.source.load(domain).labels
        frames = []
        for index in np.unique(labels):
            chosen = np.quantile(values[labels == index], list(QUANTILES.values()), axis=0)
            frame = pd.DataFrame(dict(zip(QUANTILES, chosen, strict=True)))
            frame.insert(0, "day", (np.arange(len(frame)) + 0.5) * STEP_DAYS)
            frame.insert(0, "crop", CROPS[index])
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def figure_names(self) -> tuple[str, ...]:
        """Return the names of the figures that `draw` knows, those of ``cropglobe inspect``."""
        from benchmark.data.inspect.dataset_figures import dataset_figures

        return tuple(dataset_figures(self.source))

    def draw(self, name: str) -> Figure:
        """Draw a figure of the dataset.

        Args:
            name: One of `figure_names`, such as ``class_shares``, ``map`` or ``ndvi_1``.

        Returns:
            The figure.

        Raises:
            UsageError: If this dataset has no such figure.
        """
        from benchmark.data.inspect.dataset_figures import dataset_figures

        figures = dataset_figures(self.source)
        if name not in figures:
            raise UsageError(f"Unknown figure '{name}': {did_you_mean(name, figures)}")
        return figures[name]()

    def draw_transfer(self, source: str, target: str) -> Figure:
        """Draw the seasonal curves of each crop in two domains, one over the other.

        Raises:
            UsageError: If there is no such domain, or the two share no bands to draw.
        """
        from benchmark.data.inspect.transfer_figure import draw_transfer

        for domain in (source, target):
            self._require(domain)
        figure = draw_transfer(self.source, source, target, aligned=False)
        if figure is None:
            raise UsageError(f"{source} and {target} share no bands that can be drawn.")
        return figure

    def _require(self, domain: str) -> None:
        if domain not in self.domains:
            raise UsageError(f"Unknown domain '{domain}': {did_you_mean(domain, self.domains)}")

    def __repr__(self) -> str:
        """Return one line for a terminal: the name and the domains."""
        return f"<CropDataset {self.name}: {', '.join(self.domains)}>"

    def _repr_html_(self) -> str:
        from cropglobe.rich_display import dataset_html

        return dataset_html(self)


@argument_words()
def open_dataset(path: str | Path, *, progress: Progress | None = None) -> CropDataset:
    """Open a dataset.

    Args:
        path: A directory that `cropglobe download`, `ingest` or `simulate` wrote, or the word
            ``simulated`` for the embedded default, which is made once and kept in the cache.
        progress: Called with the domain, the samples done and the samples in all.

    Returns:
        The dataset.

    Raises:
        DataError: If there is no such directory, or a file in it cannot be used.
        UsageError: If it is no path.
    """
    wanted = "the path of a dataset, which `cropglobe.ingest` makes of a table in a file"
    require_type("The dataset", path, (str, Path), wanted)
    return CropDataset(open_source(str(path), progress))


@argument_words()
def simulate(
    directory: str | Path | None = None,
    *,
    domains: Sequence[str] | None = None,
    samples_per_domain: int = 600,
    seed: int = DEFAULT_SEED,
    level: Literal["L1C", "L2A"] = "L2A",
    cadence_days: int = STEP_DAYS,
    bands: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> CropDataset:
    """Simulate a dataset from canopy physics, crop calendars and clouds.

    Args:
        directory: Directory to write. If ``None``, it is one in the cache, named after the other
            arguments, so that the same call is fast the second time.
        domains: Names of the domains; all simulated countries if ``None``.
        samples_per_domain: Samples of each domain.
        seed: Seed; the same arguments give the same bytes.
        level: Reflectance at the surface (``L2A``) or above the atmosphere (``L1C``).
        cadence_days: Days of a composite: 5, 10, 15 or 30.
        bands: Names of the bands; all ten if ``None``.
        progress: Called with the domain, the samples done and the samples in all.

    Returns:
        The dataset, marked as simulated.

    Raises:
        UsageError: If a domain, a band or a level is unknown, or there are no such composites.
        DataError: If the directory cannot be written.
    """
    from benchmark.data.dataset_source import simulated_copy
    from benchmark.data.simulate.observation import Level, Product, make_product
    from benchmark.data.simulate.world import simulate_dataset

    domains = as_list("domains", domains)
    bands = as_list("bands", bands)
    samples_per_domain = as_whole_number("samples_per_domain", samples_per_domain)
    seed = as_whole_number("seed", seed)
    cadence_days = as_whole_number("cadence_days", cadence_days)
    require_choice("level", level, get_args(Level))
    product = make_product(level, cadence_days, bands)
    if directory is None:
        folder = simulated_copy(
            samples_per_domain=samples_per_domain,
            seed=seed,
            domains=domains,
            product=None if product == Product() else product,
            progress=progress,
        )
        return CropDataset(open_directory(folder))
    root = user_path(directory)
    simulate_dataset(
        root,
        samples_per_domain=samples_per_domain,
        seed=seed,
        domains=domains,
        product=product,
        progress=progress,
    )
    return CropDataset(open_directory(root))
