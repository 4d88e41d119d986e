"""What other tracks may see of a target, apart from what scores them."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import make_samples

from benchmark.errors import UnavailableError
from benchmark.task.protocol import load_protocol
from benchmark.task.samples.target_parts import teaching_parts, unlabelled_rows

SMOKE = load_protocol("smoke")


def test_unlabelled_rows_know_no_labels() -> None:
    samples = make_samples("USA")
    other = replace(samples, labels=np.roll(samples.labels, 7))
    rows = unlabelled_rows(samples, SMOKE, seed=1)
    np.testing.assert_array_equal(rows, unlabelled_rows(other, SMOKE, seed=1))
    assert len(np.unique(rows)) == SMOKE.max_target_samples == 100
    assert set(rows) != set(unlabelled_rows(samples, SMOKE, seed=2)), "each seed draws its own"
    everything = SMOKE.model_copy(update={"max_target_samples": None})
    assert len(unlabelled_rows(samples, everything, seed=1)) == len(samples)


@pytest.mark.parametrize("blocks", [True, False])
def test_halves_teach_each_other_and_no_block_is_on_both_sides(blocks: bool) -> None:
    samples = make_samples("USA", blocks=blocks)
    scored = np.arange(0, len(samples), 2)
    answered = []
    for teachers, asked in teaching_parts(samples, scored, (0, 3, 6), SMOKE, seed=1):
        answered += asked.tolist()
        assert not set(teachers) & set(scored[asked])
        if samples.block is not None:
            assert not set(samples.block[teachers]) & set(samples.block[scored[asked]])
        assert set(samples.labels[teachers]) == {0, 3, 6}, "rice is no class of the source"
        assert len(teachers) > 20
    assert sorted(answered) == list(range(len(scored))), "each scored sample is answered once"


def test_the_pool_is_capped_as_a_source_is() -> None:
    few = SMOKE.model_copy(update={"max_source_samples": 10})
    samples = make_samples("USA")
    parts = list(teaching_parts(samples, np.arange(5), (0, 2, 3, 6), few, seed=1))
    assert all(len(teachers) == 10 for teachers, _ in parts)
    others = list(teaching_parts(samples, np.arange(5), (0, 2, 3, 6), few, seed=2))
    for (teachers, asked), (drawn, same) in zip(parts, others, strict=True):
        np.testing.assert_array_equal(asked, same)
        assert set(teachers) != set(drawn), "each seed draws its own"


def test_a_target_without_teachers_says_so() -> None:
    samples = make_samples("USA")
    with pytest.raises(UnavailableError, match="USA cannot be taught"):
        list(teaching_parts(samples, np.arange(5), (4,), SMOKE, seed=1))


def test_a_target_in_one_block_is_divided_by_samples() -> None:
    samples = make_samples("USA")
    samples = replace(samples, block=np.zeros(len(samples), dtype=np.int64))
    scored = np.arange(0, len(samples), 2)
    parts = list(teaching_parts(samples, scored, (0, 3, 6), SMOKE, seed=1))
    assert len(parts) == 2
    assert sorted(np.concatenate([asked for _, asked in parts])) == list(range(len(scored)))
    assert all(not set(teachers) & set(scored[asked]) for teachers, asked in parts)


@pytest.mark.parametrize("blocks", [True, False])
def test_what_repeats_a_scored_series_does_not_teach_its_answer(blocks: bool) -> None:
    """A protocol that keeps repeats scores both copies; the other half may hold one of them."""
    samples = make_samples("USA", blocks=blocks)
    repeated = np.arange(len(samples))
    copies = repeated[samples.labels == 3][1::2]
    repeated[copies] = np.flatnonzero(samples.labels == 3)[0 : 2 * len(copies) : 2]
    samples = replace(samples, series=samples.series[repeated], keys=None)
    scored = np.arange(len(samples))
    keeps = SMOKE.model_copy(update={"deduplicate": "none", "max_source_samples": None})
    parts = list(teaching_parts(samples, scored, (0, 3, 6), keeps, seed=1))
    assert sorted(np.concatenate([asked for _, asked in parts])) == scored.tolist()
    for teachers, asked in parts:
        assert not set(repeated[teachers]) & set(repeated[asked])
        assert set(samples.labels[teachers]) == {0, 3, 6}
