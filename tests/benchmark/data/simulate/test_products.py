"""Products of the simulator: level, cadence and bands of the same scenes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.inspect.domain_differences import pair_differences
from benchmark.data.shifts.calendar_shifts import recomposite
from benchmark.data.shifts.level import aerosol_depths
from benchmark.data.simulate.fields import draw_fields
from benchmark.data.simulate.observation import Product, above_atmosphere, make_product
from benchmark.data.simulate.regions import resolve
from benchmark.data.simulate.weather import draw_weather
from benchmark.data.simulate.world import DOMAINS, Options, simulate_dataset, simulate_domain
from benchmark.errors import UsageError
from benchmark.randomness import generator

SAMPLES = 60
CLEAN = Options(noise=False, gaps=False)
HLS = ("B2", "B3", "B4", "B8A", "B11", "B12")


def make(name: str = "FRA", product: Product | None = None, options: Options | None = None):
    return simulate_domain(name, samples=SAMPLES, seed=3, product=product, options=options)


def test_the_default_product_is_the_benchmarks_data():
    assert make_product() == Product("L2A", 5, BANDS)
    assert np.array_equal(make().series, make(product=make_product()).series)


@pytest.mark.parametrize("name", DOMAINS)
def test_every_product_is_of_the_same_scenes(name):
    plain, other = make(name), make(name, make_product("L1C", 15, HLS))
    for part in ("labels", "sample_ids", "block", "longitude", "latitude", "year"):
        assert np.array_equal(getattr(plain, part), getattr(other, part))
    assert other.series.shape == (SAMPLES, len(HLS), 73)
    assert np.isfinite(other.series).all()
    assert 0 < other.series.min() < other.series.max() <= 1
    blue, late = (np.median(s.series[:, [0, -1]], axis=(0, 2)) for s in (plain, other))
    assert late[0] - blue[0] > 0.03  # what molecules scatter
    assert late[1] < blue[1]  # what gases absorb


class Sky:
    """What each sample of a domain is seen through, drawn as the simulator draws it."""

    def __init__(self, name: str) -> None:
        plan, regions = resolve(name, {})
        self.fields, places = draw_fields(name, 3, regions, plan.classes, SAMPLES)
        self.weather = draw_weather(name, 3, regions, places)
        self.aerosol = aerosol_depths(generator(3, name, "aerosol"), np.arange(len(places)))

    def at(self, step: int):
        """Return aerosol, latitude and day of the year of each sample on a step."""
        block = self.fields.block
        day = self.weather.day_of_year[block, step]
        return self.aerosol[block, step], self.fields.latitude.astype(np.float32), day


@pytest.mark.parametrize("name", ["FRA", "ARG"])
def test_level_l1c_is_the_model_of_the_atmosphere_on_each_date(name):
    sky = Sky(name)
    surface = make(name, options=CLEAN).series
    top = make(name, make_product("L1C"), CLEAN).series
    for step in (0, 20, 50, 72):
        expected = above_atmosphere(surface[..., step], *sky.at(step))
        assert np.allclose(top[..., step], expected, atol=1e-6)


def test_both_levels_have_the_same_noise_but_for_the_haze_that_a_correction_leaves():
    sky, options = Sky("FRA"), Options(gaps=False)
    surface = make(options=options).series
    top = make(product=make_product("L1C"), options=options).series
    for step in (0, 20, 50, 72):
        apart = np.abs(top[..., step] - above_atmosphere(surface[..., step], *sky.at(step)))
        blue, infrared = np.median(apart, axis=0)[[0, 9]]
        assert infrared < 0.0005  # where haze is next to nothing, and noise is not
        assert blue > 0.002


@pytest.mark.parametrize("days", [10, 15, 30])
def test_composites_are_medians_of_clear_dates(days):
    whole, made = make(options=CLEAN).series, make(product=make_product("L2A", days), options=CLEAN)
    assert np.allclose(made.series, recomposite(whole, days), atol=1e-6)
    # With clouds a median is of the clear dates alone, and not of what was filled between them.
    cloudy = make(product=make_product("L2A", days))
    assert not np.allclose(cloudy.series, recomposite(make().series, days), atol=1e-3)


def test_windows_without_a_clear_date_are_no_warning_of_the_command(tmp_path):
    """Several chunks, rendered side by side: one of them hid the warning, another showed it."""
    command = [sys.executable, "-m", "cropglobe_launcher", "simulate", str(tmp_path / "out")]
    options = ["--samples-per-domain", "2100", "--cadence", "10", "--domains", "USA-AR"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_bands_are_the_same_numbers_in_the_official_order():
    part = make(product=make_product(bands=HLS[::-1]))
    rows = [BANDS.index(band) for band in HLS]
    assert np.array_equal(part.series, make().series[:, rows])


def test_cards_say_what_was_made_and_levels_that_differ_are_named(tmp_path):
    product = make_product("L1C", 10, HLS)
    options = {"samples_per_domain": SAMPLES, "seed": 3}
    simulate_dataset(tmp_path / "data", domains=["FRA"], **options)
    simulate_dataset(tmp_path / "data", domains=["USA"], product=product, **options)
    dataset = open_dataset(tmp_path / "data")
    france, usa = (dataset.domain_card(name) for name in ("FRA", "USA"))
    assert dataset.card.simulated
    assert (usa.processing_level, usa.cadence_days, usa.bands) == ("L1C", 10, HLS)
    assert (france.processing_level, france.cadence_days, france.bands) == ("simulated", 5, BANDS)
    assert dataset.common_bands(["FRA", "USA"]) == HLS
    assert "Source and target differ in processing level: L2A and L1C." in pair_differences(
        dataset, "FRA", "USA", aligned=True
    )
    assert dataset.fingerprint != open_dataset(_plain(tmp_path, options)).fingerprint
    assert usa.missing_by_step is not None
    simulate_dataset(tmp_path / "five", domains=["USA"], **options)
    five = open_dataset(tmp_path / "five").domain_card("USA").missing_by_step
    assert all(ten <= short for ten, short in zip(usa.missing_by_step, five, strict=True))
    assert sum(usa.missing_by_step) < sum(five)


def _plain(folder: Path, options: dict[str, int]) -> Path:
    simulate_dataset(folder / "plain", domains=["FRA", "USA"], **options)
    return folder / "plain"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"cadence_days": 7}, "composites of 7 days: ask for 5, 10, 15, 30"),
        ({"bands": ["B2", "B8a"]}, "no band 'B8a': did you mean"),
    ],
)
def test_impossible_products_are_refused(wish, said):
    with pytest.raises(UsageError, match=said):
        make_product(**wish)
