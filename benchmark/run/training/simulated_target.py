"""Classifiers that use a target's published crop calendar: trained on simulated target samples."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import BANDS
from benchmark.data.representations import Observations, represent
from benchmark.data.season import move, steps_to_align
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UnavailableError, UsageError
from benchmark.randomness import derive_seed
from benchmark.run.training.target_label_wrappers import Build, Oracle
from benchmark.task.methods import Classifier, Context, Features, Labels, Target

SEASONS = 4
"""Number of simulated years of a target, so that a classifier does not learn a single year."""

SAMPLES = 2000
"""Number of simulated samples in all, if the protocol has no limit for a source."""


class SimulatedTarget(Oracle):
    """A classifier trained on simulated samples of the target, without any real target sample.

    Args:
        context: Seed, classes, bands, protocol and device.
        build: Function that makes the classifier.
        representation: Representation of its samples.
    """

    def __init__(self, context: Context, *, build: Build, representation: str) -> None:
        super().__init__(context, build=build)
        self.representation = representation

    def inform(self, target: Target) -> Classifier:
        """Return a classifier trained on simulated samples of a target."""
        return self.teach(*simulated_samples(target, self.context, self.representation))


class WithSimulatedTarget(SimulatedTarget):
    """A classifier trained on the source together with simulated samples of the target."""

    def inform(self, target: Target) -> Classifier:
        """Return a classifier trained on the source and on simulated samples of a target."""
        x, y = simulated_samples(target, self.context, self.representation)
        xs, ys, validation = self.source_
        joint = np.concatenate([xs, x]), np.concatenate([ys, y])
        return self.again("joint").fit(*joint, validation=validation)


def simulated_samples(
    target: Target, context: Context, representation: str
) -> tuple[Features, Labels]:
    """Simulate samples of a target, in the form in which a method gets real samples.

    Args:
        target: The target.
        context: Classes, bands, budget and seed of the method.
        representation: Representation of the samples.

    Returns:
        Samples [M, ...] and labels [M], as indices of the context's classes. Samples of other crops
        are left out.

    Raises:
        UnavailableError: If the simulator has no calendar of the target, or the target has none of
            the crops.
    """
    from benchmark.data.simulate.world import simulate_domain

    count = (context.protocol.max_source_samples or SAMPLES) // SEASONS
    seeds = [derive_seed(context.seed, "simulated", target.domain, n) for n in range(SEASONS)]
    try:
        seasons = [
            simulate_domain(target.domain, samples=count, seed=seed % 2**31) for seed in seeds
        ]
    except UsageError as error:
        raise UnavailableError(
            f"The simulator has no calendar of {target.domain}: {error}"
        ) from error
    positions = _positions(context.classes)
    labels = np.concatenate([positions[season.labels] for season in seasons])
    series = np.concatenate([season.series for season in seasons])
    kept = labels >= 0
    if not kept.any():
        raise UnavailableError(f"None of the source's crops grows in simulated {target.domain}.")
    # Simulated years are aligned with northern years: move them back to the target's first day.
    series = move(series, -steps_to_align(target.first_day, southern=target.southern))
    rows = [BANDS.index(band) for band in context.bands]
    view = Observations(
        domain=target.domain,
        series=np.ascontiguousarray(series[kept][:, rows]),
        bands=context.bands,
        sample_ids=np.array([str(row) for row in np.flatnonzero(kept)]),
        first_day=target.first_day,
    )
    return represent(view, representation), labels[kept]


def _positions(classes: Sequence[str]) -> npt.NDArray[np.int64]:
    known = {name: number for number, name in enumerate(classes)}
    return np.array([known.get(crop, -1) for crop in CROPS], dtype=np.int64)
