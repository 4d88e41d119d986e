"""Run plans: the jobs that each command asked for, written before the first job runs."""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.errors import StoreError
from benchmark.files import replace_text
from benchmark.results.rows import JobIdentity

PLANS: Final = "plans"


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedJob(_Stored):
    """A job that was asked for.

    Attributes:
        identity: What the job is.
        targets: Domains to score besides the source itself.
        shifts: Names of the shifts of which a copy of each target is scored.
    """

    identity: JobIdentity
    targets: tuple[str, ...]
    shifts: tuple[str, ...] = ()


class RunPlan(_Stored):
    """The jobs that one command asked for. The same command given again has the same plan.

    Attributes:
        plan_version: Version of this format.
        created: Time when the command was first given, UTC, ISO 8601.
        asked: Time when the command was last given, UTC, ISO 8601.
        order: Number of the plan in the order in which commands were last given, independent of the
            clock; 0 in plans of versions without this number.
        command: Command line as it was last given.
        dataset: Name of the dataset.
        data_path: Path of the dataset.
        protocol: The protocol with all keys, also those with default values.
        jobs: The jobs.
    """

    plan_version: int = 1
    created: str
    asked: str
    order: int = 0
    command: tuple[str, ...]
    dataset: str
    data_path: str
    protocol: dict[str, Any]
    jobs: tuple[PlannedJob, ...]

    @property
    def name(self) -> str:
        """Name of the plan's file: sixteen hex digits of a hash of the jobs."""
        asked = sorted(
            [job.identity.key, *sorted(job.targets), *sorted(job.shifts)] for job in self.jobs
        )
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def make_plan(
    jobs: Iterable[tuple[JobIdentity, Sequence[str]]],
    *,
    dataset: str,
    data_path: str,
    protocol: Mapping[str, Any],
    shifts: Sequence[str] = (),
) -> RunPlan:
    """Return the plan of the command of this process.

    Args:
        jobs: Identity and targets of each job.
        dataset: Name of the dataset.
        data_path: Path of the dataset.
        protocol: The protocol as plain values.
        shifts: Names of the shifts of which a copy of each target is scored.

    Returns:
        The plan.
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return RunPlan(
        created=now,
        asked=now,
        command=tuple(sys.argv),
        dataset=dataset,
        data_path=data_path,
        protocol=dict(protocol),
        jobs=tuple(
            PlannedJob(identity=identity, targets=tuple(targets), shifts=tuple(shifts))
            for identity, targets in jobs
        ),
    )


def write_plan(root: Path, plan: RunPlan) -> Path:
    """Write a plan into a run directory. A plan that exists keeps its time `created`.

    Args:
        root: Run directory.
        plan: The plan.

    Returns:
        Path of its file.

    Raises:
        StoreError: If it cannot be written.
    """
    path = root / PLANS / f"{plan.name}.json"
    others, _ = read_plans(root)
    plan = plan.model_copy(update={"order": max((each.order for each in others), default=0) + 1})
    try:
        if path.exists():
            try:
                plan = plan.model_copy(update={"created": _read_plan(path).created})
            except StoreError:
                # Damaged: it is written again below.
                path.unlink(missing_ok=True)
        content = plan.model_dump(mode="json")
        replace_text(path, json.dumps({"sha256": _checksum(content), "plan": content}, indent=1))
    except OSError as error:
        raise StoreError(f"Cannot write the plan {path}: {error.strerror or error}.") from error
    return path


def read_plans(root: Path) -> tuple[tuple[RunPlan, ...], tuple[str, ...]]:
    """Read every plan of a run directory.

    Args:
        root: Run directory.

    Returns:
        The plans in the order in which their commands were last given, and a sentence for each plan
        that cannot be read, or for their folder.
    """
    plans: list[RunPlan] = []
    damaged: list[str] = []
    folder = root / PLANS
    try:
        paths = sorted(path for path in folder.iterdir() if path.match("[!.]*.json"))
    except (FileNotFoundError, NotADirectoryError):
        return (), ()
    except OSError as error:
        why = error.strerror or error
        return (), (f"{folder} cannot be read ({why}): make it a folder that can be read.",)
    for path in paths:
        try:
            plans.append(_read_plan(path))
        except StoreError as error:
            damaged.append(str(error))
    return tuple(sorted(plans, key=lambda plan: (plan.order, plan.asked))), tuple(damaged)


def _read_plan(path: Path) -> RunPlan:
    try:
        content = json.loads(path.read_bytes())
        if content["sha256"] == _checksum(content["plan"]):
            return RunPlan.model_validate(content["plan"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise StoreError(f"{path} is damaged: run its command again.") from error
    raise StoreError(f"{path} is damaged: run its command again.")


def _checksum(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
