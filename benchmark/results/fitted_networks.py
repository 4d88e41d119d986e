"""Fitted networks as plain arrays: stored with a job and restored without a pickle."""

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from benchmark.errors import StoreError
from benchmark.task.methods import Classifier, Context, Exportable, registry
from benchmark.task.protocol import Protocol

NETWORK_FILE: Final = "network.npz"
PROTOCOL_FILE: Final = "protocol.json"

SHAPE: Final = ".sample_shape"
CLASSES: Final = ".classes"
"""Names of two arrays that are not parameters; no module of torch can have such a name."""


@dataclass(frozen=True)
class Network:
    """A fitted network as plain arrays.

    Attributes:
        sample_shape: Shape of one sample of its representation.
        classes: Names of the classes, in the order of the probability columns.
        arrays: Its parameters by name.
    """

    sample_shape: tuple[int, ...]
    classes: tuple[str, ...]
    arrays: Mapping[str, npt.NDArray[Any]]


def write_network(folder: Path, network: Network) -> None:
    """Write a network into the folder of a job that is not finished yet, and flush it to the disk.

    Raises:
        OSError: If it cannot be written.
    """
    described = {SHAPE: np.array(network.sample_shape), CLASSES: np.array(network.classes)}
    with (folder / NETWORK_FILE).open("wb") as handle:
        # Trained parameters do not compress.
        np.savez(handle, allow_pickle=False, **described, **network.arrays)
        handle.flush()
        os.fsync(handle.fileno())


def read_network(folder: Path) -> Network:
    """Read the network of a job from its folder.

    Raises:
        StoreError: If the network was not stored, or is damaged.
    """
    path = folder / NETWORK_FILE
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        shape, classes = arrays.pop(SHAPE).tolist(), arrays.pop(CLASSES).tolist()
    except (OSError, KeyError, ValueError, EOFError, TokenError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path} is missing or damaged: run the job again.") from error
    return Network(tuple(shape), tuple(classes), arrays)


def restore_network(folder: Path, *, method: str, seed: int, bands: tuple[str, ...]) -> Classifier:
    """Restore the fitted classifier of a job, on the processor.

    Args:
        folder: Folder with its network and its protocol.
        method: Name of its method. The method must be installed with the code that was trained.
        seed: Seed of the job.
        bands: Bands that the method was given.

    Returns:
        The fitted classifier.

    Raises:
        StoreError: If a file is missing or damaged, or the network does not fit the method's code.
        UsageError: If the method is not installed.
    """
    network = read_network(folder)
    try:
        protocol = Protocol.model_validate(json.loads((folder / PROTOCOL_FILE).read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError(
            f"{folder / PROTOCOL_FILE} is missing or damaged: run the job again."
        ) from error
    context = Context(
        seed=seed,
        classes=network.classes,
        protocol=protocol,
        device="cpu",
        bands=bands,
        sample_shape=network.sample_shape,
    )
    classifier = registry().get(method).build(context)
    if not isinstance(classifier, Exportable):
        raise StoreError(
            f"{method} as it is installed cannot be restored from {folder}: install the version "
            "that was trained."
        )
    try:
        return classifier.restore(network.arrays)
    except (RuntimeError, KeyError, ValueError) as error:
        raise StoreError(
            f"The network in {folder} is of other code of {method}: install the version that was "
            "trained, or run the job again."
        ) from error
