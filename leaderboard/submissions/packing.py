"""Pack a run as a submission: everything that others need to check its rows, without labels."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml

from benchmark.errors import SubmissionError, UsageError, did_you_mean
from benchmark.results.rows import Row
from benchmark.results.run_plans import read_plans
from benchmark.results.store import RunStore, StoredJob
from benchmark.task.authoring.method_files import select_with_files
from benchmark.task.card_requirements import card_questions
from benchmark.task.code_fingerprint import local_files
from benchmark.task.methods import Method, registry
from benchmark.task.protocol import Protocol, load_protocol, shipped_protocols, validate_protocol
from leaderboard.submissions.archive import write_archive
from leaderboard.submissions.names import author_problems, method_name_problems
from leaderboard.submissions.own_checks import (
    copy_problems,
    protocol_problems,
    seed_problems,
)
from leaderboard.submissions.submission_models import (
    CARD,
    CLOSED_TRACK,
    ENVIRONMENT,
    MANIFEST,
    MEMBERS,
    PREDICTIONS,
    PROTOCOL,
    ROWS,
    SAMPLES,
    Code,
    Described,
    File,
    Manifest,
    Surroundings,
)
from leaderboard.submissions.untrusted_content import (
    MOST_CODE,
    read_probabilities,
    write_probabilities,
)

UNPLACED: Final = frozenset({"-c", ""})


@dataclass(frozen=True)
class Source:
    """The location of the code of a submission.

    Attributes:
        file: Method file; ``None`` for an installed method. It is packed unless there is a
            repository or the code is closed.
        url: Address of a public repository.
        commit: Commit of the repository, 40 hex digits.
        closed: Whether only the authors may run the code.
    """

    file: Path | None = None
    url: str | None = None
    commit: str | None = None
    closed: bool = False

    @property
    def packed(self) -> bool:
        """Whether the submission holds the text of the file."""
        return self.file is not None and self.url is None and not self.closed


def pack(
    run: Path, name: str, out: Path, *, authors: Sequence[str], source: Source
) -> tuple[Manifest, str]:
    """Write a submission.

    Args:
        run: Run directory.
        name: Name of the method.
        out: The archive to write.
        authors: Names of the authors.
        source: Location of its code.

    Returns:
        The manifest and the SHA-256 of the archive.

    Raises:
        UsageError: If the run has no such method, or the location of the code is incomplete.
        SubmissionError: If the rows of the run are not a complete submission. The message says what
            to do.
        StoreError: If the run cannot be read.
    """
    store = RunStore(run)
    jobs, damaged = store.read_all()
    if damaged:
        raise SubmissionError(f"{damaged[0]} Then pack again.")
    for problem in (*method_name_problems(name), *author_problems(authors)):
        raise UsageError(problem)
    known = {job.identity.method for job in jobs}
    mine = [job for job in jobs if job.identity.method == name]
    if not mine:
        raise UsageError(f"{run} has no rows of method '{name}': {did_you_mean(name, known)}")
    rows = _complete_rows(mine, run)
    method = _method(name, source, rows)
    if method.track == CLOSED_TRACK and not source.closed:
        raise SubmissionError(
            f"'{name}' is on the track '{CLOSED_TRACK}', which is for closed models: give it the "
            "track of what it sees of a target and run again, or pack it with --closed."
        )
    code, text = _code(source)
    if code.is_closed:
        rows = [row.model_copy(update={"track": CLOSED_TRACK}) for row in rows]
    protocol = _protocol(run, rows)
    _refuse(protocol_problems(protocol), seed_problems(protocol, protocol.seeds))
    members = _members(store, mine, rows, protocol, _described(method, code))
    if not method.card.deterministic:
        _refuse(copy_problems(_predictions(rows, members)))
    if code.file is not None:
        members[code.file] = text
    manifest = _manifest(rows, authors, code, members)
    members[MANIFEST] = _json(manifest.model_dump(mode="json"))
    for member in members:
        if not MEMBERS.fullmatch(member):
            raise SubmissionError(f"'{member}' cannot be packed: use letters, digits and _.")
    write_archive(out, members)
    return manifest, hashlib.sha256(out.read_bytes()).hexdigest()


def _refuse(*problems: Iterable[str]) -> None:
    """Raise the first problem: `verify` would refuse the submission for it."""
    for problem in chain(*problems):
        raise SubmissionError(problem)


def _complete_rows(jobs: Sequence[StoredJob], run: Path) -> list[Row]:
    """Return the rows of a method; check that they have one dataset and protocol, and scores."""
    rows = sorted(
        (row for job in jobs for row in job.rows), key=lambda r: (r.source, r.target, r.seed)
    )
    if len({row.comparability_key for row in rows}) > 1:
        raise SubmissionError(
            f"{run} holds '{rows[0].method}' under several datasets or protocols: run what you "
            "submit into a run directory of its own with --out."
        )
    if len({row.data.bands for row in rows}) > 1:
        raise SubmissionError(
            f"The transfers of '{rows[0].method}' in {run} are given different bands, and a "
            "submission has one set: run again with --bands, or run transfers of the same bands "
            "into a run directory of their own with --out."
        )
    without = [row for row in rows if row.scores is None]
    if without:
        raise SubmissionError(
            f"{len(without)} of {len(rows)} rows have no scores (first: {without[0].transfer}, "
            f"seed {without[0].seed}: {without[0].reason}): correct this, then run again with "
            "--overwrite failed."
        )
    if len({row.provenance.code_fingerprint for row in rows}) > 1:
        raise SubmissionError(
            f"The rows of '{rows[0].method}' were made by different versions of its code: run "
            "again with --overwrite stale."
        )
    seeds = {row.seed for row in rows}
    counts = Counter(row.transfer for row in rows)
    for transfer, count in counts.items():
        if count != len(seeds):
            raise SubmissionError(
                f"Transfer {transfer} has {count} of {len(seeds)} seeds: run the missing ones."
            )
    return [_without_paths(row) for row in rows]


def _without_paths(row: Row) -> Row:
    """Return a row without the author's folders in its command line."""
    words = tuple(_without_folder(word) for word in row.provenance.command)
    kept = row.provenance.model_copy(update={"command": words})
    return row.model_copy(update={"provenance": kept})


