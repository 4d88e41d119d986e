"""The checks of a submission with the verifier's own data; each function is one check."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import vectors_fingerprint
from benchmark.data.inspect.domain_differences import transfer_warnings
from benchmark.data.representations import get_representation
from benchmark.data.taxonomy import CROPS
from benchmark.errors import CropGlobeError
from benchmark.results.rows import SCHEMA_VERSION, Row
from benchmark.task.absent_crops import rewritten
from benchmark.task.card_requirements import card_questions
from benchmark.task.metrics import METRIC_VERSION, Scores, check_probabilities, score
from benchmark.task.protocol import Protocol
from benchmark.task.tracks import SERIES_TRACKS
from benchmark.task.transfers import Transfer, transfer_bands
from leaderboard.score_agreement import score_differences
from leaderboard.submissions.archive import printable
from leaderboard.submissions.names import author_problems, method_name_problems
from leaderboard.submissions.own_checks import copy_problems, protocol_problems, seed_problems
from leaderboard.submissions.submission_models import CLOSED_TRACK, Submission
from leaderboard.submissions.verification.cost_plausibility import implausible
from leaderboard.submissions.verification.expected_samples import Expectation, ExpectedSamples
from leaderboard.submissions.verification.label_leaks import find_leaks
from leaderboard.submissions.verification.origin_plausibility import (
    differing_surroundings,
    impossible_times,
)


@dataclass(frozen=True, eq=False)
class Case:
    """A submission with the data for its checks.

    Attributes:
        submission: The submission.
        dataset: The verifier's own data.
        expectation: Samples that must be scored on this data.
    """

    submission: Submission
    dataset: Dataset
    expectation: Expectation

    def expected(self, row: Row) -> ExpectedSamples:
        """Return the samples that must be scored for a row."""
        return self.expectation.of(row)


def card(case: Case) -> Iterator[str]:
    """The card states licence, reference and pretraining."""
    described = case.submission.described
    given = described.card.target_labels_per_class
    if given is not None and described.track not in ("oracle", CLOSED_TRACK):
        yield (
            f"The card says that it is given {given} labels of each crop of a target, which the "
            f"track '{described.track}' does not give."
        )
    for question in card_questions(described.card, described.representation):
        yield f"The card {question}."


def names(case: Case) -> Iterator[str]:
    """Names differ from other names and do not resemble them."""
    yield from method_name_problems(case.submission.manifest.method)
    yield from author_problems(case.submission.manifest.authors)


def one_method(case: Case) -> Iterator[str]:
    """All parts name one method on one track."""
    submission = case.submission
    manifest, described = submission.manifest, submission.described
    if described.name != manifest.method:
        yield f"The card is of '{printable(described.name)}', not of '{manifest.method}'."
    closed = manifest.kind == "predictions-only"
    if closed != manifest.code.is_closed or closed != (described.track == CLOSED_TRACK):
        yield f"Without code a submission is on the track '{CLOSED_TRACK}', with code it is not."
    said = (
        described.name,
        described.version,
        described.family,
        described.track,
        described.representation,
    )
    for row in submission.rows:
        if (row.method, row.method_version, row.family, row.track, row.representation) != said:
            yield f"Row {row.transfer}, seed {row.seed} is of another method than the card."
            return
    if len({row.provenance.code_fingerprint for row in submission.rows}) > 1:
        yield "The rows were made by different versions of the code."


def protocol(case: Case) -> Iterator[str]:
    """The protocol is the one that is declared."""
    submission = case.submission
    manifest, written = submission.manifest, submission.protocol
    if (manifest.protocol, manifest.protocol_hash) != (written.name, written.hash):
        yield (
            f"The manifest declares protocol {printable(manifest.protocol)} "
            f"({printable(manifest.protocol_hash)}), the submission holds {written.name} "
            f"({written.hash})."
        )
    yield from protocol_problems(written)
    for row in submission.rows:
        if (row.protocol, row.protocol_hash) != (written.name, written.hash):
            yield f"Row {row.transfer}, seed {row.seed} was made under another protocol."
            return


def dataset(case: Case) -> Iterator[str]:
    """The dataset is the verifier's."""
    # Its name is not: by default it is that of the folder into which each of them ingested it.
    own, name = case.dataset, case.submission.manifest.dataset
    stated = {row.data.fingerprint for row in case.submission.rows}
    for fingerprint in sorted({case.submission.manifest.fingerprint, *stated}):
        if fingerprint != own.fingerprint:
            yield (
                f"It was made on data of fingerprint {printable(fingerprint[:16])}, the data here "
                f"({own.card.name}) has {own.fingerprint[:16]}."
            )
    for row in case.submission.rows:
        if (row.data.name, row.data.simulated) != (name, own.card.simulated):
            yield f"Row {row.transfer}, seed {row.seed} names another dataset than the manifest."
            return
        if (row.schema_version, row.metric_version) != (SCHEMA_VERSION, METRIC_VERSION):
            yield f"Row {row.transfer}, seed {row.seed} has another version of rows or metrics."
            return


