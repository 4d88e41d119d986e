"""Read a submission from an archive, and check that its parts agree; no code in it runs."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmark.errors import SubmissionError, UsageError
from benchmark.results.rows import Row
from benchmark.task.protocol import Protocol, parse_protocol
from leaderboard.submissions.archive import printable, read_archive
from leaderboard.submissions.submission_models import (
    CARD,
    ENVIRONMENT,
    MANIFEST,
    MEMBERS,
    PREDICTIONS,
    PROTOCOL,
    ROWS,
    SAMPLES,
    Described,
    Manifest,
    Submission,
    Surroundings,
)
from leaderboard.submissions.untrusted_content import (
    MOST_CODE,
    check_yaml,
    read_json,
    read_model,
    read_models,
    read_probabilities,
    read_text,
)

REQUIRED: Final = (CARD, ROWS, PROTOCOL, ENVIRONMENT)

VERDICT_KEYS: Final = frozenset({"verification", "verified", "verdict", "verifier", "badge"})
"""Keys that only a verifier may write, outside of the submission."""


def read_submission(path: Path) -> Submission:
    """Read a submission.

    Args:
        path: The archive.

    Returns:
        The submission.

    Raises:
        SubmissionError: If the archive is damaged or not allowed, or its parts do not agree.
    """
    members = read_archive(path, MEMBERS)
    if MANIFEST not in members:
        raise SubmissionError(f"{path} has no {MANIFEST}: make it with `cropglobe pack`.")
    raw = read_json(members[MANIFEST], MANIFEST)
    _refuse_verdict(raw, MANIFEST)
    manifest = read_model(raw, Manifest, MANIFEST)
    _check_files(manifest, members)
    rows = _rows(members[ROWS])
    _check_list(manifest, members)
    environment = read_json(members[ENVIRONMENT], ENVIRONMENT)
    code = manifest.code.file
    return Submission(
        path=path,
        checksum=checksum(path),
        manifest=manifest,
        described=_described(members[CARD]),
        rows=rows,
        protocol=_protocol(members[PROTOCOL]),
        surroundings=read_models(environment, Surroundings, ENVIRONMENT),
        samples=_samples(members),
        predictions=_predictions(members),
        code=None if code is None else read_text(members[code], code, MOST_CODE),
    )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _check_files(manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Check that the manifest lists every member with its size and checksum."""
    for name in REQUIRED:
        if name not in members:
            raise SubmissionError(f"The submission has no {name}.")
    listed = {*manifest.files, MANIFEST}
    for name in sorted(members.keys() ^ listed):
        state = "is not in its manifest" if name in members else "is missing from it"
        raise SubmissionError(f"'{printable(name)}' of the submission {state}.")
    for name, file in manifest.files.items():
        content = members[name]
        if len(content) != file.bytes or hashlib.sha256(content).hexdigest() != file.sha256:
            raise SubmissionError(f"'{name}' is not what the manifest's checksum says.")


def _check_list(manifest: Manifest, members: Mapping[str, bytes]) -> None:
    """Check that there are predictions for the declared transfers and seeds, and nothing else."""
    wanted = {MANIFEST, *REQUIRED}
    for transfer in manifest.transfers:
        source, _, target = transfer.partition(":")
        wanted.add(SAMPLES.format(source=source, target=target))
        wanted |= {
            PREDICTIONS.format(source=source, target=target, seed=seed) for seed in manifest.seeds
        }
    if manifest.code.file is not None:
        wanted.add(manifest.code.file)
    for name in sorted(wanted - members.keys()):
        raise SubmissionError(f"The submission declares '{printable(name)}' but does not have it.")
    for name in sorted(members.keys() - wanted):
        raise SubmissionError(
            f"'{printable(name)}' belongs to no transfer, seed or code that is declared."
        )


def _rows(content: bytes) -> tuple[Row, ...]:
    raw = read_json(content, ROWS)
    for number, entry in enumerate(raw if isinstance(raw, list) else ()):
        _refuse_verdict(entry, f"row {number} of {ROWS}")
    return read_models(raw, Row, ROWS)


def _described(content: bytes) -> Described:
    raw = read_json(content, CARD)
    _refuse_verdict(raw, CARD)
    card = raw.get("card") if isinstance(raw, dict) else None
    for key, hint in (("licence", "of code and weights"), ("pretraining", "null if there is none")):
        if not isinstance(card, dict) or key not in card:
            raise SubmissionError(f"The card does not state '{key}' ({hint}): add it.")
    return read_model(raw, Described, CARD)


def _refuse_verdict(content: Any, name: str) -> None:
    claims = VERDICT_KEYS & content.keys() if isinstance(content, dict) else ()
    for key in sorted(claims):
        raise SubmissionError(
            f"{name} says '{key}' of itself: remove it, since only a verifier may state it."
        )


def _protocol(content: bytes) -> Protocol:
    try:
        return parse_protocol(check_yaml(content, PROTOCOL), where=PROTOCOL)
    except (UsageError, ValueError, RecursionError) as error:
        raise SubmissionError(
            f"{PROTOCOL} of the submission cannot be used: {printable(str(error), 500)}"
        ) from error


def _samples(members: Mapping[str, bytes]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for name, content in members.items():
        if name.startswith("samples/"):
            _, source, file = name.split("/")
            text = read_text(content, name)
            found[source, file.removesuffix(".txt")] = tuple(text.removesuffix("\n").split("\n"))
    return found


def _predictions(
    members: Mapping[str, bytes],
) -> dict[tuple[str, str, int], npt.NDArray[np.float32]]:
    found: dict[tuple[str, str, int], npt.NDArray[np.float32]] = {}
    for name, content in members.items():
        if name.startswith("predictions/"):
            _, source, target, file = name.split("/")
            seed = file.removesuffix(".npy")
            if str(int(seed)) != seed:
                raise SubmissionError(f"'{name}' is not named by a seed: pack again.")
            found[source, target, int(seed)] = read_probabilities(content, name)
    return found