def _without_folder(word: str) -> str:
    """Return a word of a command line; of ``/folder/name`` and ``--key=/folder/name`` the name."""
    key, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if value in UNPLACED or not PurePath(value).is_absolute():
        return word
    return f"{key}{equals}{PurePath(value).name}"


def _method(name: str, source: Source, rows: Sequence[Row]) -> Method:
    """Return the method of a submission; check that its code made the rows."""
    if source.file is None:
        if name not in registry().all():
            raise UsageError(
                f"Unknown method '{name}': it is not installed, and its card is needed; name its "
                "file with --method-file, also beside --closed or --code-url, which leave its text "
                "out."
            )
        method = registry().get(name)
    else:
        found = {each.name: each for each in select_with_files((), [source.file])}
        if name not in found or (source.packed and set(found) != {name}):
            raise UsageError(
                f"{source.file} defines {', '.join(found)}: put '{name}' alone into a file, since "
                "a submission has one method."
            )
        method = found[name]
        beside = sorted(path.name for path in local_files(method.build) - {source.file.resolve()})
        if source.packed and beside:
            raise SubmissionError(
                f"{source.file} imports {', '.join(beside)}, which a submission cannot hold: move "
                f"that code into {source.file.name} and run again, or give --code-url and --commit."
            )
    if method.code_fingerprint != rows[0].provenance.code_fingerprint:
        raise SubmissionError(
            f"The code of '{name}', its card included, is not the code that made the rows: run "
            "again with --overwrite stale."
        )
    questions = list(card_questions(method.card, method.representation))
    if questions:
        raise SubmissionError(f"The card of '{name}' {', '.join(questions)}: fill it in first.")
    return method


def _code(source: Source) -> tuple[Code, bytes]:
    if (source.url is None) != (source.commit is None):
        raise UsageError("--code-url and --commit belong together: give both or neither.")
    if source.closed and source.url is not None:
        raise UsageError("--closed says that there is no public code: leave --code-url out.")
    if source.url is not None:
        try:
            return Code(url=source.url, commit=source.commit), b""
        except ValueError as error:
            raise UsageError(
                f"'{source.url}' at '{source.commit}' is no public code: give an https address "
                "and a commit of 40 hex digits."
            ) from error
    if source.closed:
        return Code(), b""
    if source.file is None:
        raise UsageError(
            "Say where the code is: --method-file for a file, --code-url and --commit for a public "
            "repository, --closed for a model that nobody else can run."
        )
    text = source.file.read_bytes()
    if len(text) > MOST_CODE:
        raise SubmissionError(
            f"{source.file} has {len(text)} bytes and may have {MOST_CODE}: put only code into a "
            "method file, and weights at a public address with a checksum."
        )
    name = f"code/{source.file.name}"
    if not MEMBERS.fullmatch(name):
        raise UsageError(
            f"{source.file} cannot be packed under its name: rename it with letters, digits and _."
        )
    return Code(file=name), text


