"""The row: scores of one method, transfer and seed, what is needed to check it, and its job."""

import hashlib
from collections.abc import Iterable
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from benchmark.task.fitted_attributes import Decision
from benchmark.task.metrics import Scores
from benchmark.task.tracks import Track
from benchmark.task.transfers import LabelSpace, Relation

SCHEMA_VERSION: Final = 1
"""Version of the schema. Raise it whenever a field changes its meaning."""

Status = Literal["ok", "failed", "timeout", "unavailable"]

Isolation = Literal["process", "confined"]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cost(_Stored):
    """The cost of a fit and its predictions; a value that was not measured is ``None``.

    Attributes:
        parameters: Number of trained parameters of a network.
        flops_per_sample: Floating-point operations of one prediction.
        fit_seconds: Time inside ``fit``, in seconds.
        fit_samples_per_second: Training samples drawn, over all epochs, per second of fit.
        predict_seconds: Time inside ``predict_proba`` for this target, in seconds. On tracks that
            adapt to a target or learn from it, that time is included.
        predict_samples_per_second: Samples of this target per second of prediction.
        peak_memory_bytes: Highest memory during the fit: that of the device on a GPU, otherwise
            that of the process.
        energy_joules: Energy of the fit, if a counter can be read: that of the GPU on a GPU,
            otherwise that of the processors with everything that ran on them.
        represent_seconds: Time to compute the representation of all samples of the target;
            ``None`` if it was read from the cache.
        device: Device of the fit, such as ``cpu`` or ``cuda:0``.
        device_name: Name of the processor or GPU.
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
    """Code, software, machine and command that made a row.

    Attributes:
        package_version: Version of this package.
        code_fingerprint: Fingerprint of the method's code.
        commit: Git commit of the checkout in the working directory; ``None`` if it is not a
            checkout.
        dirty: Whether that checkout had uncommitted changes.
        python: Version of Python.
        packages: Versions of the packages on which scores depend.
        platform: Operating system and machine.
        processors: Number of processors that the process was allowed to use.
        threads: Largest number of threads of the numerical libraries (``OMP_NUM_THREADS``);
            ``None`` if it was not set.
        memory_bytes: Memory of the machine.
        driver: Version of the NVIDIA driver; ``None`` without a driver.
        created: Time of writing, UTC, ISO 8601.
        started: Time when its job began, UTC, ISO 8601; ``None`` in rows of version 0.1.
        command: Command line.
        isolation: How the method was isolated: ``process`` in a process of its own for each job,
            ``confined`` if that process was also confined by the system; ``None`` if it was not
            isolated, and in older rows.
        processes_left: Number of processes that the job's method left running and that were ended;
            ``None`` if this was not checked.
        circumstances: Fingerprint of packages, weights and settings in an unavailable row, to
            notice when these change; ``None`` in other rows.
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
    """The data of a row: dataset, bands, numbers of samples and crops.

    Attributes:
        name: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        simulated: Whether the data are simulated.
        bands: Bands that the method was given.
        split: How the source was divided: ``block`` by whole spatial blocks, ``random`` without
            regard to them.
        division: Division of the released code that the protocol repeats: ``plain``, or ``undone``,
            where all samples are both training and validation samples; ``None`` if it repeats none.
        n_train: Number of training samples.
        n_validation: Number of validation samples.
        n_test: Number of scored samples.
        n_scorable: Number of target samples of scored crops, before a cap; ``None`` in rows of
            metrics version 1.
        n_unscored: Number of target samples that are not scored because the source lacks their
            crop; in metrics version 1 counted after the cap.
        vectors: Fingerprint of the files of vectors, if vectors were read.
        coverage: Share of the scored samples that have a vector, if vectors were read. For samples
            without a vector the prediction is the crops' shares in the training samples.
        ids_hash: Hash of the ids of the scored samples.
        classes: Crops that were learned, in the order of the probability columns.
        labels: The crops of source and target.
        warnings: Differences between source and target that have other causes than geography, in
            sentences.
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


class JobIdentity(BaseModel):
    """Everything that can change the predictions of a job.

    Attributes:
        method: Name of the method.
        code_fingerprint: Fingerprint of its code.
        representation: Representation of the samples.
        source: Domain of the training data.
        seed: Seed of the fit.
        protocol_hash: Hash of the protocol.
        dataset_fingerprint: Fingerprint of the dataset.
        metric_version: Version of the metrics.
        bands: Bands that the method is given.
        vectors: Fingerprint of the files of vectors, if the representation reads such files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    code_fingerprint: str
    representation: str
    source: str
    seed: int
    protocol_hash: str
    dataset_fingerprint: str
    metric_version: str
    bands: tuple[str, ...]
    vectors: str | None = None

    @property
    def key(self) -> str:
        """Name of the job's folder: twenty hex digits of the SHA-256 of all attributes.

        ``vectors`` is left out if it is ``None``, so that older jobs keep their names.
        """
        unsaid = {"vectors"} if self.vectors is None else set()
        return hashlib.sha256(self.model_dump_json(exclude=unsaid).encode()).hexdigest()[:20]

    @property
    def slot(self) -> "JobIdentity":
        """The job without its method's code and vectors; only one job of each slot counts."""
        return self.model_copy(update={"code_fingerprint": "", "vectors": None})

    def changed_since(self, stored: "JobIdentity") -> str | None:
        """Say what has changed since a stored job of this slot; ``None`` if nothing has changed."""
        code = ["other code of its method"] * (self.code_fingerprint != stored.code_fingerprint)
        vectors = ["other files of vectors"] * (self.vectors != stored.vectors)
        return " and ".join(code + vectors) or None


