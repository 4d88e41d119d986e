"""The samples that must be scored, chosen from the verifier's data with the harness's rules."""

from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import read_embedding
from benchmark.data.representations import (
    BUILT_IN,
    Observations,
    get_representation,
    represent,
)
from benchmark.data.taxonomy import CROPS
from benchmark.errors import SubmissionError, UnavailableError
from benchmark.results.rows import Row
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import ids_hash
from benchmark.task.samples.sample_choice import SERIES, Likeness, SampleChoice
from benchmark.task.transfers import LabelSpace


@dataclass(frozen=True, eq=False)
class ExpectedSamples:
    """The samples of a row.

    Attributes:
        ids: Ids of the samples [N].
        labels: Class indices of the samples [N].
        block: Spatial blocks of the samples [N]; ``None`` if the data has none.
        classes: Crops that are learned, in the order of the probability columns.
        scorable: Number of target samples of scored crops, before a cap.
        unscored: Number of target samples not scored because the source lacks their crop.
        space: The crops of source and target.
        split: How the source was divided for the row's seed: ``block`` or ``random``.
        training: Number of training samples; of those with a vector, if it is learned from vectors.
        validation: Number of validation samples, likewise.
        coverage: Share of the samples that have a vector; ``None`` without files of vectors.
    """

    ids: npt.NDArray[np.str_]
    labels: npt.NDArray[np.int64]
    block: npt.NDArray[np.int64] | None
    classes: tuple[str, ...]
    scorable: int
    unscored: int
    space: LabelSpace
    split: str
    training: int
    validation: int
    coverage: float | None

    @property
    def ids_hash(self) -> str:
        """Hash of the ids."""
        return ids_hash(self.ids)


@dataclass(frozen=True, eq=False)
class Expectation:
    """The samples that must be scored on a dataset under a protocol.

    Attributes:
        dataset: The verifier's own data.
        protocol: The protocol.
    """

    dataset: Dataset
    protocol: Protocol
    _found: dict[tuple[object, ...], ExpectedSamples] = field(default_factory=dict)

    def of(self, row: Row) -> ExpectedSamples:
        """Return the samples that must be scored for a row.

        Args:
            row: The row; its transfer, seed, representation, bands and division are used.

        Raises:
            DataError: If the data does not allow the transfer.
            UsageError: If the dataset lacks a domain.
            SubmissionError: If the protocol's choice of samples needs something that is missing.
        """
        slot = (
            *(row.source, row.target, row.seed, row.representation),
            *(row.data.bands, row.data.division),
        )
        if slot not in self._found:
            self._found[slot] = self._expected(row)
        return self._found[slot]

    def _expected(self, row: Row) -> ExpectedSamples:
        likeness = self._likeness(row)
        # The method of a row may not be installed, so the row itself says which division it used.
        split = self._samples.split(row.source, row.seed, likeness, row.data.division)
        chosen = self._samples.scored(row.source, row.target, likeness)
        samples = self.dataset.load(row.target)
        learned, scored = self._known(row, row.source), self._known(row, row.target)
        return ExpectedSamples(
            ids=samples.sample_ids[chosen.rows],
            labels=samples.labels[chosen.rows],
            block=None if samples.block is None else samples.block[chosen.rows],
            classes=tuple(CROPS[index] for index in split.classes),
            scorable=chosen.scorable,
            unscored=chosen.unscored,
            space=chosen.space,
            split=split.kind,
            training=_count(split.training, learned),
            validation=_count(split.validation, learned),
            coverage=None if scored is None else float(scored[chosen.rows].mean()),
        )

    def _known(self, row: Row, domain: str) -> npt.NDArray[np.bool_] | None:
        """Return whether each sample of a domain has a vector, if the row's method reads vectors.

        Without files here there is none to count: a check compares the files themselves.
        """
        kind = get_representation(row.representation).vectors
        if kind is None:
            return None
        try:
            vectors = read_embedding(kind, self.dataset.root, self.dataset.load(domain))
        except UnavailableError:
            return None
        return np.asarray(np.isfinite(vectors).all(axis=1))

    @cached_property
    def _samples(self) -> SampleChoice:
        return SampleChoice(self.dataset, self.protocol)

    def _likeness(self, row: Row) -> Likeness:
        if self.protocol.deduplicate != "representation":
            return SERIES
        name = " ".join((row.representation, *row.data.bands))
        return Likeness(name, partial(self._key, row))

    def _key(self, row: Row, domain: str) -> npt.NDArray[np.float32]:
        """Return what makes samples alike where the protocol looks at the representation."""
        if row.representation not in BUILT_IN or self.protocol.season == "aligned":
            raise SubmissionError(
                f"Protocol {self.protocol.name} drops samples that are alike in the representation "
                f"'{row.representation}', which is not computed here: use --rerun."
            )
        samples = self.dataset.load(domain)
        observations = Observations(
            domain=domain,
            series=self.dataset.series(domain, row.data.bands),
            bands=row.data.bands,
            sample_ids=samples.sample_ids,
        )
        return represent(observations, row.representation)


def _count(rows: npt.NDArray[np.int64], known: npt.NDArray[np.bool_] | None) -> int:
    return len(rows) if known is None else int(known[rows].sum())
