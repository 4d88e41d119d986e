"""Run one job: prepare, fit once, predict each target."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.data.calendar_detection import PlacedYear, place_year
from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import read_embedding
from benchmark.data.repeated_series import found_elsewhere
from benchmark.data.representations import Observations, represent
from benchmark.data.season import move
from benchmark.data.taxonomy import CROPS
from benchmark.errors import MethodError, UnavailableError
from benchmark.results.fitted_networks import Network
from benchmark.results.rows import Row, Status, worst_status
from benchmark.results.store import Prediction
from benchmark.run.device import (
    Measurement,
    device_of,
    measure,
    measure_all,
    resolve_device,
)
from benchmark.run.jobs import Job
from benchmark.run.row_assembly import Fit, make_row, with_scores
from benchmark.run.target_prediction import PredictionRequest, predict_target
from benchmark.run.tracebacks import describe_error
from benchmark.task.fitted_attributes import read_fitted_attributes
from benchmark.task.methods import Context, Exportable, Features, require_finite
from benchmark.task.preparation import (
    Rows,
    SourcePool,
    SourceSplit,
    TargetSet,
    class_positions,
    divide_source,
    prepare_target,
    repeated_division,
    source_pool,
)
from benchmark.task.protocol import Division, Protocol
from benchmark.task.transfers import label_space

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a job left.

    Attributes:
        rows: One per target, the source's own held-out part included.
        predictions: Probabilities of each scored target.
        history: Numbers of each epoch of a trained network.
        network: The fitted network, where it is kept.
    """

    rows: tuple[Row, ...]
    predictions: tuple[Prediction, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()
    network: Network | None = None

    @property
    def status(self) -> Status:
        """The worst status of its rows."""
        return worst_status(self.rows)

    @property
    def reason(self) -> str | None:
        """Why a row has no score, if one has none."""
        return next((row.reason for row in self.rows if row.reason is not None), None)


_View = tuple[str, str, tuple[str, ...]]
"""A domain, a representation and the bands that it is made of."""


@dataclass(frozen=True)
class Runner:
    """Runs jobs on one dataset under one protocol.

    Attributes:
        dataset: The data.
        protocol: The protocol.
        cache_directory: Where computed representations are kept; ``None`` keeps none.
        keep_networks: Whether networks are kept of the methods that want it.
    """

    dataset: Dataset
    protocol: Protocol
    cache_directory: Path | None = None
    keep_networks: bool = False
    _views: dict[_View, Features] = field(default_factory=dict)
    _seconds: dict[_View, float] = field(default_factory=dict)
    _vectors: dict[_View, npt.NDArray[np.bool_]] = field(default_factory=dict)
    _pools: dict[tuple[str, str], SourcePool] = field(default_factory=dict)
    _splits: dict[tuple[str, int, str, Division | None], SourceSplit] = field(default_factory=dict)
    _targets: dict[tuple[str, str, str], TargetSet] = field(default_factory=dict)

    def run(self, job: Job) -> Outcome:
        """Run a job; whatever its method does wrong becomes a row with a reason.

        Args:
            job: The job.

        Returns:
            Its rows and predictions.

        Raises:
            DataError: If the data cannot serve the job, which is no fault of the method.
            UsageError: If the device is not here, or has not the protocol's arithmetic.
        """
        device = resolve_device(self.protocol.device, self.protocol.precision)
        split, targets = self.prepare(job)
        try:
            fit = self._fit(job, split, device)
            network = self._network(job, fit, split)
        except UnavailableError as error:
            return self.without_scores(job, "unavailable", str(error))
        except (Exception, SystemExit) as error:
            # A stranger's method may raise anything; it must not take the others down.
            logger.warning("%s failed", job, exc_info=True)
            return self.without_scores(job, "failed", describe_error(error))
        rows: list[Row] = []
        predictions: list[Prediction] = []
        for name, chosen in targets.items():
            row, prediction = self._scored(job, fit, name, chosen, split)
            rows.append(row)
            predictions += [] if prediction is None else [prediction]
        if not predictions:
            return Outcome(tuple(rows))
        return Outcome(tuple(rows), tuple(predictions), fit.reported.history, network)

    def _scored(
        self, job: Job, fit: Fit, name: str, chosen: TargetSet, split: SourceSplit
    ) -> tuple[Row, Prediction | None]:
        """Return the row of a target; what goes wrong with it is no fault of the other targets."""
        row = make_row(job, self.dataset, self.protocol, split, name, chosen)
        try:
            prediction, measurement = self._answer(job, fit, name, chosen, split)
        except UnavailableError as error:
            return row.model_copy(update={"status": "unavailable", "reason": str(error)}), None
        except (Exception, SystemExit) as error:
            logger.warning("%s failed on %s", job, name, exc_info=True)
            said = {"status": "failed", "reason": describe_error(error)}
            return row.model_copy(update=said), None
        took = self._seconds.get(self._view(job, name))
        row = self._with_coverage(job, row, split, chosen)
        scored = with_scores(row, self.protocol, chosen, fit, prediction, measurement, took)
        return scored, prediction

    def without_scores(self, job: Job, status: Status, reason: str) -> Outcome:
        """Describe a job that came to no scores, in this process or in another.

        Args:
            job: The job.
            status: What happened.
            reason: Why.

        Returns:
            A row for each target that says so.

        Raises:
            DataError: If the data cannot serve the job.
        """
        split, targets = self.prepare(job)
        said = {"status": status, "reason": reason}
        return Outcome(
            tuple(
                make_row(job, self.dataset, self.protocol, split, name, chosen).model_copy(
                    update=said
                )
                for name, chosen in targets.items()
            )
        )

    def prepare(self, job: Job) -> tuple[SourceSplit, dict[str, TargetSet]]:
        """Choose the samples of a job.

        Args:
            job: The job.

        Returns:
            The parts of the source and the scored samples of each target, the source's own
            held-out part included where the protocol keeps one.

        Raises:
            DataError: If the data cannot serve the job.
        """
        split = self._split(job)
        targets: dict[str, TargetSet] = {}
        if len(split.held_out):
            labels = self.dataset.load(job.source).labels[split.held_out]
            space = label_space(split.classes, np.unique(labels).tolist(), split.too_few)
            targets[job.source] = TargetSet(split.held_out, len(split.held_out), 0, space)
        for name in job.targets:
            targets[name] = self._target(job, name, split)
        return split, targets

    def _split(self, job: Job) -> SourceSplit:
        division = repeated_division(job.method.released_division, self.protocol)
        slot = (job.source, job.seed, self._key_name(job), division)
        if slot not in self._splits:
            self._splits[slot] = divide_source(
                self.dataset.load(job.source),
                self._pool(job),
                self.protocol,
                seed=job.seed,
                division=division,
            )
        return self._splits[slot]

    def _pool(self, job: Job) -> SourcePool:
        slot = (job.source, self._key_name(job))
        if slot not in self._pools:
            self._pools[slot] = source_pool(
                self.dataset.load(job.source),
                self.protocol,
                key=self._key(job, job.source),
                elsewhere=found_elsewhere(self.dataset, job.source)
                if self.protocol.deduplicate == "series"
                else None,
            )
        return self._pools[slot]

    def _target(self, job: Job, name: str, split: SourceSplit) -> TargetSet:
        slot = (job.source, name, self._key_name(job))
        if slot not in self._targets:
            self._targets[slot] = prepare_target(
                self.dataset.load(name),
                split.classes,
                self.protocol,
                source=job.source,
                source_too_few=split.too_few,
                key=self._key(job, name),
            )
        return self._targets[slot]

    def _key_name(self, job: Job) -> str:
        by_view = self.protocol.deduplicate == "representation"
        return " ".join((job.method.representation, *job.identity.bands)) if by_view else ""

    def _key(self, job: Job, domain: str) -> Features | None:
        """What makes samples alike where the protocol looks at the representation."""
        if self.protocol.deduplicate != "representation":
            return None
        try:
            features = self._features(job, domain)
        except UnavailableError:
            # The job ends as `unavailable` when it is fitted; its rows still name their samples.
            return None
        whole = self._known(job, domain, np.arange(len(features))).all()
        return features if whole else None

    def _features(self, job: Job, domain: str) -> Features:
        view = self._view(job, domain)
        if view not in self._views:
            self._views[view] = represent(
                replace(
                    self.observations(domain, job.identity.bands),
                    stored=partial(self._read, view=view),
                ),
                job.method.representation,
                cache_directory=self.cache_directory,
                on_computed=lambda seconds: self._seconds.update({view: seconds}),
            )
        return self._views[view]

    def _view(self, job: Job, domain: str) -> _View:
        return domain, job.method.representation, job.identity.bands

    def _read(self, name: str, view: _View) -> Features:
        vectors = read_embedding(name, self.dataset.root, self.dataset.load(view[0]))
        self._vectors[view] = np.asarray(np.isfinite(vectors).all(axis=1))
        return vectors

    def _known(self, job: Job, domain: str, rows: Rows) -> npt.NDArray[np.bool_]:
        """Whether each sample has features; all have where these are not read."""
        known = self._vectors.get(self._view(job, domain))
        return np.ones(len(rows), dtype=np.bool_) if known is None else known[rows]

    def _with_coverage(self, job: Job, row: Row, split: SourceSplit, chosen: TargetSet) -> Row:
        if self._view(job, row.target) not in self._vectors:
            return row
        found = {
            "coverage": float(self._known(job, row.target, chosen.rows).mean()),
            "n_train": int(self._known(job, job.source, split.training).sum()),
            "n_validation": int(self._known(job, job.source, split.validation).sum()),
        }
        return row.model_copy(update={"data": row.data.model_copy(update=found)})

    def observations(self, domain: str, bands: tuple[str, ...]) -> Observations:
        """Return what representations of a domain are made of, on the protocol's calendar."""
        samples = self.dataset.load(domain)
        series = self.dataset.series(domain, bands)
        year = self._year(domain)
        return Observations(
            domain=domain,
            series=move(series, year.moved),
            bands=bands,
            sample_ids=samples.sample_ids,
            longitude=samples.longitude,
            latitude=samples.latitude,
            first_day=year.first_day,
            content=f"{self.dataset.domain_fingerprint(domain)} {year.moved}",
            device=resolve_device(self.protocol.device),
        )

    def _year(self, domain: str) -> PlacedYear:
        return place_year(self.dataset, domain, aligned=self.protocol.season == "aligned")

    def _fit(self, job: Job, split: SourceSplit, device: str) -> Fit:
        if job.method.track == "knowledge" and self.dataset.card.simulated:
            raise UnavailableError(
                "On simulated targets, to know the simulator's calendars is to know the answers."
            )
        features = self._features(job, job.source)
        labels = self.dataset.load(job.source).labels
        positions = class_positions(split.classes)
        training, validation = (
            rows[self._known(job, job.source, rows)] for rows in (split.training, split.validation)
        )
        x, y = features[training], positions[labels[training]]
        xv, yv = features[validation], positions[labels[validation]]
        fewer = len(training) < len(split.training)
        if fewer and (len(np.unique(y)) < len(split.classes) or not len(yv)):
            raise UnavailableError(
                f"Too few samples of {job.source} have a vector: none of a crop to learn, or none "
                "to select by."
            )
        context = Context(
            seed=job.seed,
            classes=tuple(CROPS[index] for index in split.classes),
            protocol=self.protocol,
            device=device,
            bands=job.identity.bands,
            sample_shape=tuple(features.shape[1:]),
        )
        require_finite(features[np.concatenate([training, validation])])
        classifier = job.method.build(context)
        with measure_all(device) as measured:
            classifier.fit(x, y, validation=(xv, yv))
        reported = read_fitted_attributes(classifier)
        used = device_of(reported.device, device, measured)
        draws = sum(int(epoch.get("samples", len(x))) for epoch in reported.history or ({},))
        return Fit(classifier, reported, measured[used], draws, used)

    def _network(self, job: Job, fit: Fit, split: SourceSplit) -> Network | None:
        if not (self.keep_networks and job.method.keeps_network):
            return None
        if not isinstance(fit.classifier, Exportable):
            raise MethodError(f"{job.method.name} keeps its network but has no export().")
        return Network(
            sample_shape=self._features(job, job.source).shape[1:],
            classes=tuple(CROPS[index] for index in split.classes),
            arrays=fit.classifier.export(),
        )

    def _answer(
        self, job: Job, fit: Fit, name: str, chosen: TargetSet, split: SourceSplit
    ) -> tuple[Prediction, Measurement]:
        samples = self.dataset.load(name)
        features = self._features(job, name)
        known = self._known(job, name, chosen.rows)
        # The source's own held-out part is answered by what was fitted, on every track.
        method = job.method if name != job.source else replace(job.method, track="inductive")
        if not known.any() or not (known.all() or method.track == "inductive"):
            raise UnavailableError(
                f"{known.mean():.1%} of the scored samples of {name} have a vector: too few for "
                f"the track {method.track}."
            )
        question = PredictionRequest(
            features=features,
            samples=samples,
            rows=chosen.rows[known],
            classes=split.classes,
            protocol=self.protocol,
            seed=job.seed,
            first_day=self._year(name).first_day,
        )
        with measure(fit.device) as measurement:
            probabilities = predict_target(method, fit.classifier, question)
        if not known.all():
            given = probabilities
            probabilities = np.tile(self._shares(job, split), (len(known), 1))
            probabilities[known] = given
        prediction = Prediction(
            target=name,
            sample_ids=samples.sample_ids[chosen.rows],
            probabilities=probabilities,
            classes=tuple(CROPS[index] for index in split.classes),
            labels=samples.labels[chosen.rows],
            block=None if samples.block is None else samples.block[chosen.rows],
        )
        return prediction, measurement

    def _shares(self, job: Job, split: SourceSplit) -> npt.NDArray[np.float32]:
        """Share of each learned crop in the training samples: the answer where nothing is known."""
        labels = self.dataset.load(job.source).labels[split.training]
        counts = np.bincount(labels, minlength=len(CROPS))[list(split.classes)]
        shares: npt.NDArray[np.float32] = (counts / counts.sum()).astype(np.float32)
        return shares
