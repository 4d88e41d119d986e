"""The official dataset from the Hugging Face hub: fetched, verified, resumed."""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from benchmark.data.class_counts import forget_counts
from benchmark.data.hub.error_messages import plain_errors
from benchmark.data.official.download_lock import (
    Lock,
    LockedFile,
    has_content,
    read_lock,
    write_lock,
)
from benchmark.data.official.file_names import REPOSITORY, select_files
from benchmark.errors import DataError
from benchmark.terminal import size

if TYPE_CHECKING:
    from huggingface_hub.hf_api import DatasetInfo

logger = logging.getLogger(__name__)

PARTS: Final = ".downloading"
"""Hidden folder of unfinished files, named by checksum; nothing reads data from there."""

MAIN: Final = "main"


@dataclass(frozen=True)
class Downloaded:
    """What a download left in a directory.

    Attributes:
        lock: Its lock.
        fetched: Files that were fetched now.
        verified: Files that stood there already, their checksums compared.
        left_out: Files of the repository that were not asked for.
    """

    lock: Lock
    fetched: tuple[str, ...]
    verified: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def download(
    root: Path,
    *,
    revision: str | None = None,
    countries: Sequence[str] = (),
    representations: Sequence[str] = (),
    update: bool = False,
    repository: str = REPOSITORY,
) -> Downloaded:
    """Fetch the official files that a directory lacks, and verify those that it has.

    The first download pins the commit that the revision is now and the checksums that the hub
    states; later ones stay with them. Files take their place only once their checksum is right, so
    that an interruption leaves whole files and, hidden, the beginning of one, which is continued.

    Args:
        root: Directory, made if needed.
        revision: Branch, tag or commit; the pinned commit, or ``main`` at first, when ``None``.
        countries: Countries or domains; all when empty.
        representations: Keys of `OFFICIAL_FILES`, or ``all`` for every file of the repository;
            those that this suite reads when empty.
        update: Whether to move to another commit than the pinned one.
        repository: Dataset repository on the hub.

    Returns:
        What was done.

    Raises:
        UsageError: If a country or representation is not among the files.
        DataError: If the hub cannot be reached or refuses, if it has other files than the lock, if
            a file has another checksum, or if the directory cannot be written or is full.
    """
    lock = read_lock(root)
    if lock is not None and lock.repository != repository:
        raise DataError(
            f"{root} was downloaded from {lock.repository}: name another directory for "
            f"{repository}."
        )
    wanted_revision = _revision_to_ask(lock, revision, update=update)
    with plain_errors(f"{repository} at {wanted_revision}", root):
        info = _ask(repository, wanted_revision)
        commit = str(info.sha)
        _check_pin(root, lock, commit, wanted_revision, update=update)
        there = _files_of(info)
        chosen = select_files(tuple(there), countries, representations)
        same = lock is not None and lock.commit == commit
        files = _promised(root, lock, there, chosen, same=same)
        new = _make_lock(
            repository=repository,
            revision=revision or (lock.revision if lock is not None else MAIN),
            commit=commit,
            files=files,
        )
        root.mkdir(parents=True, exist_ok=True)
        fetched, verified = _fetch_all(root, new, moved=lock is not None and not same)
    left_out = tuple(name for name in there if name not in files)
    return Downloaded(new.model_copy(update={"complete": True}), fetched, verified, left_out)


def verify(root: Path) -> Downloaded:
    """Check every file of a downloaded directory against its lock, without any network.

    Args:
        root: Directory.

    Returns:
        What stands there.

    Raises:
        DataError: If there is no lock, or a file is missing or has another content.
    """
    lock = read_lock(root)
    if lock is None:
        raise DataError(
            f"{root} has no lock of downloaded files to check against: run `cropglobe download "
            f"{root}` where there is a network, and copy the whole directory."
        )
    with plain_errors(lock.repository, root):
        wrong = [name for name, file in lock.files.items() if not has_content(root / name, file)]
        if wrong:
            raise DataError(
                f"{root / wrong[0]} is missing or not what was downloaded "
                f"({len(wrong)} of {len(lock.files)} files are): repeat "
                f"`cropglobe download {root}` where there is a network."
            )
        if not lock.complete:
            lock = lock.model_copy(update={"complete": True})
            write_lock(root, lock)
    return Downloaded(lock, (), tuple(lock.files))


def _revision_to_ask(lock: Lock | None, revision: str | None, *, update: bool) -> str:
    if revision is not None:
        return revision
    if lock is None:
        return MAIN
    return lock.revision if update else lock.commit


def _check_pin(root: Path, lock: Lock | None, commit: str, revision: str, *, update: bool) -> None:
    if lock is not None and commit != lock.commit and not update:
        raise DataError(
            f"{root} is pinned to commit {lock.commit[:12]}, and revision {revision} is now "
            f"{commit[:12]}: leave out --revision to stay, or move with --update."
        )


def _ask(repository: str, revision: str) -> "DatasetInfo":
    from huggingface_hub import HfApi

    return HfApi().dataset_info(repository, revision=revision, files_metadata=True)


