"""The Presto encoder: the published vectors, its rules on toy weights, and what it lacks."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from baselines import presto
from benchmark.data.dataset import BANDS
from benchmark.data.hub import weights as hub
from benchmark.data.representations import Observations, get_representation, represent
from benchmark.errors import UnavailableError
from benchmark.run.training.training_loop import TorchClassifier
from benchmark.task.methods import Context
from benchmark.task.protocol import load_protocol

WEIGHTS = Path(
    os.environ.get(hub.WEIGHTS_VARIABLE, Path(__file__).parents[3] / "shared" / "weights")
)


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = WEIGHTS / "presto"
    if not (folder / presto.WEIGHTS.name).is_file():
        pytest.skip(f"no Presto weights in {folder}")
    monkeypatch.setenv(hub.WEIGHTS_VARIABLE, str(WEIGHTS))
    return folder


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights of the right shapes in place of the published ones."""
    torch.manual_seed(0)
    state = {
        k: torch.randn_like(v) / 8 for k, v in presto.PrestoEncoder(BANDS).state_dict().items()
    }
    monkeypatch.setattr(presto, "_published", lambda: state)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without weights and without a network."""
    monkeypatch.setenv(hub.WEIGHTS_VARIABLE, "/nonexistent")
    monkeypatch.setattr(hub, "_download", lambda _file, offline: "no network in this test")
    presto._published.cache_clear()
    hub.fetch.cache_clear()


def observations(bands: tuple[str, ...] = BANDS, **other: object) -> Observations:
    series = np.random.default_rng(1).random((3, len(bands), 73), dtype=np.float32)
    ids = np.array(["a", "b", "c"])
    return Observations("FRA", series, bands, ids, **other)  # type: ignore[arg-type]


@pytest.mark.real_data
def test_published_weights_give_the_published_vectors(published: Path) -> None:
    reference = np.load(published / "reference_vectors.npz")
    months = torch.from_numpy(reference["s2_dn"] / np.float32(10_000)).transpose(1, 2)
    place = torch.from_numpy(reference["latlon"])
    encoder = presto.load_encoder(reference["band_order"].tolist())
    with torch.inference_mode():
        answers = {
            "emb_full_year": encoder(months, 0, place),
            "emb_may_nov": encoder(months[..., presto.SEASON_MONTHS], 4, place),
            "emb_full_year_no_latlon": encoder(months),
        }
    for name, answer in answers.items():
        np.testing.assert_allclose(answer.numpy(), reference[name], atol=1e-5, err_msg=name)


@pytest.mark.real_data
def test_finetuning_starts_from_the_published_weights(published: Path) -> None:
    context = Context(0, ("corn", "other"), load_protocol("smoke"), "cpu", BANDS, (10, 73))
    classifier = presto._finetuned(context)
    assert isinstance(classifier, TorchClassifier)
    network = classifier.recipe.build((10, 12), 2)
    stored = presto._published()["blocks.0.attn.qkv.weight"]
    assert torch.equal(
        network.get_submodule("encoder").state_dict()["blocks.0.attn.qkv.weight"], stored
    )


def test_encoder_has_the_parameters_of_its_layers() -> None:
    encoder = presto.PrestoEncoder(BANDS)
    block = 2 * 256 + (128 * 384 + 384) + (128 * 128 + 128) + (128 * 512 + 512) + (512 * 128 + 128)
    channels = 3 + 3 + 1 + 1 + 2 + 1
    linear = channels * 128 + 6 * 128 + (3 * 128 + 128)
    tables = 12 * 32 + 10 * 32 + 24 * 64
    assert sum(p.numel() for p in encoder.parameters()) == 2 * block + linear + tables + 256


def test_a_month_is_the_median_of_its_steps() -> None:
    series = np.random.default_rng(0).random((2, 3, 73), dtype=np.float32)
    months = presto.to_months(torch.from_numpy(series)).numpy()
    assert months.shape == (2, 3, 12)
    np.testing.assert_allclose(months[..., 4], np.median(series[..., 24:30], axis=-1), rtol=1e-6)
    np.testing.assert_allclose(months[..., 11], np.median(series[..., 66:73], axis=-1), rtol=1e-6)


def test_ndvi_is_zero_where_nothing_is_reflected() -> None:
    values = torch.tensor([[[0.4, 0.2], [0.0, 0.0], [-0.1, 0.05]]])
    assert presto._ndvi(values)[0, :, 0].tolist() == pytest.approx([1 / 3, 0, 0])


@pytest.mark.usefixtures("toy")
def test_a_group_without_its_bands_gets_no_token() -> None:
    without = tuple(band for band in BANDS if band != "B8A")
    encoder = presto.load_encoder(without)
    assert set(encoder.band_indices) == set(presto.GROUPS) - {"S2_NIR_20m"}
    whole = torch.rand(2, 10, 12)
    changed = whole.clone()
    changed[:, BANDS.index("B8A")] += 0.1
    kept = [BANDS.index(band) for band in without]
    with torch.inference_mode():
        assert torch.equal(encoder(whole[:, kept]), encoder(changed[:, kept]))
        full = presto.load_encoder(BANDS)
        assert not torch.allclose(full(whole), full(changed))
    with pytest.raises(UnavailableError, match="none of the bands B1"):
        presto.PrestoEncoder(("B1",))


@pytest.mark.usefixtures("toy")
def test_the_calendar_and_the_place_are_seen() -> None:
    encoder = presto.load_encoder(BANDS)
    months = torch.rand(2, 10, 7)
    with torch.inference_mode():
        plain = encoder(months, 4)
        assert not torch.allclose(plain, encoder(months, 5))
        assert torch.allclose(encoder(months, 4), encoder(months, 16))
        there = encoder(months, 4, torch.tensor([[48.0, 2.0], [-34.0, -60.0]]))
        assert not torch.allclose(plain, there)


@pytest.mark.usefixtures("toy")
def test_months_count_from_january_as_zero() -> None:
    encoder = presto.load_encoder(BANDS)
    with torch.no_grad():
        encoder.month_embed.weight.zero_()
        encoder.month_embed.weight[4] = 1.0
    one = torch.rand(1, 10, 1)
    with torch.inference_mode():
        may, june, july = (encoder(one, month) for month in (4, 5, 6))
    assert torch.equal(june, july)
    assert not torch.allclose(may, june)


@pytest.mark.usefixtures("toy")
def test_representations_are_found_by_name_and_use_what_they_say() -> None:
    samples = observations()
    year, season = represent(samples, "presto"), represent(samples, "presto-season")
    assert year.shape == season.shape == (3, 128)
    assert year.dtype == np.float32
    outside = Observations(**{**vars(samples), "series": samples.series.copy()})
    outside.series[..., :24] = 0
    np.testing.assert_array_equal(represent(outside, "presto-season"), season)
    assert not np.allclose(represent(outside, "presto"), year)
    moved = Observations(**{**vars(samples), "first_day": 185})
    assert not np.allclose(represent(moved, "presto"), year), "months are those of the calendar"
    assert presto.WEIGHTS.sha256[:12] in get_representation("presto").version


@pytest.mark.usefixtures("toy")
def test_the_location_token_needs_coordinates() -> None:
    with pytest.raises(UnavailableError, match="FRA has no coordinates"):
        represent(observations(), "presto-location")
    places = {"latitude": np.array([1.0, 2, 3]), "longitude": np.array([4.0, 5, 6])}
    assert represent(observations(**places), "presto-location").shape == (3, 128)


@pytest.mark.usefixtures("nowhere")
def test_without_weights_the_reason_says_how_to_get_them() -> None:
    with pytest.raises(
        UnavailableError, match=r"hf download nasaharvest/presto.*CROPGLOBE_WEIGHTS"
    ):
        represent(observations(), "presto")
