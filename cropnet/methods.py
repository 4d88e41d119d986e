"""CropNet as methods of the benchmark."""

from functools import partial

from torch import nn

from benchmark.run.augmentation import Augmentation, crop_season
from benchmark.run.training import Recipe, TorchClassifier
from benchmark.task.methods import Card, Context, Method
from cropnet.model import CropNet

REFERENCE = "Tong & Wang 2025, Invariant Features for Global Crop Type Classification, 2509.03497"


def methods() -> tuple[Method, ...]:
    """Return the methods of this package."""
    return (
        Method(
            name="cropnet",
            family="convolution",
            representation="median",
            build=_plain,
            card=Card(
                summary="CropNet: 3 x 3 convolutions over bands and dates together.",
                reference=REFERENCE,
                licence="MIT",
                in_released_code=True,
            ),
        ),
        Method(
            name="cropnet.aug",
            family="convolution",
            representation="median-year",
            build=partial(_augmented, augmentation=Augmentation()),
            card=Card(
                summary="CropNet trained with time shift, time scale and magnitude warp.",
                reference=REFERENCE,
                licence="MIT",
                in_released_code=True,
            ),
        ),
    )


def _network(_shape: tuple[int, ...], classes: int) -> nn.Module:
    return CropNet(classes)


def _plain(context: Context) -> TorchClassifier:
    return TorchClassifier(Recipe(build=_network, split_undone=True), context)


def _augmented(context: Context, *, augmentation: Augmentation) -> TorchClassifier:
    recipe = Recipe(build=_network, view=crop_season, augment=augmentation, split_undone=True)
    return TorchClassifier(recipe, context)
