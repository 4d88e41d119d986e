"""The folder `submissions/`: accepted submissions as text, and how far their rows are believed."""

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from benchmark import __version__
from benchmark.errors import SubmissionError
from benchmark.files import replace_text
from benchmark.results.rows import Row
from leaderboard.results import VERIFICATIONS, Results, Verification
from leaderboard.submissions.archive import printable
from leaderboard.submissions.names import check_verifier, same_method_name, same_people
from leaderboard.submissions.own_rows import (
    OWN_ROWS,
    OwnRow,
    by_digest,
    make_own_rows,
    read_own_rows,
    row_digest,
    with_own_rows,
)
from leaderboard.submissions.submission_models import (
    CARD,
    Code,
    Digest,
    Form,
    Kind,
    Line,
    Submission,
)
from leaderboard.submissions.verification.verification import Verdict

POINTER: Final = "submission.json"
VERDICT: Final = "verdict.json"
SCORES: Final = "scores.csv"

SHOWN: Final = ("macro_f1", "overall_accuracy")
"""Scores that are kept as text."""

SELF_REPORTED: Final = VERIFICATIONS[0]

SUBMISSIONS_VARIABLE: Final = "CROPGLOBE_SUBMISSIONS"
"""Environment variable that names the folder of submissions; `submissions` here without it."""

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,120}")


class Pointer(Form):
    """Where an accepted submission lies, and what it is.

    Attributes:
        form_version: Version of this form.
        method: Name of the method.
        authors: Who submitted it.
        kind: Whether its code is there.
        code: Where the code is.
        url: Where the archive can be fetched; ``None`` where it is asked for by e-mail or issue.
        sha256: SHA-256 of the archive.
        bytes: Its size.
        dataset: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        transfers: Transfers.
        seeds: Seeds.
    """

    form_version: Literal[1] = 1
    method: Line
    authors: tuple[Line, ...]
    kind: Kind
    code: Code
    url: str | None
    sha256: Digest
    bytes: int
    dataset: Line
    fingerprint: Digest
    protocol: Line
    protocol_hash: Line
    transfers: tuple[Line, ...]
    seeds: tuple[int, ...]


class StoredVerdict(Form):
    """What a verifier found, tied to the archive and to every row.

    Attributes:
        form_version: Version of this form.
        method: Name of the method.
        submission: SHA-256 of the archive.
        level: How far its rows are believed.
        verifier: Who verified it; never one of the authors.
        date: Day of the verification, ISO 8601.
        package_version: Version of this package.
        inspected: Whether the verifier says to have looked at the code.
        rows: Digest of every row as it was stated.
        own_rows: SHA-256 of the file of the verifier's own rows; ``None`` without a rerun.
    """

    form_version: Literal[1] = 1
    method: Line
    submission: Digest
    level: Literal["verified from predictions", "rerun, not confined", "verified by rerun"]
    verifier: Line
    date: Line
    package_version: Line
    inspected: bool = False
    rows: tuple[Digest, ...]
    own_rows: Digest | None = None


def make_pointer(submission: Submission, url: str | None) -> Pointer:
    """Return what is kept of a submission instead of its archive."""
    manifest = submission.manifest
    return Pointer(
        method=manifest.method,
        authors=manifest.authors,
        kind=manifest.kind,
        code=manifest.code,
        url=url,
        sha256=submission.checksum,
        bytes=submission.path.stat().st_size,
        dataset=manifest.dataset,
        fingerprint=manifest.fingerprint,
        protocol=manifest.protocol,
        protocol_hash=manifest.protocol_hash,
        transfers=manifest.transfers,
        seeds=manifest.seeds,
    )


def folder_name(submission: Submission) -> str:
    """Return the name of a submission's folder: method, protocol and dataset.

    Raises:
        SubmissionError: If the method's name cannot be part of one.
    """
    manifest = submission.manifest
    name = f"{manifest.method}.{manifest.protocol}.{manifest.fingerprint[:8]}"
    if not _FOLDER.fullmatch(name):
        raise SubmissionError(f"'{printable(name)}' cannot name a folder: rename the method.")
    return name


