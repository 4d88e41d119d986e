"""When a teacher has failed: agreement beyond chance, and one answer for nearly everything."""

import numpy as np
import pytest

from cropnet.teacher_checks import Answers, Limits, limits, mean_agreement, why_failed

CLASSES = ("corn", "rice", "sugarcane", "other")


def test_agreement_is_what_two_raters_have_beyond_chance() -> None:
    """Agreement 3/4, by chance 1/2 x 1/4 + 1/2 x 3/4 = 1/2: kappa is 1/2."""
    first, second = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert mean_agreement([first, second]) == pytest.approx(0.5)
    assert mean_agreement([first, second, first]) == pytest.approx((0.5 + 1 + 0.5) / 3)


def test_members_with_one_answer_do_not_agree_beyond_chance() -> None:
    one = np.zeros(100, np.int64)
    assert mean_agreement([one, one]) == 0
    left, right = one.copy(), one.copy()
    left[:4], right[4:8] = 1, 1
    assert np.mean(left == right) > 0.9
    assert mean_agreement([left, right]) < 0.05


def answers(largest: float, source: float, target: float) -> Answers:
    rest = (1 - largest) / 3
    return Answers(CLASSES, np.array([rest, rest, largest, rest]), source, target)


@pytest.mark.parametrize(
    ("largest", "source", "target", "says"),
    [
        (0.4, 0.9, 0.1, "hardly agree"),
        (0.4, 0.9, 0.3, None),
        (0.96, 0.9, 0.3, "sugarcane is 96%"),
        (0.96, 0.9, 0.8, None),
        (0.89, 0.9, 0.3, None),
    ],
)
def test_a_dominant_class_is_no_failure_while_the_members_agree(
    largest: float, source: float, target: float, says: str | None
) -> None:
    why = why_failed(answers(largest, source, target))
    assert (why is None) if says is None else says in (why or "")


def test_other_numbers_need_another_version() -> None:
    """The file is no part of a method's code fingerprint; its version is."""
    values = {
        name: getattr(limits(), name).value for name in Limits.model_fields if name != "version"
    }
    assert (limits().version, values) == (
        "1",
        {
            "slight_agreement": 0.2,
            "dominant_share": 0.9,
            "kept_agreement": 0.5,
            "area_odds_factor": 10,
            "balanced_factor": 2,
            "not_grown_share": 0.25,
        },
    )
