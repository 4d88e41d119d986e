"""Networks that are to hold across products: what they see, and what cancels in it."""

import pytest
import torch

from benchmark.data.dataset import BANDS
from benchmark.run.training.training_loop import Recipe
from benchmark.task.authoring.method_trial import tiny_protocol
from benchmark.task.methods import Context
from cropnet import travelling
from cropnet.ensembles import Ensemble

SEVEN = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
REGISTERED = {m.name: m for m in travelling.methods()}
SINGLE = (
    "conv1d.invariant.aug",
    "conv1d.invariant.products.aug",
    "conv1d.views.products.aug",
)


def context(bands: tuple[str, ...] = BANDS, classes: tuple[str, ...] = SEVEN) -> Context:
    return Context(0, classes, tiny_protocol(), "cpu", bands, (len(bands), 73))


def recipe_of(name: str, bands: tuple[str, ...] = BANDS) -> Recipe:
    recipe: Recipe = REGISTERED[name].build(context(bands)).recipe  # type: ignore[attr-defined]
    return recipe


def view_of(name: str, year: torch.Tensor, bands: tuple[str, ...] = BANDS) -> torch.Tensor:
    view = recipe_of(name, bands).view
    assert view is not None
    return view(year)


@pytest.fixture
def year() -> torch.Tensor:
    return 0.05 + 0.4 * torch.rand(4, 10, 73, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("name", SINGLE)
def test_parameters_are_those_of_the_card(name: str, year: torch.Tensor) -> None:
    seen = view_of(name, year)
    network = recipe_of(name).build(tuple(seen.shape[1:]), 7).eval()
    assert network(seen).shape == (4, 7)
    assert sum(p.numel() for p in network.parameters()) == REGISTERED[name].card.parameters
    members = [REGISTERED[member].card.parameters or 0 for member in SINGLE]
    assert REGISTERED["trio"].card.parameters == sum(members)


def test_an_offset_of_bands_leaves_their_z_scores(year: torch.Tensor) -> None:
    haze = torch.linspace(0.08, 0, 10).view(1, 10, 1)
    name = "conv1d.invariant.aug"
    plain, hazy = view_of(name, year)[:, :10], view_of(name, year + haze)[:, :10]
    assert torch.allclose(plain, hazy, atol=1e-4)


@pytest.mark.parametrize("name", SINGLE)
def test_a_cloud_on_a_single_date_leaves_every_view_as_it_is(name: str) -> None:
    steps = torch.arange(73, dtype=torch.float32)
    year = (0.2 + 0.001 * steps).expand(2, 10, 73).clone()
    cloudy = year.clone()
    cloudy[:, :, 40] = 0.7
    plain, seen = view_of(name, year), view_of(name, cloudy)
    # The ramp's neighbours stand in for the covered date: one or two steps of 0.001.
    assert float((plain - seen).abs().max()) < 0.2
    unfiltered = torch.std_mean(cloudy[:, 0], dim=1, correction=0)
    assert float(unfiltered[0][0]) > 2 * float(year[:, 0].std(dim=1, correction=0)[0])


def test_copies_are_shown_as_other_products_would() -> None:
    """Shift, scale and warp leave a flat blue band near 0.05; the air of level L1C does not."""
    augment = recipe_of("conv1d.views.products.aug").augment
    assert augment is not None
    flat = torch.full((64, 10, 73), 0.05)
    copies = augment(flat, torch.Generator().manual_seed(0))
    hazy = (copies[:, 0].mean(dim=1) > 0.08).float().mean()
    assert 0.1 < float(hazy) < 0.6


def test_invented_samples_are_seen_as_others_are(year: torch.Tensor) -> None:
    for name in SINGLE:
        recipe = recipe_of(name)
        assert recipe.invent is not None
        labels = torch.zeros(4, dtype=torch.int64)
        generator = torch.Generator().manual_seed(0)
        chosen, windows, label = recipe.invent(year, labels, generator)
        assert chosen.shape == label.shape == (4,)
        assert windows.shape == view_of(name, year).shape
        assert set(label.tolist()) == {SEVEN.index("other")}
    without = REGISTERED[SINGLE[0]].build(context(classes=SEVEN[:6]))
    assert without.recipe.invent is None  # type: ignore[attr-defined]


def test_the_trio_is_of_the_three(year: torch.Tensor) -> None:
    trio = REGISTERED["trio"].build(context())
    assert isinstance(trio, Ensemble)
    assert trio.mean == "geometric"
    recipes = [member(context()).recipe for member in trio.members]
    for name, recipe in zip(SINGLE, recipes, strict=True):
        assert recipe.view is not None
        assert torch.equal(recipe.view(year), view_of(name, year))
