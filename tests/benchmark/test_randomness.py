"""One seed, many independent generators, the same everywhere."""

from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import did_you_mean
from benchmark.randomness import derive_seed, generator


def test_the_same_in_every_process() -> None:
    # SHA-256 of "7" 0x1f "split" 0x1f "FRA", first eight bytes little-endian, halved.
    assert derive_seed(7, "split", "FRA") == 6744717831933674179


@given(st.integers(0, 2**63 - 1), st.lists(st.text(max_size=5), max_size=3))
def test_a_seed_fits_in_63_bits(seed: int, names: list[str]) -> None:
    assert 0 <= derive_seed(seed, *names) < 2**63


def test_names_and_seeds_split() -> None:
    seeds = {
        derive_seed(1),
        derive_seed(2),
        derive_seed(1, "a"),
        derive_seed(1, "a", "b"),
        derive_seed(1, "ab"),
        derive_seed(1, "b", "a"),
    }
    assert len(seeds) == 6
    assert generator(1, "a").random() == generator(1, "a").random()
    assert generator(1, "a").random() != generator(1, "b").random()


def test_hints_name_what_is_near_or_all_there_is() -> None:
    assert did_you_mean("cropnt", ["cropnet", "vit"]) == "did you mean 'cropnet'?"
    assert did_you_mean("zzz", ["b", "a"]) == "known: a, b"
    assert did_you_mean("zzz", []) == "known: none"
