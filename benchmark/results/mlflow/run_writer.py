"""Write jobs and commands to one experiment of MLflow."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmark.data.taxonomy import CROPS
from benchmark.results.mlflow.command_content import (
    CommandContent,
    command_content,
    command_description,
    command_parameters,
)
from benchmark.results.mlflow.dataset_input import dataset_input
from benchmark.results.mlflow.job_content import (
    CONFUSION_FILE,
    epoch_metrics,
    job_description,
    job_metrics,
    job_name,
    job_parameters,
    job_tags,
    times_of,
)
from benchmark.results.mlflow.logged_models import delete_run, log_network
from benchmark.results.mlflow.tracking_state import VIEW_VERSION
from benchmark.results.run_plans import RunPlan
from benchmark.results.store import ROWS_FILE, StoredJob

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.tracking import MlflowClient

PREFIX: Final = "cropglobe"
NOTE: Final = "mlflow.note.content"
PARENT: Final = "mlflow.parentRunId"
PROTOCOL_NAME: Final = "protocol.json"
PAGE: Final = 1000
AT_ONCE: Final = 900
"""Metrics in one request; a server accepts at most 1,000."""

PARAMETERS_AT_ONCE: Final = 100
"""Parameters or tags in one request; a server accepts no more."""


@dataclass
class RunWriter:
    """Writes to one experiment.

    Attributes:
        client: Client of the server.
        experiment: Id of the experiment.
        store_name: Name of the run directory on servers.
        root: The run directory.
    """

    client: "MlflowClient"
    experiment: str
    store_name: str
    root: Path
    _known: dict[str, tuple[str, str]] | None = field(default=None, init=False)

    def write_job(
        self, job: StoredJob, plan: RunPlan | None, siblings: Sequence[StoredJob]
    ) -> bool:
        """Write a job, unless the experiment has it already.

        Args:
            job: The job.
            plan: The command that asked for it first.
            siblings: Stored jobs of that command.

        Returns:
            Whether it was written.
        """
        checksum = f"{VIEW_VERSION}:{job.checksum}"
        before = self.known.get(job.identity.key)
        if before is not None and before[1] == checksum:
            return False
        if before is not None:
            delete_run(self.client, before[0])
            del self.known[job.identity.key]
        tags = job_tags(job) | {f"{PREFIX}.store": self.store_name}
        tags[f"{PREFIX}.job"] = job.identity.key
        if plan is not None:
            tags[PARENT] = self._parent(plan, siblings or [job])
        began, ended = times_of(job)
        run = self._create(job_name(job), began, tags)
        self.known[job.identity.key] = (run, "")
        self.client.set_tag(run, NOTE, job_description(job, self.experiment, run))
        self._log_parameters(run, job_parameters(job))
        self.client.log_inputs(
            run, [dataset_input(job.rows[0], None if plan is None else plan.data_path)]
        )
        metrics = _as_metrics(job_metrics(job), ended)
        self._log_metrics(run, [*metrics, *epoch_metrics(job, ended)])
        self.client.log_artifact(run, str(job.folder / ROWS_FILE))
        matrices = {row.target: row.confusion for row in job.rows if row.confusion is not None}
        if matrices:
            content = {"crops": list(CROPS), "by_target": matrices}
            self.client.log_dict(run, content, CONFUSION_FILE)
        status = "FINISHED" if all(row.status == "ok" for row in job.rows) else "FAILED"
        self.client.set_terminated(run, status, ended)
        log_network(self.client, self.experiment, run, job)
        self.client.set_tag(run, f"{PREFIX}.checksum", checksum)
        self.known[job.identity.key] = (run, checksum)
        return True

    def write_command(self, plan: RunPlan, jobs: Sequence[StoredJob], *, running: bool) -> bool:
        """Write the present state of a command: its means, its leaderboard and its end.

        Args:
            plan: The command.
            jobs: Its stored jobs, at least one.
            running: Whether a process works on the run directory now.

        Returns:
            Whether anything was written.
        """
        run = self._parent(plan, jobs)
        content = command_content(plan, jobs, self.root, running=running)
        description = command_description(plan, content, self.experiment, run)
        checksum = _checksum(content, description)
        if self.known[_slot(plan)][1] == checksum:
            return False
        tags = {**content.tags, NOTE: description}
        for name, value in tags.items():
            self.client.set_tag(run, name, value)
        self._log_changes(run, content)
        for path in content.reports:
            self.client.log_artifact(run, str(path))
        self.client.update_run(run, name=content.name)
        if content.status == "RUNNING":
            self.client.update_run(run, status=content.status)
        else:
            self.client.set_terminated(run, content.status, content.ended)
        self.client.set_tag(run, f"{PREFIX}.checksum", checksum)
        self.known[_slot(plan)] = (run, checksum)
        return True

    def forget_others(self, keys: set[str]) -> None:
        """Remove the runs of jobs that are no longer stored.

        Args:
            keys: Keys of the stored jobs.
        """
        for key in [k for k in self.known if not k.startswith("plan ") and k not in keys]:
            delete_run(self.client, self.known.pop(key)[0])

    @property
    def known(self) -> dict[str, tuple[str, str]]:
        """Id and checksum of each run of this run directory, by key of a job or name of a plan."""
        if self._known is None:
            runs: dict[str, tuple[str, str]] = {}
            token = None
            mine = f"tags.`{PREFIX}.store` = '{self.store_name}'"
            while True:
                page = self.client.search_runs([self.experiment], mine, 1, PAGE, page_token=token)
                for run in page:
                    tags = run.data.tags
                    slot = tags.get(f"{PREFIX}.job") or f"plan {tags.get(f'{PREFIX}.plan')}"
                    runs[slot] = (run.info.run_id, tags.get(f"{PREFIX}.checksum", ""))
                token = page.token
                if not token:
                    break
            self._known = runs
        return self._known

    def _parent(self, plan: RunPlan, jobs: Sequence[StoredJob]) -> str:
        """Return the id of a command's run; create the run if there is none."""
        slot = _slot(plan)
        if slot not in self.known:
            content = command_content(plan, jobs, self.root, running=True)
            tags = {f"{PREFIX}.plan": plan.name, f"{PREFIX}.store": self.store_name}
            run = self._create(content.name, content.began, tags | dict(content.tags))
            self.known[slot] = (run, "")
            self._log_parameters(run, command_parameters(plan))
            self.client.log_inputs(run, [dataset_input(jobs[0].rows[0], plan.data_path)])
            self.client.log_dict(run, plan.protocol, PROTOCOL_NAME)
        return self.known[slot][0]

    def _create(self, name: str, began: int, tags: dict[str, str]) -> str:
        run = self.client.create_run(self.experiment, began, tags, run_name=name)
        return str(run.info.run_id)

    def _log_parameters(self, run: str, parameters: dict[str, str]) -> None:
        from mlflow.entities import Param

        found = [Param(name, value) for name, value in parameters.items()]
        for start in range(0, len(found), PARAMETERS_AT_ONCE):
            self.client.log_batch(run, params=found[start : start + PARAMETERS_AT_ONCE])

    def _log_metrics(self, run: str, metrics: "Sequence[Metric]") -> None:
        for start in range(0, len(metrics), AT_ONCE):
            self.client.log_batch(run, metrics[start : start + AT_ONCE])

    def _log_changes(self, run: str, content: CommandContent) -> None:
        """Log the metrics that have changed; a metric that no longer exists becomes NaN."""
        before = self.client.get_run(run).data.metrics
        wanted = dict(content.metrics)
        wanted |= {name: float("nan") for name in before if name not in wanted}
        changed = {n: v for n, v in wanted.items() if n not in before or before[n] != v}
        when = content.ended
        for name in changed.keys() & before.keys():  # MLflow shows the largest of equal times
            history = self.client.get_metric_history(run, name)
            when = max(when, *(metric.timestamp + 1 for metric in history))
        self._log_metrics(run, _as_metrics(changed, when))


def _as_metrics(values: dict[str, float], when: int) -> "list[Metric]":
    from mlflow.entities import Metric

    return [Metric(name, value, when, 0) for name, value in values.items()]


def _slot(plan: RunPlan) -> str:
    return f"plan {plan.name}"


def _checksum(content: CommandContent, description: str) -> str:
    plain = asdict(content) | {"reports": [path.name for path in content.reports]}
    digest = hashlib.sha256(json.dumps([plain, description], sort_keys=True).encode())
    for path in content.reports:
        digest.update(path.read_bytes())
    return f"{VIEW_VERSION}:{digest.hexdigest()}"