def _files_of(info: "DatasetInfo") -> dict[str, LockedFile]:
    found: dict[str, LockedFile] = {}
    for sibling in info.siblings or ():
        large = sibling.lfs
        size = sibling.size if large is None else large.size
        if size is None or (large is None and sibling.blob_id is None):
            raise DataError(
                f"The hub states no checksum of {sibling.rfilename}: it cannot be verified, so "
                "nothing was fetched."
            )
        found[sibling.rfilename] = LockedFile(
            size=size,
            sha256=None if large is None else large.sha256,
            git_sha1=sibling.blob_id if large is None else None,
        )
    return found


def _promised(
    root: Path,
    lock: Lock | None,
    there: Mapping[str, LockedFile],
    chosen: Sequence[str],
    *,
    same: bool,
) -> dict[str, LockedFile]:
    """Return the files of the new lock: those of the old one, and those that were chosen."""
    before = {} if lock is None else lock.files
    for name, locked in before.items():
        if same and there.get(name) != locked:
            raise DataError(
                f"The hub no longer states the checksum of {name} that {root} is locked to, though "
                "the commit is the same: do not use what it sends, and ask the dataset's authors."
            )
        if name not in there:
            raise DataError(
                f"The hub no longer has {name} of {root}: leave out --update to stay with the "
                "pinned commit, or download into another directory."
            )
    return {name: there[name] for name in sorted({*before, *chosen})}


def _make_lock(
    *, repository: str, revision: str, commit: str, files: Mapping[str, LockedFile]
) -> Lock:
    try:
        return Lock(
            repository=repository,
            revision=revision,
            commit=commit,
            complete=False,
            files=dict(files),
        )
    except ValidationError as error:
        raise DataError(
            f"The hub names a file that is no plain path ({error.errors()[0]['msg']}): nothing was "
            "fetched."
        ) from error


def _fetch_all(root: Path, lock: Lock, *, moved: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bring every file of a lock into place; returns what was fetched and what was there."""
    verified = tuple(
        name for name, locked in lock.files.items() if has_content(root / name, locked)
    )
    missing = tuple(name for name in lock.files if name not in verified)
    parts = root / PARTS
    with _alone(root):
        left = (lock.files[name].size - _size(_part(parts, lock.files[name])) for name in missing)
        _check_disk(root, sum(left))
        if moved:
            # Before the lock names the new commit: a download that goes on where this one stops
            # does not know that there was another one.
            forget_counts(root)
        # From here on the directory is not whole, and must not be opened until it is.
        write_lock(root, lock)
        for name in missing:
            _fetch(root, lock, name)
        write_lock(root, lock.model_copy(update={"complete": True}))
        shutil.rmtree(parts, ignore_errors=True)
    return missing, verified


def _receive(url: str, headers: dict[str, str], part: Path, size: int, name: str) -> None:
    """Append to a file what it lacks, and flush it to the disk."""
    from huggingface_hub.file_download import http_get

    with part.open("ab") as handle:
        try:
            http_get(
                url,
                handle,
                resume_size=handle.tell(),
                headers=headers,
                expected_size=size,
                displayed_filename=name,
            )
        finally:
            handle.flush()
        os.fsync(handle.fileno())


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep a second download out of a directory; the claim ends with the process."""
    parts = root / PARTS
    parts.mkdir(exist_ok=True)
    with (parts / "claim").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataError(
                f"Another process is downloading into {root}: wait for it, or end it."
            ) from error
        except OSError:
            logger.warning("%s has no file locks: start one download at a time", root)
        yield


def _part(parts: Path, locked: LockedFile) -> Path:
    return parts / locked.checksum


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _check_disk(root: Path, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if needed > free:
        raise DataError(
            f"{root} has room for {size(free)} and {size(needed)} are to be "
            "fetched: make room or name a directory on another disk."
        )


def _fetch(root: Path, lock: Lock, name: str) -> None:
    """Fetch one file beside its place, going on where an earlier try stopped, and move it there."""
    from huggingface_hub import errors, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    locked = lock.files[name]
    part = _part(root / PARTS, locked)
    part.parent.mkdir(exist_ok=True)
    url = hf_hub_url(lock.repository, name, repo_type="dataset", revision=lock.commit)
    headers: dict[str, str] = build_hf_headers()
    stated = get_hf_file_metadata(url)
    if stated.size is not None and stated.size != locked.size:
        raise DataError(
            f"The hub sends {stated.size} bytes of {name} where it states {locked.size}: try again "
            "later, and do not use the file."
        )
    if urlsplit(stated.location).netloc != urlsplit(url).netloc:
        headers.pop("authorization", None)  # the file's host has no business with the token
    if _size(part) > locked.size:
        part.unlink()
    while _size(part) < locked.size or not part.exists():
        before = _size(part)
        try:
            _receive(stated.location, headers, part, locked.size, name)
        except errors.HfHubHTTPError:
            raise
        except errors.HTTPError:  # type: ignore[attr-defined]  # of the client's HTTP library
            if _size(part) == before:  # a connection that brings something is tried again
                raise
    if not has_content(part, locked):
        part.unlink(missing_ok=True)
        raise DataError(
            f"What the hub sent for {name} has not the checksum that it states: it was thrown "
            f"away, repeat `cropglobe download {root}`."
        )
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    part.replace(place)
