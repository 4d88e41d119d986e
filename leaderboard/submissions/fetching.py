"""Download the archive of a submission from an untrusted address."""

import hashlib
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from benchmark.errors import SubmissionError
from benchmark.files import replace_file
from benchmark.terminal import size
from leaderboard.submissions.archive import CHUNK, MOST_BYTES, printable
from leaderboard.submissions.untrusted_content import read_json, read_model
from leaderboard.submissions.verdict_files import Pointer

SECONDS: Final = 60
"""Seconds that a server may take for each part of its reply."""

SCHEMES: Final = ("https",)


class _StayWithin(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed schemes only.

    Args:
        schemes: The schemes.
    """

    def __init__(self, schemes: tuple[str, ...]) -> None:
        self.schemes = schemes

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        check_address(newurl, self.schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_archive(pointer: Path, out: Path, schemes: tuple[str, ...] = SCHEMES) -> Pointer:
    """Download the archive that a pointer names; keep it only if size and checksum are right.

    Args:
        pointer: A file ``submission.json``.
        out: The archive to write.
        schemes: Allowed schemes of the address.

    Returns:
        The content of the pointer.

    Raises:
        SubmissionError: If the pointer cannot be read, or the archive cannot be downloaded or has
            another size or checksum.
    """
    try:
        content = pointer.read_bytes()
    except OSError as error:
        raise SubmissionError(f"Cannot read {pointer}: {error.strerror or error}.") from error
    found = read_model(read_json(content, pointer.name), Pointer, pointer.name)
    if found.url is None:
        raise SubmissionError(f"{pointer} names no address: ask its authors for the archive.")
    check_address(found.url, schemes)
    if found.bytes > MOST_BYTES:
        raise SubmissionError(
            f"The archive has {size(found.bytes)}: {size(MOST_BYTES)} are the limit."
        )
    opener = urllib.request.build_opener(_StayWithin(schemes))
    try:
        with opener.open(found.url, timeout=SECONDS) as reply:
            replace_file(out, lambda file: _copy(reply, file, found))
    except (OSError, HTTPException, ValueError) as error:
        raise SubmissionError(
            f"The archive cannot be fetched from {printable(found.url)}: {printable(str(error))}."
        ) from error
    return found


def check_address(url: str, schemes: tuple[str, ...] = SCHEMES) -> None:
    """Check that the address of an archive may be fetched.

    Args:
        url: The address.
        schemes: Allowed schemes.

    Raises:
        SubmissionError: If it is no address of these schemes.
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme if parts.netloc or parts.scheme == "file" else ""
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        raise SubmissionError(
            f"'{printable(url)}' is not fetched: the address must begin with {schemes[0]}://."
        )


def _copy(reply: IO[bytes], file: IO[bytes], wanted: Pointer) -> None:
    digest, received = hashlib.sha256(), 0
    while chunk := reply.read(CHUNK):
        received += len(chunk)
        if received > wanted.bytes:
            break
        digest.update(chunk)
        file.write(chunk)
    if received != wanted.bytes or digest.hexdigest() != wanted.sha256:
        raise SubmissionError(
            "The file at the address is not the archive that submission.json names: pack again, "
            "or put the archive back."
        )
