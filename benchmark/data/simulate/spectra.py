"""Spectra of soils, residue, water, cotton lint, snow and cloud, read from ``spectra.yaml``."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

FloatArray = npt.NDArray[np.float32]


@cache
def _spectra() -> Mapping[str, Any]:
    text = files("benchmark.data.simulate").joinpath("spectra.yaml").read_text("utf-8")
    content: Mapping[str, Any] = yaml.safe_load(text)
    return content


@cache
def soil_names() -> tuple[str, ...]:
    """Return the names of the soil types; the position of a name is the index of the soil."""
    return tuple(_spectra()["soils"])


@cache
def dry_soils() -> FloatArray:
    """Return the reflectance of the dry soils, [soils, 10]."""
    return np.array([entry["dry"] for entry in _spectra()["soils"].values()], np.float32)


@cache
def soil_wetness() -> FloatArray:
    """Return the factor of each soil on the surface moisture of its region, [soils]."""
    return np.array([entry["holds"] for entry in _spectra()["soils"].values()], np.float32)


@cache
def spectrum(name: str) -> FloatArray:
    """Return a named spectrum of ``spectra.yaml``, [10]."""
    return np.array(_spectra()[name]["values"], np.float32)


@cache
def wavelengths() -> FloatArray:
    """Return the band centres in nm, [10]."""
    return np.array(_spectra()["bands"]["centre"], np.float32)
