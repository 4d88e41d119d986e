"""Transformers over the season: over an image, over one token per date, and lightweight attention.

The paper compares with transformers that are not in its released code. This project wrote these
from the references, with about as many parameters as CropNet (1,036,295 for seven classes).
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.networks import SETTINGS, StandardBands, day_encoding, plain_and_augmented
from benchmark.data.season import WINDOW, step_centres
from benchmark.task.methods import Card, Method

WIDTH: Final = 128
DEPTH: Final = 5
HEADS: Final = 8
DROPOUT: Final = 0.1

PATCH: Final = (2, 4)
"""Bands and dates of one patch. An image of 10 x 43 has 5 x 11 patches; the last are padded."""

LTAE_HEADS: Final = 16
LTAE_KEY: Final = 8
"""Heads and key length of the reference (Garnot & Landrieu 2020, table 1)."""

LTAE_WIDTH: Final = 768
"""Three times the 256 of the reference, so that the network has about CropNet's size."""

LTAE_PERIOD: Final = 1000.0
"""Base of the reference's positional encoding."""


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    return (
        *plain_and_augmented(
            "vit",
            "transformer",
            VisionTransformer,
            Card(
                summary="Vision transformer (timm) over patches of the band x date image.",
                reference="Dosovitskiy et al. 2021, arXiv 2010.11929; timm's VisionTransformer",
                licence="MIT (this code), Apache-2.0 (timm)",
                parameters=1_000_967,
                notes=(SETTINGS, "Patches of 2 bands x 4 dates, 5 blocks of width 128."),
            ),
        ),
        *plain_and_augmented(
            "temporal-transformer",
            "transformer",
            TemporalTransformer,
            Card(
                summary="Transformer encoder with one token per date and day-of-year encoding.",
                reference="Vaswani et al. 2017, arXiv 1706.03762; this project's sizes",
                licence="MIT",
                parameters=993_927,
                notes=(SETTINGS, "5 pre-norm blocks of width 128, mean over the dates."),
            ),
        ),
        *plain_and_augmented(
            "ltae",
            "transformer",
            LightweightAttention,
            Card(
                summary="Lightweight temporal attention: one learned query per head.",
                reference="Garnot & Landrieu 2020, arXiv 2007.00586",
                licence="MIT",
                parameters=848_135,
                notes=(
                    SETTINGS,
                    "Three times the reference's width; a pixel's bands in place of its sets.",
                ),
            ),
        ),
    )


class VisionTransformer(nn.Module):
    """timm's vision transformer over the band x date image.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        from timm.models.vision_transformer import VisionTransformer as TimmTransformer

        super().__init__()
        self.standardise = StandardBands(shape[0])
        bands, dates = shape
        self.padding = (-bands % PATCH[0], -dates % PATCH[1])
        self.transformer = TimmTransformer(
            img_size=(bands + self.padding[0], dates + self.padding[1]),
            patch_size=PATCH,
            in_chans=1,
            num_classes=classes,
            embed_dim=WIDTH,
            depth=DEPTH,
            num_heads=HEADS,
            proj_drop_rate=DROPOUT,
        )

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        bands, dates = self.padding
        images = functional.pad(self.standardise(series), (0, dates, 0, bands))
        logits: Tensor = self.transformer(images.unsqueeze(1))
        return logits


class TemporalTransformer(nn.Module):
    """Pre-norm transformer encoder over dates.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    days: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        from timm.models.vision_transformer import Block

        super().__init__()
        self.standardise = StandardBands(shape[0])
        self.embed = nn.Linear(shape[0], WIDTH)
        self.register_buffer("days", day_encoding(season_days(shape[1]), WIDTH, 10_000.0))
        self.blocks = nn.Sequential(
            *(Block(WIDTH, HEADS, qkv_bias=True, proj_drop=DROPOUT) for _ in range(DEPTH))
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, classes)

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        tokens = self.embed(self.standardise(series).transpose(1, 2)) + self.days
        logits: Tensor = self.classify(self.norm(self.blocks(tokens).mean(dim=1)))
        return logits


class LightweightAttention(nn.Module):
    """L-TAE: temporal attention; each head has one learned query and its own part of the channels.

    Layers as in the reference: channels are embedded and normalised, the position is added to the
    channels of each head, one linear layer gives the keys, a learned query gives the attention,
    then follow an output layer of half the width and a decoder.

    Args:
        shape: Bands and dates of a sample.
        classes: Number of classes.
    """

    days: Tensor

    def __init__(self, shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        share = LTAE_WIDTH // LTAE_HEADS
        self.standardise = StandardBands(shape[0])
        self.embed = nn.Sequential(
            nn.Linear(shape[0], LTAE_WIDTH // 2),
            nn.ReLU(),
            nn.Linear(LTAE_WIDTH // 2, LTAE_WIDTH),
            nn.LayerNorm(LTAE_WIDTH),
        )
        codes = day_encoding(season_days(shape[1]), share, LTAE_PERIOD)
        self.register_buffer("days", codes.repeat(1, LTAE_HEADS))
        self.query = nn.Parameter(torch.empty(LTAE_HEADS, LTAE_KEY))
        nn.init.normal_(self.query, std=(2.0 / LTAE_KEY) ** 0.5)
        self.keys = nn.Linear(LTAE_WIDTH, LTAE_HEADS * LTAE_KEY)
        self.drop = nn.Dropout(DROPOUT)
        half = LTAE_WIDTH // 2
        self.mix = nn.Sequential(
            nn.Linear(LTAE_WIDTH, half),
            nn.BatchNorm1d(half),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.LayerNorm(half),
        )
        self.classify = nn.Sequential(
            nn.Linear(half, half),
            nn.BatchNorm1d(half),
            nn.ReLU(),
            nn.Linear(half, classes),
        )

    def forward(self, series: Tensor) -> Tensor:
        """Return logits [N, classes] of series [N, B, T]."""
        tokens = self.embed(self.standardise(series).transpose(1, 2)) + self.days
        count, dates, _ = tokens.shape
        keys = self.keys(tokens).view(count, dates, LTAE_HEADS, LTAE_KEY)
        scores = torch.einsum("nthk,hk->nht", keys, self.query) / LTAE_KEY**0.5
        weights = self.drop(scores.softmax(dim=2))
        values = tokens.view(count, dates, LTAE_HEADS, -1)
        pooled = torch.einsum("nht,nthc->nhc", weights, values).flatten(1)
        logits: Tensor = self.classify(self.mix(pooled))
        return logits


def season_days(dates: int) -> Tensor:
    """Return the day of each of the first `dates` steps of the season window, [dates]."""
    days = step_centres()[WINDOW][:dates]
    return torch.from_numpy(days).float()
