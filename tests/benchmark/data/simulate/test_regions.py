from pathlib import Path

import pytest

from benchmark.data.simulate.plants import effects, plants
from benchmark.data.simulate.regions import domain_plans, read_region, regions, resolve
from benchmark.data.simulate.stands import SOUTHERN_START, season_shift
from benchmark.data.simulate.world import simulate_domain
from benchmark.data.taxonomy import CROPS, countries
from benchmark.errors import DataError

MINE = """
name: ESP-EBRO
title: Ebro valley
year: 2022
places: [[-1.2, 41.4, -0.4, 41.9]]
soils: {loam: 1}
clear: [.6, .6, .8, .6]
wet: [.4, .3, .1, .3]
weeds: [.2, .2, .05, .1]
mark: P
source: example
classes: {corn: .5, other: .5}
rows:
- {crop: corn, plant: corn, sow: 110, emerge: 12, peak: 200, fade: 250, harvest: 280,
   mark: K, source: example}
- {crop: other, plant: alfalfa, sow: 50, peak: 105, fade: 305, harvest: 330, cuts: [125, 35, 275],
   mark: K, source: example}
"""


def test_every_calendar_row_is_ordered_and_says_where_it_is_from():
    for region in regions().values():
        for row in region.rows:
            for stand in filter(None, (row, row.second)):
                sow, emerge, peak, fade, harvest = stand.stages()
                assert sow <= emerge < peak < fade, (region.name, row.crop, stand.plant)
                assert harvest > peak + 15, (region.name, row.crop, stand.plant)
            assert row.mark in "RKDP"
            assert len(row.source) > 3


def test_main_season_ends_inside_the_stored_year():
    for region in regions().values():
        offset = SOUTHERN_START if region.hemisphere == "south" else 0
        for row in region.rows:
            perennial = plants()[row.plant].kind in ("perennial", "cut")
            end = row.stages()[3 if perennial else 4]
            assert 0 <= end + season_shift(row, offset) < 365, (region.name, row.crop)


def test_second_crop_has_room_beside_the_main_one():
    for region in regions().values():
        for row in region.rows:
            if row.second is not None:
                first, then = sorted([row, row.second], key=lambda stand: stand.sow)
                gap = then.stages()[0] - first.stages()[4]
                assert -40 <= gap < 330, (region.name, row.crop, gap)


def test_every_domain_is_made_of_its_country_and_grows_its_classes():
    assert set(countries()) <= set(domain_plans())
    for name, plan in domain_plans().items():
        _, parts = resolve(name, {})
        grown = {row.crop for part in parts for row in part.rows}
        assert set(plan.classes) <= grown <= set(CROPS)
        assert all(part.name.startswith(name[:3]) for part in parts)
        assert {part.hemisphere for part in parts} == {countries()[name[:3]].hemisphere}


def test_sizes_of_plants_and_effects_are_possible():
    for name, plant in plants().items():
        low, high = plant.residue
        assert 0 <= low <= high <= 1, name
        assert 0 < plant.clumping <= 1, name
        assert plant.lai[0] > plant.base, name
    assert effects()["label_noise"] < 0.1


def test_users_region_is_read_and_simulated(tmp_path: Path):
    path = tmp_path / "ebro.yaml"
    path.write_text(MINE)
    region = read_region(path)
    made = simulate_domain("ESP-EBRO", samples=40, seed=1, own_regions={region.name: region})
    assert set(made.year.tolist()) == {2022}
    assert set(made.labels.tolist()) == {0, 6}
    assert 41 < made.latitude.mean() < 42.3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("plant: corn", "plant: korn", "did you mean 'corn'"),
        ("crop: corn,", "crop: maize,", "unknown crop 'maize'"),
        ("soils: {loam: 1}", "soils: {lome: 1}", "did you mean 'loam'"),
        ("peak: 200", "peak: 120", "emerges on day 122"),
        ("cuts: [125, 35, 275],", "", "needs cuts"),
        ("[[-1.2, 41.4, -0.4, 41.9]]", "[[2.2, 41.4, -0.4, 41.9]]", "no box"),
        ("{corn: .5, other: .5}", "{rice: .5, other: .5}", "no row in the calendar"),
        ("rows:", "raws:", "rows"),
        ("title: Ebro valley", "title: [", "not valid YAML"),
    ],
)
def test_wrong_region_file_is_refused_with_file_and_reason(tmp_path, old, new, said):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace(old, new))
    with pytest.raises(DataError, match=said) as caught:
        read_region(path)
    assert "mine.yaml" in str(caught.value)


def test_missing_region_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.yaml"):
        read_region(tmp_path / "absent.yaml")
