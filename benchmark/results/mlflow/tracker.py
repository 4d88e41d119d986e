"""Bring MLflow up to date: write experiments and runs from the store."""

import logging
import os
import sqlite3
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Final

from benchmark.errors import CropGlobeError, StoreError, TrackingError
from benchmark.files import as_utf8
from benchmark.results.mlflow.addresses import artifact_location, database_of, default_uri, shown
from benchmark.results.mlflow.job_content import job_name
from benchmark.results.mlflow.local_database import (
    advice_for,
    create_database,
    forget_connections,
    is_broken,
    move_paths,
    set_aside,
)
from benchmark.results.mlflow.run_writer import RunWriter
from benchmark.results.mlflow.tracking_state import (
    is_writer_lock,
    located_state,
    read_tracking_state,
    view_state,
    write_tracking_state,
)
from benchmark.results.rows import JobIdentity
from benchmark.results.run_plans import RunPlan, read_plans
from benchmark.results.store import MANIFEST_FILE, RunStore, StoredJob

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

logger = logging.getLogger(__name__)

_BySlot = dict[JobIdentity, StoredJob]

SETTINGS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Settings of MLflow, unless the user has set others: it does not wait long for a server that is
down, and prints nothing during a run."""

LONGEST_REASON: Final = 300


@dataclass(frozen=True)
class SyncReport:
    """Result of a sync.

    Attributes:
        written: Number of jobs written to the server.
        kept: Number of jobs that the server had already.
        left_out: A sentence for each stored job, and for each plan, that cannot be read.
    """

    written: int
    kept: int
    left_out: tuple[str, ...] = ()


@dataclass
class _Failures:
    """Jobs and commands that could not be written, by the reason."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, reason: str) -> None:
        self.found.setdefault(reason, []).append(what)

    def sentences(self) -> str:
        parts = []
        for reason, items in self.found.items():
            more = f" and {len(items) - 1} more" if len(items) > 1 else ""
            parts.append(f"{items[0]}{more}: {reason}")
        return "; ".join(parts)