def accept(verdict: Verdict, submissions: Path, *, verifier: str, url: str | None) -> Path:
    """Write an accepted submission into the folder of submissions, as text.

    Args:
        verdict: What was found.
        submissions: The folder.
        verifier: Who verified it.
        url: Where the archive can be fetched; where the folder says already that it can, if
            ``None``.

    Returns:
        The submission's folder. A higher verdict on the same archive stays there.

    Raises:
        SubmissionError: If it is not accepted, the verifier is one of the authors, other authors
            hold its folder, or it cannot be written.
    """
    submission = verdict.submission
    if not verdict.accepted or verdict.level == SELF_REPORTED:
        raise SubmissionError(f"'{submission.manifest.method}' was not accepted.")
    check_verifier(verifier, submission.manifest.authors)
    own = None
    if verdict.trained is not None:
        own = make_own_rows(submission.rows, verdict.rows)
    stored = StoredVerdict(
        method=submission.manifest.method,
        submission=submission.checksum,
        level=verdict.level,
        verifier=verifier,
        date=datetime.now(UTC).date().isoformat(),
        package_version=__version__,
        inspected=verdict.inspected,
        rows=tuple(sorted(row_digest(row) for row in submission.rows)),
        own_rows=None if own is None else hashlib.sha256(own.encode()).hexdigest(),
    )
    folder = submissions / folder_name(submission)
    known = _known_pointer(folder)
    _check_place(submissions, submission)
    standing = standing_verdict(verdict, submissions)
    if url is None and known is not None and known.sha256 == submission.checksum:
        url = known.url
    texts = {
        CARD: submission.described.model_dump_json(indent=2) + "\n",
        POINTER: make_pointer(submission, url).model_dump_json(indent=2) + "\n",
    }
    if standing is None:
        texts |= {SCORES: _scores(verdict.rows)} | ({} if own is None else {OWN_ROWS: own})
        texts |= {VERDICT: stored.model_dump_json(indent=2) + "\n"}
    try:
        for name, text in texts.items():
            replace_text(folder / name, text)
        if standing is None and own is None:
            (folder / OWN_ROWS).unlink(missing_ok=True)  # of an older archive
    except OSError as error:
        raise SubmissionError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    return folder


def standing_verdict(verdict: Verdict, submissions: Path) -> StoredVerdict | None:
    """Return the verdict that a folder holds on the same archive and rows, if it is a higher one.

    Args:
        verdict: What was found now.
        submissions: The folder of submissions; need not exist.
    """
    submission = verdict.submission
    try:
        known = _read_verdict(submissions / folder_name(submission) / VERDICT)
    except SubmissionError:
        return None  # none that counts
    rows = {row_digest(row) for row in submission.rows}
    higher = VERIFICATIONS.index(known.level) > VERIFICATIONS.index(verdict.level)
    same = known.submission == submission.checksum and set(known.rows) == rows
    return known if higher and same else None


def _known_pointer(folder: Path) -> Pointer | None:
    """Return what a folder says of its submission: the authors' own pull request, or a verdict."""
    try:
        return Pointer.model_validate_json((folder / POINTER).read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError):
        return None  # none, or no such thing: it is written anew


def _check_place(submissions: Path, submission: Submission) -> None:
    """Refuse a name that other authors hold here, or that looks like it: one must be the same."""
    method, authors = submission.manifest.method, submission.manifest.authors
    for path in sorted(submissions.glob(f"*/{POINTER}")):
        known = _known_pointer(path.parent)
        if known is None or not same_method_name(known.method, method):
            continue
        if not same_people(known.authors, authors):
            raise SubmissionError(
                f"{path.parent} holds '{printable(known.method)}', a submission of "
                f"{printable(', '.join(known.authors))}: rename the method, or remove that folder "
                "if theirs is withdrawn."
            )


