"""Content of a job's run in MLflow: name, times, tags, parameters, metrics and description."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any, Final

from benchmark.data.dataset_card import BANDS
from benchmark.results.fitted_networks import PROTOCOL_FILE
from benchmark.results.rows import Row, worst_status
from benchmark.results.store import HISTORY_FILE, ROWS_FILE, StoredJob
from benchmark.results.transfer_scores import mean_scores, transfer_scores

if TYPE_CHECKING:
    from mlflow.entities import Metric

CONFUSION_FILE: Final = "confusion.json"

NOT_IN_NAMES: Final = re.compile(r"[^\w .-]|(?<!\w)\.|\.(?!\w)")
"""What MLflow does not allow in a part of a metric's name, or reads as a path."""

LONGEST_PARAMETER: Final = 500
LONGEST_TAG: Final = 5000
"""Largest numbers of characters that every MLflow of version 3 accepts."""

PER_TARGET: Final = ("predict_seconds", "represent_seconds")
"""Costs that differ between targets; the run of a job has their sums."""

OF_THE_FIT: Final = (
    "parameters",
    "flops_per_sample",
    "fit_seconds",
    "fit_samples_per_second",
    "peak_memory_bytes",
    "energy_joules",
)
"""Costs that are the same in all rows of a job."""


def milliseconds(moment: str) -> int:
    """Return a time in ISO 8601 as milliseconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


def times_of(job: StoredJob) -> tuple[int, int]:
    """Return when a job began and ended, in milliseconds since 1970.

    Rows of version 0.1 do not say when their job began. For these the beginning is the end minus
    the measured times of representation, fit and predictions.
    """
    newest = max(job.rows, key=lambda row: milliseconds(row.provenance.created))
    end = milliseconds(newest.provenance.created)
    if newest.provenance.started is not None:
        return min(milliseconds(newest.provenance.started), end), end
    measured = cost_of(job.rows)
    seconds = sum(measured.get(name, 0.0) for name in ("fit_seconds", *PER_TARGET))
    return end - round(1000 * seconds), end


def cost_of(rows: tuple[Row, ...]) -> dict[str, float]:
    """Return the costs of a job: those of the fit once, and those of targets as sums.

    Samples per second of prediction are over all targets together.
    """
    found: dict[str, float] = {}
    for name in OF_THE_FIT:
        value = next((v for row in rows if (v := getattr(row.cost, name)) is not None), None)
        if value is not None:
            found[name] = float(value)
    for name in PER_TARGET:
        values = [v for row in rows if (v := getattr(row.cost, name)) is not None]
        if values:
            found[name] = sum(values)
    timed = [row for row in rows if row.cost.predict_seconds and row.data.n_test]
    if timed:
        samples = sum(row.data.n_test or 0 for row in timed)
        seconds = sum(row.cost.predict_seconds or 0.0 for row in timed)
        found["predict_samples_per_second"] = samples / seconds
    return found


def job_name(job: StoredJob) -> str:
    """Return the name of a job's run; where it was not given every band, it says how many."""
    found = job.identity
    bands = "" if found.bands == BANDS else f", {len(found.bands)} of {len(BANDS)} bands"
    return f"{found.method} from {found.source}, seed {found.seed}{bands}"


