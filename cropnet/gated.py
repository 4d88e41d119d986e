"""Networks of which each series uses those that can read it, and networks on fewer bands."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from benchmark.errors import UnavailableError
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.methods import Card, Classifier, Context, Features, Labels, Method
from cropnet.ensembles import SMALLEST, Ensemble
from cropnet.invariant_views import NARROW, invariant_views
from cropnet.methods import PARAMETERS, augmented, views_1d
from cropnet.product_randomisation import ProductRandomisation
from cropnet.running_median import running_median
from cropnet.series_checks import SourceLevel, filled_bands, with_near_infrared
from cropnet.travelling import (
    INVARIANT_PARAMETERS,
    MEDIAN_OF_FIVE,
    OTHER_NOTE,
    VIEWS_PARAMETERS,
    invariant,
    invariant_of_products,
    travelling,
    views_of_products,
)

VISIBLE_NIR: Final = ("B2", "B3", "B4", "B8")
SIX_BANDS: Final = ("B2", "B3", "B4", "B8A", "B11", "B12")
"""Bands of sensors without red edge and short-wave infrared, and without red edge."""

VISIBLE_NIR_PARAMETERS: Final = 1_034_729
SIX_BANDS_PARAMETERS: Final = 1_037_381
"""Of the networks with seven classes: 6 and 10 channels."""


@dataclass(frozen=True)
class Member:
    """A network of a gated ensemble.

    Attributes:
        build: Makes it.
        bands: Bands that it sees.
        sees_level: Whether it takes the level of reflectance for the source's.
    """

    build: Callable[[Context], TorchClassifier]
    bands: tuple[str, ...]
    sees_level: bool = False


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        _method(
            "conv1d.visible-nir.aug",
            visible_nir,
            "conv1d.invariant.aug on blue, green, red and near infrared alone.",
            VISIBLE_NIR_PARAMETERS,
            MEDIAN_OF_FIVE,
        ),
        _method(
            "conv1d.six-bands.products.aug",
            six_bands,
            "conv1d.invariant.products.aug without the red edge.",
            SIX_BANDS_PARAMETERS,
            MEDIAN_OF_FIVE,
        ),
        _method(
            "gated",
            gated,
            "Geometric mean of those of seven networks that can read a series.",
            PARAMETERS
            + 2 * VIEWS_PARAMETERS
            + 2 * INVARIANT_PARAMETERS
            + VISIBLE_NIR_PARAMETERS
            + SIX_BANDS_PARAMETERS,
            "Networks: cropnet.aug, conv1d.views.aug, those of trio, the two on fewer bands.",
            "A network that sees the level is used where the haze is the source's; one that sees a "
            "band, where that was measured. Each series is judged alone.",
        ),
    )


def _method(
    name: str, build: Callable[[Context], Classifier], summary: str, parameters: int, *notes: str
) -> Method:
    card = Card(
        summary=summary,
        reference="this project",
        licence="MIT",
        parameters=parameters,
        notes=(*notes, OTHER_NOTE),
    )
    return Method(name, "convolution", "median-year", build, card, released_division="undone")


def visible_nir(context: Context) -> TorchClassifier:
    """Return an untrained network on z-scores of four bands and of their indices."""
    return travelling(context, _view(context.bands, VISIBLE_NIR))


def six_bands(context: Context) -> TorchClassifier:
    """Return an untrained network on z-scores of six bands, trained on copies of other products."""
    return travelling(context, _view(context.bands, SIX_BANDS), ProductRandomisation())


def _view(bands: tuple[str, ...], asked: tuple[str, ...]) -> Callable[[Tensor], Tensor]:
    kept = available(asked, bands)
    if not kept:
        raise UnavailableError(
            f"None of the bands {' '.join(asked)} is among those of this transfer "
            f"({' '.join(bands)}); choose a method that sees these."
        )
    return partial(_of_bands, rows=[bands.index(band) for band in kept], kept=kept)


def _of_bands(windows: Tensor, rows: list[int], kept: tuple[str, ...]) -> Tensor:
    return invariant_views(running_median(windows[:, rows], 5), kept)


def available(asked: tuple[str, ...], bands: tuple[str, ...]) -> tuple[str, ...]:
    """Return the bands of `asked` that are among `bands`, one near infrared for the other.

    Args:
        asked: Bands that a network would see.
        bands: Bands that there are, in the official order.
    """
    other = NARROW | {narrow: wide for wide, narrow in NARROW.items()}
    wanted = {band if band in bands else other.get(band, band) for band in asked}
    return tuple(band for band in bands if band in wanted)


def gated(context: Context) -> "GatedEnsemble":
    """Return the untrained ensemble; a network that would see what another does is left out."""
    every = context.bands
    members = [
        Member(augmented, every, sees_level=True),
        Member(views_1d, every, sees_level=True),
        Member(invariant, every),
        Member(invariant_of_products, every),
        Member(views_of_products, every),
    ]
    for build, asked in ((six_bands, SIX_BANDS), (visible_nir, VISIBLE_NIR)):
        kept = available(asked, every)
        if len(kept) == len(asked) and kept != every:
            members.append(Member(build, kept))
    return GatedEnsemble(context, members=members)


class GatedEnsemble(Ensemble):
    """The geometric mean of those networks that can read a series.

    A network reads a series if all bands that it sees were measured and, where it sees the level,
    if the series has the source's. Where none can, all that do not see the level are used.

    Args:
        context: Seed, classes, bands, protocol and device.
        members: The networks.
    """

    def __init__(self, context: Context, *, members: list[Member]) -> None:
        super().__init__(context, members=[member.build for member in members], mean="geometric")
        self.gates = tuple(members)

    def fit(
        self, x: Features, y: Labels, *, validation: tuple[Features, Labels]
    ) -> "GatedEnsemble":
        """Train every network on x [N, B, 73], y [N], and measure the level of x."""
        super().fit(x, y, validation=validation)
        self.level_ = SourceLevel.of(x, self.context.bands)
        return self

    def used(self, x: Features) -> npt.NDArray[np.bool_]:
        """Return which networks each series is answered by.

        Args:
            x: Series [N, B, 73].

        Returns:
            Flags [N, M].
        """
        return self._read(x)[1]

    def predict_proba(self, x: Features) -> npt.NDArray[np.float32]:
        """Return the mean probability of each class [N, K]."""
        series, used = self._read(x)
        total = np.zeros((len(x), len(self.context.classes)), np.float32)
        for number, member in enumerate(self.fitted_):
            rows = used[:, number]
            if rows.any():
                answers = np.maximum(member.predict_proba(series[rows]), SMALLEST)
                total[rows] += np.log(answers)
        product = np.exp(total / used.sum(axis=1, keepdims=True))
        return np.asarray(product / product.sum(axis=1, keepdims=True))

    def _read(self, x: Features) -> tuple[Features, npt.NDArray[np.bool_]]:
        bands = self.context.bands
        series, filled = with_near_infrared(x, filled_bands(x, bands), bands)
        same_level = self.level_.holds(series)
        used = np.empty((len(x), len(self.gates)), bool)
        for number, gate in enumerate(self.gates):
            seen = [bands.index(band) for band in gate.bands]
            used[:, number] = ~filled[:, seen].any(axis=1)
            if gate.sees_level:
                used[:, number] &= same_level
        used[~used.any(axis=1)] = [not gate.sees_level for gate in self.gates]
        return series, used
