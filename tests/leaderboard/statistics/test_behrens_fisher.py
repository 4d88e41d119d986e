"""Tails of a sum of two estimated means, against closed forms and a numerical reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from leaderboard.statistics.behrens_fisher import tail


def test_one_part_alone_has_its_own_tail() -> None:
    # Student's t: 4.303 of two degrees of freedom, 12.706 of one, 2.228 of ten.
    assert tail(1, 2, 10, 0.95) == pytest.approx(4.303, abs=1e-3)
    assert tail(1, 1, 10, 0.95) == pytest.approx(12.706, abs=1e-3)
    assert tail(0, 2, 10, 0.95) == pytest.approx(2.228, abs=1e-3)


def test_two_cauchy_parts_add_up_to_a_cauchy() -> None:
    """Student's t of one degree of freedom is Cauchy's distribution, whose scales add up."""
    for share in (0.01, 0.1, 0.2, 0.5, 0.8, 0.875):
        scale = np.sqrt(share) + np.sqrt(1 - share)
        assert tail(share, 1, 1, 0.95) == pytest.approx(12.7062 * scale, rel=2e-4)
        # Cauchy's percentile; of two seeds and twelve rivals, the limit is 153 away.
        for level in (0.9769, 1 - 0.05 / 12, 0.999):
            wanted = np.tan(np.pi * level / 2) * scale
            assert tail(share, 1, 1, level) == pytest.approx(wanted, rel=2e-4)


def test_with_many_degrees_of_freedom_it_is_the_normal_tail() -> None:
    assert tail(0.3, 1e6, 1e6, 0.9) == pytest.approx(1.645, abs=1e-3)


@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 12])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.5, 0.79, 0.96])
@pytest.mark.parametrize("seeds", [1, 2], ids=["two seeds", "three seeds"])
def test_as_much_lies_within_as_an_integral_of_densities_says(
    seeds: int, share: float, level: float
) -> None:
    first, second = np.sqrt(share), np.sqrt(1 - share)
    limit = tail(share, seeds, 59, level)

    def density(x: float) -> float:
        return float(stats.t.pdf(x, 59) * stats.t.cdf((limit - second * x) / first, seeds))

    within = integrate.quad(density, -12, 12, limit=200)[0]
    assert 2 * within - 1 == pytest.approx(level, abs=2e-5)


@given(
    share=st.floats(0, 1),
    one=st.floats(1, 50),
    other=st.floats(1, 500),
    level=st.floats(0.5, 0.999),
)
def test_it_lies_between_the_normal_tail_and_both_of_students(
    share: float, one: float, other: float, level: float
) -> None:
    found = tail(share, one, other, level)
    wanted = (1 + level) / 2
    parts = np.sqrt(share) * stats.t.ppf(wanted, one) + np.sqrt(1 - share) * stats.t.ppf(
        wanted, other
    )
    assert found == pytest.approx(tail(1 - share, other, one, level), rel=1e-3)
    assert stats.norm.ppf(wanted) * (1 - 1e-3) <= found <= parts * (1 + 1e-3)