def complete(case: Case) -> Iterator[str]:
    """Every transfer has every seed, once."""
    submission = case.submission
    manifest, seeds = submission.manifest, submission.manifest.seeds
    if len(set(seeds)) != len(seeds):
        yield f"Seeds are repeated: {', '.join(map(str, seeds))}."
    if set(seeds) != set(submission.protocol.seeds):
        yield "The seeds of manifest and protocol differ."
    yield from seed_problems(submission.protocol, seeds)
    if len(set(manifest.transfers)) != len(manifest.transfers):
        yield "Its manifest names a transfer twice."
    if all(len(set(transfer.split(":"))) == 1 for transfer in manifest.transfers):
        yield "It has no transfer from one domain to another."
    found = Counter((row.transfer, row.seed) for row in submission.rows)
    wanted = {(transfer, seed) for transfer in manifest.transfers for seed in seeds}
    for transfer, seed in sorted(found.keys() | wanted):
        count = found[transfer, seed]
        if count != 1 or (transfer, seed) not in wanted:
            yield f"{printable(transfer)}, seed {seed}: {count} rows where one is declared."
            return
    sources = {row.source for row in submission.rows if row.source != row.target}
    for source in sorted(sources):
        own = f"{source}:{source}"
        if submission.protocol.held_out_fraction > 0 and own not in manifest.transfers:
            yield f"The in-domain score of {source} is missing."


def distinct_seeds(case: Case) -> Iterator[str]:
    """Seeds differ in their predictions, unless the card says that they do not."""
    if not case.submission.described.card.deterministic:
        yield from copy_problems(case.submission.predictions)


def samples(case: Case) -> Iterator[str]:
    """The scored samples are those of the protocol, each once."""
    for row in case.submission.rows:
        given = case.submission.samples[row.source, row.target]
        wanted = case.expected(row).ids.tolist()
        missing, extra = set(wanted) - set(given), set(given) - set(wanted)
        if missing:
            yield f"{row.transfer}: {len(missing)} samples are missing, such as '{min(missing)}'."
        if extra:
            shown = printable(min(extra))
            yield f"{row.transfer}: {len(extra)} samples are not to be scored, such as '{shown}'."
        if len(set(given)) != len(given):
            yield f"{row.transfer}: a sample is there twice."
        if missing or extra or len(set(given)) != len(given):
            return


def described_samples(case: Case) -> Iterator[str]:
    """Rows state samples, bands, classes and splits correctly."""
    kind = get_representation(case.submission.described.representation).vectors
    vectors = None if kind is None else vectors_fingerprint(kind, case.dataset)
    for row in case.submission.rows:
        wanted, data = case.expected(row), row.data
        pairs = {
            "n_test": (data.n_test, len(wanted.ids)),
            "n_scorable": (data.n_scorable, wanted.scorable),
            "n_unscored": (data.n_unscored, wanted.unscored),
            "ids_hash": (data.ids_hash, wanted.ids_hash),
            "classes": (data.classes, wanted.classes),
            "labels": (data.labels, wanted.space),
            "split": (data.split, wanted.split),
            "bands": (data.bands, _bands(case, row)),
            "vectors": (data.vectors, vectors),
            "relation": (row.relation, Transfer(row.source, row.target).relation),
            "n_train": (data.n_train, wanted.training),
            "n_validation": (data.n_validation, wanted.validation),
            "coverage": (data.coverage, wanted.coverage),
            "warnings": (data.warnings, _warnings(case, row)),
            "reason": (row.reason, None),
            "shift": (row.shift, None),
            "decision": (row.decision, row.decision if row.track in SERIES_TRACKS else None),
            "target_labels_per_class": (row.target_labels_per_class, _labels(case, row)),
        }
        for name, (stated, true) in pairs.items():
            if stated != true:
                place = f"{row.transfer}, seed {row.seed}"
                yield f"{place}: {name} is {printable(str(stated))}, not {true}."
                return
    if len({row.data.bands for row in case.submission.rows}) > 1:
        yield "Its transfers use different bands: a submission has one set of bands."


def _labels(case: Case, row: Row) -> int | None:
    """Return how many labelled samples of each crop of the target the card says it is given."""
    shown = case.submission.described.card.target_labels_per_class
    return None if row.source == row.target else shown


def _warnings(case: Case, row: Row) -> tuple[str, ...]:
    protocol = case.expectation.protocol
    return transfer_warnings(
        case.dataset,
        row.source,
        row.target,
        shared_removed=protocol.deduplicate == "series",
        aligned=protocol.season == "aligned",
    )