def job_tags(job: StoredJob) -> dict[str, str]:
    """Return the tags of a job, without those by which it is found again."""
    row = job.rows[0]
    reasons = [r.reason for r in job.rows if r.reason is not None]
    found = {
        "method": row.method,
        "family": row.family,
        "track": row.track,
        "source": row.source,
        "seed": row.seed,
        "dataset_fingerprint": row.data.fingerprint,
        "simulated": row.data.simulated,
        "protocol_hash": row.protocol_hash,
        "metric_version": row.metric_version,
        "package_version": row.provenance.package_version,
        "code_fingerprint": row.provenance.code_fingerprint,
        "commit": row.provenance.commit,
        "dirty": row.provenance.dirty,
        "device": next((r.cost.device_name for r in job.rows if r.cost.device_name), None),
        "status": worst_status(job.rows),
        "reason": reasons[0][:1000] if reasons else None,
        **source_tags(row),
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def source_tags(row: Row) -> dict[str, str]:
    """Return the tags that tell MLflow which program and commit made a run."""
    found = {
        "mlflow.source.name": "cropglobe run",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": row.provenance.commit,
    }
    return {name: value for name, value in found.items() if value is not None}


def job_parameters(job: StoredJob) -> dict[str, str]:
    """Return the parameters of a job, with its protocol in full (``protocol.network.epochs``)."""
    row, path = job.rows[0], job.folder / PROTOCOL_FILE
    protocol: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    found = protocol_parameters(protocol) | {
        "method": row.method,
        "method_version": row.method_version,
        "representation": row.representation,
        "source": row.source,
        "targets": " ".join(sorted(r.target for r in job.rows if r.relation != "in-domain")),
        "seed": row.seed,
        "protocol": row.protocol,
        "bands": " ".join(row.data.bands),
        "n_train": row.data.n_train,
        "n_validation": row.data.n_validation,
    }
    return {name: str(value)[:LONGEST_PARAMETER] for name, value in found.items()}


def protocol_parameters(protocol: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of a protocol by name, ``protocol.network.epochs``."""
    return dict(_flat("protocol", protocol))


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _flat(f"{name}.{part}", inner)
    else:
        yield name, value


def job_metrics(job: StoredJob) -> dict[str, float]:
    """Return the scores and costs of a job.

    Returns:
        Means over the targets, without the source, such as ``macro_f1``, ``in_domain`` and ``gap``;
        the scores of each target, such as ``macro_f1/CHN``; and the costs, once. If a target has no
        score, the means are left out.
    """
    away = [row for row in job.rows if row.relation != "in-domain"]
    by_target: dict[str, float] = {}
    values: dict[str, list[float]] = {}
    for row in job.rows:
        for name, value in ({} if row.scores is None else row.scores.model_dump()).items():
            if isinstance(value, int | float):
                by_target[metric_name(name, row.target)] = float(value)
                if row.relation != "in-domain":
                    values.setdefault(name, []).append(float(value))
    scored = transfer_scores(job.rows)
    for score in scored:
        if score.in_domain is not None and score.gap is not None:
            by_target[metric_name("in_domain", score.target)] = score.in_domain
            by_target[metric_name("gap", score.target)] = score.gap
    means: dict[str, float] = {}
    if scored and len(scored) == len(away):
        means |= mean_scores(scored)
        means |= {n: fmean(v) for n, v in values.items() if n not in means and len(v) == len(away)}
    return means | by_target | cost_of(job.rows)


def epoch_metrics(job: StoredJob, when: int) -> "Iterator[Metric]":
    """Yield the numbers of each epoch, such as ``epoch/loss``, with the epoch as MLflow's step."""
    from mlflow.entities import Metric

    path = job.folder / HISTORY_FILE
    history: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.is_file() else []
    for step, numbers in enumerate(history, start=1):
        for name, value in numbers.items():
            if isinstance(value, int | float):
                yield Metric(metric_name("epoch", name), float(value), when, step)


def metric_name(kind: str, of: str) -> str:
    """Return the name of a metric of something, such as ``macro_f1/CHN``, as MLflow allows it."""
    return f"{kind}/{NOT_IN_NAMES.sub('_', of)}"


def artifact_link(experiment: str, run: str, name: str) -> str:
    """Return a link to an artifact in the pages of MLflow."""
    return f"[{name}](#/experiments/{experiment}/runs/{run}/artifacts/{name})"


def job_description(job: StoredJob, experiment: str, run: str) -> str:
    """Return the description of a job's run: sentences, and links to its files."""
    row = job.rows[0]
    targets = sorted(r.target for r in job.rows if r.relation != "in-domain")
    said = [
        f"**{row.method}**, trained on {row.source} with seed {row.seed} under protocol "
        f"{row.protocol}, scored on {', '.join(targets)}."
    ]
    if row.data.simulated:
        said.append("Simulated data: no satellite saw it.")
    for status, reason in sorted({(r.status, r.reason) for r in job.rows if r.reason}):
        lacking = ", ".join(r.target for r in job.rows if (r.status, r.reason) == (status, reason))
        said.append(f"No score on {lacking}: {status}: {reason}")
    said.append(
        "`macro_f1`, `overall_accuracy`, `in_domain` and `gap` are means over these targets; "
        "`macro_f1/CHN` is one target's."
    )
    names = [ROWS_FILE]
    if any(r.confusion is not None for r in job.rows):
        names.append(CONFUSION_FILE)
    links = ", ".join(artifact_link(experiment, run, name) for name in names)
    said.append(
        f"Files: {links}; all of the job in `jobs/{job.identity.key}` of its run directory."
    )
    return "\n\n".join(said)[:LONGEST_TAG]
