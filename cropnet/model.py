"""The CropNet network, and its ablation with convolutions along one axis."""

from typing import Final

import torch
from torch import Tensor, nn

CHANNELS: Final = 128
"""Channels of every convolution (released code; paper_facts.md, CropNet, mark C)."""

DROPOUT: Final = (0.2, 0.3, 0.3, 0.4)
"""Channel dropout after each of the four blocks (released code; the same source)."""

SMALL_CHANNELS: Final = 64
"""Channels of the network at half width; it has a quarter of the parameters."""

TIME_CHANNELS: Final = 221
"""Channels with which convolutions over time alone have nearly as many parameters as CropNet."""

SPECTRAL_CHANNELS: Final = 219
"""Channels with which convolutions over bands alone have nearly as many parameters as CropNet."""


class CropNet(nn.Module):
    """CropNet: four blocks of two 3 x 3 convolutions over an image of bands x dates.

    The feature maps are averaged and classified by a linear layer. It has 1,035,392 + 129 x classes
    parameters. Reference: Tong & Wang 2025, arXiv 2509.03497; layers as in the released code
    (paper_facts.md, CropNet, mark C).

    Args:
        classes: Number of classes.
        channels: Channels of every convolution.
        dropout: Channel dropout after each block; the number of entries is the number of blocks.
        views: Number of images of one sample: input channels of the first convolution.
    """

    def __init__(
        self,
        classes: int,
        *,
        channels: int = CHANNELS,
        dropout: tuple[float, ...] = DROPOUT,
        views: int = 1,
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for number, rate in enumerate(dropout):
            inputs, stride = (views, 2) if number == 0 else (channels, 1)
            blocks += [
                *_convolution(inputs, channels, stride),
                *_convolution(channels, channels, 1),
                nn.Dropout2d(rate),
            ]
        self.features = nn.Sequential(*blocks)
        self.classify = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def embed(self, images: Tensor) -> Tensor:
        """Return pooled features [N, channels] of [N, bands, dates] or [N, views, bands, dates]."""
        if images.ndim == 3:
            images = images.unsqueeze(1)
        maps: Tensor = self.features(images.contiguous(memory_format=torch.channels_last))
        return maps.mean(dim=(2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, classes] of [N, bands, dates] or [N, views, bands, dates]."""
        logits: Tensor = self.classify(self.embed(images))
        return logits


class OneAxisCropNet(nn.Module):
    """CropNet with convolutions of length 3 along one axis; the other axis gives the channels.

    It is an ablation: CropNet convolves over bands and dates together. It is not in the released
    code.

    Args:
        inputs: Length of the other axis.
        classes: Number of classes.
        channels: Channels of every convolution.
    """

    def __init__(self, inputs: int, classes: int, *, channels: int) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for number, rate in enumerate(DROPOUT):
            before, stride = (inputs, 2) if number == 0 else (channels, 1)
            blocks += [
                *_convolution_1d(before, channels, stride),
                *_convolution_1d(channels, channels, 1),
                nn.Dropout1d(rate),
            ]
        self.features = nn.Sequential(*blocks)
        self.classify = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv1d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, inputs, positions]."""
        logits: Tensor = self.classify(self.features(series).mean(dim=2))
        return logits


def _convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]


def _convolution_1d(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv1d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(inplace=True),
    ]
