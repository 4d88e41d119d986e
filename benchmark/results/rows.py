"""The row: one method, one transfer, one seed, and all that is needed to compare and check it."""

from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from benchmark.task.methods import Track
from benchmark.task.metrics import Scores
from benchmark.task.transfers import LabelSpace, Relation

SCHEMA_VERSION: Final = 1
"""Raised whenever a field changes its meaning."""

Status = Literal["ok", "failed", "timeout", "unavailable"]

Isolation = Literal["process", "confined"]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cost(_Stored):
    """What a fit and its predictions took; ``None`` is not measured.

    Attributes:
        parameters: Trained numbers of a network.
        flops_per_sample: Floating-point operations of one prediction.
        fit_seconds: Time inside ``fit``.
        fit_samples_per_second: Training samples drawn, over all epochs, per second of fit.
        predict_seconds: Time inside ``predict_proba`` for this target, with that of adapting to it
            or being taught by it on the tracks that do so.
        predict_samples_per_second: Samples of this target per second.
        peak_memory_bytes: Highest memory during the fit: of the device on a GPU, of the process
            elsewhere.
        energy_joules: Energy of the fit, where a counter can be read: of the GPU on a GPU, of the
            processors with all that ran on them elsewhere.
        represent_seconds: Time to compute the representation of all samples of the target;
            ``None`` where it was read from the cache.
        device: Where it ran.
        device_name: Name of the processor.
    """

    parameters: int | None = None
    flops_per_sample: int | None = None
    fit_seconds: float | None = None
    fit_samples_per_second: float | None = None
    predict_seconds: float | None = None
    predict_samples_per_second: float | None = None
    peak_memory_bytes: int | None = None
    energy_joules: float | None = None
    represent_seconds: float | None = None
    device: str | None = None
    device_name: str | None = None


class Provenance(_Stored):
    """Where a row comes from.

    Attributes:
        package_version: Version of this package.
        code_fingerprint: Fingerprint of the method's code.
        commit: Git commit of the working directory's checkout; ``None`` outside of one.
        dirty: Whether that checkout had uncommitted changes.
        python: Version of Python.
        packages: Versions of the packages that scores depend on.
        platform: Operating system and machine.
        processors: Processors that the process might use.
        threads: Threads that the numerical libraries were limited to; ``None`` where they were not.
        memory_bytes: Memory of the machine.
        driver: Version of the NVIDIA driver; ``None`` without one.
        created: Time of writing, UTC, ISO 8601.
        started: When its job began, UTC, ISO 8601; ``None`` in rows of version 0.1.
        command: Command line.
        isolation: How the method was kept apart: in a ``process`` of its own for each job, or
            ``confined`` there by the system besides; ``None`` where it was not, or in older rows.
        processes_left: Processes that the job's method had left running and that were ended;
            ``None`` where nobody looked.
        circumstances: Fingerprint of what an unavailable row may have lacked; ``None`` elsewhere.
    """

    package_version: str
    code_fingerprint: str
    commit: str | None
    dirty: bool | None
    python: str
    packages: dict[str, str]
    platform: str
    processors: int | None = None
    threads: int | None = None
    memory_bytes: int | None = None
    driver: str | None = None
    created: str
    started: str | None = None
    command: tuple[str, ...]
    isolation: Isolation | None = None
    processes_left: int | None = None
    circumstances: str | None = None


