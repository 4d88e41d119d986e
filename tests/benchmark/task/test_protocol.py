"""Protocols: shipped ones, validation, and what the hash depends on."""

import hashlib
import json
from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.task.protocol import (
    LATER_KEYS,
    PATTERNS,
    Protocol,
    load_protocol,
    parse_protocol,
    shipped_protocols,
    validate_protocol,
)

SMOKE = load_protocol("smoke").model_dump()


def test_five_protocols_are_shipped() -> None:
    assert shipped_protocols() == ("paper", "paper-released", "quick", "smoke", "standard")
    for name in shipped_protocols():
        assert load_protocol(name).name == name


def test_paper_has_the_published_budget() -> None:
    # paper_facts.md, Training [C]: Adam 1e-4, batch 256, 50 epochs, 20 % validation, seeds 82..91,
    # 500 trees.
    for name in ("paper", "paper-released"):
        protocol = load_protocol(name)
        assert protocol.network.epochs == 50
        assert protocol.network.batch_size == 256
        assert protocol.network.learning_rate == 1e-4
        assert protocol.validation_fraction == 0.2
        assert protocol.seeds == tuple(range(82, 92))
        assert protocol.trees.forest == 500


def test_standard_is_what_its_tables_were_made_with() -> None:
    standard = load_protocol("standard")
    assert (standard.max_source_samples, standard.max_target_samples) == (4000, 2000)
    network = standard.network
    assert (network.epochs, network.batch_size, network.learning_rate) == (12, 32, 1e-3)
    assert network.schedule == "one-cycle"
    assert standard.seeds == (82, 83, 84)


def test_only_the_released_protocol_repeats_defects() -> None:
    for name in shipped_protocols():
        defects = load_protocol(name).released_defects.model_dump().values()
        assert all(defects) if name == "paper-released" else not any(defects)


def test_the_released_protocol_ignores_places_and_keeps_nothing_apart() -> None:
    # paper_facts.md, defect 6, and Training [C]: a random split, and no held-out part.
    released = load_protocol("paper-released")
    assert (released.split, released.held_out_fraction) == ("random", 0)


@pytest.mark.parametrize("name", ["smoke", "quick", "standard", "paper"])
def test_keys_that_came_later_leave_the_hashes_of_the_corrected_protocols(name: str) -> None:
    # As the hash was before there were such keys: that of all others, in their order.
    content = load_protocol(name).model_dump(mode="json")
    for key in ("description", "device", "seeds", "job_time_limit_s"):
        del content[key]
    for key in LATER_KEYS:
        part, _, inner = key.partition(".")
        del (content[part] if inner else content)[inner or part]
    text = json.dumps(content, separators=(",", ":"))
    assert load_protocol(name).hash == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_a_later_key_counts_once_it_is_set() -> None:
    base = validate_protocol(SMOKE, where="test")
    for key in LATER_KEYS:
        part, _, inner = key.partition(".")
        if part != "released_defects":
            continue
        defects = SMOKE["released_defects"]
        assert validate_protocol(SMOKE | {part: defects | {inner: False}}, where="x").hash == (
            base.hash
        )
        assert validate_protocol(SMOKE | {part: defects | {inner: True}}, where="x").hash != (
            base.hash
        )


def test_hash_changes_with_the_budget_but_not_with_seeds_device_or_description() -> None:
    base = validate_protocol(SMOKE, where="test")
    for same in ({"seeds": (1,)}, {"device": "cpu"}, {"description": "x"}):
        assert validate_protocol(SMOKE | same, where="test").hash == base.hash
    for other in ({"validation_fraction": 0.3}, {"label_policy": "all"}, {"name": "x"}):
        assert validate_protocol(SMOKE | other, where="test").hash != base.hash


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"validation_fracton": 0.2}, "unknown key 'validation_fracton': did you mean"),
        ({"network": SMOKE["network"] | {"epoch": 3}}, "'network.epoch': did you mean 'epochs'"),
        ({"label_policy": "closed"}, "label_policy"),
        ({"seeds": ()}, "seeds"),
        ({"seeds": (1, 1)}, "repeated"),
        (
            {"device": "gpu"},
            "^mine.yaml: 'device' cannot be 'gpu': give 'auto', 'cpu', ",
        ),
        ({"name": "My own"}, "'name' cannot be 'My own': give lower-case letters, digits and hy"),
        ({"held_out_fraction": 0.5, "validation_fraction": 0.5}, "too little to train on"),
    ],
)
def test_a_value_that_does_not_fit_is_named(change: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        validate_protocol(SMOKE | change, where="mine.yaml")


def test_bands_are_part_of_the_hash_once_they_are_fixed_and_their_order_is_not() -> None:
    base = validate_protocol(SMOKE, where="test")
    assert SMOKE["bands"] is None
    assert validate_protocol(SMOKE | {"bands": None}, where="test").hash == base.hash
    one, two = (
        validate_protocol(SMOKE | {"bands": bands}, where="test")
        for bands in (("B8", "B4"), ("B4", "B8", "B4"))
    )
    assert one.bands == two.bands == ("B4", "B8")
    assert one.hash == two.hash != base.hash
    with pytest.raises(UsageError, match="there is no band 'B9'"):
        validate_protocol(SMOKE | {"bands": ("B9",)}, where="test")


def test_every_value_of_a_form_says_what_may_be_given() -> None:
    formed = {
        key
        for key, field in Protocol.model_fields.items()
        if any(getattr(rule, "pattern", None) for rule in field.metadata)
    }
    assert formed == PATTERNS.keys()


def test_a_missing_key_is_named() -> None:
    with pytest.raises(UsageError, match=r"mine.yaml: the key 'network' is missing"):
        validate_protocol({k: v for k, v in SMOKE.items() if k != "network"}, where="mine.yaml")


@pytest.mark.parametrize("text", ["- a\n- b", "key: [", "", "just words"])
def test_text_that_is_no_protocol(text: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.yaml"):
        parse_protocol(text, where="mine.yaml")


def test_unknown_name_suggests_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'quick'"):
        load_protocol("quik")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nseeds: [1]\nheld_out_fraction: 0\nvalidation_fraction: 0.2\n"
        "minimum_class_samples: 1\n"
        "network: {epochs: 1, batch_size: 8, learning_rate: 0.1}\n"
        "trees: {forest: 1, boosting_rounds: 1, early_stopping_rounds: 1}\n"
    )
    assert load_protocol(str(path)).name == "mine"
    with pytest.raises(UsageError, match="absent"):
        load_protocol(str(tmp_path / "absent.yaml"))


def test_the_time_limit_is_no_part_of_the_hash() -> None:
    limits = [SMOKE | {"job_time_limit_s": limit} for limit in (1, None)]
    assert {validate_protocol(values, where="test").hash for values in limits} == {
        load_protocol("smoke").hash
    }
