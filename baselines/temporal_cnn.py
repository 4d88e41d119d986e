"""Temporal convolutions and a recurrent network, with bands as channels.

They are not in the paper's released code. This project wrote them from the references.
"""

from typing import Final

import torch
from torch import Tensor, nn

from baselines.networks import SETTINGS, StandardBands, plain_and_augmented
from benchmark.task.methods import Card, Method

TEMPCNN_FILTERS: Final = 64
TEMPCNN_KERNEL: Final = 5
TEMPCNN_DENSE: Final = 256
TEMPCNN_DROPOUT: Final = 0.5
"""Values of the reference for series like Sentinel's (Pelletier et al. 2019, section 3.2)."""

INCEPTION_FILTERS: Final = 64
"""The reference has 32; with 64 the network has about as many parameters as CropNet."""

INCEPTION_KERNELS: Final = (39, 19, 9)
"""The reference has 40, 20 and 10; odd lengths can be centred on a date."""

INCEPTION_BOTTLENECK: Final = 32
INCEPTION_DEPTH: Final = 6

LSTM_WIDTH: Final = 128
"""A usual width for crop series; a network with CropNet's size would need a width of 288."""

LSTM_LAYERS: Final = 2


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        *plain_and_augmented(
            "tempcnn",
            "convolution",
            TempCNN,
            Card(
                summary="TempCNN: three convolutions over time and a dense layer.",
                reference="Pelletier, Webb & Petitjean 2019, arXiv 1811.10166",
                licence="MIT",
                parameters=751_815,
                notes=(SETTINGS,),
            ),
        ),
        *plain_and_augmented(
            "inception-time",
            "convolution",
            InceptionNetwork,
            Card(
                summary="One Inception network: six blocks of long, middle and short kernels.",
                reference="Fawaz et al. 2020, InceptionTime, arXiv 1909.04939",
                licence="MIT",
                parameters=1_021_127,
                notes=(
                    SETTINGS,
                    "One network of 64 filters; the published InceptionTime averages five of 32.",
                ),
            ),
        ),
        *plain_and_augmented(
            "lstm",
            "recurrent",
            RecurrentNetwork,
            Card(
                summary="Two-layer LSTM over the dates, classified from its last state.",
                reference="Hochreiter & Schmidhuber 1997; Russwurm & Koerner 2018, 1802.02080",
                licence="MIT",
                parameters=204_679,
                notes=(SETTINGS, "Size chosen by this project."),
            ),
        ),
    )


class TempCNN(nn.Module):
    """Three convolutions over time, each with batch norm, ReLU and dropout, then a dense layer.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        bands, dates = shape
        layers: list[nn.Module] = [StandardBands(bands)]
        for inputs in (bands, TEMPCNN_FILTERS, TEMPCNN_FILTERS):
            layers += [
                nn.Conv1d(inputs, TEMPCNN_FILTERS, TEMPCNN_KERNEL, padding=TEMPCNN_KERNEL // 2),
                nn.BatchNorm1d(TEMPCNN_FILTERS),
                nn.ReLU(),
                nn.Dropout(TEMPCNN_DROPOUT),
            ]
        layers += [
            nn.Flatten(),
            nn.Linear(TEMPCNN_FILTERS * dates, TEMPCNN_DENSE),
            nn.BatchNorm1d(TEMPCNN_DENSE),
            nn.ReLU(),
            nn.Dropout(TEMPCNN_DROPOUT),
            nn.Linear(TEMPCNN_DENSE, classes),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        logits: Tensor = self.layers(series)
        return logits


class _Inception(nn.Module):
    """One block: a bottleneck followed by three kernels, in parallel with a pooled branch."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        filters, bottleneck = INCEPTION_FILTERS, INCEPTION_BOTTLENECK
        self.narrow = nn.Conv1d(inputs, bottleneck, 1, bias=False)
        self.kernels = nn.ModuleList(
            nn.Conv1d(bottleneck, filters, size, padding=size // 2, bias=False)
            for size in INCEPTION_KERNELS
        )
        self.pooled = nn.Sequential(
            nn.MaxPool1d(3, stride=1, padding=1), nn.Conv1d(inputs, filters, 1, bias=False)
        )
        self.finish = nn.Sequential(nn.BatchNorm1d(4 * filters), nn.ReLU())

    def forward(self, series: Tensor) -> Tensor:
        narrow = self.narrow(series)
        branches = [kernel(narrow) for kernel in self.kernels]
        maps: Tensor = self.finish(torch.cat([*branches, self.pooled(series)], dim=1))
        return maps


class InceptionNetwork(nn.Module):
    """Six Inception blocks with a residual connection after every third, pooled over time.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        width = 4 * INCEPTION_FILTERS
        self.standardise = StandardBands(shape[0])
        self.blocks = nn.ModuleList(
            _Inception(shape[0] if number == 0 else width) for number in range(INCEPTION_DEPTH)
        )
        self.shortcuts = nn.ModuleList(
            nn.Sequential(nn.Conv1d(inputs, width, 1, bias=False), nn.BatchNorm1d(width))
            for inputs in [shape[0], *[width] * (INCEPTION_DEPTH // 3 - 1)]
        )
        self.classify = nn.Linear(width, classes)

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        maps = kept = self.standardise(series)
        for number, block in enumerate(self.blocks):
            maps = block(maps)
            if number % 3 == 2:
                maps = torch.relu(maps + self.shortcuts[number // 3](kept))
                kept = maps
        logits: Tensor = self.classify(maps.mean(dim=2))
        return logits


class RecurrentNetwork(nn.Module):
    """LSTM over the dates.

    Attributes:
        uncounted_flops: Multiplications and additions of the recurrence for one sample, which
            torch's counter does not count.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        self.standardise = StandardBands(shape[0])
        self.recurrent = nn.LSTM(shape[0], LSTM_WIDTH, LSTM_LAYERS, batch_first=True)
        self.classify = nn.Linear(LSTM_WIDTH, classes)
        weights = sum(p.numel() for name, p in self.named_parameters() if ".weight_" in name)
        self.uncounted_flops = 2 * weights * shape[1]

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        _, (last, _) = self.recurrent(self.standardise(series).transpose(1, 2))
        logits: Tensor = self.classify(last[-1])
        return logits