class DataDescription(_Stored):
    """The data of a row, its comparability included.

    Attributes:
        name: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        simulated: Whether no satellite saw it.
        bands: Bands that the method was given.
        split: How the source was divided: ``block`` keeps spatial blocks whole.
        division: What the protocol repeats of the released code's division of a source: ``plain``,
            or ``undone``, where all samples are both trained on and selected by; ``None`` where it
            repeats nothing.
        n_train: Samples trained on.
        n_validation: Samples selected by.
        n_test: Samples scored.
        n_scorable: Target samples of scored crops, of which a cap draws those that are scored;
            ``None`` in rows of metrics version 1.
        n_unscored: Target samples not scored because the source lacks their crop; in metrics
            version 1 counted after the cap.
        vectors: Fingerprint of the files of vectors that were read, where vectors are read.
        coverage: Share of the scored samples that have a vector, where vectors are read; those
            without are answered with the crops' shares in the training samples.
        ids_hash: Hash of the ids of the scored samples.
        classes: Crops that were learned, in the order of the probability columns.
        labels: Which crops source and target share.
        warnings: Differences between source and target that are no geography, in sentences.
    """

    name: str
    fingerprint: str
    simulated: bool
    bands: tuple[str, ...]
    split: Literal["block", "random"] | None = None
    division: Literal["stratified", "plain", "undone"] | None = None
    n_train: int | None = None
    n_validation: int | None = None
    n_test: int | None = None
    n_scorable: int | None = None
    n_unscored: int | None = None
    vectors: str | None = None
    coverage: float | None = None
    ids_hash: str | None = None
    classes: tuple[str, ...] | None = None
    labels: LabelSpace | None = None
    warnings: tuple[str, ...] = ()


class AppliedShift(_Stored):
    """What is other in a shifted copy of a target.

    Attributes:
        name: Name of the shift.
        factor: What is other: level, bands, cadence, gaps, season or mix (class shares).
        strength: How much, in the factor's unit.
    """

    name: str
    factor: str
    strength: float


class Row(_Stored):
    """One method trained on one source with one seed, scored on one target.

    Rows are compared only inside one comparability key. A missing score is ``None``, never 0.

    Attributes:
        schema_version: Version of this schema.
        metric_version: Version of the metrics.
        method: Name of the method.
        method_version: Version that its author gave it.
        family: Its family.
        track: The ranking it belongs to.
        representation: View of the samples that it was given.
        source: Domain of the training data.
        target: Domain that was scored; the source itself for the in-domain score.
        relation: What lies between the two.
        seed: Seed of the fit.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        data: The data.
        status: Whether there is a score and, if not, what happened.
        reason: Why there is no score.
        scores: The scores.
        confusion: Samples by true crop (rows) and predicted crop (columns), [7][7].
        cost: What it took.
        target_labels_per_class: Labelled target samples of each crop that the method was shown at
            most; ``None`` where it was shown none, or all that there are.
        shift: What was changed in the target on purpose; ``None`` in every row of a ranking.
        provenance: Where it comes from.
    """

    schema_version: int = SCHEMA_VERSION
    metric_version: str
    method: str
    method_version: str
    family: str
    track: Track
    representation: str
    source: str
    target: str
    relation: Relation
    seed: int
    protocol: str
    protocol_hash: str
    data: DataDescription
    status: Status
    reason: str | None = None
    scores: Scores | None = None
    confusion: tuple[tuple[int, ...], ...] | None = None
    cost: Cost = Cost()
    target_labels_per_class: int | None = None
    shift: AppliedShift | None = None
    provenance: Provenance

    @property
    def comparability_key(self) -> tuple[str, ...]:
        """Dataset fingerprint, protocol hash and metric version; of version 1 the bands too.

        Bands follow from dataset, protocol and transfer since version 2. Before, they depended on
        the other transfers of a run.
        """
        key = (self.data.fingerprint, self.protocol_hash, self.metric_version)
        return (*key, " ".join(self.data.bands)) if self.metric_version == "1" else key

    @property
    def transfer(self) -> str:
        """Source and target as ``SOURCE:TARGET``."""
        return f"{self.source}:{self.target}"

    def without_circumstances(self) -> dict[str, object]:
        """Return the row less what may differ between two runs of one command."""
        return self.model_dump(exclude={"cost", "provenance"})


def worst_status(rows: Iterable[Row]) -> Status:
    """Return the worst status of some rows."""
    statuses = {row.status for row in rows}
    worst: tuple[Status, ...] = ("failed", "timeout", "unavailable")
    return next((status for status in worst if status in statuses), "ok")
