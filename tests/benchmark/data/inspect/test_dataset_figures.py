import numpy as np
import pytest

from benchmark.data.dataset import (
    DatasetCard,
    DomainCard,
    DomainSamples,
    open_dataset,
    write_dataset,
)
from benchmark.data.inspect.dataset_figures import draw_dataset_figures, ndvi
from benchmark.data.simulate.world import simulate_dataset
from benchmark.errors import DataError

PNG = b"\x89PNG\r\n\x1a\n"


def test_simulated_dataset_gets_every_figure(tmp_path):
    simulate_dataset(tmp_path / "data", samples_per_domain=40, seed=1, domains=["FRA", "ARG"])
    paths = draw_dataset_figures(open_dataset(tmp_path / "data"), tmp_path / "figures")
    names = ["ndvi_1", "ndre_1", "b11_1", "class_shares", "missing", "map"]
    assert [path.stem for path in paths] == names
    assert all(path.read_bytes().startswith(PNG) for path in paths)


@pytest.mark.parametrize("places", [None, np.full(4, np.nan)])
def test_dataset_without_places_bands_or_card_gets_the_figures_it_can_have(tmp_path, places):
    samples = DomainSamples(
        name="FRA",
        series=np.full((4, 2, 73), 0.2, np.float32),
        labels=np.array([0, 0, 3, 6]),
        sample_ids=np.array(["a", "b", "c", "d"]),
        longitude=places,
        latitude=places,
    )
    card = DatasetCard(name="two bands", domains={"FRA": DomainCard(bands=("B4", "B8"))})
    write_dataset(tmp_path / "data", card, [samples])
    paths = draw_dataset_figures(open_dataset(tmp_path / "data"), tmp_path / "figures")
    assert [path.stem for path in paths] == ["ndvi_1", "class_shares"]


def test_unwritable_place_is_named(tmp_path):
    simulate_dataset(tmp_path / "data", samples_per_domain=10, seed=1, domains=["BEL"])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="file"):
        draw_dataset_figures(open_dataset(tmp_path / "data"), tmp_path / "file")


def test_ndvi_of_black_is_zero_not_an_error():
    assert np.array_equal(ndvi(np.zeros((1, 2, 3), np.float32)), np.zeros((1, 3)))
