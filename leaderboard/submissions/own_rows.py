"""A verifier's own rows after a rerun: stored as text, and shown instead of the author's rows."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from benchmark.errors import SubmissionError
from benchmark.results.rows import Cost, Row
from benchmark.task.metrics import Scores
from leaderboard.code_labels import name_of
from leaderboard.results import Cell, Results, row_key
from leaderboard.submissions.submission_models import Digest, Form

OWN_ROWS: Final = "trained_again.json"


class OwnRow(Form):
    """The result of a rerun for one row.

    Attributes:
        stated: Digest of the author's row.
        own: Digest of the verifier's row.
        stated_macro_f1: Macro-F1 in the author's row.
        scores: Scores in the verifier's row.
        confusion: Confusion matrix in the verifier's row.
        cost: Cost in the verifier's row.
    """

    stated: Digest
    own: Digest
    stated_macro_f1: float
    scores: Scores
    confusion: tuple[tuple[int, ...], ...]
    cost: Cost


class OwnRows(Form):
    """The result of a rerun for every row of a submission.

    Attributes:
        form_version: Version of this format.
        rows: The rows.
    """

    form_version: Literal[1] = 1
    rows: tuple[OwnRow, ...]


def row_digest(row: Row) -> str:
    """Return a SHA-256 of a row without its cost and provenance.

    Weighted F1 is left out too: it follows from the confusion matrix, and rows of older versions do
    not have it.
    """
    content = {
        "key": row.comparability_key,
        "track": row.track,
        "method": [name_of(row), row.method_version, row.representation],
        "transfer": [row.transfer, row.seed],
        "samples": [row.data.ids_hash, row.data.n_test],
        "scores": None
        if row.scores is None
        else row.scores.model_dump(mode="json", exclude={"weighted_f1"}),
        "confusion": row.confusion,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def make_own_rows(stated: Sequence[Row], own: Sequence[Row]) -> str:
    """Return the file of a verifier's own rows as JSON text.

    Args:
        stated: The author's rows.
        own: The verifier's rows, in the same order.
    """
    found = []
    for row, mine in zip(stated, own, strict=True):
        assert row.scores is not None
        assert mine.scores is not None
        assert mine.confusion is not None
        found.append(
            OwnRow(
                stated=row_digest(row),
                own=row_digest(mine),
                stated_macro_f1=row.scores.macro_f1,
                scores=mine.scores,
                confusion=mine.confusion,
                cost=mine.cost,
            )
        )
    lines = ",\n".join(row.model_dump_json() for row in found)
    return f'{{"form_version": 1, "rows": [\n{lines}\n]}}\n'


def read_own_rows(path: Path, checksum: str) -> tuple[OwnRow, ...]:
    """Read a verifier's own rows.

    Args:
        path: The file.
        checksum: Its SHA-256, as the verdict has it.

    Raises:
        SubmissionError: If it cannot be read, or is another file.
    """
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != checksum:
            raise SubmissionError(
                f"{path} is not the file that the verdict in its folder names: verify again."
            )
        return OwnRows.model_validate_json(content).rows
    except (OSError, ValidationError) as error:
        raise SubmissionError(f"{path} cannot be read: verify again with --accept.") from error


def with_own_rows(results: Results, known: Mapping[str, OwnRow]) -> Results:
    """Return results in which a verifier's own rows replace the author's rows.

    Intervals and agreement come from stored predictions. They are left out for rows whose stored
    predictions give another confusion matrix than the verifier's.

    Args:
        results: Results of runs.
        known: The verifier's own rows, by the digest of the author's row and by their own digest.
    """
    rows: list[Row] = []
    stated: dict[tuple[Cell, int], float] = {}
    doubtful: set[tuple[Cell, int]] = set()
    for row in results.rows:
        own = known.get(row_digest(row)) if known and row.scores is not None else None
        if own is None:
            rows.append(row)
            continue
        stated[row_key(row)] = own.stated_macro_f1
        if row.confusion != own.confusion:
            doubtful.add(row_key(row))
        update = {"scores": own.scores, "confusion": own.confusion, "cost": own.cost}
        # What the author's fit decided on the target is not known of the verifier's fit.
        rows.append(row.model_copy(update=update | {"decision": None}))
    lost = {cell for cell, _ in doubtful}
    return replace(
        results,
        rows=tuple(rows),
        stated=stated,
        confirmed=results.confirmed - doubtful,
        draws={cell: each for cell, each in results.draws.items() if cell not in lost},
        units={cell: each for cell, each in results.units.items() if cell not in lost},
    )


def by_digest(rows: Iterable[OwnRow]) -> dict[str, OwnRow]:
    """Return a verifier's rows by two keys each: the author's digest and their own digest."""
    return {digest: row for row in rows for digest in (row.stated, row.own)}
