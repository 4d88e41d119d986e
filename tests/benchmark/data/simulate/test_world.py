import subprocess
import sys

import numpy as np
import pytest

from benchmark.data.dataset import open_dataset
from benchmark.data.season import HALF_YEAR_STEPS, move
from benchmark.data.simulate.world import DOMAINS, simulate_dataset, simulate_domain
from benchmark.data.taxonomy import CROPS, countries, country_of
from benchmark.errors import UsageError

SAMPLES = 60


def test_same_seed_gives_same_samples_in_another_process():
    code = (
        "import hashlib; from benchmark.data.simulate.world import simulate_domain;"
        "s = simulate_domain('FRA', samples=60, seed=3);"
        "print(hashlib.sha256(s.series.tobytes() + s.labels.tobytes()).hexdigest());"
        "import sys; assert not {'torch', 'prosail', 'numba'} & sys.modules.keys()"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_other_seeds_and_years_give_other_samples_on_the_same_land():
    base = simulate_domain("USA", samples=SAMPLES, seed=1)
    seed = simulate_domain("USA", samples=SAMPLES, seed=2)
    year = simulate_domain("USA-2017", samples=SAMPLES, seed=1)
    assert not np.array_equal(base.series, seed.series)
    assert not np.array_equal(base.series, year.series)
    assert set(year.year.tolist()) == {2017}


def test_dataset_has_every_domain_with_ids_blocks_and_a_simulated_card(tmp_path):
    calls = []
    simulate_dataset(
        tmp_path / "sim",
        samples_per_domain=SAMPLES,
        seed=82,
        progress=lambda *call: calls.append(call),
    )
    dataset = open_dataset(tmp_path / "sim")
    assert dataset.domains == tuple(sorted(DOMAINS))
    assert dataset.card.simulated
    assert dataset.card.seed == 82
    assert {call[0] for call in calls} == set(DOMAINS)
    for domain in dataset.domains:
        samples = dataset.load(domain)
        assert len(samples) == SAMPLES
        assert samples.block is not None
        assert samples.longitude is not None
        assert 0 < dataset.domain_card(domain).missing_share < 0.95
        assert len(set(samples.sample_ids.tolist())) == SAMPLES
        country = country_of(domain)
        released = countries()[domain[:3]].released_classes
        assert country is not None
        if released is not None:
            assert {CROPS[label] for label in samples.labels} <= set(released)


def test_domain_does_not_depend_on_its_neighbours_in_the_dataset(tmp_path):
    alone = simulate_domain("BEL", samples=SAMPLES, seed=5)
    simulate_dataset(tmp_path, samples_per_domain=SAMPLES, seed=5, domains=["NLD", "BEL"])
    stored = open_dataset(tmp_path).load("BEL")
    assert np.abs(stored.series - alone.series).max() < 1e-4
    assert np.array_equal(stored.labels, alone.labels)


def test_calendar_season_of_the_south_is_the_aligned_one_moved_by_half_a_year():
    aligned = simulate_domain("ARG", samples=SAMPLES, seed=1)
    calendar = simulate_domain("ARG", samples=SAMPLES, seed=1, calendar_season=True)
    assert np.array_equal(move(calendar.series, HALF_YEAR_STEPS), aligned.series)
    north = simulate_domain("FRA", samples=SAMPLES, seed=1)
    same = simulate_domain("FRA", samples=SAMPLES, seed=1, calendar_season=True)
    assert np.array_equal(north.series, same.series)


@pytest.mark.parametrize(("name", "samples"), [("FRANCE", 10), ("FRA", 0), ("FRA", 10**9)])
def test_impossible_wishes_are_refused_in_one_sentence(name, samples):
    with pytest.raises(UsageError):
        simulate_domain(name, samples=samples, seed=1)
