"""Intervals over sources that are scored on the same blocks of a target, but on other samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sample_rows import make_row

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import JobIdentity
from benchmark.results.store import Prediction, RunStore
from benchmark.task.metrics import METRIC_VERSION, score
from benchmark.task.samples.preparation import ids_hash
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.reference.agreement import agree
from leaderboard.reference.packing import pack_reference
from leaderboard.reference.reference_file import read_reference
from leaderboard.results import References, Results, read_results
from leaderboard.statistics.bootstrap import Part, resample, resample_part
from leaderboard.statistics.intervals import Draws

BLOCKS, EACH = 40, 5


@dataclass(frozen=True)
class Scored:
    """What one source is scored on in China: all blocks but some, and all but one sample each."""

    source: str
    without: int
    blocks: tuple[int, ...] = tuple(range(BLOCKS))


FRANCE, USA = Scored("FRA", 0), Scored("USA", EACH - 1)


def write(
    root: Path, *parts: Scored, method: str = "m", blocks: bool = True, protocol: str = "mine"
) -> Path:
    """Write rows of a method that is right in every second block, whatever it has learned from."""
    store = RunStore(root)
    for part in parts:
        number = np.arange(BLOCKS * EACH)
        chosen = np.isin(number // EACH, part.blocks) & (number % EACH != part.without)
        number = number[chosen]
        labels, block = number % 2, number // EACH
        probabilities = np.eye(len(CROPS), dtype=np.float32)[(labels + block % 2) % 2]
        scores, confusion = score(probabilities, labels)
        ids = np.array([f"CHN-{n}" for n in number])
        for seed in (1, 2, 3):
            row = make_row(
                method=method,
                source=part.source,
                seed=seed,
                protocol=protocol,
                confusion=tuple(tuple(int(n) for n in line) for line in confusion),
            )
            data = row.data.model_copy(update={"ids_hash": ids_hash(ids)})
            identity = JobIdentity(
                method=method,
                code_fingerprint="c",
                representation="median",
                source=part.source,
                seed=seed,
                protocol_hash=row.protocol_hash,
                dataset_fingerprint=data.fingerprint,
                metric_version=METRIC_VERSION,
                bands=("B2",),
            )
            named = block * 7 + 100 if blocks else None
            prediction = Prediction("CHN", ids, probabilities, CROPS, labels, named)
            store.write(
                identity, [row.model_copy(update={"scores": scores, "data": data})], [prediction]
            )
    return root


def drawn(results: Results, transfer: str, method: str = "m") -> Draws:
    found = group_of(results).draws(method, transfer, "overall_accuracy")
    assert found is not None
    return found


def group_of(results: Results) -> ComparisonGroup:
    (group,) = comparison_groups(results)
    return group


@pytest.mark.parametrize("blocks", [True, False], ids=["blocks", "samples"])
@pytest.mark.parametrize(
    "other", [USA, Scored("USA", EACH - 1, tuple(range(4, BLOCKS)))], ids=["all", "fewer blocks"]
)
def test_units_of_one_target_are_drawn_together_for_all_sources(
    tmp_path: Path, other: Scored, blocks: bool
) -> None:
    results = read_results([write(tmp_path / "run", FRANCE, other, blocks=blocks)], draws=400)
    one, two = drawn(results, "FRA:CHN"), drawn(results, "USA:CHN")
    together = np.corrcoef(one.values, two.values)[0, 1]
    # Of five samples of a block the two sources share three.
    assert together > (0.9 if blocks else 0.5)
    mean = group_of(results).mean_draws("m", "overall_accuracy")
    assert mean is not None
    # Resampled alone, the mean of two would spread by 0.71 of one.
    spread = mean.values.std() / np.mean([one.values.std(), two.values.std()])
    assert spread > (0.95 if blocks else 0.85)
    # The blocks are there once, so that they count once among the degrees of freedom.
    assert len(mean.units) == 1
    assert sum(mean.units.values()) <= (BLOCKS if blocks else BLOCKS * (EACH - 1))


def test_reference_results_of_a_set_are_drawn_as_the_runs_are(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine", FRANCE, USA)
    others = write(tmp_path / "others", FRANCE, USA, method="other")
    pack_reference([others], tmp_path / "packed")
    twice = read_results([mine, others], draws=50)
    beside = read_results(
        [mine], references=lambda rows: agree(rows, tmp_path / "packed").references, draws=50
    )
    for name in ("m", "other"):
        one, two = (drawn(results, "USA:CHN", name) for results in (twice, beside))
        assert np.array_equal(one.values, two.values)
        assert np.array_equal(one.values, drawn(twice, "USA:CHN").values)


def test_reference_results_alone_are_drawn_together(tmp_path: Path) -> None:
    """Otherwise the intervals of the shipped tables would be too narrow."""
    run = write(tmp_path / "run", FRANCE, USA)
    (path,) = pack_reference([run], tmp_path / "packed").files
    from_run = drawn(read_results([run], draws=50), "USA:CHN")

    def alone() -> Draws:
        references = References(read_reference(path).rows)
        return drawn(read_results([], references=lambda _: references, draws=50), "USA:CHN")

    assert np.array_equal(alone().values, from_run.values)
    without_blocks(path)
    assert not np.array_equal(alone().values, from_run.values)
    # Rows of one more run name the blocks of all rows of the same samples.
    pack_reference([write(tmp_path / "other", FRANCE, USA, method="other")], path.parent)
    assert np.array_equal(alone().values, from_run.values)


def without_blocks(path: Path) -> None:
    """Make a file one of those that were made before files named their blocks."""
    with np.load(path) as archive:
        members = {name: archive[name] for name in archive.files if name != "blocks"}
    with path.open("wb") as handle:
        np.savez_compressed(handle, **members)


@pytest.mark.parametrize("other", [(), ("yours",)])
def test_what_is_not_compared_does_not_change_an_interval(
    tmp_path: Path, other: Sequence[str]
) -> None:
    alone = read_results([write(tmp_path / "run", FRANCE)], draws=50)
    more = [write(tmp_path / name, USA, protocol=name) for name in other]
    both = read_results([tmp_path / "run", *more], draws=50)
    (cell,) = alone.draws
    metrics = both.draws[cell]["macro_f1"], alone.draws[cell]["macro_f1"]
    assert np.array_equal(metrics[0].values, metrics[1].values)


def test_another_protocol_with_more_blocks_of_a_target_changes_no_interval(tmp_path: Path) -> None:
    """The shipped tables of one protocol would differ from those of a run of it alone."""
    few = tuple(range(4, BLOCKS))
    mine = write(tmp_path / "mine", Scored("FRA", 0, few), Scored("USA", EACH - 1, few))
    other = write(tmp_path / "other", Scored("FRA", 1), Scored("USA", 2), protocol="other")
    alone, both = read_results([mine], draws=50), read_results([mine, other], draws=50)
    assert len(both.draws) == 2 * len(alone.draws) == 4
    for cell, metrics in alone.draws.items():
        assert np.array_equal(metrics["macro_f1"].values, both.draws[cell]["macro_f1"].values)


def test_a_part_is_resampled_as_if_it_were_alone() -> None:
    part = Part(np.arange(5, 25), 30)
    weights = np.concatenate(list(resample_part(part, 4_000, np.random.default_rng(0))))
    alone = np.concatenate(list(resample(20, 4_000, np.random.default_rng(1))))
    assert weights.shape == alone.shape
    assert (weights.sum(axis=1) == 19).all()
    # Variance of the count of a unit: 19 draws of probability 1 / 20.
    assert weights.var() == pytest.approx(19 / 20 * 19 / 20, rel=0.02)
    assert np.allclose(weights.mean(axis=0), 19 / 20, atol=0.06)


def test_the_only_unit_of_a_part_is_in_every_resample() -> None:
    weights = np.concatenate(
        list(resample_part(Part(np.array([7]), 50), 200, np.random.default_rng(0)))
    )
    assert (weights == 1).all()