class Tracker:
    """Writes one run directory to one tracking server.

    Args:
        store: The store.
        uri: Address of the server, or of a database.

    Attributes:
        set_aside: Folder into which a broken database was moved, if there was one.
    """

    def __init__(self, store: RunStore, uri: str) -> None:
        self.store = store
        self.uri = uri
        self.set_aside: Path | None = None
        self._database = database_of(uri)
        self._own = self._database == database_of(default_uri(store))
        self._jobs: dict[str, StoredJob] = {}
        self._reset()

    def _reset(self) -> None:
        self._client: MlflowClient | None = None
        self._writers: dict[str, RunWriter] = {}
        self._written: dict[str, str] = {}

    def sync(self, *, final: bool = True) -> SyncReport:
        """Write everything that the server lacks. A second sync changes nothing.

        The run of a job is complete if it has the job's checksum as a tag. A run without it, or
        with another checksum, is removed and written again. A run whose job is no longer stored is
        removed. If one job cannot be written, the others still are.

        Args:
            final: Whether the run has ended, so that the means of its commands are written too.

        Returns:
            The number of jobs written and kept, and what could not be read.

        Raises:
            TrackingError: If the server cannot be reached, or did not accept everything. Jobs that
                were written stay on the server.
            StoreError: If the directory has no run.
        """
        place = str(self.store.root.resolve())
        if as_utf8(place) != place:
            raise TrackingError(
                f"MLflow cannot show {as_utf8(place)}, whose name is not UTF-8: rows are kept; "
                "rename the directory and run `cropglobe sync` on it."
            )
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's, of the libraries that it uses
            return self._sync_or_say(final=final)

    def _sync_or_say(self, *, final: bool) -> SyncReport:
        errors, state = _errors(), view_state(self.store)
        try:
            try:
                report = self._sync(final=final)
            except errors as error:
                if self._database is None or not is_broken(error):
                    raise
                if not self._own:
                    raise advice_for(self._database) from error
                self._reset()
                self.set_aside = set_aside(self._database)
                report = self._sync(final=final)
        except errors as error:
            what = "server" if self._database is None else "database"
            where = "" if self._own else f" --tracking-uri {shown(self.uri)}"
            raise TrackingError(
                f"The tracking {what} {shown(self.uri)} is not up to date ({self._reason(error)}); "
                f"rows are kept, and `cropglobe sync {self.store.root}{where}` writes them when "
                f"the {what} can be written again."
            ) from error
        if final:
            known = read_tracking_state(self.store).with_synced(self.uri, state)
            write_tracking_state(self.store, known)
        return report

    def _reason(self, error: Exception) -> str:
        said = str(error).replace(self.uri, shown(self.uri)).splitlines() or [type(error).__name__]
        return shorten(said[0], LONGEST_REASON, placeholder=" ...")

    def _sync(self, *, final: bool) -> SyncReport:
        self._open()
        damaged_jobs = self._read_jobs()
        plans, damaged_plans = read_plans(self.store.root)
        plans = tuple(sorted(plans, key=lambda plan: plan.created))
        by_slot = {job.identity.slot: job for job in self._jobs.values()}
        failures = _Failures()
        report = self._sync_jobs(plans, by_slot, failures)
        for writer in self._writers.values():
            writer.forget_others(set(self.store.keys()))
        if final:
            self._sync_commands(plans, by_slot, failures)
        if failures.found:
            raise TrackingError(
                f"MLflow at {shown(self.uri)} lacks a part of the run; rows are kept and the rest "
                f"was written. {failures.sentences()}"
            )
        return replace(report, left_out=(*damaged_jobs, *damaged_plans))

    def _sync_jobs(
        self, plans: Sequence[RunPlan], by_slot: _BySlot, failures: _Failures
    ) -> SyncReport:
        first: dict[JobIdentity, RunPlan] = {}
        for plan in plans:
            for asked in plan.jobs:
                first.setdefault(asked.identity.slot, plan)
        written = kept = 0
        for key, job in self._jobs.items():
            if self._written.get(key) == job.checksum:
                continue
            asked_by = first.get(job.identity.slot)
            siblings = [] if asked_by is None else _stored(asked_by, by_slot)
            write = partial(self._write_job, job, asked_by, siblings)
            wrote = self._tried(write, job_name(job), failures)
            if wrote is not None:
                self._written[key] = job.checksum
                written, kept = written + wrote, kept + (not wrote)
        return SyncReport(written, kept)

    def _sync_commands(
        self, plans: Sequence[RunPlan], by_slot: _BySlot, failures: _Failures
    ) -> None:
        held = self.store.job_locks.held()
        running = any(not is_writer_lock(name) for name in held)
        for plan in plans:
            jobs = _stored(plan, by_slot)
            if jobs:
                write = partial(self._write_command, plan, jobs, running=running)
                self._tried(write, f"the command of {plan.created}", failures)

    def _write_job(
        self, job: StoredJob, plan: RunPlan | None, siblings: Sequence[StoredJob]
    ) -> bool:
        return self._writer(job).write_job(job, plan, siblings)

    def _write_command(self, plan: RunPlan, jobs: Sequence[StoredJob], *, running: bool) -> bool:
        return self._writer(jobs[0]).write_command(plan, jobs, running=running)

    def _tried(self, write: Callable[[], bool], what: str, failures: _Failures) -> bool | None:
        """Call a function that writes a job or a command; note a failure and go on.

        An error is raised only if the server does not work, or the database is broken.

        Args:
            write: Function that writes; it returns whether there was anything to write.
            what: Name of the job or command, for the report.
            failures: Failures so far; this one is added.

        Returns:
            What `write` returned; ``None`` if it failed.
        """
        try:
            return write()
        except Exception as error:
            # MLflow may refuse the results of one method; those of the others must be written.
            if not isinstance(error, CropGlobeError):
                if self._database is not None and is_broken(error):
                    raise
                assert self._client is not None
                self._client.search_experiments(max_results=1)  # raises if the server is down
                logger.info("%s is not in MLflow", what, exc_info=True)
            failures.add(what, self._reason(error))
            return None

    def _open(self) -> None:
        if self._client is not None:
            return
        from mlflow.tracking import MlflowClient

        state, before = located_state(self.store)
        if self._database is not None:
            forget_connections(self._database)
            create_database(self._database, artifact_location(self.store, self.uri) or "")
            if self._own:
                move_paths(self._database, before, state.store)
        self._store_name = state.store
        self._client = MlflowClient(tracking_uri=self.uri)
        self._client.search_experiments(max_results=1)

    def _read_jobs(self) -> list[str]:
        """Read the jobs that have changed since they were last read.

        Returns:
            A sentence for each job that cannot be read, which is left out.
        """
        keys = self.store.keys()
        damaged: list[str] = []
        for gone in set(self._jobs) - set(keys):
            del self._jobs[gone]
        for key in keys:
            known = self._jobs.get(key)
            if known is not None and known.written == self._when_written(key):
                continue
            try:
                job = self.store.read(key)
            except StoreError as error:
                damaged.append(str(error))
                continue
            if job is not None and job.rows:
                self._jobs[key] = job
        return damaged

    def _when_written(self, key: str) -> int | None:
        try:
            return (self.store.jobs / key / MANIFEST_FILE).stat().st_mtime_ns
        except OSError:  # reading the job says what is wrong
            return None

    def _writer(self, job: StoredJob) -> RunWriter:
        """Return the writer for the experiment of a job.

        Raises:
            TrackingError: If that experiment was deleted in MLflow.
        """
        assert self._client is not None
        row = job.rows[0]
        name = (
            f"{row.data.name} {row.data.fingerprint[:12]}, {row.protocol} {row.protocol_hash[:12]}"
        )
        if name not in self._writers:
            found = self._client.get_experiment_by_name(name)
            if found is not None and found.lifecycle_stage == "deleted":
                raise TrackingError(self._deleted(name, found.experiment_id))
            self._writers[name] = RunWriter(
                client=self._client,
                experiment=found.experiment_id
                if found is not None
                else self._client.create_experiment(
                    name,
                    artifact_location(self.store, self.uri),
                    {"mlflow.experimentKind": "custom_model_development"},
                ),
                store_name=self._store_name,
                root=self.store.root,
            )
        return self._writers[name]

    def _deleted(self, name: str, experiment: str) -> str:
        """Return a message about a deleted experiment; MLflow still reserves its name."""
        uri = shown(self.uri)
        other = f", or remove {self._database}, which is then written again" if self._own else ""
        return (
            f"experiment '{name}' was deleted there: restore it (`MLFLOW_TRACKING_URI={uri} mlflow "
            f"experiments restore --experiment-id {experiment}`) or remove it for good (`mlflow gc "
            f"--backend-store-uri ... --experiment-ids {experiment}`){other}; then `cropglobe sync "
            f"{self.store.root}`"
        )


def _stored(plan: RunPlan, by_slot: _BySlot) -> list[StoredJob]:
    found = (by_slot.get(job.identity.slot) for job in plan.jobs)
    return [job for job in found if job is not None]


def _errors() -> tuple[type[Exception], ...]:
    """Return the classes of errors that MLflow and the libraries that it uses raise."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError
