"""Make the rows of a job: description, scores and cost."""

from benchmark.data.dataset import Dataset
from benchmark.data.inspect.domain_differences import transfer_warnings
from benchmark.data.shifts.shift_table import Shift
from benchmark.data.taxonomy import CROPS
from benchmark.files import as_utf8
from benchmark.results.circumstances import circumstances
from benchmark.results.provenance import provenance
from benchmark.results.rows import AppliedShift, Cost, DataDescription, Row
from benchmark.results.store import Prediction
from benchmark.run.device import PROCESSOR, device_name
from benchmark.run.fitting.started_method import Ending, FitReport, PredictionReport
from benchmark.run.jobs import Job
from benchmark.task.absent_crops import rewritten
from benchmark.task.metrics import METRIC_VERSION, score
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import SourceSplit, TargetSet, ids_hash, repeated_division
from benchmark.task.transfers import Transfer


def make_row(
    job: Job,
    dataset: Dataset,
    protocol: Protocol,
    split: SourceSplit,
    target: str,
    chosen: TargetSet,
    shift: Shift | None = None,
) -> Row:
    """Return the row of a job and a target, without scores.

    Args:
        job: The job.
        dataset: The data.
        protocol: The protocol.
        split: Parts of the source.
        target: Domain that is scored.
        chosen: Its scored samples.
        shift: What is other in it, if it is a shifted copy.
    """
    method = job.method
    ids = dataset.load(target).sample_ids[chosen.rows]
    return Row(
        metric_version=METRIC_VERSION,
        method=method.name,
        method_version=method.version,
        family=method.family,
        track=method.track,
        representation=method.representation,
        source=job.source,
        target=target,
        relation=Transfer(job.source, target).relation,
        seed=job.seed,
        protocol=protocol.name,
        protocol_hash=protocol.hash,
        data=DataDescription(
            name=dataset.card.name,
            fingerprint=dataset.fingerprint,
            simulated=dataset.card.simulated,
            bands=job.identity.bands,
            split=split.kind,
            division=repeated_division(method.released_division, protocol),
            n_train=len(split.training),
            n_validation=len(split.validation),
            n_test=len(chosen.rows),
            n_scorable=chosen.scorable,
            n_unscored=chosen.unscored,
            ids_hash=ids_hash(ids),
            vectors=job.identity.vectors,
            classes=tuple(CROPS[index] for index in split.classes),
            labels=chosen.space,
            warnings=transfer_warnings(
                dataset,
                job.source,
                target,
                shared_removed=protocol.deduplicate == "series",
                aligned=protocol.season == "aligned",
            ),
        ),
        status="ok",
        target_labels_per_class=None
        if target == job.source
        else method.card.target_labels_per_class,
        shift=None if shift is None else _applied(shift),
        provenance=provenance(method.code_fingerprint),
    )


def _applied(shift: Shift) -> AppliedShift:
    return AppliedShift(name=shift.name, factor=shift.factor, strength=shift.strength)


def with_scores(
    row: Row,
    protocol: Protocol,
    chosen: TargetSet,
    fit: FitReport,
    prediction: Prediction,
    predicted: PredictionReport,
    represent_seconds: float | None = None,
) -> Row:
    """Return a row with scores, cost and the method's decision.

    Args:
        row: The row without scores.
        protocol: The protocol.
        chosen: The scored samples of the target.
        fit: Report of the fit.
        prediction: Predictions for the target.
        predicted: Report of the prediction: its cost, and what the method decided.
        represent_seconds: Seconds to compute the target's representation, if known.
    """
    probabilities = prediction.over_all_crops()
    scores, confusion = score(
        probabilities,
        prediction.labels,
        predicted=rewritten(protocol, row.target, probabilities),
        unscored=chosen.unscored,
        scorable=chosen.scorable,
    )
    cost = Cost(
        parameters=fit.reported.parameters,
        flops_per_sample=fit.reported.flops_per_sample,
        fit_seconds=fit.measurement.seconds,
        fit_samples_per_second=_rate(fit.draws, fit.measurement.seconds),
        predict_seconds=predicted.measurement.seconds,
        predict_samples_per_second=_rate(len(prediction.labels), predicted.measurement.seconds),
        peak_memory_bytes=fit.measurement.peak_memory_bytes,
        energy_joules=fit.measurement.energy_joules,
        represent_seconds=represent_seconds,
        device=fit.device,
        device_name=device_name(fit.device),
    )
    matrix = tuple(tuple(int(n) for n in line) for line in confusion)
    found = {"scores": scores, "confusion": matrix, "cost": cost, "decision": predicted.decision}
    return row.model_copy(update=found)


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None


def without_target(row: Row, reason: str) -> Row:
    """Return the row of a target for which the fitted method needs something that is missing.

    Args:
        row: The row without scores.
        reason: What is missing, in a sentence.
    """
    known = row.provenance.model_copy(update={"circumstances": circumstances()})
    said = {"status": "unavailable", "reason": as_utf8(reason), "provenance": known}
    return row.model_copy(update=said)


def with_ending(rows: tuple[Row, ...], ending: Ending) -> tuple[Row, ...]:
    """Return rows with the isolation of the method and the values measured from outside.

    Args:
        rows: The rows of a job.
        ending: How the method's process ended.
    """
    if ending.isolation is None:
        return rows
    known = {"isolation": ending.isolation, "processes_left": ending.processes_left}
    found = []
    for row in rows:
        changes: dict[str, object] = {"provenance": row.provenance.model_copy(update=known)}
        if ending.peak_memory_bytes is not None and row.cost.device == PROCESSOR:
            peak = {"peak_memory_bytes": ending.peak_memory_bytes}
            changes["cost"] = row.cost.model_copy(update=peak)
        found.append(row.model_copy(update=changes))
    return tuple(found)
