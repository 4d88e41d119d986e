"""What a submission holds: its members and the models of those that are JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.results.rows import Row
from benchmark.task.methods import Card, Track
from benchmark.task.protocol import Protocol

FORM_VERSION: Final = 1
"""Raised when a member changes its meaning."""

MANIFEST: Final = "manifest.json"
CARD: Final = "card.json"
ROWS: Final = "rows.json"
PROTOCOL: Final = "protocol.yaml"
ENVIRONMENT: Final = "environment.json"

SAMPLES: Final = "samples/{source}/{target}.txt"
"""Ids of the scored samples, one a line, in the order of the probabilities; for all seeds."""

PREDICTIONS: Final = "predictions/{source}/{target}/{seed}.npy"
"""Probabilities [samples, classes], float32, the classes in the order of the row's."""

_DOMAIN: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"

MEMBERS: Final = re.compile(
    rf"manifest\.json|card\.json|rows\.json|protocol\.yaml|environment\.json"
    rf"|code/[A-Za-z_][A-Za-z0-9_]{{0,63}}\.py"
    rf"|samples/{_DOMAIN}/{_DOMAIN}\.txt"
    rf"|predictions/{_DOMAIN}/{_DOMAIN}/[0-9]{{1,10}}\.npy"
)
"""Every name that a member may have."""

Kind = Literal["with-code", "predictions-only"]
"""Whether anybody can run it; what nobody can run is ranked on a track of its own."""

CLOSED_TRACK: Final[Track] = "predictions-only"

Line = Annotated[str, Field(min_length=1, max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Form(BaseModel):
    """Base of what is stored: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Code(Form):
    """Where the code of a submission is: in it, or in a public repository.

    Attributes:
        file: Member that holds the method.
        url: Repository, https.
        commit: The commit in full, 40 hex digits.
    """

    file: Annotated[str, Field(pattern=r"^code/[A-Za-z_]\w{0,63}\.py$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://[^\s<>\"]{3,300}$")] | None = None
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) != (self.commit is None):
            raise ValueError("url and commit belong together")
        if self.file is not None and self.url is not None:
            raise ValueError("code is either a file or a repository")
        return self

    @property
    def is_closed(self) -> bool:
        """Whether nobody but the authors can run it."""
        return self.file is None and self.url is None


class File(Form):
    """A member's size and checksum.

    Attributes:
        bytes: Its size.
        sha256: Its SHA-256.
    """

    bytes: Annotated[int, Field(ge=0)]
    sha256: Digest


class Manifest(Form):
    """What a submission says it is.

    Attributes:
        form_version: Version of the form.
        method: Name of the method.
        authors: Who submits it.
        kind: Whether its code is there.
        code: Where the code is.
        dataset: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        transfers: Transfers as SOURCE:TARGET, in-domain ones included.
        seeds: Seeds; every transfer has each.
        files: Every other member.
    """

    form_version: Literal[1] = 1
    method: Line
    authors: Annotated[tuple[Line, ...], Field(min_length=1)]
    kind: Kind
    code: Code
    dataset: Line
    fingerprint: Digest
    protocol: Line
    protocol_hash: Line
    transfers: Annotated[tuple[Line, ...], Field(min_length=1)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    files: dict[str, File]


class Described(Form):
    """The method of a submission, as its author describes it.

    Attributes:
        name: Name of the method.
        version: Its version.
        family: Its family.
        track: Its track.
        representation: View of the samples that it is given.
        card: Its card; licence and pretraining must be stated.
    """

    name: Line
    version: Line
    family: Line
    track: Track
    representation: Line
    card: Card


class Surroundings(Form):
    """What rows were made with.

    Attributes:
        package_version: Version of this package.
        python: Version of Python.
        packages: Versions of the packages that scores depend on.
        platform: Operating system and machine.
        devices: Names of the processors.
    """

    package_version: str
    python: str
    packages: dict[str, str]
    platform: str
    devices: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Submission:
    """A submission that was read whole; nothing in it is believed yet.

    Attributes:
        path: The archive.
        checksum: SHA-256 of the archive.
        manifest: What it says it is.
        described: The method.
        rows: The rows.
        protocol: The protocol.
        surroundings: What the rows were made with.
        samples: Ids by source and target, in order.
        predictions: Probabilities [samples, classes] by source, target and seed.
        code: Text of the method file; ``None`` where it is elsewhere or closed.
    """

    path: Path
    checksum: str
    manifest: Manifest
    described: Described
    rows: tuple[Row, ...]
    protocol: Protocol
    surroundings: tuple[Surroundings, ...]
    samples: Mapping[tuple[str, str], tuple[str, ...]]
    predictions: Mapping[tuple[str, str, int], npt.NDArray[np.float32]]
    code: str | None
