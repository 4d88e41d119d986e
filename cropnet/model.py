"""The CropNet network."""

from typing import Final

import torch
from torch import Tensor, nn

CHANNELS: Final = 128
"""Channels of every convolution (released code; paper_facts.md, CropNet, mark C)."""

DROPOUT: Final = (0.2, 0.3, 0.3, 0.4)
"""Channel dropout after each of the four blocks (released code, same place)."""


class CropNet(nn.Module):
    """Four blocks of two 3 x 3 convolutions over the band x date image, pooled and classified.

    1,035,392 + 129 x classes parameters. Reference: Tong & Wang 2025, arXiv 2509.03497; layers as
    in the released code (paper_facts.md, CropNet, mark C).

    Args:
        classes: Number of classes.
        channels: Channels of every convolution.
        dropout: Channel dropout after each block; as many blocks as entries.
    """

    def __init__(
        self,
        classes: int,
        *,
        channels: int = CHANNELS,
        dropout: tuple[float, ...] = DROPOUT,
    ) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        for number, rate in enumerate(dropout):
            inputs, stride = (1, 2) if number == 0 else (channels, 1)
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

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, classes] of images [N, bands, dates]."""
        maps = self.features(images.unsqueeze(1).contiguous(memory_format=torch.channels_last))
        logits: Tensor = self.classify(maps.mean(dim=(2, 3)))
        return logits


def _convolution(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    return [
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