@dataclass(frozen=True)
class Believed:
    """What the folder of submissions says of rows.

    Attributes:
        levels: How far rows are believed, by their digest.
        own: Verifiers' own rows, by the digest of the stated row and by their own.
        problems: What is wrong with verdicts that count for nothing.
    """

    levels: dict[str, Verification]
    own: dict[str, OwnRow]
    problems: tuple[str, ...]


def read_verdicts(submissions: Path) -> Believed:
    """Read every verdict of the folder of submissions.

    Args:
        submissions: The folder; need not exist.

    Returns:
        How far rows are believed, and what is wrong with verdicts that count for nothing: not
        tied to their submission, written by an author, or damaged.
    """
    levels: dict[str, Verification] = {}
    own: dict[str, OwnRow] = {}
    problems: list[str] = []
    for path in sorted(submissions.glob(f"*/{VERDICT}")):
        try:
            stored = _read_verdict(path)
            mine: tuple[OwnRow, ...] = ()
            if stored.own_rows is not None:
                mine = read_own_rows(path.with_name(OWN_ROWS), stored.own_rows)
            elif stored.level != VERIFICATIONS[1]:
                raise SubmissionError(f"{path} counts for nothing: it has no {OWN_ROWS}.")
        except SubmissionError as error:
            problems.append(str(error))
            continue
        for digest in {*stored.rows, *by_digest(mine)}:
            known = levels.get(digest, SELF_REPORTED)
            if VERIFICATIONS.index(stored.level) >= VERIFICATIONS.index(known):
                levels[digest] = stored.level
                own.update({digest: by_digest(mine)[digest]} if mine else {})
    return Believed(levels, own, tuple(problems))


def with_verdicts(results: Results, submissions: Path | None = None) -> Results:
    """Return evidence that says how far each method is believed, with verifiers' own rows.

    Args:
        results: Rows and what is known of them.
        submissions: The folder of submissions; that of the environment, or the one here, if
            ``None``.

    Returns:
        The evidence; the level of a method is that of its least believed row with scores. A row
        that was trained again has the verifier's scores and costs.
    """
    folder = submissions or Path(os.environ.get(SUBMISSIONS_VARIABLE, "submissions"))
    believed = read_verdicts(folder)
    levels: dict[str, Verification] = {}
    for row in results.rows:
        if row.scores is None:
            continue
        digest = row_digest(row) if believed.levels else ""
        level = believed.levels.get(digest, SELF_REPORTED)
        levels[row.method] = min(levels.get(row.method, level), level, key=VERIFICATIONS.index)
    found = with_own_rows(results, believed.own)
    return replace(found, verification=levels, problems=(*results.problems, *believed.problems))


def _read_verdict(path: Path) -> StoredVerdict:
    pointer_path = path.with_name(POINTER)
    try:
        stored = StoredVerdict.model_validate_json(path.read_bytes())
        pointer = Pointer.model_validate_json(pointer_path.read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise SubmissionError(
            f"{path} counts for nothing: it or its {POINTER} cannot be read; write it with "
            "`cropglobe verify --accept`."
        ) from error
    if stored.submission != pointer.sha256 or stored.method != pointer.method:
        raise SubmissionError(
            f"{path} counts for nothing: it is about another archive than {POINTER}; verify again."
        )
    try:
        check_verifier(stored.verifier, pointer.authors)
    except SubmissionError as error:
        raise SubmissionError(f"{path} counts for nothing: {error}") from error
    return stored


def _scores(rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "source", "target", "seed", *SHOWN, "n_test"])
    for row in rows:
        assert row.scores is not None
        numbers = [f"{getattr(row.scores, name):.6f}" for name in SHOWN]
        place = [row.data.name, row.source, row.target, row.seed]
        writer.writerow([*place, *numbers, row.data.n_test])
    return text.getvalue()
