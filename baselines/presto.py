"""Presto: a transformer pretrained on single-pixel time series, frozen or fine-tuned.

Reference: Tseng et al. 2023, Lightweight, Pre-trained Transformers for Remote Sensing Timeseries,
arXiv 2304.14065. Layers, groups, normalisation and weights are the published ones. The weights are
not part of this package.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from baselines.heads import MultilayerPerceptron, RandomForest, XGBoost
from benchmark.data.hub.weights import HubFile, fetch
from benchmark.data.representations import Observations, Representation
from benchmark.data.season import DAYS_PER_YEAR, STEP_DAYS, FloatArray
from benchmark.errors import UnavailableError
from benchmark.run.training.training_loop import Recipe, TorchClassifier
from benchmark.task.methods import Card, Classifier, Context, Method, Pretraining

WEIGHTS: Final = HubFile(
    repository="nasaharvest/presto",
    name="default_model.pt",
    sha256="559c9d76f525bdf2dd3774da8b1e7f1510769b73baacac12e9e4d8d5c67fbe65",
    licence="MIT",
)

WIDTH: Final = 128
"""Length of a token and of an embedding."""

HEADS: Final = 8
BLOCKS: Final = 2
MLP_RATIO: Final = 4
MOST_MONTHS: Final = 24
PART_WIDTH: Final = 32
"""Length of the month part and of the channel part of a token; the position part has twice that."""

CHANNEL_KINDS: Final = 10
"""Rows of the channel embedding: one for each group of the original, also for unused groups."""

PRETRAINING: Final = Pretraining(
    data="Sentinel-2 level 1C (S2_HARMONIZED), Sentinel-1, ERA5 and SRTM pixel series",
    countries=None,
    years=(2020, 2021),
    labels="none (Dynamic World classes are an input channel that is not used here)",
)

GROUPS: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = MappingProxyType(
    {
        "S2_RGB": (1, ("B2", "B3", "B4")),
        "S2_Red_Edge": (2, ("B5", "B6", "B7")),
        "S2_NIR_10m": (3, ("B8",)),
        "S2_NIR_20m": (4, ("B8A",)),
        "S2_SWIR": (5, ("B11", "B12")),
        "NDVI": (8, ("B8", "B4")),
    }
)
"""Row of the channel embedding, and bands, of each group of Sentinel-2 channels."""

MONTHS: Final = 12
STEPS_PER_MONTH: Final = 30 // STEP_DAYS
"""Composites in a 30-day month; the last month has the 73rd composite too."""

SEASON_MONTHS: Final = slice(4, 11)
"""May to November: the 30-day months that the season window covers."""

BATCH: Final = 64
"""Samples encoded at once; larger batches were slower on the processors that were measured."""


class PrestoEncoder(nn.Module):
    """The encoder: it turns monthly reflectance into one vector per sample.

    A group of channels without all of its bands gets no token, as in the original.

    Args:
        bands: Names of the bands of its input, in order.

    Raises:
        UnavailableError: If no group has all of its bands.
    """

    def __init__(self, bands: Sequence[str]) -> None:
        super().__init__()
        self.band_indices = {
            name: [list(bands).index(band) for band in needed]
            for name, (_, needed) in GROUPS.items()
            if set(needed) <= set(bands)
        }
        if not self.band_indices:
            raise UnavailableError(
                f"Presto uses none of the bands {', '.join(bands)}: it needs B8, B8A or others."
            )
        from timm.models.vision_transformer import Block

        self.eo_patch_embed = nn.ModuleDict(
            {
                name: nn.Linear(1 if name == "NDVI" else len(needed), WIDTH)
                for name, (_, needed) in GROUPS.items()
            }
        )
        self.latlon_embed = nn.Linear(3, WIDTH)
        self.month_embed = nn.Embedding(12, PART_WIDTH)
        self.channel_embed = nn.Embedding(CHANNEL_KINDS, PART_WIDTH)
        self.pos_embed = nn.Parameter(torch.zeros(1, MOST_MONTHS, 2 * PART_WIDTH), False)
        self.blocks = nn.ModuleList(
            Block(WIDTH, HEADS, MLP_RATIO, qkv_bias=True, norm_layer=nn.LayerNorm)
            for _ in range(BLOCKS)
        )
        self.norm = nn.LayerNorm(WIDTH)

    def forward(
        self, months: Tensor, first_month: int = 0, location: Tensor | None = None
    ) -> Tensor:
        """Encode monthly series.

        Args:
            months: Reflectance in [0, 1] [N, B, T], T from 1 to 24 months of 30 days.
            first_month: Calendar month of the first step, 0 for January.
            location: Latitude and longitude in degrees [N, 2]; ``None`` for no location token.

        Returns:
            Embeddings [N, 128].
        """
        count, _, steps = months.shape
        calendar = (torch.arange(steps, device=months.device) + first_month) % 12
        time = torch.cat([self.month_embed(calendar), self.pos_embed[0, :steps]], dim=1)
        groups = []
        for name, indices in self.band_indices.items():
            values = months[:, indices].transpose(1, 2)
            if name == "NDVI":
                values = _ndvi(values)
            kind = self.channel_embed.weight[GROUPS[name][0]].expand(steps, -1)
            parts = torch.cat([time[:, :PART_WIDTH], kind, time[:, PART_WIDTH:]], dim=1)
            groups.append(self.eo_patch_embed[name](values) + parts)
        tokens = torch.cat(groups, dim=1)
        if location is not None:
            token = self.latlon_embed(_on_sphere(location)).view(count, 1, WIDTH)
            tokens = torch.cat([token, tokens], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        embedding: Tensor = self.norm(tokens.mean(dim=1))
        return embedding


def _ndvi(values: Tensor) -> Tensor:
    """Return NDVI [N, T, 1] of B8 and B4 [N, T, 2], 0 where their sum is not positive."""
    infrared, red = values[..., :1], values[..., 1:]
    total = infrared + red
    lit = total > 0
    return torch.where(lit, (infrared - red) / torch.where(lit, total, 1.0), 0.0)


def _on_sphere(location: Tensor) -> Tensor:
    """Return points on the unit sphere [N, 3] of latitude and longitude in degrees [N, 2]."""
    latitude, longitude = torch.deg2rad(location).unbind(dim=1)
    return torch.stack(
        [
            latitude.cos() * longitude.cos(),
            latitude.cos() * longitude.sin(),
            latitude.sin(),
        ],
        dim=1,
    )


def load_encoder(bands: Sequence[str]) -> PrestoEncoder:
    """Return the encoder with the published weights, in evaluation mode.

    Args:
        bands: Names of the bands of its input, in order.

    Raises:
        UnavailableError: If the weights are not on this machine. The message says how to get them.
    """
    encoder = PrestoEncoder(bands)
    encoder.load_state_dict(_published())
    return encoder.eval()


@cache
def _published() -> Mapping[str, Tensor]:
    """Return the published weights by the names of `PrestoEncoder`."""
    stored: Mapping[str, Tensor] = torch.load(fetch(WEIGHTS), map_location="cpu", weights_only=True)
    prefix, absent = "encoder.", ("S1.", "ERA5.", "SRTM.")
    unused = (*(f"{prefix}eo_patch_embed.{name}" for name in absent), f"{prefix}dw_embed.")
    return MappingProxyType(
        {
            name.removeprefix(prefix): tensor
            for name, tensor in stored.items()
            if name.startswith(prefix) and not name.startswith(unused)
        }
    )


def to_months(series: Tensor) -> Tensor:
    """Reduce whole years of 5-day medians to twelve months of 30 days.

    Args:
        series: Values [N, B, 73].

    Returns:
        Medians [N, B, 12], of six steps in each month and of seven in the last.
    """
    last = STEPS_PER_MONTH * (MONTHS - 1)
    shape = (*series.shape[:-1], MONTHS - 1, STEPS_PER_MONTH)
    regular = _median(series[..., :last].reshape(shape))
    return torch.cat([regular, _median(series[..., last:]).unsqueeze(-1)], dim=-1)


def _median(values: Tensor) -> Tensor:
    """Return the median over the last axis; of an even number, the mean of the middle two."""
    ordered = values.sort(dim=-1).values
    count = ordered.shape[-1]
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2


def embed(samples: Observations, *, months: slice, location: bool) -> FloatArray:
    """Encode samples with the published weights.

    Args:
        samples: The samples.
        months: Which of the twelve months the encoder gets.
        location: Whether the encoder gets the coordinates too.

    Returns:
        Embeddings [N, 128].

    Raises:
        UnavailableError: If weights, bands or coordinates are missing.
    """
    encoder = load_encoder(samples.bands).to(samples.device)
    coordinates: npt.NDArray[np.float32] | None = None
    if location:
        if samples.latitude is None or samples.longitude is None:
            raise UnavailableError(
                f"Domain {samples.domain} has no coordinates, which Presto's location token needs: "
                "ingest it from a table with lon and lat, or use presto.mlp."
            )
        coordinates = np.stack([samples.latitude, samples.longitude], axis=1).astype(np.float32)
    start = months.start or 0
    first_month = (round(samples.first_day * 12 / DAYS_PER_YEAR) + start) % 12
    parts = []
    with torch.inference_mode():
        for begin in range(0, len(samples.series), BATCH):
            rows = slice(begin, begin + BATCH)
            batch = torch.from_numpy(np.ascontiguousarray(samples.series[rows])).to(samples.device)
            there = None
            if coordinates is not None:
                there = torch.from_numpy(coordinates[rows]).to(samples.device)
            parts.append(encoder(to_months(batch)[..., months], first_month, there))
    return np.asarray(torch.cat(parts).cpu().numpy(), dtype=np.float32)


class _Classifier(nn.Module):
    def __init__(self, encoder: PrestoEncoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.classify = nn.Linear(WIDTH, classes)

    def forward(self, months: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.encoder(months))
        return logits


def _finetuned(context: Context) -> TorchClassifier:
    def build(_shape: tuple[int, ...], classes: int) -> nn.Module:
        return _Classifier(load_encoder(context.bands), classes)

    return TorchClassifier(Recipe(build=build, view=to_months), context)


def methods() -> tuple[Method, ...]:
    """Return the methods of this module."""
    heads: tuple[tuple[str, str, Callable[[Context], Classifier]], ...] = (
        ("random-forest", "random forest", RandomForest),
        ("xgboost", "gradient-boosted trees", XGBoost),
        ("mlp", "eight-layer perceptron", MultilayerPerceptron),
    )
    frozen = tuple(
        Method(
            name=f"{view}.{head}",
            family="foundation-model",
            representation=view,
            build=build,
            card=_card(
                f"Frozen Presto embeddings of {what}; head: {title}.",
                extra,
                deterministic=head == "xgboost",
            ),
            released_division="plain" if head == "mlp" else "stratified",
        )
        for view, what, extra, used in (
            ("presto", "twelve months", (), ("random-forest", "xgboost", "mlp")),
            ("presto-season", "May to November", (), ("random-forest", "mlp")),
            (
                "presto-location",
                "twelve months and the coordinates",
                ("coordinates of source and target samples, which name the country",),
                ("mlp",),
            ),
        )
        for head, title, build in heads
        if head in used
    )
    finetuned = Method(
        name="presto.finetuned",
        family="foundation-model",
        representation="median-year",
        build=_finetuned,
        card=_card(
            "Presto with a linear layer, encoder fine-tuned with the protocol's budget and "
            "learning rate; the paper does not test it.",
            (),
            note="The first month counts as January, in an aligned southern season too.",
        ),
    )
    return (*frozen, finetuned)


def _card(
    summary: str,
    extra_information: tuple[str, ...],
    *,
    deterministic: bool = False,
    note: str = "Months are those of the calendar; an aligned southern season starts in July.",
) -> Card:
    return Card(
        summary=summary,
        reference="Tseng et al. 2023, arXiv 2304.14065; heads of this project's protocol",
        licence="MIT (code and weights)",
        pretraining=PRETRAINING,
        extra_information=extra_information,
        deterministic=deterministic,
        notes=(
            "Pretrained on top-of-atmosphere reflectance (level 1C): surface reflectance is a "
            "shift of its input.",
            "Five-day medians are reduced to the medians of twelve 30-day months.",
            "A group of channels whose bands the data lacks gets no token.",
            note,
        ),
    )


def representations() -> tuple[Representation, ...]:
    """Return the representations of this module."""
    version = f"1-{WEIGHTS.sha256[:12]}"
    year = slice(0, MONTHS)
    choices = (
        ("presto", "Presto embedding of twelve months [128]", year, False),
        ("presto-season", "Presto embedding of May to November [128]", SEASON_MONTHS, False),
        ("presto-location", "Presto embedding of months and coordinates [128]", year, True),
    )
    return tuple(
        Representation(
            name=name,
            summary=summary,
            compute=partial(embed, months=months, location=location),
            version=version,
            cached=True,
        )
        for name, summary, months, location in choices
    )
