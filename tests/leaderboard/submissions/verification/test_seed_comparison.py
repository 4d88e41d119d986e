"""Copies of a seed are found, and methods whose seeds differ as they do are left in peace."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from forged import SEEDS, make_run

from benchmark.data.dataset import Dataset
from benchmark.task.protocol import Protocol
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_models import Submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification.harness_process import TrainedRun
from leaderboard.submissions.verification.seed_comparison import compare_seeds, copies
from leaderboard.submissions.verification.verification import verify

CHEAP = (
    "floor.majority",
    "floor.prior",
    "median.random-forest",
    "median.random-forest.aug",
    "median.xgboost",
    "median.xgboost.aug",
    "median.mlp",
    "harmonic.random-forest",
)

Array = npt.NDArray[np.float32]


def drawn(seed: int, sharpness: float = 2.0, samples: int = 400) -> Array:
    """Return made-up probabilities [samples, 4]."""
    random = np.random.default_rng(seed)
    raw = np.exp(sharpness * random.normal(size=(samples, 4)))
    shares: Array = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def near(array: Array, seed: int, share: float) -> Array:
    """Mix probabilities with others."""
    return ((1 - share) * array + share * drawn(seed)).astype(np.float32)


WRAPPED = """from dataclasses import replace

from benchmark.task.methods import registry

original = registry().get("{method}")


def build(context):
    return original.build(context)


def methods():
    return (replace(original, name="my-method", build=build),)
"""
"""A shipped method under another name, since a submission may not have that of a shipped one."""


@pytest.mark.parametrize("method", CHEAP)
def test_shipped_methods_with_two_seeds_are_accepted(
    method: str, tiny: Dataset, changed: Callable[..., Protocol], tmp_path: Path
) -> None:
    two = changed(name="two-seeds", seeds=SEEDS)
    run = make_run(tmp_path, tiny, two, WRAPPED.format(method=method))
    file = tmp_path / "my_method.py"
    source = Source(file, url="https://example.org/a", commit="0" * 40)
    pack(run, "my-method", tmp_path / "x.zip", authors=["Ada"], source=source)
    verdict = verify(read_submission(tmp_path / "x.zip"), tiny)
    assert verdict.accepted, [problem for each in verdict.findings for problem in each.problems]


def test_a_copy_is_found_whatever_hides_it_a_little() -> None:
    one, other = drawn(1), drawn(2)
    assert list(copies({1: one, 2: other})) == []
    assert list(copies({1: one, 2: one.copy()})) == [(1, 2)]
    assert list(copies({1: one, 2: other, 3: near(one, 3, 1e-4)})) == [(1, 3)]
    mixed = np.where(np.arange(len(one))[:, None] % 20 == 0, other, one)
    assert list(copies({1: one, 2: mixed})) == [(1, 2)]


def test_seeds_that_are_certain_of_easy_samples_are_no_copies() -> None:
    certain = np.eye(4, dtype=np.float32)[np.arange(400) % 4]
    one, other = drawn(1), drawn(2)
    one[50:], other[50:] = certain[50:], near(certain, 3, 1e-5)[50:]
    assert list(copies({1: one, 2: other})) == []
    few, others = one[45:], other[45:]
    assert list(copies({1: few, 2: others})) == []


class Case:
    """A submission of one transfer and three seeds, and what training again gave."""

    def __init__(self, honest: Path, stated: dict[int, Array], again: dict[int, Array]) -> None:
        submission = read_submission(honest)
        ids = tuple(f"CHN-{number}" for number in range(400))
        self.submission: Submission = replace(
            submission,
            manifest=submission.manifest.model_copy(update={"seeds": tuple(stated)}),
            samples={("FRA", "CHN"): ids},
            predictions={("FRA", "CHN", seed): array for seed, array in stated.items()},
        )
        answers = {
            ("FRA:CHN", seed): dict(zip(ids, array, strict=True)) for seed, array in again.items()
        }
        self.again = TrainedRun({}, answers)

    def problems(self) -> list[str]:
        return list(compare_seeds(self.submission, self.again))


def test_other_hardware_convicts_nobody(honest: Path) -> None:
    """Neither where every seed comes out otherwise, nor where a tie falls otherwise in one."""
    again = {seed: drawn(seed) for seed in (1, 2, 3)}
    elsewhere = {seed: drawn(10 + seed) for seed in again}
    assert Case(honest, elsewhere, again).problems() == []
    rounded = again | {3: near(again[3], 7, 0.15)}
    assert Case(honest, rounded, again).problems() == []


def test_a_seed_that_is_not_itself_is_found_where_others_are(honest: Path) -> None:
    again = {seed: drawn(seed) for seed in (1, 2, 3)}
    for lie in (drawn(9), near(again[1], 4, 0.15)):
        found = " ".join(Case(honest, again | {3: lie}, again).problems())
        assert "FRA:CHN, seed 3: training again gave other predictions here" in found
        assert "those of seed 1, 2" in found


def test_a_copy_is_found_on_other_hardware_too(honest: Path) -> None:
    again = {seed: drawn(seed) for seed in (1, 2, 3)}
    elsewhere = {1: drawn(11), 2: drawn(12), 3: near(drawn(11), 4, 0.05)}
    (found,) = Case(honest, elsewhere, again).problems()
    assert "seeds 1 and 3 are" in found
    assert "times nearer to each other than training again makes them" in found


def test_seeds_that_are_one_by_nature_are_left_in_peace(honest: Path) -> None:
    """A deterministic method: stated alike, trained alike, on hardware that rounds otherwise."""
    again = dict.fromkeys((1, 2, 3), drawn(1))
    assert Case(honest, dict.fromkeys(again, near(drawn(1), 5, 1e-3)), again).problems() == []
    assert Case(honest, dict.fromkeys(again, drawn(9)), again).problems() == []
