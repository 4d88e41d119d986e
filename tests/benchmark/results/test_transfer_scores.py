"""In-domain score, gap and means: small matrices reckoned by hand."""

import pytest
from sample_rows import make_row

from benchmark.data.taxonomy import CROPS
from benchmark.results.transfer_scores import in_domain_macro_f1, mean_scores, transfer_scores

FIRST, SECOND, THIRD = CROPS[:3]


def home(**cells: int) -> tuple[tuple[int, ...], ...]:
    """A confusion matrix from counts named ``TRUE_GIVEN`` by position, such as ``c0_1=2``."""
    return tuple(
        tuple(cells.get(f"c{true}_{given}", 0) for given in range(len(CROPS)))
        for true in range(len(CROPS))
    )


def test_in_domain_is_over_the_samples_of_shared_crops() -> None:
    matrix = home(c0_0=3, c0_1=1, c1_1=4, c2_0=9)
    inside = make_row(target="FRA", confusion=matrix)
    away = make_row(crops={FIRST: 0.5, SECOND: 0.5})
    # Without the third crop's 9 samples: F1 of 2*3/(4+3) and 2*4/(4+5).
    assert in_domain_macro_f1(inside, away) == pytest.approx((6 / 7 + 8 / 9) / 2)


def test_no_in_domain_score_without_held_out_samples_of_a_crop() -> None:
    inside = make_row(target="FRA", confusion=home(c0_0=3))
    away = make_row(crops={FIRST: 0.5, SECOND: 0.5})
    assert in_domain_macro_f1(inside, away) is None
    assert in_domain_macro_f1(None, away) is None
    (score,) = transfer_scores([inside, away])
    assert (score.in_domain, score.gap) == (None, None)


def test_means_are_over_transfers_of_means_over_seeds() -> None:
    rows = {
        (target, seed): make_row(target=target, seed=seed, macro_f1=value)
        for (target, seed), value in {("CHN", 1): 0.2, ("CHN", 2): 0.4, ("USA", 1): 0.9}.items()
    }
    scores = [score for row in rows.values() for score in transfer_scores([row])]
    assert mean_scores(scores)["macro_f1"] == pytest.approx((0.3 + 0.9) / 2)
    assert "gap" not in mean_scores(scores)


def test_a_mean_that_a_transfer_lacks_is_left_out() -> None:
    inside = make_row(target="FRA", confusion=home(c0_0=3, c1_1=4))
    rows = [
        make_row(target="CHN", crops={FIRST: 0.5, SECOND: 0.5}),
        make_row(target="USA", crops={FIRST: 0.5, THIRD: 0.5}),
    ]
    one, both = (mean_scores(transfer_scores([inside, *rows[:count]])) for count in (1, 2))
    assert set(one) - set(both) == {"in_domain", "gap"}
    assert {"macro_f1", "overall_accuracy"} <= set(both)


def test_the_source_is_no_transfer() -> None:
    assert transfer_scores([make_row(target="FRA")]) == ()