def _protocol(run: Path, rows: Sequence[Row]) -> Protocol:
    """Return the protocol of the rows from the run's plans, with the seeds of the rows."""
    wanted = rows[0].protocol_hash
    plans, _ = read_plans(run)
    options = [validate_protocol(plan.protocol, where="the run's plan") for plan in plans]
    if rows[0].protocol in shipped_protocols():
        options.append(load_protocol(rows[0].protocol))
    seeds = tuple(sorted({row.seed for row in rows}))
    for protocol in options:
        if protocol.hash == wanted:
            return protocol.model_copy(update={"seeds": seeds})
    raise SubmissionError(
        f"{run} does not have the protocol of its rows ({wanted}): run the same command again."
    )


def _described(method: Method, code: Code) -> Described:
    return Described(
        name=method.name,
        version=method.version,
        family=method.family,
        track=CLOSED_TRACK if code.is_closed else method.track,
        representation=method.representation,
        card=method.card,
    )


def _members(
    store: RunStore,
    jobs: Iterable[StoredJob],
    rows: Sequence[Row],
    protocol: Protocol,
    described: Described,
) -> dict[str, bytes]:
    text = yaml.safe_dump(protocol.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    members = {
        CARD: _json(described.model_dump(mode="json")),
        PROTOCOL: text.encode(),
        ROWS: _json([row.model_dump(mode="json") for row in rows]),
        ENVIRONMENT: _json([each.model_dump(mode="json") for each in _surroundings(rows)]),
    }
    for job in jobs:
        for row in job.rows:
            transfer = {"source": row.source, "target": row.target}
            prediction = store.predictions(job, row.target)
            if any("\n" in sample for sample in prediction.sample_ids.tolist()):
                raise SubmissionError(
                    f"Sample ids of {row.target} have line breaks: use ids without them."
                )
            ids = "\n".join(prediction.sample_ids.tolist()).encode() + b"\n"
            if members.setdefault(SAMPLES.format(**transfer), ids) != ids:
                raise SubmissionError(
                    f"The seeds of {row.transfer} scored different samples: run them again."
                )
            array = prediction.probabilities.astype(np.float32)
            members[PREDICTIONS.format(**transfer, seed=row.seed)] = write_probabilities(array)
    return members


def _predictions(
    rows: Iterable[Row], members: Mapping[str, bytes]
) -> dict[tuple[str, str, int], npt.NDArray[np.float32]]:
    """Return the packed probabilities by source, target and seed."""
    found = {}
    for row in rows:
        name = PREDICTIONS.format(source=row.source, target=row.target, seed=row.seed)
        found[row.source, row.target, row.seed] = read_probabilities(members[name], name)
    return found


def _surroundings(rows: Sequence[Row]) -> list[Surroundings]:
    found: dict[str, Surroundings] = {}
    devices = tuple(sorted({row.cost.device_name or "unknown" for row in rows}))
    for row in rows:
        origin = row.provenance
        each = Surroundings(
            package_version=origin.package_version,
            python=origin.python,
            packages=origin.packages,
            platform=origin.platform,
            devices=devices,
        )
        found[each.model_dump_json()] = each
    return [found[key] for key in sorted(found)]


def _manifest(
    rows: Sequence[Row], authors: Sequence[str], code: Code, members: Mapping[str, bytes]
) -> Manifest:
    first = rows[0]
    try:
        return Manifest(
            method=first.method,
            authors=tuple(authors),
            kind="predictions-only" if code.is_closed else "with-code",
            code=code,
            dataset=first.data.name,
            fingerprint=first.data.fingerprint,
            protocol=first.protocol,
            protocol_hash=first.protocol_hash,
            transfers=tuple(dict.fromkeys(row.transfer for row in rows)),
            seeds=tuple(sorted({row.seed for row in rows})),
            files={
                name: File(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
                for name, content in sorted(members.items())
            },
        )
    except ValueError as error:
        raise SubmissionError(f"The submission cannot be described: {error}.") from error


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"
