"""Networks that are trained on one source and are to hold in other products as well.

One sees views that a gain and an offset hardly change. The other is shown copies of the training
samples as other products would show them.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from torch import Generator, Tensor

from benchmark.run.training.augmentation import augmentation_of, crop_season
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Card, Classifier, Context, Method
from cropnet.ensembles import Ensemble
from cropnet.invariant_views import invariant_views
from cropnet.methods import views_1d
from cropnet.model import TIME_CHANNELS, OneAxisCropNet
from cropnet.product_randomisation import ProductRandomisation
from cropnet.views import InventedOther, stacked_views

OTHER_NOTE: Final = "20 % of crop samples become series shifted by 80-120 days or flattened."

INVARIANT_PARAMETERS: Final = 1_040_696
PRODUCTS_PARAMETERS: Final = 1_050_641
"""Of the two networks with ten bands and seven classes: 15 and 30 channels (as has
``conv1d.views.aug``)."""

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
        ),
        _method(
            "conv1d.products.aug",
            of_products,
            "conv1d.views.aug, its copies also as other products would show them.",
            PRODUCTS_PARAMETERS,
        ),
        _method(
            "trio",
            trio,
            "Geometric mean of conv1d.views.aug, conv1d.products.aug and conv1d.invariant.aug.",
            INVARIANT_PARAMETERS + 2 * PRODUCTS_PARAMETERS,
        ),
    )


def _method(
    name: str, build: Callable[[Context], Classifier], summary: str, parameters: int
) -> Method:
    card = Card(
        summary=summary,
        reference="this project",
        licence="MIT",
        parameters=parameters,
        notes=(OTHER_NOTE,),
    )
    return Method(name, "convolution", "median-year", build, card, released_division="undone")


def invariant(context: Context) -> TorchClassifier:
    """Return an untrained network on views that a gain and an offset hardly change."""
    return travelling(context, partial(invariant_views, bands=context.bands))


def of_products(context: Context) -> TorchClassifier:
    """Return an untrained network on three views, trained on copies of other products as well."""
    return travelling(context, stacked_views, ProductRandomisation())


def trio(context: Context) -> Ensemble:
    """Return the untrained geometric mean of ``conv1d.views.aug`` and the two networks above."""
    return Ensemble(context, members=(views_1d, of_products, invariant), mean="geometric")


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
