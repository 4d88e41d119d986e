"""The gated ensemble: who answers which series, and what its networks see."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch

from benchmark.data.dataset import BANDS
from benchmark.data.shifts.band_loss import without_bands
from benchmark.errors import UnavailableError
from benchmark.task.authoring.method_trial import tiny_protocol
from benchmark.task.methods import Context
from cropnet import gated
from cropnet.gated import SIX_BANDS, VISIBLE_NIR, GatedEnsemble, Member, available

CLASSES = ("corn", "other")


class Constant:
    """Answers every series with one probability of the first class."""

    parameter_count_ = 1
    flops_per_sample_ = 1
    history_: tuple[Mapping[str, float], ...] = ()

    def __init__(self, first: float) -> None:
        self.first = first

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Constant":
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.tile(np.float32([self.first, 1 - self.first]), (len(x), 1))


def context(bands: tuple[str, ...] = BANDS, classes: tuple[str, ...] = CLASSES) -> Context:
    return Context(0, classes, tiny_protocol(), "cpu", bands, (len(bands), 73))


def ensemble_of(*members: tuple[float, tuple[str, ...], bool]) -> GatedEnsemble:
    """Fit an ensemble of constants, each with the bands it sees and whether it sees the level."""
    made = [
        Member(lambda _, first=first: Constant(first), bands, level)  # type: ignore[misc, arg-type]
        for first, bands, level in members
    ]
    x, y = year(), np.zeros(8, np.int64)
    return GatedEnsemble(context(), members=made).fit(x, y, validation=(x, y))


def year() -> np.ndarray:
    return np.random.default_rng(3).uniform(0.02, 0.3, (8, 10, 73)).astype(np.float32)


FULL = (0.9, BANDS, True)
ANY_LEVEL = (0.6, BANDS, False)
SIX = (0.2, SIX_BANDS, False)


def test_series_like_the_source_are_answered_by_all() -> None:
    ensemble = ensemble_of(FULL, ANY_LEVEL, SIX)
    assert ensemble.used(year()).all()
    first, other = (0.9 * 0.6 * 0.2) ** (1 / 3), (0.1 * 0.4 * 0.8) ** (1 / 3)
    assert ensemble.predict_proba(year())[:, 0] == pytest.approx(first / (first + other))


def test_hazy_series_are_not_answered_by_networks_that_see_the_level() -> None:
    hazy = year()
    hazy[::2, BANDS.index("B2")] += 0.2
    used = ensemble_of(FULL, ANY_LEVEL, SIX).used(hazy)
    assert used[:, 0].tolist() == [False, True] * 4
    assert used[:, 1:].all()


def test_networks_answer_only_where_their_bands_were_measured() -> None:
    filled = without_bands(year(), BANDS, SIX_BANDS)
    ensemble = ensemble_of(FULL, ANY_LEVEL, SIX)
    assert ensemble.used(filled).tolist() == [[False, False, True]] * 8
    assert ensemble.predict_proba(filled)[:, 0] == pytest.approx(0.2)


def test_where_no_network_can_read_a_series_those_that_do_not_see_the_level_answer() -> None:
    used = ensemble_of(FULL, ANY_LEVEL, SIX).used(without_bands(year(), BANDS, ("B4", "B8")))
    assert used.tolist() == [[False, True, True]] * 8


def test_each_series_is_judged_alone() -> None:
    mixed = year()
    mixed[:3, BANDS.index("B2")] += 0.2
    mixed[5:] = without_bands(mixed[5:], BANDS, SIX_BANDS)
    ensemble = ensemble_of(FULL, ANY_LEVEL, SIX)
    together = ensemble.predict_proba(mixed)
    alone = np.concatenate([ensemble.predict_proba(mixed[n : n + 1]) for n in range(8)])
    assert np.array_equal(together, alone)


@pytest.mark.parametrize(
    ("bands", "members"), [(BANDS, 7), (SIX_BANDS, 6), (VISIBLE_NIR, 5), (("B4", "B8", "B11"), 5)]
)
def test_networks_on_fewer_bands_are_trained_where_these_are_there_and_others_too(
    bands: tuple[str, ...], members: int
) -> None:
    assert len(gated.gated(context(bands)).gates) == members


def test_one_near_infrared_stands_for_the_other() -> None:
    assert available(VISIBLE_NIR, SIX_BANDS) == ("B2", "B3", "B4", "B8A")
    assert available(SIX_BANDS, VISIBLE_NIR) == VISIBLE_NIR
    assert available(VISIBLE_NIR, BANDS) == VISIBLE_NIR


def test_a_network_none_of_whose_bands_is_there_says_so() -> None:
    with pytest.raises(UnavailableError, match="None of the bands B2 B3 B4 B8 is among"):
        gated.visible_nir(context(("B11", "B12")))


def test_parameters_are_those_of_the_cards() -> None:
    seven = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")
    for method in gated.methods():
        made: Any = method.build(context(classes=seven))
        networks = [build(made.context) for build in getattr(made, "members", (method.build,))]
        assert sum(map(parameters, networks)) == method.card.parameters


def parameters(classifier: Any) -> int:
    seen = classifier.recipe.view(torch.from_numpy(year()))
    network = classifier.recipe.build(tuple(seen.shape[1:]), 7)
    return sum(values.numel() for values in network.parameters())
