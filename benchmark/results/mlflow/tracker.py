"""MLflow as a view: experiments and runs built from the store, brought up to date at any time."""

import json
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError, TrackingError
from benchmark.files import replace_text
from benchmark.results.fitted_networks import PROTOCOL_FILE
from benchmark.results.mlflow.logged_models import delete_run, log_network
from benchmark.results.mlflow.tracking_state import TrackingState, job_state, read_tracking_state
from benchmark.results.rows import Row
from benchmark.results.run_plans import RunPlan, read_plans
from benchmark.results.store import HISTORY_FILE, MANIFEST_FILE, ROWS_FILE, RunStore, StoredJob

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

DATABASE: Final = "mlflow.db"
ARTIFACTS: Final = "mlartifacts"
PREFIX: Final = "cropglobe"
PAGE: Final = 1000
METRICS_AT_ONCE: Final = 900
"""Metrics in one request; a server takes 1,000."""

UNSPEAKABLE: Final = re.compile(r"[^\w -]")
"""What the name of a metric cannot hold, or holds as a path."""

SETTINGS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Settings of MLflow, unless the user has others: a server that is down is not waited for, and
nothing is written between the lines of a run."""


@dataclass(frozen=True)
class SyncReport:
    """What a sync did.

    Attributes:
        written: Jobs written to the server.
        kept: Jobs that were there already.
    """

    written: int
    kept: int


def default_uri(store: RunStore) -> str:
    """Return the address of the database inside a run directory."""
    return f"sqlite:///{(store.root / DATABASE).resolve()}"


def shown(uri: str) -> str:
    """Return an address without the password that it may hold."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Tracker:
    """Brings one tracking server up to date with one run directory.

    Args:
        store: The store.
        uri: Address of the server, or of a database.
    """

    def __init__(self, store: RunStore, uri: str) -> None:
        self.store = store
        self.uri = uri
        self._client: MlflowClient | None = None
        self._experiments: dict[str, str] = {}
        self._runs: dict[str, dict[str, tuple[str, str]]] = {}
        self._seen: dict[str, int] = {}

    def sync(self) -> SyncReport:
        """Write what the server lacks. Twice leaves the same runs.

        A job's run is complete once it has the job's checksum as a tag; one without, or with
        another, is removed and written anew, as is one whose job is no longer stored.

        Returns:
            What was done.

        Raises:
            TrackingError: If the server cannot be reached or refuses; what is written stays.
            StoreError: If there is no run here.
        """
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's, of the libraries that it uses
            return self._sync_or_say()

    def _sync_or_say(self) -> SyncReport:
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException
        from sqlalchemy.exc import SQLAlchemyError

        state = job_state(self.store)
        try:
            report = self._sync(read_tracking_state(self.store).store)
        except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
            reason = str(error).replace(self.uri, shown(self.uri)).splitlines()[0][:200]
            raise TrackingError(
                f"The tracking server {shown(self.uri)} is not up to date ({reason}); rows are "
                f"kept, and `cropglobe sync {self.store.root} --tracking-uri ...` mends it."
            ) from error
        _remember(self.store, read_tracking_state(self.store).with_synced(self.uri, state))
        return report

    def _sync(self, store_id: str) -> SyncReport:
        from mlflow.tracking import MlflowClient

        if self._client is None:
            self._client = MlflowClient(tracking_uri=self.uri)
        plans, _ = read_plans(self.store.root)
        first: dict[str, RunPlan] = {}
        for plan in sorted(plans, key=lambda plan: plan.created):
            for asked in plan.jobs:
                first.setdefault(asked.identity.slot.key, plan)
        written = kept = 0
        for job in self._fresh():
            runs = self._known(self._experiment(job.rows[0]), store_id)
            before = runs.get(job.identity.key)
            if before is not None and before[1] == job.checksum:
                kept += 1
            else:
                if before is not None:
                    delete_run(self._client, before[0])
                plan_asked = first.get(job.identity.slot.key)
                self._write(job, plan_asked, store_id, runs)
                written += 1
            self._seen[job.identity.key] = job.written
        self._forget()
        return SyncReport(written, kept)

    def _fresh(self) -> Iterator[StoredJob]:
        """Yield the jobs that have come since the last look; damaged ones are left out."""
        keys = self.store.keys()
        for key in keys:
            try:
                written = (self.store.jobs / key / MANIFEST_FILE).stat().st_mtime_ns
                job = None if self._seen.get(key) == written else self.store.read(key)
            except (StoreError, FileNotFoundError):
                continue  # `cropglobe status` names it
            if job is not None and job.rows:
                yield job

    def _forget(self) -> None:
        """Remove the runs of jobs that have been replaced by others."""
        assert self._client is not None
        stored = set(self.store.keys())
        for runs in self._runs.values():
            for key in [key for key in runs if not key.startswith("plan ") and key not in stored]:
                delete_run(self._client, runs.pop(key)[0])

    def _experiment(self, row: Row) -> str:
        assert self._client is not None
        name = (
            f"{row.data.name} {row.data.fingerprint[:12]}, {row.protocol} {row.protocol_hash[:12]}"
        )
        if name not in self._experiments:
            found = self._client.get_experiment_by_name(name)
            self._experiments[name] = (
                found.experiment_id
                if found is not None
                else self._client.create_experiment(name, self._artifacts())
            )
        return self._experiments[name]

    def _artifacts(self) -> str | None:
        """Where artifacts of a database in the run directory go; a server decides for itself."""
        if self.uri == default_uri(self.store):
            return (self.store.root / ARTIFACTS).resolve().as_uri()
        return None

    def _known(self, experiment: str, store_id: str) -> dict[str, tuple[str, str]]:
        """Return id and checksum of each run of this store, by job or plan."""
        assert self._client is not None
        if experiment not in self._runs:
            runs: dict[str, tuple[str, str]] = {}
            token = None
            while True:
                page = self._client.search_runs(
                    [experiment], f"tags.`{PREFIX}.store` = '{store_id}'", 1, PAGE, page_token=token
                )
                for run in page:
                    tags = run.data.tags
                    if f"{PREFIX}.job" in tags:
                        entry = (run.info.run_id, tags.get(f"{PREFIX}.checksum", ""))
                        runs[tags[f"{PREFIX}.job"]] = entry
                    else:
                        runs[f"plan {tags.get(f'{PREFIX}.plan')}"] = (run.info.run_id, "")
                token = page.token
                if not token:
                    break
            self._runs[experiment] = runs
        return self._runs[experiment]

    def _parent(self, plan: RunPlan, experiment: str, store_id: str) -> str:
        assert self._client is not None
        runs = self._known(experiment, store_id)
        slot = f"plan {plan.name}"
        if slot not in runs:
            tags = {f"{PREFIX}.plan": plan.name, f"{PREFIX}.store": store_id}
            began = _milliseconds(plan.created)
            run = self._client.create_run(experiment, began, tags, run_name=plan.name)
            runs[slot] = (run.info.run_id, "")
            self._client.log_param(run.info.run_id, "command", " ".join(plan.command)[:500])
            self._client.log_param(run.info.run_id, "jobs", len(plan.jobs))
            self._client.log_dict(run.info.run_id, plan.protocol, "protocol.json")
            self._client.set_terminated(run.info.run_id, "FINISHED", began)
        return runs[slot][0]

    def _write(
        self,
        job: StoredJob,
        plan: RunPlan | None,
        store_id: str,
        runs: dict[str, tuple[str, str]],
    ) -> None:
        from mlflow.entities import Param

        assert self._client is not None
        row = job.rows[0]
        experiment = self._experiment(row)
        tags = _tags(job) | {f"{PREFIX}.store": store_id, f"{PREFIX}.job": job.identity.key}
        if plan is not None:
            tags["mlflow.parentRunId"] = self._parent(plan, experiment, store_id)
        when = _milliseconds(row.provenance.created)
        name = f"{row.method} from {row.source}, seed {row.seed}"
        run_id = self._client.create_run(experiment, when, tags, run_name=name).info.run_id
        runs[job.identity.key] = (run_id, "")
        params = [Param(key, str(value)[:500]) for key, value in _params(job).items()]
        metrics = list(_metrics(job, when))
        self._client.log_batch(run_id, params=params)
        for start in range(0, len(metrics), METRICS_AT_ONCE):
            self._client.log_batch(run_id, metrics[start : start + METRICS_AT_ONCE])
        self._client.log_artifact(run_id, str(job.folder / ROWS_FILE))
        matrices = {row.target: row.confusion for row in job.rows if row.confusion is not None}
        if matrices:
            content = {"crops": list(CROPS), "by_target": matrices}
            self._client.log_dict(run_id, content, "confusion.json")
        log_network(self._client, experiment, run_id, job)
        ended = "FINISHED" if all(row.status == "ok" for row in job.rows) else "FAILED"
        self._client.set_terminated(run_id, ended, when)
        self._client.set_tag(run_id, f"{PREFIX}.checksum", job.checksum)
        runs[job.identity.key] = (run_id, job.checksum)


