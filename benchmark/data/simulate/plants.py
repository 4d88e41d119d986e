"""Plants and sizes of effects: the numbers of the simulator, read from its data files."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict

PACKAGE = "benchmark.data.simulate"

Kind = Literal["annual", "winter", "perennial", "cut"]


class Plant(BaseModel):
    """How a plant grows and what its leaves are; the units are in ``plants.yaml``.

    Attributes:
        kind: Shape of the leaf-area curve.
        lai: Mean and standard deviation of the largest leaf area index.
        leaf: Chlorophyll (ug/cm2), water (cm), dry matter (g/cm2), layers, mean leaf angle (deg).
        clumping: Optically active share of the leaf area.
        lost: Share of the leaf area lost when senescent.
        cbrown: Brown pigment when senescent.
        width: Days from 27 to 50 % senescence.
        nongreen: Share of stems, ears and panicles.
        residue: Ground cover left by the harvest, low and high.
        senescent: Share of the leaves that are senescent before the harvest.
        follow: Share of a sowing delay still seen at peak, senescence and harvest.
        base: Leaf area index that always remains.
        cover: Mean and standard deviation of crown cover, for trees and vines.
        stubble: Share of the leaf area left by a cut.
        regrowth: Days from a cut to half of the regrowth and beyond (full after 1.5 times).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    lai: tuple[float, float]
    leaf: tuple[float, float, float, float, float]
    clumping: float
    lost: float
    cbrown: float
    width: float
    nongreen: float
    residue: tuple[float, float]
    senescent: float = 1.0
    follow: tuple[float, float, float] = (0.75, 0.6, 0.6)
    base: float = 0.0
    cover: tuple[float, float] | None = None
    stubble: float = 0.0
    regrowth: float = 20.0


def _read(name: str) -> Any:
    return yaml.safe_load(files(PACKAGE).joinpath(name).read_text("utf-8"))


@cache
def plants() -> Mapping[str, Plant]:
    """Return the plants by name."""
    return {name: Plant(**entry) for name, entry in _read("plants.yaml").items()}


@cache
def plant_names() -> tuple[str, ...]:
    """Return the names of the plants in index order."""
    return tuple(plants())


@cache
def plant_column(attribute: str, place: int | None = None) -> npt.NDArray[np.float32]:
    """Return one number of every plant, in index order.

    Args:
        attribute: Name of the attribute.
        place: Which of its values, where it has several.

    Returns:
        Values [plants].
    """
    values = [getattr(plant, attribute) for plant in plants().values()]
    return np.array(values if place is None else [value[place] for value in values], np.float32)


@cache
def effects() -> Mapping[str, Any]:
    """Return the sizes of the random effects by name."""
    return {name: entry["value"] for name, entry in _read("effects.yaml").items()}
