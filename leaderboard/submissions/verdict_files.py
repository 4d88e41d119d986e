"""The folder `submissions/`: accepted submissions and their verdicts as text files."""

import csv
import hashlib
import io
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
from benchmark.run.run_reports import submissions_folder
from leaderboard.results import VERIFICATIONS, Results, Verification
from leaderboard.score_frames import MARK_DIGITS
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
"""Scores in the text file of scores."""

SELF_REPORTED: Final = VERIFICATIONS[0]

_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,120}")


class Pointer(Form):
    """Description of an accepted submission, and the address of its archive.

    Attributes:
        form_version: Version of this format.
        method: Name of the method.
        authors: Names of the authors.
        kind: Whether other people can run the method.
        code: Location of the code.
        url: Address of the archive; ``None`` if one must ask the authors for it.
        sha256: SHA-256 of the archive.
        bytes: Size of the archive.
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
    """The verdict of a verifier. It is valid only for one archive and for its rows.

    Attributes:
        form_version: Version of this format.
        method: Name of the method.
        submission: SHA-256 of the archive.
        level: What the verifier has checked.
        verifier: Name of the verifier, who must not be an author.
        date: Day of the verification, ISO 8601.
        package_version: Version of this package.
        inspected: Whether the verifier states that they inspected the code.
        rows: Digest of every row of the submission.
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
    """Return the pointer to a submission, which is stored instead of the archive.

    Args:
        submission: The submission.
        url: Address of its archive, if it has one.
    """
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


def folder_of(submission: Submission, submissions: Path) -> Path:
    """Return a submission's folder, named by method, protocol and dataset.

    Where that folder is of another protocol of the same name, such as one with other bands, the
    first digits of the protocol's hash are added, so that neither replaces the other.

    Args:
        submission: The submission.
        submissions: The folder of submissions, which need not exist.

    Raises:
        SubmissionError: If the method's name cannot be part of a folder's name.
    """
    manifest = submission.manifest
    name = f"{manifest.method}.{manifest.protocol}.{manifest.fingerprint[:8]}"
    if not _FOLDER.fullmatch(name):
        raise SubmissionError(f"'{printable(name)}' cannot name a folder: rename the method.")
    folder, marked = (
        submissions / each for each in (name, f"{name}.{manifest.protocol_hash[:MARK_DIGITS]}")
    )
    known = _known_pointer(folder)
    if known is not None and known.protocol_hash == manifest.protocol_hash:
        return folder
    return folder if known is None and not marked.exists() else marked


def accept(verdict: Verdict, submissions: Path, *, verifier: str, url: str | None) -> Path:
    """Write an accepted submission into the folder of submissions, as text files.

    Args:
        verdict: The verdict.
        submissions: The folder.
        verifier: Name of the verifier.
        url: Address of the archive; by default the address that the folder has already.

    Returns:
        The submission's folder. A higher verdict on the same archive is not replaced.

    Raises:
        SubmissionError: If the submission was not accepted, the verifier is an author, other
            authors use the name, or a file cannot be written.
    """
    submission = verdict.submission
    if not verdict.accepted or verdict.level == SELF_REPORTED:
        raise SubmissionError(
            f"'{submission.manifest.method}' was not accepted: correct what the checks name first."
        )
    check_recordable(submission, submissions, verifier=verifier)
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
    folder = folder_of(submission, submissions)
    known = _known_pointer(folder)
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


def check_recordable(submission: Submission, submissions: Path, *, verifier: str) -> None:
    """Check that a verdict on a submission could be recorded, before it is trained again.

    Args:
        submission: The submission.
        submissions: The folder of submissions, which need not exist.
        verifier: Name of the verifier.

    Raises:
        SubmissionError: If the verifier is an author, other authors use the name, or it cannot name
            a folder.
    """
    check_verifier(verifier, submission.manifest.authors)
    folder_of(submission, submissions)
    _check_authors(submissions, submission)


def standing_verdict(verdict: Verdict, submissions: Path) -> StoredVerdict | None:
    """Return the stored verdict on the same archive and rows, if it is a higher one.

    Args:
        verdict: The new verdict.
        submissions: The folder of submissions, which need not exist.

    Returns:
        The stored verdict; ``None`` if there is none or it is not higher.
    """
    submission = verdict.submission
    try:
        known = _read_verdict(folder_of(submission, submissions) / VERDICT)
    except SubmissionError:
        return None  # there is no valid verdict
    rows = {row_digest(row) for row in submission.rows}
    higher = VERIFICATIONS.index(known.level) > VERIFICATIONS.index(verdict.level)
    same = known.submission == submission.checksum and set(known.rows) == rows
    return known if higher and same else None


def _known_pointer(folder: Path) -> Pointer | None:
    """Return the pointer in a folder, or ``None`` if there is no valid one."""
    try:
        return Pointer.model_validate_json((folder / POINTER).read_bytes())
    except (OSError, ValidationError, UnicodeDecodeError):
        return None  # missing or damaged: it is written again


def _check_authors(submissions: Path, submission: Submission) -> None:
    """Refuse a method's name that other authors use, or a name that resembles one of theirs."""
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
    """The valid verdicts of the folder of submissions.

    Attributes:
        levels: What was checked of each row, by the digest of the row.
        own: Verifiers' own rows, by the digest of the author's row and by their own digest.
        problems: A sentence for each verdict that is not valid.
    """

    levels: dict[str, Verification]
    own: dict[str, OwnRow]
    problems: tuple[str, ...]


def read_verdicts(submissions: Path) -> Believed:
    """Read every verdict of the folder of submissions.

    Args:
        submissions: The folder, which need not exist.

    Returns:
        The valid verdicts. A verdict is not valid if it is about another archive, was written by an
        author, or is damaged.
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
    """Return results with the verification of each method and with verifiers' own rows.

    Args:
        results: Results of runs.
        submissions: The folder of submissions; by default the folder that the environment variable
            names, or `submissions` in the working directory.

    Returns:
        The results. The verification of a method is the lowest of its scored rows. A row that was
        trained again has the verifier's scores and costs.
    """
    folder = submissions or submissions_folder()
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
        head = [row.data.name, row.source, row.target, row.seed]
        writer.writerow([*head, *numbers, row.data.n_test])
    return text.getvalue()