def _tags(job: StoredJob) -> dict[str, str]:
    row = job.rows[0]
    reasons = [r.reason for r in job.rows if r.reason is not None]
    found = {
        "method": row.method,
        "family": row.family,
        "track": row.track,
        "source": row.source,
        "seed": row.seed,
        "dataset_fingerprint": row.data.fingerprint,
        "protocol_hash": row.protocol_hash,
        "code_fingerprint": row.provenance.code_fingerprint,
        "commit": row.provenance.commit,
        "dirty": row.provenance.dirty,
        "status": next((r.status for r in job.rows if r.status != "ok"), "ok"),
        "reason": reasons[0][:1000] if reasons else None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _params(job: StoredJob) -> dict[str, object]:
    """Return what the job was, and the protocol in full as ``protocol.network.epochs``."""
    row, path = job.rows[0], job.folder / PROTOCOL_FILE
    protocol: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    return dict(_flat("protocol", protocol)) | {
        "method": row.method,
        "method_version": row.method_version,
        "representation": row.representation,
        "source": row.source,
        "seed": row.seed,
        "protocol": row.protocol,
        "bands": " ".join(row.data.bands),
        "n_train": row.data.n_train,
        "n_validation": row.data.n_validation,
    }


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for part, inner in value.items():
            yield from _flat(f"{name}.{part}", inner)
    else:
        yield name, value


def _metrics(job: StoredJob, when: int) -> "Iterator[Metric]":
    """Yield scores and costs as ``macro_f1/CHN``, and each epoch's numbers as ``epoch/loss``."""
    from mlflow.entities import Metric

    for row in job.rows:
        for part in (row.scores, row.cost):
            for name, value in ({} if part is None else part.model_dump()).items():
                if isinstance(value, int | float):
                    yield Metric(f"{name}/{row.target}", float(value), when, 0)
    path = job.folder / HISTORY_FILE
    history: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.is_file() else []
    for step, numbers in enumerate(history, start=1):
        for name, value in numbers.items():
            if isinstance(value, int | float):
                yield Metric(f"epoch/{UNSPEAKABLE.sub('_', name)}", float(value), when, step)


def _milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def _remember(store: RunStore, tracked: TrackingState) -> None:
    try:
        replace_text(store.root / tracked.FILE, tracked.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise StoreError(f"Cannot write to {store.root}: {error.strerror or error}.") from error
