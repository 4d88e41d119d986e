from pathlib import Path

import numpy as np

from benchmark.data.simulate import canopy

POINTS = Path(__file__).parent / "data" / "prosail_points.npz"


def reference():
    with np.load(POINTS, allow_pickle=False) as archive:
        return archive["test"], archive["test_soil"], archive["test_reflectance"]


def test_emulator_error_against_prosail_is_below_the_gate():
    inputs, soil, expected = reference()
    error = np.abs(canopy.reflectance(inputs, soil) - expected)
    assert error.mean(axis=0).max() < 0.0015
    assert np.quantile(error, 0.99, axis=0).max() < 0.006


def test_no_leaves_show_the_ground_alone():
    inputs, soil, _ = reference()
    bare = inputs.copy()
    bare[:, canopy.INPUTS.index("lai")] = 0
    assert np.abs(canopy.reflectance(bare, soil) - soil).max() < 0.02


def test_coupling_is_the_series_of_bounces_between_ground_and_canopy():
    rng = np.random.default_rng(0)
    terms = rng.uniform(0, 0.4, (5, 43)).astype(np.float32)
    below = rng.uniform(0, 0.6, (5, 10)).astype(np.float32)
    rso, tsd, tdo, rdd = (terms[:, 10 * i : 10 * i + 10] for i in range(4))
    tss, too, tsstoo = (terms[:, [40 + i]] for i in range(3))
    flux, total = (tss + tsd) * below, rso + tsstoo * below + tsd * below * too
    total = total + (tss + tsd) * below * tdo
    for _ in range(60):
        flux = flux * rdd * below
        total = total + flux * (too + tdo)
    assert np.allclose(canopy.couple(terms, below), total, atol=1e-5)


def test_value_does_not_depend_on_how_many_canopies_are_asked_for():
    inputs, soil, _ = reference()
    whole = canopy.reflectance(inputs, soil)
    part = canopy.reflectance(inputs[:7], soil[:7])
    assert np.allclose(whole[:7], part, atol=1e-6)
