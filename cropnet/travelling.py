"""Networks that are trained on one source and are to hold in other products as well.

They see views that a gain and an offset hardly change, of series that a running median has passed,
and copies of the training samples as other products would show them.
"""

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

from torch import Generator, Tensor

from benchmark.run.training.augmentation import augmentation_of, crop_season
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Card, Classifier, Context, Method
from cropnet.ensembles import Ensemble
from cropnet.invariant_views import invariant_views
from cropnet.model import TIME_CHANNELS, OneAxisCropNet
from cropnet.product_randomisation import ProductRandomisation
from cropnet.running_median import running_median
from cropnet.views import InventedOther, stacked_views

MEDIAN_OF_THREE: Final = "Series pass a running median over three 5-day steps."
MEDIAN_OF_FIVE: Final = "Series pass a running median over five 5-day steps."
OTHER_NOTE: Final = "20 % of crop samples become series shifted by 80-120 days or flattened."

INVARIANT_PARAMETERS: Final = 1_040_696
VIEWS_PARAMETERS: Final = 1_050_641
"""Of the networks with ten bands and seven classes: 15 and 30 channels."""

View = Callable[[Tensor], Tensor]
"""Makes channels [N, C, T] of season windows [N, B, 43]."""


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        _method(
            "conv1d.invariant.aug",
            invariant,
            "CropNet's blocks over time alone on z-scores of bands and indices, augmented.",
            INVARIANT_PARAMETERS,
            MEDIAN_OF_THREE,
        ),
        _method(
            "conv1d.invariant.products.aug",
            invariant_of_products,
            "conv1d.invariant.aug, its copies also as other products would show them.",
            INVARIANT_PARAMETERS,
            MEDIAN_OF_FIVE,
        ),
        _method(
            "conv1d.views.products.aug",
            views_of_products,
            "conv1d.views.aug, its copies also as other products, and clouds, would show them.",
            VIEWS_PARAMETERS,
            MEDIAN_OF_FIVE,
        ),
        _method(
            "trio",
            trio,
            "Geometric mean of the conv1d methods invariant, invariant.products, views.products.",
            2 * INVARIANT_PARAMETERS + VIEWS_PARAMETERS,
            "Series pass a running median over three or five 5-day steps.",
        ),
    )


def _method(
    name: str, build: Callable[[Context], Classifier], summary: str, parameters: int, note: str
) -> Method:
    card = Card(
        summary=summary,
        reference="this project",
        licence="MIT",
        parameters=parameters,
        notes=(note, OTHER_NOTE),
    )
    return Method(name, "convolution", "median-year", build, card, released_division="undone")


def invariant(context: Context) -> TorchClassifier:
    """Return an untrained network on views that a gain and an offset hardly change."""
    return travelling(context, partial(_invariant, bands=context.bands, steps=3))


def invariant_of_products(context: Context) -> TorchClassifier:
    """Return an untrained network on such views, trained on copies of other products as well."""
    view = partial(_invariant, bands=context.bands, steps=5)
    return travelling(context, view, ProductRandomisation())


def views_of_products(context: Context) -> TorchClassifier:
    """Return an untrained network on three views, trained on copies with clouds as well."""
    return travelling(context, _three_views, ProductRandomisation(clouds=0.5))


def trio(context: Context) -> Ensemble:
    """Return the untrained geometric mean of the three networks above."""
    members = (invariant, invariant_of_products, views_of_products)
    return Ensemble(context, members=members, mean="geometric")


def _invariant(windows: Tensor, bands: tuple[str, ...], steps: Literal[3, 5]) -> Tensor:
    return invariant_views(running_median(windows, steps), bands)


def _three_views(windows: Tensor) -> Tensor:
    return stacked_views(running_median(windows, 5))


def travelling(
    context: Context, view: View, randomisation: ProductRandomisation | None = None
) -> TorchClassifier:
    """Return an untrained network over time alone.

    Args:
        context: Seed, classes, bands, protocol and device.
        view: What it sees of a season.
        randomisation: Other products that augmented copies are made of; ``None`` makes none.
    """
    augmentation = augmentation_of(context.protocol)

    def augment(year: Tensor, generator: Generator) -> Tensor:
        shown = year if randomisation is None else randomisation(year, context.bands, generator)
        return view(augmentation(shown, generator))

    invented = InventedOther(context.classes.index("other")) if "other" in context.classes else None
    return TorchClassifier(
        Recipe(
            build=_one_axis,
            view=lambda year: view(crop_season(year)),
            augment=augment,
            invent=None if invented is None else partial(_invent, invented, view),
        ),
        context,
    )


def _one_axis(shape: tuple[int, ...], classes: int) -> OneAxisCropNet:
    return OneAxisCropNet(shape[0], classes, channels=TIME_CHANNELS)


def _invent(
    invented: InventedOther, view: View, year: Tensor, labels: Tensor, generator: Generator
) -> tuple[Tensor, Tensor, Tensor]:
    chosen, windows, label = invented(year, labels, generator)
    return chosen, view(windows), label
