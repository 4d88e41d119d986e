"""Made-up jobs, stored or only asked for."""

from collections.abc import Sequence

from sample_rows import make_row

from benchmark.results.rows import JobIdentity
from benchmark.results.run_plans import RunPlan, make_plan
from benchmark.task.metrics import METRIC_VERSION


def make_identity(**changes: object) -> JobIdentity:
    """Make an identity that agrees with `make_row`."""
    values = {
        "method": "test.nearest",
        "code_fingerprint": "c",
        "representation": "median",
        "source": "FRA",
        "seed": 1,
        "protocol_hash": "hash of smoke",
        "dataset_fingerprint": "d" * 64,
        "metric_version": METRIC_VERSION,
        "bands": ("B2",),
    }
    return JobIdentity.model_validate(values | changes)


def make_asked(*identities: JobIdentity, targets: Sequence[str] = ("CHN",)) -> RunPlan:
    """Make the plan of a command that asks for some jobs."""
    return make_plan(
        [(identity, targets) for identity in identities],
        dataset="tiny",
        data_path="/data",
        protocol={"name": "smoke"},
    )


__all__ = ["make_asked", "make_identity", "make_row"]
