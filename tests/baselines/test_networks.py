"""Transformers, temporal convolutions and the recurrent network: sizes, shapes, invariances."""

import numpy as np
import pytest
import torch
from torch import nn

from baselines import temporal_cnn, transformers
from baselines.networks import StandardBands, day_encoding
from benchmark.data.dataset import BANDS
from benchmark.task.methods import Context, Method
from benchmark.task.protocol import load_protocol

METHODS = {m.name: m for m in (*transformers.methods(), *temporal_cnn.methods())}
PLAIN = [name for name in METHODS if not name.endswith(".aug")]
CLASSES = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")


def network(method: Method, shape: tuple[int, int] = (10, 43)) -> nn.Module:
    context = Context(0, CLASSES, load_protocol("smoke"), "cpu", BANDS, shape)
    torch.manual_seed(0)
    return method.build(context).recipe.build(shape, 7)  # type: ignore[attr-defined,no-any-return]


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


BLOCK = 4 * 128 + linear(128, 384) + linear(128, 128) + linear(128, 512) + linear(512, 128)


def inception(inputs: int) -> int:
    return inputs * 32 + 32 * 64 * (39 + 19 + 9) + inputs * 64 + 2 * 256


BY_HAND = {
    "vit": 2 * 4 * 128 + 128 + 128 + 56 * 128 + 5 * BLOCK + 256 + linear(128, 7),
    "temporal-transformer": linear(10, 128) + 5 * BLOCK + 256 + linear(128, 7),
    "ltae": linear(10, 384) + linear(384, 768) + 2 * 768 + 16 * 8 + linear(768, 128)
    + linear(768, 384) + 4 * 384 + linear(384, 384) + 2 * 384 + linear(384, 7),
    "tempcnn": linear(50, 64) + 2 * linear(320, 64) + 3 * 128
    + linear(64 * 43, 256) + 512 + linear(256, 7),
    "inception-time": inception(10) + 5 * inception(256)
    + 10 * 256 + 512 + 256 * 256 + 512 + linear(256, 7),
    "lstm": 4 * 128 * (10 + 128 + 2) + 4 * 128 * (128 + 128 + 2) + linear(128, 7),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_parameters_are_those_of_the_layers_and_of_the_card(name: str) -> None:
    count = sum(p.numel() for p in network(METHODS[name]).parameters())
    assert count == BY_HAND[name] == METHODS[name].card.parameters
    assert METHODS[f"{name}.aug"].card.parameters == count
    assert name == "lstm" or 0.7 < count / 1_036_295 < 1.3, "comparable with CropNet"


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("bands", [10, 9, 4])
def test_it_takes_any_number_of_bands_and_single_samples(name: str, bands: int) -> None:
    model = network(METHODS[name], (bands, 43)).eval()
    series = torch.rand(3, bands, 43)
    with torch.inference_mode():
        together = model(series)
        alone = torch.cat([model(series[row : row + 1]) for row in range(3)])
    assert together.shape == (3, 7)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", PLAIN)
def test_the_order_of_the_dates_is_seen(name: str) -> None:
    model = network(METHODS[name]).eval()
    series = torch.rand(2, 10, 43)
    with torch.inference_mode():
        assert not torch.allclose(model(series), model(series.flip(2)), atol=1e-5)


def test_bands_are_standardised() -> None:
    layer = StandardBands(2).train()
    series = torch.randn(64, 2, 43) * torch.tensor([[[5.0], [0.01]]]) + 3
    result = layer(series)
    assert result.std(dim=(0, 2)).tolist() == pytest.approx([1, 1], abs=0.1)
    assert not list(layer.parameters())


def test_day_encoding_is_the_published_formula() -> None:
    codes = day_encoding(torch.tensor([0.0, 122.5]), 8, 10_000.0).numpy()
    expected = [f(122.5 / 10_000 ** (2 * i / 8)) for i in range(4) for f in (np.sin, np.cos)]
    np.testing.assert_allclose(codes[1], expected, atol=1e-5)
    np.testing.assert_array_equal(codes[0], [0, 1] * 4)


def test_the_season_starts_on_day_121() -> None:
    days = transformers.season_days(43)
    assert days[0] == 122.5, "the centre of days 121 to 125, counted from 0"
    assert len(days) == 43


def test_a_head_of_ltae_attends_to_one_date_it_is_pointed_at() -> None:
    model = transformers.LightweightAttention((10, 43), 7).eval()
    nn.init.zeros_(model.query)
    with torch.inference_mode():
        series = torch.rand(1, 10, 43)
        tokens = model.embed(model.standardise(series).transpose(1, 2)) + model.days
        expected = model.classify(model.mix(tokens.mean(dim=1)))
        torch.testing.assert_close(model(series), expected)


def test_heads_of_ltae_look_at_their_own_share_of_the_channels() -> None:
    # Garnot & Landrieu 2020, section 3.3: softmax(q K / sqrt(d_k)) over dates, values the
    # channels of the head.
    torch.manual_seed(0)
    model = transformers.LightweightAttention((10, 43), 7).eval()
    series = torch.rand(1, 10, 43)
    with torch.inference_mode():
        tokens = (model.embed(model.standardise(series).transpose(1, 2)) + model.days)[0]
        pooled = []
        for head, (channels, keys) in enumerate(
            zip(tokens.split(768 // 16, dim=1), model.keys(tokens).split(8, dim=1), strict=True)
        ):
            attention = (keys @ model.query[head] / 8**0.5).softmax(dim=0)
            pooled.append(attention @ channels)
        expected = model.classify(model.mix(torch.cat(pooled)[None]))
        torch.testing.assert_close(model(series), expected, atol=1e-5, rtol=1e-4)


def test_the_recurrence_counts_its_operations() -> None:
    model = temporal_cnn.RecurrentNetwork((10, 43), 7)
    assert model.uncounted_flops == 2 * 43 * 4 * 128 * (10 + 128 + 128 + 128)


def test_the_image_is_padded_to_whole_patches() -> None:
    model = transformers.VisionTransformer((9, 43), 7)
    assert model.padding == (1, 1)
    assert model.transformer.patch_embed.num_patches == 5 * 11
