"""Runs of misbehaving methods from France to China, wherever their jobs are run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from misbehaving import find_method

from benchmark.data.dataset import Dataset
from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from benchmark.run.executors.worker_process import Setup
from benchmark.run.jobs import Job, plan
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import select_transfers


def setup_for(dataset: Dataset, protocol: Protocol, run: Path, **changes: Any) -> Setup:
    values: dict[str, Any] = {
        "data": dataset.root,
        "fingerprint": dataset.fingerprint,
        "protocol": protocol.model_dump_json(),
        "run": run,
        "cache": None,
        "threads": 1,
        "keep_networks": False,
        "find_method": "misbehaving:find_method",
    }
    return Setup(**(values | changes))


def jobs_of(dataset: Dataset, protocol: Protocol, names: Sequence[str]) -> tuple[Job, ...]:
    pairs = select_transfers(["FRA:CHN"], dataset.domains)
    return plan(dataset, protocol, [find_method(name) for name in names], pairs)


def rows_of(run: Path) -> list[Row]:
    jobs, damaged = RunStore(run).read_all()
    assert damaged == ()
    return [row for job in jobs for row in job.rows]
