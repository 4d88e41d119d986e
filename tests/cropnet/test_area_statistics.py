"""Which class shares the stored crop areas allow, by hand."""

import numpy as np
import pytest

from cropnet.area_statistics import crop_areas, largest_shares, why_not_allowed

FIVE = ("corn", "rice", "wheat", "cotton", "other")
SEVEN = ("corn", "soybeans", "rice", "wheat", "sugarcane", "cotton", "other")


def test_areas_are_the_sums_of_a_calendars_rows() -> None:
    """The rows of usa-ar.yaml: soybeans 0.77 + 0.33, rice 0.40 + 0.10."""
    areas = {"corn": 0.3, "soybeans": 1.1, "rice": 0.5, "cotton": 0.25, "wheat": 0.1}
    assert crop_areas("USA-AR") == pytest.approx(areas)
    usa = crop_areas("USA")
    assert usa is not None
    assert usa["soybeans"] > areas["soybeans"], "the sum of its regions"


def test_a_year_has_its_countrys_areas_and_another_part_of_it_has_none() -> None:
    assert crop_areas("FRA-2022") == crop_areas("FRA")
    assert crop_areas("USA-IA") is None
    assert crop_areas("ZAF") is None
    assert crop_areas("ZAF-2021") is None


def test_odds_of_a_crop_are_at_most_ten_times_those_of_its_area() -> None:
    """Wheat has 3 of 4.01: odds 30 to 1.01. Corn 10 to 3.01. Rice 0.1 to 4, hence 2 / 5."""
    allowed = largest_shares({"corn": 1.0, "rice": 0.01, "wheat": 3.0}, FIVE)
    assert allowed == pytest.approx({"corn": 10 / 13.01, "rice": 0.4, "wheat": 30 / 31.01})
    assert largest_shares({"rice": 2.0}, FIVE) == {"rice": 1.0}, "no other crop grows"
    assert largest_shares({"corn": 1.0, "wheat": 99.0}, ("corn", "wheat"))["corn"] == 1.0


def shares(classes: tuple[str, ...], **given: float) -> np.ndarray:
    rest = {"other": 1 - sum(given.values())} | given
    return np.array([rest.get(name, 0.0) for name in classes])


def why(domain: str, **given: float) -> str | None:
    areas = crop_areas(domain)
    assert areas is not None
    return why_not_allowed(shares(SEVEN, **given), SEVEN, areas, domain)


def test_a_country_of_sugarcane_is_not_allowed() -> None:
    assert "sugarcane is 96%" in (why("USA", sugarcane=0.96) or "")
    assert why("USA", sugarcane=0.2) is None, "samples may hold as many of it as of others"


def test_crops_that_are_not_grown_count_together() -> None:
    said = why("FRA", sugarcane=0.2, cotton=0.2, wheat=0.4)
    assert "40% of the answers" in (said or "")
    assert "sugarcane, cotton" in (said or "")
    assert why("FRA", sugarcane=0.1, cotton=0.1, wheat=0.4) is None


@pytest.mark.parametrize(
    ("domain", "true"),
    [
        ("USA-AR", {"corn": 0.15, "soybeans": 0.47, "rice": 0.24, "cotton": 0.08}),
        ("USA-CA", {"corn": 0.02, "rice": 0.2, "cotton": 0.02, "wheat": 0.02}),
    ],
)
def test_shares_of_real_samples_are_allowed(domain: str, true: dict[str, float]) -> None:
    """Shares of the labels of two real domains, to two digits."""
    assert why(domain, **true) is None


def test_no_statistic_speaks_of_other() -> None:
    assert why("USA-CA", other=1.0) is None
