"""Content of a command's run in MLflow: the parent of its jobs' runs, with means of its methods."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmark.results.mlflow.job_content import (
    LONGEST_PARAMETER,
    LONGEST_TAG,
    artifact_link,
    metric_name,
    milliseconds,
    protocol_parameters,
    source_tags,
    times_of,
)
from benchmark.results.rows import worst_status
from benchmark.results.run_plans import RunPlan
from benchmark.results.store import StoredJob
from benchmark.results.transfer_scores import MEANS, TransferScore, mean_scores, transfer_scores
from benchmark.task.tracks import TRACKS, Track

REPORTS: Final = ("leaderboard.md", "leaderboard.csv", "transfers.csv")
"""Files of a run directory that are copied into the command's run in MLflow."""

LINES: Final = 20
"""Largest number of methods in a description; the leaderboard has all."""

TITLES: Final = {
    "macro_f1": "macro-F1",
    "overall_accuracy": "overall accuracy",
    "in_domain": "in-domain",
    "gap": "gap",
}


@dataclass(frozen=True)
class MethodMeans:
    """The means of one method over the transfers of its track.

    Attributes:
        method: Name of the method.
        track: Its track.
        means: Means by the names in `MEANS`.
    """

    method: str
    track: Track
    means: Mapping[str, float]


@dataclass(frozen=True)
class CommandContent:
    """Content of a command's run in MLflow, without the parts that need the id of the run.

    Attributes:
        name: Name of the run.
        began: Time when the command was first given, in milliseconds since 1970.
        ended: Time when its last stored job ended, in milliseconds since 1970.
        status: Status of the run in MLflow's terms.
        tags: Tags.
        metrics: Means of the best method as ``macro_f1``, and of each method as
            ``macro_f1/METHOD``, with ``_`` for characters that MLflow does not allow.
        ranked: Methods with every transfer of their track, by track, best first.
        reports: Files of the run directory that are copied into the run.
    """

    name: str
    began: int
    ended: int
    status: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    ranked: tuple[MethodMeans, ...]
    reports: tuple[Path, ...]


def command_parameters(plan: RunPlan) -> dict[str, str]:
    """Return the parameters of a command's run: the parts of its plan that never change."""
    methods = dict.fromkeys(job.identity.method for job in plan.jobs)
    found = protocol_parameters(plan.protocol) | {
        "dataset": plan.dataset,
        "jobs": len(plan.jobs),
        "methods": " ".join(methods),
        "transfers": " ".join(_transfers(plan)),
        "seeds": " ".join(str(seed) for seed in _seeds(plan)),
    }
    return {name: str(value)[:LONGEST_PARAMETER] for name, value in found.items()}


def command_content(
    plan: RunPlan, jobs: Sequence[StoredJob], root: Path, *, running: bool
) -> CommandContent:
    """Return the content of a command's run from its plan and its stored jobs.

    Args:
        plan: The plan.
        jobs: Its stored jobs, at least one.
        root: Run directory.
        running: Whether a process works on this run directory now.

    Returns:
        The content.
    """
    began = milliseconds(plan.created)
    statuses = [worst_status(job.rows) for job in jobs]
    if len(jobs) < len(plan.jobs):
        status = "RUNNING" if running else "KILLED"
    else:
        status = "FAILED" if {"failed", "timeout"} & set(statuses) else "FINISHED"
    ranked = ranked_methods(plan, jobs)
    metrics = dict(ranked[0].means) if ranked else {}
    metrics |= {metric_name(name, r.method): v for r in ranked for name, v in r.means.items()}
    row = jobs[0].rows[0]
    tags = source_tags(row) | {
        "command": " ".join(plan.command)[:LONGEST_TAG],
        "run_directory": str(root.resolve()),
        "jobs_stored": f"{len(jobs)} of {len(plan.jobs)}",
        "jobs_with_scores": str(statuses.count("ok")),
        "best_method": ranked[0].method if ranked else "",
        "protocol_hash": row.protocol_hash,
        "dataset_fingerprint": row.data.fingerprint,
        "simulated": str(row.data.simulated),
        "package_version": row.provenance.package_version,
    }
    methods = len({job.identity.method for job in plan.jobs})
    counts = (methods, "method"), (len(_transfers(plan)), "transfer"), (len(_seeds(plan)), "seed")
    return CommandContent(
        name=f"{root.resolve().name}: " + ", ".join(_count(*pair) for pair in counts),
        began=began,
        ended=max([began, *(times_of(job)[1] for job in jobs)]),
        status=status,
        tags=tags,
        metrics=metrics,
        ranked=ranked,
        reports=tuple(root / name for name in REPORTS if (root / name).is_file()),
    )


def ranked_methods(plan: RunPlan, jobs: Iterable[StoredJob]) -> tuple[MethodMeans, ...]:
    """Return the methods that have a score for every transfer of their track.

    As in a leaderboard, the transfers of a track are those in which any of its methods has a score.

    Args:
        plan: The plan of the command.
        jobs: Its stored jobs.

    Returns:
        The methods with their means, by track, best first.
    """
    asked = {(job.identity.slot, target) for job in plan.jobs for target in job.targets}
    scores: dict[Track, dict[str, list[TransferScore]]] = {}
    for job in jobs:
        found = scores.setdefault(job.rows[0].track, {}).setdefault(job.identity.method, [])
        found += [s for s in transfer_scores(job.rows) if (job.identity.slot, s.target) in asked]
    ranked: list[MethodMeans] = []
    for track in TRACKS:
        methods = scores.get(track, {})
        every = {(s.source, s.target) for found in methods.values() for s in found}
        complete = [
            MethodMeans(method, track, mean_scores(found))
            for method, found in methods.items()
            if every and {(s.source, s.target) for s in found} == every
        ]
        ranked += sorted(complete, key=lambda each: (-each.means["macro_f1"], each.method))
    return tuple(ranked)


def command_description(plan: RunPlan, content: CommandContent, experiment: str, run: str) -> str:
    """Return the description of a command's run: sentences, its best methods, links to files."""
    links = [artifact_link(experiment, run, path.name) for path in content.reports]
    links.append(artifact_link(experiment, run, "protocol.json"))
    simulated = content.tags["simulated"] == "True"
    said = [
        f"Protocol **{plan.protocol.get('name')}** on **{plan.dataset}**: "
        f"{content.tags['jobs_stored']} jobs stored, {content.tags['jobs_with_scores']} with "
        "scores on all targets."
        + (" Simulated data: no satellite saw it; not comparable with the paper." * simulated),
        f"Files: {', '.join(links)}.",
    ]
    if content.ranked:
        shown = content.ranked[:LINES]
        lines = [f"| method | track | {' | '.join(TITLES.values())} |", "|---" * 6 + "|"]
        for each in shown:
            cells = [f"{100 * each.means[n]:.1f}" if n in each.means else "" for n in MEANS]
            lines.append(f"| {each.method} | {each.track} | {' | '.join(cells)} |")
        said.append("\n".join(lines))
        more = len(content.ranked) - len(shown)
        said.append(
            ("" if not more else f"{more} more methods are in the leaderboard. ")
            + "In percent, means over transfers of means over seeds. `macro_f1` without a method's "
            f"name is that of {content.ranked[0].method}."
        )
    said.append(f"Run directory: `{content.tags['run_directory']}`")
    said.append(f"Command: `{content.tags['command'][:500]}`")
    return "\n\n".join(said)[:LONGEST_TAG]


def _transfers(plan: RunPlan) -> tuple[str, ...]:
    pairs = [f"{job.identity.source}:{target}" for job in plan.jobs for target in job.targets]
    return tuple(dict.fromkeys(pairs))


def _seeds(plan: RunPlan) -> tuple[int, ...]:
    return tuple(sorted({job.identity.seed for job in plan.jobs}))


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
