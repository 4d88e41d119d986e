"""Run one job: choose its samples, fit once, predict and score each target."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmark.data.calendar_detection import PlacedYear, place_year
from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import read_embedding
from benchmark.data.representations import Observations, represent
from benchmark.data.season import move
from benchmark.data.shifts.shift_table import Shift
from benchmark.data.taxonomy import CROPS
from benchmark.errors import UnavailableError
from benchmark.files import as_utf8
from benchmark.results.fitted_networks import Network
from benchmark.results.rows import Row, Status
from benchmark.results.store import Prediction
from benchmark.run.device import resolve_device
from benchmark.run.fitting.shifted_target import shift_request
from benchmark.run.fitting.started_method import (
    Ending,
    FitReport,
    FitRequest,
    MethodProcessLostError,
    NoAnswerError,
    PredictionReport,
    StartedMethod,
    StartMethod,
    predict_without_order,
    reason_of,
    start_in_process,
)
from benchmark.run.fitting.target_prediction import PredictionRequest, require_unknown_answers
from benchmark.run.jobs import Job
from benchmark.run.outcome import Outcome, make_prediction
from benchmark.run.row_assembly import make_row, with_ending, with_scores, without_target
from benchmark.task.methods import Context, Features, require_finite
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import (
    SourceSplit,
    TargetSet,
    class_positions,
)
from benchmark.task.samples.sample_choice import SERIES, Likeness, SampleChoice
from benchmark.task.samples.sample_division import Rows
from benchmark.task.tracks import Track

logger = logging.getLogger(__name__)


_View = tuple[str, str, tuple[str, ...]]
"""A domain, a representation and its bands."""


@dataclass(frozen=True)
class Runner:
    """Runs jobs on one dataset under one protocol.

    Attributes:
        dataset: The data.
        protocol: The protocol.
        cache_directory: Folder for computed representations; ``None`` if they are not stored.
        keep_networks: Whether fitted networks are stored, for methods that ask for it.
        start_method: Function that starts the method of a job, in this or in a separate process.
    """

    dataset: Dataset
    protocol: Protocol
    cache_directory: Path | None = None
    keep_networks: bool = False
    start_method: StartMethod = start_in_process
    _views: dict[_View, Features] = field(default_factory=dict)
    _seconds: dict[_View, float] = field(default_factory=dict)
    _vectors: dict[_View, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def run(self, job: Job) -> Outcome:
        """Run a job. An error of its method becomes a row with a reason.

        A job whose method's process has died is run once more, since another process may have
        caused that. After the second time it counts as failed.

        Args:
            job: The job.

        Returns:
            Its rows and predictions.

        Raises:
            DataError: If the data has not enough samples for the job.
            UsageError: If there is no such device, or it lacks the protocol's arithmetic.
        """
        device = resolve_device(self.protocol.device, self.protocol.precision)
        for again in (False, True):
            ending = Ending()
            try:
                with self.start_method(job) as started:
                    ending = started.ending
                    outcome = self._run(job, started, device)
            except MethodProcessLostError as error:
                if error.again and not again:
                    logger.warning("%s is run again: %s", job, error.reason)
                    continue
                outcome = self.without_scores(job, error.status, error.reason)
            break
        return replace(outcome, rows=with_ending(outcome.rows, ending))

    def _run(self, job: Job, started: StartedMethod, device: str) -> Outcome:
        split, targets = self.prepare(job)
        try:
            request = self._fit_request(job, split, device)
            fit = started.fit(request)
        except UnavailableError as error:
            return self.without_scores(job, "unavailable", str(error))
        except NoAnswerError:
            raise
        except (Exception, SystemExit) as error:
            # A method may raise any error; the other jobs must go on.
            logger.warning("%s failed", job, exc_info=True)
            return self.without_scores(job, "failed", reason_of(error))
        rows: list[Row] = []
        predictions: list[Prediction] = []
        for name, chosen in targets.items():
            row, prediction = self._scored(job, started, fit, name, chosen, split)
            rows.append(row)
            predictions += [] if prediction is None else [prediction]
            if name != job.source:
                rows += [
                    self._scored_copy(job, started, fit, name, split, shift) for shift in job.shifts
                ]
        if not predictions:
            return Outcome(tuple(rows))
        network = None
        if fit.network is not None:
            context = request.context
            network = Network(context.sample_shape, context.classes, fit.network)
        return Outcome(tuple(rows), tuple(predictions), fit.reported.history, network)

    def _scored(
        self,
        job: Job,
        started: StartedMethod,
        fit: FitReport,
        name: str,
        chosen: TargetSet,
        split: SourceSplit,
    ) -> tuple[Row, Prediction | None]:
        """Return the row of a target; what goes wrong with it is no fault of the other targets."""
        row = make_row(job, self.dataset, self.protocol, split, name, chosen)
        answer = _attempt(job, row, lambda: self._predict(job, started, name, chosen, split))
        if isinstance(answer, Row):
            return answer, None
        prediction, report = answer
        took = self._seconds.get(self._view(job, name))
        row = self._with_coverage(job, row, split, chosen)
        scored = with_scores(row, self.protocol, chosen, fit, prediction, report, took)
        return scored, prediction

    def _scored_copy(
        self,
        job: Job,
        started: StartedMethod,
        fit: FitReport,
        name: str,
        split: SourceSplit,
        shift: Shift,
    ) -> Row:
        """Return the row of a shifted copy of a target."""
        samples = self.dataset.load(name)
        chosen = self.shifted(job, name, shift)
        row = make_row(job, self.dataset, self.protocol, split, name, chosen, shift)

        def predict() -> tuple[Prediction, PredictionReport]:
            request = shift_request(
                shift,
                self.observations(name, job.identity.bands),
                samples,
                chosen,
                job.method.representation,
                classes=split.classes,
                protocol=self.protocol,
                seed=job.seed,
                folder=self.cache_directory and self.cache_directory / "shifted",
            )
            report = predict_without_order(started, job.method.track, request)
            return make_prediction(samples, chosen, split.classes, report.probabilities), report

        answer = _attempt(job, row, predict)
        if isinstance(answer, Row):
            return answer
        return with_scores(row, self.protocol, chosen, fit, *answer)

    def without_scores(self, job: Job, status: Status, reason: str) -> Outcome:
        """Describe a job that came to no scores, in this process or in another.

        Args:
            job: The job.
            status: What happened.
            reason: Why.

        Returns:
            A row for each target, and for each shifted copy, that says so.

        Raises:
            DataError: If the data cannot serve the job.
        """
        split, targets = self.prepare(job)
        said = {"status": status, "reason": as_utf8(reason)}
        rows = []
        for name, chosen in targets.items():
            rows.append(make_row(job, self.dataset, self.protocol, split, name, chosen))
            for shift in job.shifts if name != job.source else ():
                copy = self.shifted(job, name, shift)
                rows.append(make_row(job, self.dataset, self.protocol, split, name, copy, shift))
        return Outcome(tuple(row.model_copy(update=said) for row in rows))

    def prepare(self, job: Job) -> tuple[SourceSplit, dict[str, TargetSet]]:
        """Choose the samples of a job.

        Args:
            job: The job.

        Returns:
            The parts of the source, and the scored samples of each target. If the protocol keeps a
            held-out part of the source, it is one of the targets.

        Raises:
            DataError: If the data has not enough samples for the job.
        """
        likeness = self._likeness(job)
        split = self._samples.split(job.source, job.seed, likeness, job.method.released_division)
        names = (job.source, *job.targets) if len(split.held_out) else job.targets
        return split, {name: self._samples.scored(job.source, name, likeness) for name in names}

    def shifted(self, job: Job, target: str, shift: Shift) -> TargetSet:
        """Return the scored samples of a shifted copy of a target, which are drawn once."""
        return self._samples.shifted(shift, job.source, target, self._likeness(job))

    @cached_property
    def _samples(self) -> SampleChoice:
        return SampleChoice(self.dataset, self.protocol)

    def _likeness(self, job: Job) -> Likeness:
        if self.protocol.deduplicate != "representation":
            return SERIES
        name = " ".join((job.method.representation, *job.identity.bands))
        return Likeness(name, partial(self._key, job))

    def _key(self, job: Job, domain: str) -> Features | None:
        """Return the features by which repeats are found if the protocol compares them."""
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
        """Return whether each sample has features; without files of vectors, all have."""
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
        """Return what representations of a domain are computed from, on the protocol's calendar."""
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

    def _fit_request(self, job: Job, split: SourceSplit, device: str) -> FitRequest:
        require_unknown_answers(job.method.track, simulated=self.dataset.card.simulated)
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
        wanted = self.keep_networks and job.method.keeps_network
        return FitRequest(context, (x, y), (xv, yv), keep_network=wanted)

    def _predict(
        self, job: Job, started: StartedMethod, name: str, chosen: TargetSet, split: SourceSplit
    ) -> tuple[Prediction, PredictionReport]:
        samples = self.dataset.load(name)
        features = self._features(job, name)
        known = self._known(job, name, chosen.rows)
        # On every track, the fitted classifier itself predicts the held-out part of the source.
        track: Track = job.method.track if name != job.source else "inductive"
        if not known.any() or not (known.all() or track == "inductive"):
            raise UnavailableError(
                f"{known.mean():.1%} of the scored samples of {name} have a vector: too few for "
                f"the track {track}."
            )
        request = PredictionRequest(
            features=features,
            samples=samples,
            rows=chosen.rows[known],
            classes=split.classes,
            protocol=self.protocol,
            seed=job.seed,
            first_day=self._year(name).first_day,
        )
        report = predict_without_order(started, track, request)
        probabilities = report.probabilities
        if not known.all():
            probabilities = np.tile(self._shares(job, split), (len(known), 1))
            probabilities[known] = report.probabilities
        return make_prediction(samples, chosen, split.classes, probabilities), report

    def _shares(self, job: Job, split: SourceSplit) -> npt.NDArray[np.float32]:
        """Return the share of each learned crop in the training samples, used without features."""
        labels = self.dataset.load(job.source).labels[split.training]
        counts = np.bincount(labels, minlength=len(CROPS))[list(split.classes)]
        shares: npt.NDArray[np.float32] = (counts / counts.sum()).astype(np.float32)
        return shares


def _attempt(
    job: Job, row: Row, predict: Callable[[], tuple[Prediction, PredictionReport]]
) -> tuple[Prediction, PredictionReport] | Row:
    """Return what a method answers about a target or, where it does not, the row that says why."""
    try:
        return predict()
    except UnavailableError as error:
        return without_target(row, str(error))
    except NoAnswerError:
        raise
    except (Exception, SystemExit) as error:
        logger.warning("%s failed on %s", job, row.target, exc_info=True)
        return row.model_copy(update={"status": "failed", "reason": reason_of(error)})
