"""Gates that the simulated world has to pass; none of them needs real data."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from benchmark.data.inspect.dataset_figures import ndvi
from benchmark.data.season import HALF_YEAR_STEPS, move, season, step_centres
from benchmark.data.simulate.world import Options, simulate_domain
from benchmark.data.taxonomy import CROPS

B4, B8, B11 = 2, 6, 8

# Monthly NDVI of a crop when its canopy is closed, and when its ground is bare, on average over
# the fields of a country. Mark K: MODIS and Sentinel-2 profiles in Wardlow et al. 2007, Xiao et al.
# 2006, Skakun et al. 2017 and d'Andrimont et al. 2020, recalled: wide limits, not targets.
PEAK = {
    "corn": (0.65, 0.92),
    "soybeans": (0.65, 0.93),
    "rice": (0.65, 0.92),
    "wheat": (0.60, 0.92),
    "sugarcane": (0.60, 0.90),
    "cotton": (0.60, 0.90),
}
LOWEST = (-0.20, 0.50)


def curves(samples, crop):
    rows = samples.labels == CROPS.index(crop)
    index = ndvi(samples.series[rows][:, [B4, B8]])
    month = np.minimum(step_centres() // 30.42, 11).astype(int)
    return np.array([index[:, month == m].mean() for m in range(12)])


def features(samples):
    return season(samples.series).reshape(len(samples), -1)


def forest(samples, rows=None):
    rows = np.arange(len(samples)) if rows is None else rows
    model = RandomForestClassifier(100, random_state=0, class_weight="balanced")
    return model.fit(features(samples)[rows], samples.labels[rows])


def recalls(model, samples, rows=None):
    rows = np.arange(len(samples)) if rows is None else rows
    answer, truth = model.predict(features(samples)[rows]), samples.labels[rows]
    return {CROPS[label]: np.mean(answer[truth == label] == label) for label in np.unique(truth)}


def mean(scores):
    return float(np.mean(list(scores.values())))


@pytest.mark.parametrize("domain", ["ARG", "AUS", "CHN", "FRA", "NLD", "USA"])
def test_monthly_ndvi_lies_inside_published_ranges(domain):
    samples = simulate_domain(domain, samples=600, seed=7)
    for crop, (low, high) in PEAK.items():
        if (samples.labels == CROPS.index(crop)).sum() < 15:
            continue
        months = curves(samples, crop)
        assert low < months.max() < high, (domain, crop, months)
        assert LOWEST[0] < months.min() < LOWEST[1], (domain, crop, months)


def test_alignment_brings_the_southern_season_to_the_northern_summer():
    aligned = simulate_domain("ARG", samples=500, seed=7)
    calendar = simulate_domain("ARG", samples=500, seed=7, calendar_season=True)
    assert np.array_equal(move(calendar.series, HALF_YEAR_STEPS), aligned.series)
    assert 5 <= curves(aligned, "cotton").argmax() <= 8
    assert curves(calendar, "cotton").argmax() in (0, 1, 2)


def test_paddies_are_dark_in_the_short_wave_infrared_before_the_canopy_closes():
    # Without snow and clouds: the Camargue floods from about day 117 and the canopy closes in July.
    options = Options(noise=False, gaps=False)
    wet = simulate_domain("FRA-CAMARGUE", samples=200, seed=7, options=options)
    dry_options = Options(noise=False, gaps=False, water=False)
    dry = simulate_domain("FRA-CAMARGUE", samples=200, seed=7, options=dry_options)
    rice = wet.labels == CROPS.index("rice")
    may = slice(25, 29)
    assert wet.series[rice][:, B11, may].mean() < 0.6 * dry.series[rice][:, B11, may].mean()
    assert np.array_equal(wet.series[~rice], dry.series[~rice])


def test_paddies_are_as_dry_as_other_fields_until_they_are_flooded():
    options = {"noise": False, "gaps": False}
    wet = simulate_domain("USA-AR", samples=400, seed=7, options=Options(**options))
    dry = simulate_domain("USA-AR", samples=400, seed=7, options=Options(**options, water=False))
    rice = wet.labels == CROPS.index("rice")
    april = slice(18, 23)  # sown from late March, flooded about six weeks later
    same = np.isclose(wet.series[rice][:, B11, april], dry.series[rice][:, B11, april], atol=0.01)
    assert same.mean() > 0.95


def test_scenes_are_lost_together():
    samples = simulate_domain("USA-AR", samples=400, seed=7, options=Options(noise=False))
    # A filled date lies on the line between its neighbours; whole dates are filled for all fields.
    series = samples.series[:, B8]
    bend = np.abs(series[:, 1:-1] - 0.5 * (series[:, :-2] + series[:, 2:]))
    share = (bend < 1e-6).mean(axis=0)
    assert share.std() > 0.15


def test_irrigated_crops_vary_less_than_rain_fed_ones():
    options = Options(noise=False, gaps=False)
    dry = simulate_domain("USA-CORNBELT", samples=600, seed=7, options=options)
    wet = simulate_domain("USA-CA", samples=600, seed=7, options=options)
    july = slice(38, 44)

    def spread(samples, crop):
        rows = samples.labels == CROPS.index(crop)
        return ndvi(samples.series[rows][:, [B4, B8]])[:, july].mean(axis=1).std()

    assert spread(dry, "soybeans") > 1.3 * spread(wet, "cotton")


@pytest.mark.slow
@pytest.mark.parametrize("region", ["USA-AR", "USA-CA"])
def test_recognition_inside_a_region_is_neither_trivial_nor_hopeless(region):
    samples = simulate_domain(region, samples=4000, seed=82)
    blocks = np.unique(samples.block)
    held = np.isin(samples.block, blocks[::4])
    model = forest(samples, np.flatnonzero(~held))
    assert 0.80 <= mean(recalls(model, samples, np.flatnonzero(held))) <= 0.95


@pytest.mark.slow
def test_wrong_calendar_costs_accuracy():
    target = simulate_domain("USA-AR", samples=2000, seed=82)
    right = simulate_domain("USA-AR", samples=2000, seed=83)
    wrong = simulate_domain("USA-AR", samples=2000, seed=83, options=Options(calendar_of="USA"))
    drop = mean(recalls(forest(right), target)) - mean(recalls(forest(wrong), target))
    assert drop >= 0.04


@pytest.mark.slow
def test_rice_is_lost_without_paddy_water():
    target = simulate_domain("CHN", samples=2000, seed=82)
    wet = simulate_domain("CHN", samples=2000, seed=83)
    dry = simulate_domain("CHN", samples=2000, seed=83, options=Options(water=False))
    lost = recalls(forest(wet), target)["rice"] - recalls(forest(dry), target)["rice"]
    assert lost >= 0.08


@pytest.mark.slow
def test_one_land_use_is_no_stand_in_for_all_others():
    target = simulate_domain("USA-CA", samples=2000, seed=82)
    many = simulate_domain("USA-CA", samples=2000, seed=83)
    one = simulate_domain("USA-CA", samples=2000, seed=83, options=Options(many_others=False))
    lost = recalls(forest(many), target)["other"] - recalls(forest(one), target)["other"]
    assert lost >= 0.15
