"""Plants and sizes of random effects, read from the data files of the simulator."""

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
    """Growth and leaf traits of a plant; ``plants.yaml`` has the units.

    Attributes:
        kind: Shape of the leaf-area curve.
        lai: Mean and standard deviation of the largest leaf area index.
        leaf: Chlorophyll (ug/cm2), water (cm), dry matter (g/cm2), layers, mean leaf angle (deg).
        clumping: Optically active share of the leaf area.
        lost: Share of the leaf area that is lost at full senescence.
        cbrown: Brown pigment at full senescence.
        width: Days from 27 to 50 % senescence.
        nongreen: Share of stems, ears and panicles.
        residue: Lowest and highest ground cover that the harvest leaves.
        senescent: Share of the leaves that are senescent before the harvest.
        follow: Shares of a sowing delay by which peak, senescence and harvest are late.
        base: Leaf area index that always remains.
        cover: Mean and standard deviation of crown cover, for trees and vines.
        stubble: Share of the leaf area left by a cut.
        regrowth: Scale of the regrowth in days: half of it after 0.6 times as many days, all of it
            after 1.5 times.
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
    """Return the names of the plants; the position of a name is the index of the plant."""
    return tuple(plants())


@cache
def plant_column(attribute: str, index: int | None = None) -> npt.NDArray[np.float32]:
    """Return one attribute of every plant, in the order of `plant_names`.

    Args:
        attribute: Name of the attribute.
        index: Position of the value, for attributes with several values.

    Returns:
        Values [plants].
    """
    values = [getattr(plant, attribute) for plant in plants().values()]
    return np.array(values if index is None else [value[index] for value in values], np.float32)


@cache
def effects() -> Mapping[str, Any]:
    """Return the sizes of the random effects by name."""
    return {name: entry["value"] for name, entry in _read("effects.yaml").items()}
