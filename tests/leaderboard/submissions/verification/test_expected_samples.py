"""The verifier chooses the samples that a run has chosen, for each seed and set of bands."""

from pathlib import Path

import pytest
from forged import SEEDS
from tiny import make_samples, write_tiny

from benchmark.run.jobs import plan
from benchmark.run.row_assembly import make_row
from benchmark.run.runner import Runner
from benchmark.task.methods import registry
from benchmark.task.protocol import load_protocol
from benchmark.task.transfers import parse_transfer
from leaderboard.submissions.verification.expected_samples import Expectation

TRANSFERS = ("FRA:CHN", "FRA:USA", "FRA:KEN")


@pytest.mark.parametrize("protocol", ["smoke", "paper-released"])
def test_the_verifier_expects_what_the_runner_has_chosen(tmp_path: Path, protocol: str) -> None:
    dataset = write_tiny(
        tmp_path / "data",
        make_samples("FRA", per_class=70),
        make_samples("CHN", crops=("corn", "rice", "cotton")),
        make_samples("USA", crops=("corn", "soybeans", "other")),
        make_samples("KEN", bands=6),
    )
    capped = load_protocol(protocol).model_copy(
        update={"seeds": SEEDS, "max_source_samples": 97, "max_target_samples": 30}
    )
    runner, expectation = Runner(dataset, capped), Expectation(dataset, capped)
    methods = registry().select(["median.random-forest"])
    drawn = set()
    for job in plan(dataset, capped, methods, [parse_transfer(pair) for pair in TRANSFERS]):
        split, targets = runner.prepare(job)
        drawn.add((job.identity.bands, tuple(split.training)))
        for name, chosen in targets.items():
            row = make_row(job, dataset, capped, split, name, chosen)
            expected = expectation.of(row)
            assert (row.data.ids_hash, row.data.n_test) == (expected.ids_hash, len(expected.ids))
            assert (row.data.n_train, row.data.n_validation, row.data.split) == (
                expected.training,
                expected.validation,
                expected.split,
            )
            assert (row.data.n_scorable, row.data.n_unscored) == (
                expected.scorable,
                expected.unscored,
            )
    assert len(drawn) == 4, "two seeds, two sets of bands"
