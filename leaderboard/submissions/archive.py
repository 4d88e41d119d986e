"""Read untrusted archives with limited memory, without writing or running anything.

Members are stored without compression, so that no member can be larger than the archive. Names must
match a fixed pattern, so that no name can point to another folder. Nothing is extracted to disk.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from re import Pattern
from typing import IO, Final

from benchmark.errors import SubmissionError
from benchmark.files import replace_file
from benchmark.terminal import size

MOST_BYTES: Final = 512 * 1024**2
"""Largest size of an archive in bytes; all pairs of eight countries with ten seeds take 100 MB."""

MOST_MEMBERS: Final = 5_000
"""Largest number of files; all pairs of eight countries with ten seeds take about 700."""

MOST_DIRECTORY_BYTES: Final = MOST_MEMBERS * 300
"""Largest size of the central directory: 46 bytes and two names of 100 letters for each file."""

END_RECORD: Final = b"PK\x05\x06"
END_RECORD_BYTES: Final = 22
LONGEST_COMMENT: Final = 65_535
ZIP64_LOCATOR: Final = b"PK\x06\x07"
LOCATOR_BYTES: Final = 20
"""Signatures and sizes of the end of an archive (PKWARE APPNOTE.TXT, 4.3.15 and 4.3.16)."""

LOCAL_HEADER_BYTES: Final = 30
"""Smallest size of the header before each member (the same source, 4.3.7)."""

CHUNK: Final = 1024**2

EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""Time of every member, the earliest that an archive allows, so that equal content gives equal
bytes."""

_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,  # wrongly encoded names among them
    RuntimeError,  # encryption
    NotImplementedError,
    OverflowError,
)
"""Errors that the standard library raises for damaged or wrong archives."""


def read_archive(path: Path, names: Pattern[str]) -> dict[str, bytes]:
    """Read every member of an archive into memory.

    Args:
        path: The archive.
        names: Pattern that the complete name of each member must match.

    Returns:
        Content of each member, by name.

    Raises:
        SubmissionError: If the file is no archive or too large, or has a member that is not
            allowed.
    """
    try:
        with path.open("rb") as handle:
            length = _check_end(handle, path)
            with zipfile.ZipFile(handle) as archive:
                members = archive.infolist()
                _check_members(members, names, length)
                return {member.filename: _read(archive, member) for member in members}
    except _BROKEN as error:
        raise SubmissionError(
            f"{path} is no readable archive ({type(error).__name__}: {printable(str(error))}): "
            "make it with `cropglobe pack`."
        ) from error


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write an archive; equal members give equal bytes on every machine.

    Args:
        path: The archive. If writing fails, no partial file is left.
        members: Content by name.

    Raises:
        SubmissionError: If it cannot be written, or is larger than `read_archive` allows.
    """
    total = sum(len(content) for content in members.values())
    if total > MOST_BYTES or len(members) > MOST_MEMBERS:
        raise SubmissionError(
            f"The submission has {len(members)} files of {size(total)} together: "
            f"{MOST_MEMBERS} files and {size(MOST_BYTES)} are the limit."
        )

    def write(handle: IO[bytes]) -> None:
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(members):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.create_system = 3  # Unix, whatever it is written on
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, members[name])

    try:
        replace_file(path, write)
    except OSError as error:
        raise SubmissionError(f"Cannot write {path}: {error.strerror or error}.") from error


def printable(text: str, longest: int = 200) -> str:
    """Return untrusted text in a form that can be shown: without control characters, and short."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}..."


def _check_end(handle: IO[bytes], path: Path) -> int:
    """Check from the end of an archive that its directory is small; return the archive's size."""
    length = handle.seek(0, 2)
    if length > MOST_BYTES:
        raise SubmissionError(f"{path} has {size(length)}: {size(MOST_BYTES)} are the limit.")
    handle.seek(max(length - LOCATOR_BYTES - END_RECORD_BYTES - LONGEST_COMMENT, 0))
    tail = handle.read()
    place = tail.rfind(END_RECORD)
    if place < 0 or len(tail) - place < END_RECORD_BYTES:
        raise SubmissionError(f"{path} is no zip archive: make it with `cropglobe pack`.")
    if ZIP64_LOCATOR in tail[max(place - LOCATOR_BYTES, 0) : place]:
        raise SubmissionError(
            f"{path} is of the form for very large archives (zip64): {MOST_MEMBERS} files and "
            f"{size(MOST_BYTES)} are the limit."
        )
    _, _, _, _, count, directory, _, _ = struct.unpack_from("<4s4H2LH", tail, place)
    if count > MOST_MEMBERS or directory > MOST_DIRECTORY_BYTES:
        raise SubmissionError(
            f"{path} lists {count} files in {size(directory)}: {MOST_MEMBERS} files are the limit."
        )
    handle.seek(0)
    return length


def _check_members(members: list[zipfile.ZipInfo], names: Pattern[str], archive_size: int) -> None:
    if len(members) > MOST_MEMBERS:
        raise SubmissionError(f"The archive has {len(members)} files, of {MOST_MEMBERS} at most.")
    seen: set[str] = set()
    for member in members:
        shown = f"'{printable(member.orig_filename)}'"
        if not names.fullmatch(member.orig_filename) or member.filename != member.orig_filename:
            raise SubmissionError(f"The archive holds {shown}, which belongs to no submission.")
        if member.filename in seen:
            raise SubmissionError(f"The archive holds {shown} twice.")
        seen.add(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise SubmissionError(f"{shown} in the archive is a link or device, not a file.")
        if member.flag_bits & 0x1:
            raise SubmissionError(f"{shown} in the archive is encrypted.")
        if member.compress_type != zipfile.ZIP_STORED or member.compress_size != member.file_size:
            raise SubmissionError(
                f"{shown} in the archive is compressed: members must be stored as they are, so "
                "that nothing unpacks to more than it is; make it with `cropglobe pack`."
            )
    _check_overlap(members, archive_size)


def _check_overlap(members: list[zipfile.ZipInfo], archive_size: int) -> None:
    """Check that members do not overlap, so that none is read twice."""
    spans = [(m.header_offset, LOCAL_HEADER_BYTES + m.file_size, m.filename) for m in members]
    for (start, length, name), (following, _, _) in pairwise(
        [*sorted(spans), (archive_size, 0, "")]
    ):
        if start + length > following:
            raise SubmissionError(f"'{name}' in the archive overlaps what comes after it.")


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the content of a member; raise if its size or checksum differs from its entry."""
    content = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(CHUNK):
            content += chunk
            if len(content) > member.file_size:
                raise SubmissionError(f"'{printable(member.filename)}' is longer than it says.")
    if len(content) != member.file_size:
        raise SubmissionError(f"'{printable(member.filename)}' is shorter than it says.")
    return bytes(content)
