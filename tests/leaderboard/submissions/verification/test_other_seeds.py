"""How much better a method may be on the public simulated data than on data of secret seeds."""

import pytest

from leaderboard.submissions.verification.other_seeds import compare_with_other_seeds

TRANSFERS = ("USA:AUS", "USA:CHN", "FRA:CHN")


def problems(gain: float, *, samples: int, transfers: tuple[str, ...] = TRANSFERS[:1]) -> list[str]:
    here = {transfer: [0.4 + gain] for transfer in transfers}
    elsewhere = {transfer: [0.35, 0.4, 0.45] for transfer in transfers}
    return list(compare_with_other_seeds(here, elsewhere, dict.fromkeys(transfers, samples)))


def test_few_samples_differ_by_chance() -> None:
    """22.5 points for 100 samples happened to an honest method; labels that are known give more."""
    assert problems(0.225, samples=100) == []
    assert problems(0.5, samples=100)


def test_many_samples_hardly_do() -> None:
    assert problems(0.16, samples=2_000) == []
    assert "USA:AUS: macro-F1 is 20.0 points higher" in problems(0.2, samples=2_000)[0]


def test_a_mean_of_targets_may_differ_less_than_one() -> None:
    assert problems(0.14, samples=2_000, transfers=TRANSFERS[:2])[0].startswith("Mean macro-F1")
    assert problems(0.14, samples=2_000, transfers=TRANSFERS[1:]) == []  # one target, two sources


@pytest.mark.parametrize("gain", [-0.5, 0.0])
def test_worse_on_the_public_data_is_no_matter(gain: float) -> None:
    assert problems(gain, samples=100, transfers=TRANSFERS) == []
