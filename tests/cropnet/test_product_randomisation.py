"""Copies as other products show them: composites, gaps, clouds and air by hand."""

import numpy as np
import pytest
import torch

from benchmark.data.dataset import BANDS
from benchmark.data.season import step_centres
from cropnet.product_randomisation import (
    CLOUD_REFLECTANCE,
    CLOUDY_DATES,
    ENTRIES,
    THICKEST_CLOUD,
    ProductRandomisation,
    composite_matrix,
    sky_table,
    time_table,
)

NOTHING = {"air": 0.0, "correction": 0.0, "calendar": 0.0, "clouds": 0.0}


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def year() -> torch.Tensor:
    return 0.05 + 0.4 * torch.rand(64, len(BANDS), 73, generator=random(1))


def test_no_chance_is_no_change(year: torch.Tensor) -> None:
    assert torch.equal(ProductRandomisation(**NOTHING)(year, BANDS, random()), year)


@pytest.mark.parametrize("name", NOTHING)
def test_each_chance_alone_changes_the_samples(name: str, year: torch.Tensor) -> None:
    copy = ProductRandomisation(**(NOTHING | {name: 1.0}))(year, BANDS, random())
    assert copy.shape == year.shape
    assert torch.isfinite(copy).all()
    assert ((copy >= 0) & (copy <= 1)).all()
    changed = (~torch.isclose(copy, year, atol=1e-5)).flatten(1).any(dim=1)
    assert changed.float().mean() > 0.7
    half = ProductRandomisation(**(NOTHING | {name: 0.5}))(year, BANDS, random())
    share = (~torch.isclose(half, year, atol=1e-5)).flatten(1).any(dim=1).float().mean()
    assert 0.15 < float(share) < 0.75


def test_draws_are_the_generators(year: torch.Tensor) -> None:
    change = ProductRandomisation()
    one, same, other = (change(year, BANDS, random(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_correction_undoes_the_air_of_the_same_sky(year: torch.Tensor) -> None:
    path, passed, gases, back = sky_table(BANDS)[:, :64]
    hazy = gases * (path + passed * year / (1 - back * year))
    reached = (hazy / gases - path) / passed
    assert torch.allclose(reached / (1 + back * reached), year, atol=1e-4)
    assert (hazy[:, 0] - year[:, 0]).mean() > (hazy[:, 8] - year[:, 8]).mean()


def test_clouds_cover_single_dates_of_all_bands_alike() -> None:
    dark = torch.full((400, 2, 73), 0.1)
    copy = ProductRandomisation(**(NOTHING | {"clouds": 1.0}))(dark, BANDS[:2], random())
    assert torch.equal(copy[:, 0], copy[:, 1])
    hit = copy[:, 0] != 0.1
    assert 0.4 < float(hit.float().mean()) / (CLOUDY_DATES / 2) < 1.6
    assert float(hit.float().mean(dim=1).max()) < 2 * CLOUDY_DATES
    brightest = 0.1 + THICKEST_CLOUD * (CLOUD_REFLECTANCE[1] - 0.1)
    assert 0.1 <= float(copy.min()) <= float(copy.max()) <= brightest


def test_changes_over_time_keep_what_is_constant() -> None:
    table = time_table()
    assert table.shape == (ENTRIES, 73, 73)
    assert torch.allclose(table.sum(dim=1), torch.ones(ENTRIES, 73), atol=1e-5)
    gaps = table[ENTRIES // 2 :]
    lost = (torch.diagonal(gaps, dim1=1, dim2=2) == 0).float().mean(dim=1)
    assert float(lost.min()) > 0.08
    assert float(lost.max()) < 0.7


def test_a_composite_by_hand() -> None:
    matrix = composite_matrix(10, 0)
    series = np.random.default_rng(0).random(73)
    made = series @ matrix
    first, second = series[:2].mean(), series[2:4].mean()
    assert made[0] == pytest.approx(first)
    # The middles are days 5 and 15; step 1 is centred on day 7.5.
    assert made[1] == pytest.approx(0.75 * first + 0.25 * second)
    later = np.random.default_rng(0).random(73) @ composite_matrix(10, 5)
    # The first window is one step long, then days 5 to 15 follow.
    assert later[0] == pytest.approx(series[0])
    assert step_centres()[0] == 2.5
    assert np.allclose(composite_matrix(5, 0), np.eye(73), atol=1e-6)
