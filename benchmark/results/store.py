"""The store: one complete folder for each finished job, readable without a lock or a server."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from benchmark.data.taxonomy import CROPS
from benchmark.errors import StoreError
from benchmark.files import as_utf8, folder_aside, write_text
from benchmark.results.fitted_networks import PROTOCOL_FILE, Network, write_network
from benchmark.results.folder_replacement import REMOVED, keep_files, repair, replace_folder
from benchmark.results.job_locks import JobLocks
from benchmark.results.rows import JobIdentity, Row
from benchmark.results.run_directory import RunDirectory

JOBS: Final = "jobs"
CLAIMS: Final = "running"
IDENTITY_FILE: Final = "job.json"
ROWS_FILE: Final = "rows.json"
HISTORY_FILE: Final = "history.json"
MANIFEST_FILE: Final = "manifest.json"
PREDICTIONS: Final = "predictions-"

NANOSECONDS: Final = 10**9

_ROWS = TypeAdapter(list[Row])


@dataclass(frozen=True)
class Prediction:
    """The probabilities of one target.

    Attributes:
        target: Domain.
        sample_ids: Ids of the scored samples [N].
        probabilities: Probability of each learned class [N, K], float32.
        classes: Names of the classes [K].
        labels: True class index of each sample [N].
        block: Spatial block of each sample [N], which intervals resample; ``None`` without blocks.
    """

    target: str
    sample_ids: npt.NDArray[np.str_]
    probabilities: npt.NDArray[np.float32]
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    block: npt.NDArray[np.int64] | None = None

    def over_all_crops(self) -> npt.NDArray[np.float32]:
        """Return the probability of every crop [N, 7]; 0 for a class that was not learned."""
        found = np.zeros((len(self.labels), len(CROPS)), dtype=np.float32)
        found[:, [CROPS.index(name) for name in self.classes]] = self.probabilities
        return found


@dataclass(frozen=True)
class StoredJob:
    """A complete job that was read from the store.

    Attributes:
        identity: Identity of the job.
        rows: Its rows, one per target.
        folder: Its folder.
        checksum: SHA-256 of its manifest, which has the checksums of all its files.
        written: When it was written, in nanoseconds of the file system's clock.
        shifted: Rows of shifted copies of its targets, which no ranking may hold.
    """

    identity: JobIdentity
    rows: tuple[Row, ...]
    folder: Path
    checksum: str
    written: int
    shifted: tuple[Row, ...] = ()

    @property
    def targets(self) -> frozenset[str]:
        """Domains that were scored."""
        return frozenset(row.target for row in self.rows)

    @property
    def shifts(self) -> frozenset[tuple[str, str]]:
        """Targets with the names of the shifts that were scored of them."""
        return frozenset((row.target, row.shift.name) for row in self.shifted if row.shift)


class RunStore:
    """The results of a run directory.

    Args:
        root: Run directory; made when the first job is written.

    Attributes:
        directory: Checks that the run directory is not renamed during a run.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jobs = root / JOBS
        self.job_locks = JobLocks(root / CLAIMS)
        self.directory = RunDirectory(root)

    def prepare(self) -> None:
        """Make the directory, check that it can be written, and repair it after a killed process.

        Raises:
            StoreError: If it cannot be written.
        """
        try:
            self.jobs.mkdir(parents=True, exist_ok=True)
            folder_aside(self.jobs).rmdir()
            repair(self.jobs)
            self.directory.stay()
        except OSError as error:
            raise StoreError(
                f"Cannot write to the run directory {self.root}: {error.strerror or error}; "
                "name another with --out."
            ) from error

    def write(
        self,
        identity: JobIdentity,
        rows: Sequence[Row],
        predictions: Sequence[Prediction] = (),
        history: Sequence[Mapping[str, float]] = (),
        protocol: Mapping[str, Any] | None = None,
        network: Network | None = None,
        kept: StoredJob | None = None,
        with_fit: bool = False,
        newer_than: int = 0,
    ) -> Path:
        """Write a job under a temporary name, flush it and rename it; replace an older one.

        Args:
            identity: Identity of the job.
            rows: Its rows: one per target, and those of shifted copies.
            predictions: Probabilities of each target.
            history: Numbers of each epoch.
            protocol: The complete protocol, as plain values.
            network: The fitted network.
            kept: A stored job of which some rows are written again. Probabilities that
                `predictions` lacks are copied from it; without any, its other files are copied too.
            with_fit: Whether the other files of `kept` are copied in any case.
            newer_than: Time at which the replaced job was written, in nanoseconds. The new job gets
                a later time, even if the clock says otherwise.

        Returns:
            The job's folder.

        Raises:
            StoreError: If it cannot be written. No partial folder is left.
        """
        folder = self.jobs / identity.key
        self.directory.require()
        try:
            self.jobs.mkdir(parents=True, exist_ok=True)
            staging = folder_aside(self.jobs)
            try:
                write_text(staging / IDENTITY_FILE, identity.model_dump_json(indent=2) + "\n")
                write_text(staging / ROWS_FILE, _rows_text(rows))
                if history:
                    write_text(staging / HISTORY_FILE, json.dumps([dict(h) for h in history]))
                if protocol is not None:
                    write_text(staging / PROTOCOL_FILE, json.dumps(dict(protocol), indent=1) + "\n")
                if network is not None:
                    write_network(staging, network)
                for prediction in predictions:
                    _write_prediction(staging, prediction)
                if kept is not None:
                    names = _read_manifest(kept.folder)
                    only = PREDICTIONS if predictions and not with_fit else ""
                    keep_files(kept.folder, staging, [n for n in names if n.startswith(only)])
                _write_manifest(staging)
                _date(staging / MANIFEST_FILE, newer_than)
                replace_folder(staging, folder)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        except OSError as error:
            raise StoreError(
                f"Cannot write job {identity.method} from {identity.source} to {folder}: "
                f"{error.strerror or error}; finished jobs are kept: correct this and run it again."
            ) from error
        return folder

    def read(self, key: str) -> StoredJob | None:
        """Return the job of a key, or ``None`` if there is no such job.

        Raises:
            StoreError: If the job is damaged; the message names the file.
        """
        folder = self.jobs / key
        before, number = 0, -1
        while folder.is_dir():
            try:
                before, number = number, folder.stat().st_ino
                return _read_job(folder)
            except (StoreError, FileNotFoundError):
                if number == before:  # otherwise another process may have replaced or removed it
                    raise
            except OSError as error:
                raise _unreadable(Path(error.filename or folder), error) from error
        return None

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all jobs, sorted.

        Raises:
            StoreError: If the folder of jobs cannot be read.
        """
        try:
            if not self.jobs.is_dir():
                return ()
            found = [path.name for path in self.jobs.iterdir() if path.is_dir()]
        except OSError as error:
            raise _unreadable(self.jobs, error) from error
        return tuple(sorted(name for name in found if not name.startswith(".")))

    def remove(self, key: str) -> None:
        """Remove a job that another has replaced.

        Raises:
            StoreError: If it cannot be removed.
        """
        folder = self.jobs / key
        try:
            aside = folder_aside(self.jobs, REMOVED)
            folder.rename(aside / key)
            shutil.rmtree(aside)
        except FileNotFoundError:
            return  # another process has removed it already
        except OSError as error:
            raise StoreError(f"Cannot remove {folder}: {error.strerror or error}.") from error

    def read_all(self) -> tuple[tuple[StoredJob, ...], tuple[str, ...]]:
        """Read every job.

        Returns:
            The jobs sorted by key, and a sentence for each job that cannot be read. Of two jobs of
            one slot (a process was killed while it replaced one) the newer one is returned.

        Raises:
            StoreError: If the directory has no run, or cannot be read.
        """
        keys = self.keys()
        if not self.jobs.is_dir():
            raise StoreError(f"{self.root} is no run directory: it has no folder '{JOBS}'.")
        found: dict[JobIdentity, StoredJob] = {}
        damaged: list[str] = []
        for key in keys:
            try:
                job = self.read(key)
            except StoreError as error:
                damaged.append(str(error))
                continue
            if job is not None:
                rival = found.get(job.identity.slot, job)
                found[job.identity.slot] = max(rival, job, key=lambda each: each.written)
        return tuple(sorted(found.values(), key=lambda job: job.folder.name)), tuple(damaged)

    def predictions(self, job: StoredJob, target: str) -> Prediction:
        """Return the probabilities of a job for a target.

        Raises:
            StoreError: If they were not stored, or are damaged.
        """
        path = job.folder / _prediction_name(target)
        try:
            with np.load(path, allow_pickle=False) as archive:
                return Prediction(
                    target=target,
                    sample_ids=archive["sample_id"],
                    probabilities=archive["probability"],
                    classes=tuple(archive["classes"].tolist()),
                    labels=archive["label"],
                    block=archive["block"] if "block" in archive.files else None,
                )
        except (OSError, KeyError, ValueError, TokenError, zipfile.BadZipFile) as error:
            raise StoreError(f"{path} is missing or damaged: run the job again.") from error


def _unreadable(path: Path, error: OSError) -> StoreError:
    why = error.strerror or error
    return StoreError(
        f"{path} cannot be read ({why}): make it readable, or remove it to run again."
    )


def _rows_text(rows: Sequence[Row]) -> str:
    try:
        return _ROWS.dump_json(list(rows), indent=1).decode()
    except PydanticSerializationError:  # text that UTF-8 lacks, of a method or of the command line
        plain = as_utf8(_ROWS.dump_python(list(rows)))
        return _ROWS.dump_json(_ROWS.validate_python(plain), indent=1).decode()


def _prediction_name(target: str) -> str:
    return f"{PREDICTIONS}{target}.npz"


def _write_prediction(folder: Path, prediction: Prediction) -> None:
    path = folder / _prediction_name(prediction.target)
    block = {} if prediction.block is None else {"block": prediction.block}
    with path.open("wb") as handle:
        np.savez_compressed(
            handle,
            allow_pickle=False,
            sample_id=prediction.sample_ids,
            probability=prediction.probabilities,
            classes=np.array(prediction.classes),
            label=prediction.labels,
            **block,
        )
        handle.flush()
        os.fsync(handle.fileno())


def _write_manifest(folder: Path) -> None:
    sums = {path.name: _checksum(path) for path in sorted(folder.iterdir())}
    write_text(folder / MANIFEST_FILE, json.dumps(sums, indent=1) + "\n")


def _date(path: Path, newer_than: int) -> None:
    if path.stat().st_mtime_ns <= newer_than:
        later = newer_than + NANOSECONDS  # some file systems keep whole seconds only
        os.utime(path, ns=(later, later))


def _read_job(folder: Path) -> StoredJob:
    manifest = _read_manifest(folder)
    for name, expected in manifest.items():
        path = folder / name
        if not path.is_file() or _checksum(path) != expected:
            raise StoreError(f"{path} is missing or damaged: run the job again.")
    try:
        identity = JobIdentity.model_validate_json((folder / IDENTITY_FILE).read_bytes())
        rows = tuple(_ROWS.validate_json((folder / ROWS_FILE).read_bytes()))
    except (OSError, ValidationError) as error:
        raise StoreError(f"{folder} was written by another version: run the job again.") from error
    if identity.key != folder.name:
        raise StoreError(f"{folder} holds job {identity.key}: it was renamed; run the job again.")
    return StoredJob(
        identity=identity,
        rows=tuple(row for row in rows if row.shift is None),
        shifted=tuple(row for row in rows if row.shift is not None),
        folder=folder,
        checksum=_checksum(folder / MANIFEST_FILE),
        written=(folder / MANIFEST_FILE).stat().st_mtime_ns,
    )


def _read_manifest(folder: Path) -> dict[str, str]:
    path = folder / MANIFEST_FILE
    try:
        content: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is missing or damaged: run the job again.") from error
    valid = isinstance(content, dict) and {IDENTITY_FILE, ROWS_FILE} <= content.keys()
    if not valid or not all(
        isinstance(value, str) and Path(name).name == name for name, value in content.items()
    ):
        raise StoreError(f"{path} is missing or damaged: run the job again.")
    return dict(content)


def _checksum(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
