"""Functions that the networks of this package share: standardisation, day encoding, two methods."""

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor, nn

from benchmark.run.training.augmentation import augmentation_of, crop_season
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Card, Context, Method

Build = Callable[[tuple[int, ...], int], nn.Module]
"""Function that makes a network from the shape [B, T] of one sample and the number of classes."""

SETTINGS: Final = (
    "Budget, optimiser and schedule are the protocol's, not the reference's; each band is "
    "standardised by a batch normalisation."
)


class StandardBands(nn.BatchNorm1d):
    """Standardises each band over samples and dates, since bands vary by very different amounts.

    Args:
        bands: Number of bands B of the series [N, B, T].
    """

    def __init__(self, bands: int) -> None:
        super().__init__(bands, affine=False)


def plain_and_augmented(name: str, family: str, build: Build, card: Card) -> tuple[Method, Method]:
    """Return two methods of one network: without augmentation, and with the paper's augmentation.

    Args:
        name: Name of the method without augmentation. The other name has ``.aug`` at its end.
        family: Family of both methods.
        build: Function that makes the network for the season window.
        card: Card of the method without augmentation.

    Returns:
        Both methods, the one without augmentation first.
    """
    augmented = card.model_copy(
        update={"summary": card.summary + " Trained with shift, scale and warp (CropNet's)."}
    )
    return (
        Method(name, family, "median", partial(_plain, build=build), card),
        Method(f"{name}.aug", family, "median-year", partial(_augmented, build=build), augmented),
    )


def _plain(context: Context, *, build: Build) -> TorchClassifier:
    return TorchClassifier(Recipe(build=build), context)


def _augmented(context: Context, *, build: Build) -> TorchClassifier:
    augment = augmentation_of(context.protocol)
    return TorchClassifier(Recipe(build=build, view=crop_season, augment=augment), context)


def day_encoding(days: Tensor, width: int, longest: float) -> Tensor:
    """Return the sinusoidal encoding of days (Vaswani et al. 2017, arXiv 1706.03762).

    Args:
        days: Days of the year [T].
        width: Even length of each code.
        longest: Base of the geometric series of wavelengths.

    Returns:
        Codes [T, width]: sines at even and cosines at odd positions.
    """
    rates = longest ** (-torch.arange(0, width, 2, dtype=torch.float32) / width)
    angles = days[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