def _bands(case: Case, row: Row) -> tuple[str, ...]:
    """Return the bands of a transfer; for an in-domain row, those of a transfer of its source."""
    targets = [other.target for other in case.submission.rows if other.source == row.source]
    away = [target for target in targets if target != row.source]
    target = row.target if row.target != row.source else next(iter(away), row.source)
    return transfer_bands(case.dataset, case.expectation.protocol, Transfer(row.source, target))


def probabilities(case: Case) -> Iterator[str]:
    """Probabilities are finite, not negative, and sum to one."""
    for row in case.submission.rows:
        array = case.submission.predictions[row.source, row.target, row.seed]
        wanted = case.expected(row)
        count = len(case.submission.samples[row.source, row.target])
        try:
            check_probabilities(array, samples=count, classes=len(wanted.classes))
        except CropGlobeError as error:
            yield f"{row.transfer}, seed {row.seed}: {error}"
            return


def scores(case: Case) -> Iterator[str]:
    """Every score follows from the predictions and the verifier's labels."""
    for row in case.submission.rows:
        found, matrix = rescore(case, row)
        place = f"{row.transfer}, seed {row.seed}"
        if row.status != "ok" or row.scores is None or row.confusion is None:
            yield f"{place}: it has no scores."
        elif row.scores.per_crop.keys() != found.per_crop.keys():
            yield f"{place}: its scores are of other crops."
        else:
            differing = list(score_differences(row.scores, found))
            if differing:
                name, stated, true = differing[0]
                yield f"{place}: {name} is stated as {stated}, the predictions give {true}."
            elif row.confusion != matrix:
                yield f"{place}: its confusion matrix is not that of the predictions."


def labels_in_code(case: Case) -> Iterator[str]:
    """The code holds no ids or labels of targets and no encoded data."""
    code = case.submission.code
    if code is None:
        return
    targets = {row.target: row for row in case.submission.rows}
    orders, ids = [], []
    for target, row in sorted(targets.items()):
        own = case.dataset.load(target)
        orders += [own.labels, case.expected(row).labels]
        ids += own.sample_ids.tolist()
    yield from find_leaks(code, ids, orders)


def timings(case: Case) -> Iterator[str]:
    """Times and rates can be true."""
    yield from implausible([row for row in case.submission.rows if row.scores is not None])


def origins(case: Case) -> Iterator[str]:
    """Rows were made in the past, and in the environment that is stated."""
    rows = case.submission.rows
    yield from impossible_times(rows, datetime.now(UTC))
    yield from differing_surroundings(rows, case.submission.surroundings)


CHECKS: Final[tuple[Callable[[Case], Iterator[str]], ...]] = (
    card,
    names,
    one_method,
    protocol,
    dataset,
    complete,
    distinct_seeds,
    samples,
    described_samples,
    probabilities,
    scores,
    labels_in_code,
    timings,
    origins,
)
"""The checks in order. The first line of a check's docstring is its title in a verdict."""

NEED_CODE: Final = (labels_in_code,)
"""Checks that are not tried if the archive has no code."""

FOUNDATIONS: Final = (protocol, dataset, complete, samples, probabilities)
"""Checks on which the later checks depend."""


def rescore(case: Case, row: Row) -> tuple[Scores, tuple[tuple[int, ...], ...]]:
    """Score a row's predictions against the verifier's labels.

    Args:
        case: The submission, whose samples and probabilities were checked.
        row: The row.

    Returns:
        The scores and the confusion matrix.
    """
    wanted = case.expected(row)
    given = case.submission.samples[row.source, row.target]
    position = {name: number for number, name in enumerate(given)}
    order = [position[name] for name in wanted.ids.tolist()]
    ordered = case.submission.predictions[row.source, row.target, row.seed][order]
    return score_answers(case.submission.protocol, row.target, wanted, ordered)


def score_answers(
    chosen: Protocol, target: str, wanted: ExpectedSamples, answers: npt.NDArray[np.float32]
) -> tuple[Scores, tuple[tuple[int, ...], ...]]:
    """Score probabilities with the verifier's labels.

    Args:
        chosen: The protocol.
        target: Domain that is scored.
        wanted: Samples that must be scored.
        answers: Their probabilities [N, classes], in the order of the samples.

    Returns:
        The scores and the confusion matrix.
    """
    array = np.zeros((len(answers), len(CROPS)), dtype=np.float32)
    array[:, [CROPS.index(name) for name in wanted.classes]] = answers
    found, matrix = score(
        array,
        wanted.labels,
        predicted=rewritten(chosen, target, array),
        unscored=wanted.unscored,
        scorable=wanted.scorable,
    )
    return found, tuple(tuple(int(n) for n in line) for line in matrix)
