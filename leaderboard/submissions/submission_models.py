"""The content of a submission: names of its members, and models of the members in JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmark.results.rows import Row
from benchmark.task.methods import Card
from benchmark.task.protocol import Protocol
from benchmark.task.tracks import Track

FORM_VERSION: Final = 1
"""Version of the format. Raise it when a member changes its meaning."""

MANIFEST: Final = "manifest.json"
CARD: Final = "card.json"
ROWS: Final = "rows.json"
PROTOCOL: Final = "protocol.yaml"
ENVIRONMENT: Final = "environment.json"

SAMPLES: Final = "samples/{source}/{target}.txt"
"""Ids of the scored samples, one on each line, in the order of the probabilities of all seeds."""

PREDICTIONS: Final = "predictions/{source}/{target}/{seed}.npy"
"""Probabilities [samples, classes], float32, with the classes in the order of the row."""

_DOMAIN: Final = r"[A-Za-z0-9][A-Za-z0-9-]{0,39}"

MEMBERS: Final = re.compile(
    rf"manifest\.json|card\.json|rows\.json|protocol\.yaml|environment\.json"
    rf"|code/[A-Za-z_][A-Za-z0-9_]{{0,63}}\.py"
    rf"|samples/{_DOMAIN}/{_DOMAIN}\.txt"
    rf"|predictions/{_DOMAIN}/{_DOMAIN}/[0-9]{{1,10}}\.npy"
)
"""Pattern of the allowed names of members."""

Kind = Literal["with-code", "predictions-only"]
"""Whether other people can run the method; if not, it is ranked on a separate track."""

CLOSED_TRACK: Final[Track] = "predictions-only"

Line = Annotated[str, Field(min_length=1, max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Form(BaseModel):
    """Base of stored models: frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Code(Form):
    """Location of the code of a submission: in the archive, or in a public repository.

    Attributes:
        file: Name of the member with the method.
        url: Address of the repository, https.
        commit: Commit of the repository, 40 hex digits.
    """

    file: Annotated[str, Field(pattern=r"^code/[A-Za-z_]\w{0,63}\.py$")] | None = None
    url: Annotated[str, Field(pattern=r"^https://[^\s<>\"]{3,300}$")] | None = None
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) != (self.commit is None):
            raise ValueError("url and commit belong together: give both or neither")
        if self.file is not None and self.url is not None:
            raise ValueError("code is either a file or a repository: leave out one of them")
        return self

    @property
    def is_closed(self) -> bool:
        """Whether only the authors can run the code."""
        return self.file is None and self.url is None


class File(Form):
    """Size and checksum of a member.

    Attributes:
        bytes: Size in bytes.
        sha256: SHA-256 of the content.
    """

    bytes: Annotated[int, Field(ge=0)]
    sha256: Digest


class Manifest(Form):
    """The manifest of a submission, as its authors state it.

    Attributes:
        form_version: Version of the format.
        method: Name of the method.
        authors: Names of the authors.
        kind: Whether other people can run the method.
        code: Location of the code.
        dataset: Name of the dataset.
        fingerprint: Fingerprint of the dataset.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        transfers: Transfers as SOURCE:TARGET, also the in-domain ones.
        seeds: Seeds; every transfer has every seed.
        files: Size and checksum of every other member, by name.
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

    @property
    def extent(self) -> str:
        """How much was scored, in words: transfers, in-domain scores and seeds."""
        in_domain = sum(len(set(each.split(":"))) == 1 for each in self.transfers)
        counts = {
            "transfer": len(self.transfers) - in_domain,
            "in-domain score": in_domain,
            "seed": len(self.seeds),
        }
        return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items())


class Described(Form):
    """The description of a method, as its authors state it.

    Attributes:
        name: Name of the method.
        version: Version of the method.
        family: Family of the method.
        track: Track of the method.
        representation: Representation of its samples.
        card: Card of the method; licence and pretraining must be stated.
    """

    name: Line
    version: Line
    family: Line
    track: Track
    representation: Line
    card: Card


class Surroundings(Form):
    """Software and devices that made rows.

    Attributes:
        package_version: Version of this package.
        python: Version of Python.
        packages: Versions of the packages on which scores depend.
        platform: Operating system and machine.
        devices: Names of the processors or GPUs.
    """

    package_version: str
    python: str
    packages: dict[str, str]
    platform: str
    devices: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Submission:
    """A complete submission that was read; none of its statements is checked yet.

    Attributes:
        path: Path of the archive.
        checksum: SHA-256 of the archive.
        manifest: The manifest.
        described: Description of the method.
        rows: The rows.
        protocol: The protocol.
        surroundings: Software and devices that made the rows.
        samples: Ids of the scored samples in order, by source and target.
        predictions: Probabilities [samples, classes] by source, target and seed.
        code: Text of the method file; ``None`` if the code is in a repository or closed.
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
