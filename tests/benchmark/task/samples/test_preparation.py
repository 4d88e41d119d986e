"""Splits and caps: honest, stratified, and the same for every method."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tiny import make_samples

from benchmark.data.taxonomy import CROPS
from benchmark.errors import DataError
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import (
    distinct,
    ids_hash,
    prepare_source,
    prepare_target,
    source_pool,
)

FRANCE = make_samples("FRA")


def test_parts_are_disjoint_and_hold_every_class(smoke: Protocol) -> None:
    split = prepare_source(FRANCE, smoke, seed=1)
    parts = [split.training, split.validation, split.held_out]
    joined = np.concatenate(parts)
    assert len(np.unique(joined)) == len(joined)
    for part in parts:
        assert set(FRANCE.labels[part]) == set(split.classes)


def test_blocks_are_kept_whole(smoke: Protocol) -> None:
    assert FRANCE.block is not None
    split = prepare_source(FRANCE, smoke, seed=1)
    assert split.kind == "block"
    training, validation, held_out = (
        set(FRANCE.block[part]) for part in (split.training, split.validation, split.held_out)
    )
    assert not training & validation
    assert not training & held_out
    assert not validation & held_out


def test_without_blocks_the_split_is_random_and_says_so(smoke: Protocol) -> None:
    assert prepare_source(make_samples("FRA", blocks=False), smoke, seed=1).kind == "random"


def test_asking_for_blocks_that_are_not_there_is_an_error(changed: Callable[..., Protocol]) -> None:
    with pytest.raises(DataError, match="no spatial blocks"):
        prepare_source(make_samples("FRA", blocks=False), changed(split="block"), seed=1)


def test_held_out_part_is_the_same_for_every_seed_and_validation_is_not(smoke: Protocol) -> None:
    one, two = (prepare_source(FRANCE, smoke, seed=seed) for seed in (1, 2))
    np.testing.assert_array_equal(one.held_out, two.held_out)
    assert set(one.validation) != set(two.validation)


@pytest.mark.parametrize("blocks", [6, 12, 48])
def test_every_seed_divides_unequal_blocks_anew_and_evenly(smoke: Protocol, blocks: int) -> None:
    # Blocks of unequal size and mixture, as real ones are: nothing is left to ties.
    many = make_samples("FRA", per_class=200)
    block = np.floor(blocks * np.random.default_rng(0).beta(1, 2, len(many))).astype(np.int64)
    samples = replace(many, block=block)
    splits = [prepare_source(samples, smoke, seed=seed) for seed in range(6)]
    assert len({tuple(split.validation) for split in splits}) >= min(4, blocks // 3)
    for split in splits:
        share = len(split.validation) / (len(split.validation) + len(split.training))
        assert share == pytest.approx(0.25, abs=0.15)
        assert set(samples.labels[split.training]) == set(split.classes)


def test_caps_keep_class_shares_and_the_minimum(changed: Callable[..., Protocol]) -> None:
    many = make_samples("FRA", crops=("corn", "rice"), per_class=400)
    keep = np.concatenate([np.arange(400), np.arange(400, 412)])
    samples = many.take(keep)  # 400 corn, 12 rice
    protocol = changed(max_source_samples=60, minimum_class_samples=6, held_out_fraction=0)
    split = prepare_source(samples, protocol, seed=1)
    used = np.concatenate([split.training, split.validation])
    counts = np.bincount(samples.labels[used], minlength=7)
    assert counts.sum() == 60
    assert counts[CROPS.index("rice")] >= 6


def test_a_rare_crop_is_not_learned_and_is_named(changed: Callable[..., Protocol]) -> None:
    wheat = np.flatnonzero(FRANCE.labels == CROPS.index("wheat"))
    samples = FRANCE.take(np.setdiff1d(np.arange(len(FRANCE)), wheat[4:]))
    split = prepare_source(samples, changed(minimum_class_samples=5), seed=1)
    assert CROPS.index("wheat") not in split.classes
    assert split.too_few == (CROPS.index("wheat"),)


def test_a_source_with_one_class_is_an_error(smoke: Protocol) -> None:
    with pytest.raises(DataError, match=r"Source FRA has 1 class.*corn 36.*needs two"):
        prepare_source(make_samples("FRA", crops=("corn",)), smoke, seed=1)


def test_a_source_of_copies_of_other_domains_is_an_error_that_says_so(smoke: Protocol) -> None:
    copies = np.ones(len(FRANCE), dtype=np.bool_)
    said = rf"0 class.*no samples, without {len(FRANCE)} series that other domains have too"
    with pytest.raises(DataError, match=said):
        source_pool(FRANCE, smoke, elsewhere=copies)


def test_a_cap_that_would_empty_a_class_is_an_error(changed: Callable[..., Protocol]) -> None:
    protocol = changed(max_source_samples=15, minimum_class_samples=5)
    with pytest.raises(DataError, match=r"Source FRA .* 15 .* 4 classes .* 5"):
        prepare_source(FRANCE, protocol, seed=1)


def test_a_class_in_one_block_is_kept_in_training(changed: Callable[..., Protocol]) -> None:
    samples = make_samples("FRA", crops=("corn", "rice"), per_class=200, blocks=False)
    samples = samples.take(np.arange(201))  # one rice
    protocol = changed(minimum_class_samples=1, max_source_samples=10)
    for seed in range(5):
        split = prepare_source(samples, protocol, seed=seed)
        assert CROPS.index("rice") in samples.labels[split.training]


def test_repeated_series_are_dropped_and_conflicts_leave_the_source() -> None:
    series = np.zeros((5, 1, 2), dtype=np.float32)
    series[3:] = [[[1, 1]], [[2, 2]]]
    labels = np.array([0, 0, 1, 2, 2])  # rows 0-2 alike with two labels, 3 and 4 on their own
    assert distinct(series, labels, drop_conflicts=False).tolist() == [0, 2, 3, 4]
    assert distinct(series, labels, drop_conflicts=True).tolist() == [3, 4]


def test_a_repeated_series_is_never_in_two_parts(smoke: Protocol) -> None:
    doubled = FRANCE.take(np.concatenate([np.arange(len(FRANCE))] * 2))
    split = prepare_source(doubled, smoke, seed=1)
    used = np.concatenate([split.training, split.validation, split.held_out])
    series = doubled.series[used].reshape(len(used), -1)
    assert len(np.unique(series, axis=0)) == len(used)


def test_target_scores_shared_crops_only_and_counts_the_rest(smoke: Protocol) -> None:
    usa = make_samples("USA", crops=("corn", "soybeans", "other"), per_class=20)
    target = prepare_target(usa, [0, 2, 3, 6], smoke)
    assert set(usa.labels[target.rows]) == {0, 6}
    assert (target.scorable, target.unscored) == (40, 20)
    assert target.space.target_only == ("soybeans",)
    assert target.space.source_only == ("rice", "wheat")


def test_a_target_cap_is_drawn_from_scorable_samples(changed: Callable[..., Protocol]) -> None:
    # 36 corn and 36 other can be scored, 360 soybeans and cotton cannot: all the cap is used.
    usa = make_samples("USA", crops=("corn", "soybeans", "cotton", "other"), per_class=180)
    keep = np.concatenate([np.arange(36), np.arange(180, 576)])
    target = prepare_target(usa.take(keep), [0, 6], changed(max_target_samples=50))
    assert np.bincount(usa.take(keep).labels[target.rows]).tolist() == [25, 0, 0, 0, 0, 0, 25]
    assert (target.scorable, target.unscored) == (72, 360)


def test_under_a_cap_each_seed_draws_its_own_source_samples_and_no_other_part(
    changed: Callable[..., Protocol],
) -> None:
    many = make_samples("FRA", per_class=200)
    splits = [prepare_source(many, changed(), seed=seed) for seed in (1, 2, 1)]
    drawn = [set(split.training) | set(split.validation) for split in splits]
    assert [len(rows) for rows in drawn] == [200, 200, 200]
    assert drawn[0] == drawn[2]
    # Two draws of 200 from 640 have 62 in common on average, with a standard deviation of 5.5.
    assert 40 < len(drawn[0] & drawn[1]) < 85
    np.testing.assert_array_equal(splits[0].held_out, splits[1].held_out)
    assert not drawn[1] & set(splits[0].held_out), "what is held out for one is for all"


def test_without_a_cap_every_seed_learns_from_the_same_samples(
    changed: Callable[..., Protocol],
) -> None:
    protocol = changed(max_source_samples=None)
    one, two = (prepare_source(FRANCE, protocol, seed=seed) for seed in (1, 2))
    assert set(one.training) | set(one.validation) == set(two.training) | set(two.validation)


def test_label_policy_all_keeps_every_sample(changed: Callable[..., Protocol]) -> None:
    usa = make_samples("USA", crops=("corn", "soybeans"), per_class=20)
    target = prepare_target(usa, [0], changed(label_policy="all"))
    assert len(target.rows) == 40
    assert target.unscored == 0


def test_a_target_without_a_shared_crop_is_an_error(smoke: Protocol) -> None:
    with pytest.raises(DataError, match=r"Target CHN .* shares no crop .* nothing to score"):
        prepare_target(make_samples("CHN", crops=("rice",)), [0, 3], smoke)


def test_a_target_with_one_shared_crop_is_an_error(smoke: Protocol) -> None:
    china = make_samples("CHN", crops=("rice", "corn"))
    with pytest.raises(DataError, match=r"shares one crop \(rice\) .* always right"):
        prepare_target(china, [2, 3], smoke)


def test_ids_hash_ignores_the_order() -> None:
    assert ids_hash(np.array(["a", "b"])) == ids_hash(np.array(["b", "a"]))
    assert ids_hash(np.array(["a", "b"])) != ids_hash(np.array(["a", "c"]))


def test_target_samples_do_not_depend_on_the_seed_or_the_representation(smoke: Protocol) -> None:
    key = FRANCE.series[..., :5]
    one = prepare_target(FRANCE, [0, 2], smoke)
    two = prepare_target(FRANCE, [0, 2], smoke, key=key)
    np.testing.assert_array_equal(one.rows, two.rows)


def test_the_released_protocol_drops_repeats_by_representation(
    changed: Callable[..., Protocol],
) -> None:
    protocol = changed(deduplicate="representation", minimum_class_samples=1)
    key = np.zeros((len(FRANCE), 1), dtype=np.float32)
    assert len(prepare_target(FRANCE, [0, 2, 3, 6], protocol, key=key).rows) == 4


def test_blocks_that_hold_one_crop_each_fall_back_to_a_random_split(smoke: Protocol) -> None:
    samples = replace(FRANCE, block=FRANCE.labels.copy())
    assert prepare_source(samples, smoke, seed=1).kind == "random"


@pytest.mark.parametrize("held_out", [0.0, 0.3, 0.34, 0.45, 0.5])
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_few_blocks_are_kept_whole_as_far_as_they_go(
    changed: Callable[..., Protocol], held_out: float, blocks: int
) -> None:
    samples = replace(FRANCE, block=np.arange(len(FRANCE)) % blocks)
    protocol = changed(held_out_fraction=held_out)
    split = prepare_source(samples, protocol, seed=1)
    parts = [split.training, split.validation, *([split.held_out] if held_out else [])]
    assert sum(len(part) for part in parts) == len(set(np.concatenate(parts))) > 100
    assert all(set(samples.labels[part]) == set(split.classes) for part in parts)
    if split.kind == "block":
        assert samples.block is not None
        lie = [set(samples.block[part]) for part in parts]
        assert len(set.union(*lie)) == sum(len(part) for part in lie)
    else:
        assert blocks < 3 or held_out > 1 / 3


@pytest.mark.parametrize("per_class", [2, 3, 5])
def test_a_source_too_small_to_divide_says_so(
    changed: Callable[..., Protocol], per_class: int
) -> None:
    samples = make_samples("FRA", per_class=per_class, blocks=False)
    protocol = changed(minimum_class_samples=2, held_out_fraction=0.1)
    with pytest.raises(DataError, match=r"Source FRA has \d+ samples of 4 crops left: too few"):
        prepare_source(samples, protocol, seed=1)