class Row(_Stored):
    """One method trained on one source with one seed, scored on one target.

    Rows are compared only inside one comparability key. A missing score is ``None``, never 0.

    Attributes:
        schema_version: Version of this schema.
        metric_version: Version of the metrics.
        method: Name of the method.
        method_version: Version of the method, given by its author.
        family: Family of the method.
        track: Ranking to which the method belongs.
        representation: Representation of the samples.
        source: Domain of the training data.
        target: Domain that was scored; the source itself for the in-domain score.
        relation: Relation of source and target.
        seed: Seed of the fit.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        data: The data.
        status: Whether there is a score and, if not, what happened.
        reason: Why there is no score, in a sentence.
        scores: The scores.
        confusion: Number of samples by true crop (rows) and predicted crop (columns), [7][7].
        cost: Time, memory and energy.
        target_labels_per_class: Labelled target samples of each crop that the method was shown at
            most; ``None`` where it was shown none, or all that there are.
        decision: Whether the method adapted to the target, and why; ``None`` where it does not
            decide, and in older rows.
        shift: What was changed in the target on purpose; ``None`` in every row of a ranking.
        provenance: Code, software, machine and command that made the row.
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
    decision: Decision | None = None
    shift: AppliedShift | None = None
    provenance: Provenance

    @property
    def job_identity(self) -> JobIdentity:
        """The identity of the job that made the row."""
        return JobIdentity(
            method=self.method,
            code_fingerprint=self.provenance.code_fingerprint,
            representation=self.representation,
            source=self.source,
            seed=self.seed,
            protocol_hash=self.protocol_hash,
            dataset_fingerprint=self.data.fingerprint,
            metric_version=self.metric_version,
            bands=self.data.bands,
            vectors=self.data.vectors,
        )

    @property
    def comparability_key(self) -> tuple[str, ...]:
        """Dataset fingerprint, protocol hash and metrics version; in version 1 also the bands.

        Since version 2, dataset, protocol and transfer decide the bands. In version 1 the bands
        depended on the other transfers of a run.
        """
        key = (self.data.fingerprint, self.protocol_hash, self.metric_version)
        return (*key, " ".join(self.data.bands)) if self.metric_version == "1" else key

    @property
    def transfer(self) -> str:
        """Source and target as ``SOURCE:TARGET``."""
        return f"{self.source}:{self.target}"

    def without_circumstances(self) -> dict[str, object]:
        """Return the row as plain values, without those that differ between runs of one command."""
        return self.model_dump(exclude={"cost", "provenance"})


def worst_status(rows: Iterable[Row]) -> Status:
    """Return the worst status of rows, from worst to best: failed, timeout, unavailable, ok."""
    statuses = {row.status for row in rows}
    worst: tuple[Status, ...] = ("failed", "timeout", "unavailable")
    return next((status for status in worst if status in statuses), "ok")
