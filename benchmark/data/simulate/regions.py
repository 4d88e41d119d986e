"""Regions: crop calendars, land uses, soils and weather, read from YAML and checked."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmark.data.season import DAYS_PER_YEAR
from benchmark.data.simulate.plants import plants
from benchmark.data.simulate.spectra import soil_names
from benchmark.data.taxonomy import CROPS, Hemisphere, check_domain_name
from benchmark.errors import DataError, UsageError, did_you_mean

PACKAGE = "benchmark.data.simulate"

Mark = Literal["R", "K", "D", "P"]
Quarterly = tuple[float, float, float, float]
Share = Field(ge=0, le=1)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Water(_Frozen):
    """Standing water of a paddy.

    Attributes:
        share: Share of the fields that are flooded.
        start: Days from the stage `start_of` to flooding; negative before it.
        start_of: Stage from which `start` counts.
        drain: Days from draining to harvest.
        winter_share: Share of the fields that are flooded in winter.
        winter: First and last day of the year of the winter flood.
    """

    share: float = Share
    start: float
    start_of: Literal["sow", "emerge"] = "sow"
    drain: float = 24
    winter_share: float = Field(default=0, ge=0, le=1)
    winter: tuple[float, float] = (310, 45)


class Stand(_Frozen):
    """The stages of one crop, in days of the year and in ascending order.

    A stage with a smaller day than the stage before it lies in the next year. A southern maize can
    have sow 275, peak 360, fade 40, harvest 90. Negative days belong to the previous year.

    Attributes:
        plant: Name in ``plants.yaml``.
        sow: Median day of sowing, or of the start of growth of a perennial.
        sow_sd: Standard deviation of sowing between fields of one year, in days.
        emerge: Days from sowing to emergence.
        peak: Median day of the largest leaf area (heading of a cereal).
        fade: Median day of half senescence; of 50 % open bolls for cotton.
        harvest: Median day of harvest, or of the end of growth of a perennial.
        harvest_sd: Standard deviation of harvest between fields in days, without the part that
            follows from sowing.
        fade_is: ``maturity`` where `fade` is the reported maturity; plants lose their greenness
            some days before it.
        defoliate: Days from `fade` to chemical defoliation, or ``None``.
        cuts: First cut, days between cuts and last cut of a mown crop.
    """

    plant: str
    sow: float
    sow_sd: float = Field(default=10, ge=0)
    emerge: float = Field(default=10, ge=0)
    peak: float
    fade: float
    harvest: float
    harvest_sd: float | None = None
    fade_is: Literal["greenness", "maturity"] = "greenness"
    defoliate: float | None = None
    cuts: tuple[float, float, float] | None = None

    @model_validator(mode="after")
    def _check(self) -> "Stand":
        if self.plant not in plants():
            raise ValueError(f"unknown plant '{self.plant}', {did_you_mean(self.plant, plants())}")
        if plants()[self.plant].kind == "cut" and self.cuts is None:
            raise ValueError(
                f"plant '{self.plant}' is mown and needs cuts: write cuts: [first, interval, last]"
            )
        stages = self.stages()
        if stages[1] >= stages[2]:
            raise ValueError(
                f"{self.plant} emerges on day {stages[1]:g} and has its peak on day {stages[2]:g}: "
                "correct sow, emerge or peak"
            )
        if stages[4] - stages[0] > 1.6 * DAYS_PER_YEAR:
            raise ValueError(
                f"{self.plant} grows {stages[4] - stages[0]:g} days: correct sow or harvest"
            )
        return self

    def stages(self) -> tuple[float, float, float, float, float]:
        """Return the ascending days of sowing, emergence, peak, senescence and harvest."""
        emerge = self.sow + self.emerge
        peak = _after(self.peak, self.sow)
        fade = _after(self.fade, peak)
        return self.sow, emerge, peak, fade, _after(self.harvest, peak)


class Second(Stand):
    """Another crop of the same field and year: a double crop, a catch crop or the next cereal.

    Attributes:
        share: Share of the fields on which it grows.
    """

    share: float = Share


class Row(Stand):
    """One row of a calendar: a crop, how it is grown in the region, and the source of this.

    Attributes:
        crop: Class of the fields.
        area: Area relative to the other rows of the same crop, in one unit for a whole country.
        irrigated: Share of the fields that are irrigated.
        soils: Soil types with weights, if the crop has other soils than the region.
        repeat: Share of the fields on which the same crop is grown again after the harvest.
        water: Flooding of a paddy.
        second: Another crop of the same year.
        mark: Evidence for the days: R read, K recalled, D derived, P chosen.
        source: Source of the days.
    """

    crop: str
    area: float = Field(default=1, gt=0)
    irrigated: float = Field(default=0, ge=0, le=1)
    soils: dict[str, float] | None = None
    repeat: float = Field(default=0, ge=0, le=1)
    water: Water | None = None
    second: Second | None = None
    mark: Mark
    source: str

    @model_validator(mode="after")
    def _check_row(self) -> "Row":
        if self.crop not in CROPS:
            raise ValueError(f"unknown crop '{self.crop}', {did_you_mean(self.crop, CROPS)}")
        _check_soils(self.soils or {})
        return self


class Region(_Frozen):
    """A growing region.

    Attributes:
        name: Domain name, such as ``USA-AR``.
        title: Description in a few words.
        hemisphere: Hemisphere; the stored year begins in January (north) or July (south).
        year: Year of the labels when the region is simulated alone.
        places: Boxes west, south, east, north in degrees where fields lie.
        soils: Soil types with weights.
        clear: Clear share of a 5-day slot in mid January, April, July and October.
        snow: Share of the slots with snow on the ground, same months.
        wet: Surface soil moisture, 0 dry to 1 saturated, same months.
        weeds: Leaf area index of weeds and volunteers on uncropped ground, same months.
        tilled: Share of the fields that are tilled before sowing and after harvest.
        other_area: Area of the class `other` relative to the other regions of the country.
        classes: Class shares when the region is simulated alone.
        mark: Evidence for soils, weather and shares.
        source: Source of soils, weather and shares.
        rows: The calendar.
    """

    name: str
    title: str
    hemisphere: Hemisphere = "north"
    year: int = 2023
    places: tuple[tuple[float, float, float, float], ...] = Field(min_length=1)
    soils: dict[str, float]
    clear: Quarterly
    snow: Quarterly = (0, 0, 0, 0)
    wet: Quarterly
    weeds: Quarterly
    tilled: float = Field(default=0.6, ge=0, le=1)
    other_area: float = Field(default=1, gt=0)
    classes: dict[str, float] = {}
    mark: Mark
    source: str
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_region(self) -> "Region":
        check_domain_name(self.name)
        _check_soils(self.soils)
        for west, south, east, north in self.places:
            if not (-180 <= west < east <= 180 and -90 < south < north < 90):
                raise ValueError(
                    f"place [{west}, {south}, {east}, {north}] is no box: write "
                    "[west, south, east, north] in degrees"
                )
        _check_classes(self.classes, {row.crop for row in self.rows})
        return self


class DomainPlan(_Frozen):
    """A domain as a set of regions: a country, or a country in one year.

    Attributes:
        year: Year of the labels.
        regions: Names of its regions.
        classes: Class shares.
        mark: Evidence for the shares.
        source: Source of the shares.
    """

    year: int
    regions: tuple[str, ...] = Field(min_length=1)
    classes: dict[str, float]
    mark: Mark
    source: str


def _after(day: float, start: float) -> float:
    """Return the day, moved by whole years so that it is the first one not before `start`."""
    return (
        float(day + DAYS_PER_YEAR * np.ceil((start - day) / DAYS_PER_YEAR)) if day < start else day
    )


def _check_soils(soils: Mapping[str, float]) -> None:
    for name, weight in soils.items():
        if name not in soil_names() or weight <= 0:
            raise ValueError(
                f"soil '{name}: {weight}' needs a known name and a weight above 0, "
                f"{did_you_mean(name, soil_names())}"
            )


def _check_classes(classes: Mapping[str, float], grown: set[str]) -> None:
    for crop, share in classes.items():
        if crop not in grown:
            raise ValueError(
                f"class '{crop}' has a share but no row in the calendar: "
                "add a row or remove the share"
            )
        if share <= 0:
            raise ValueError(f"class '{crop}' has the share {share}: write a number above 0")


def read_region(path: Path) -> Region:
    """Read a region file.

    Args:
        path: YAML file with the fields of `Region`.

    Returns:
        The region.

    Raises:
        DataError: If the file cannot be read or has an impossible value.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read the region file {path}: {error}.") from error
    return _parse_region(text, str(path))


def _parse_region(text: str, where: str) -> Region:
    try:
        entry: Any = yaml.safe_load(text)
        if not isinstance(entry, dict):
            raise DataError(
                f"{where} has no region: write its name, places, rows and other fields."
            )
        return Region(**entry)
    except yaml.YAMLError as error:
        raise DataError(f"{where} is not valid YAML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the region"
        raise DataError(f"{where}, {place}: {first['msg']}.") from error


@cache
def regions() -> Mapping[str, Region]:
    """Return the regions of the package by name."""
    folder = files(PACKAGE).joinpath("regions")
    found = [
        _parse_region(entry.read_text("utf-8"), entry.name)
        for entry in sorted(folder.iterdir(), key=lambda item: item.name)
        if entry.name.endswith(".yaml")
    ]
    return {region.name: region for region in found}


@cache
def domain_plans() -> Mapping[str, DomainPlan]:
    """Return the domains of the package that consist of regions, by name."""
    text = files(PACKAGE).joinpath("domains.yaml").read_text("utf-8")
    return {name: DomainPlan(**entry) for name, entry in yaml.safe_load(text).items()}


def resolve(name: str, own: Mapping[str, Region]) -> tuple[DomainPlan, tuple[Region, ...]]:
    """Return the plan of a domain and its regions.

    Args:
        name: Name of a domain or a region of the package, or of a region in `own`.
        own: The user's regions by name. They are used before those of the package.

    Returns:
        The plan and its regions in order.

    Raises:
        UsageError: If there is no domain or region of that name.
    """
    plans, known = domain_plans(), regions()
    if name in own or (name in known and name not in plans):
        region = own.get(name) or known[name]
        shares = region.classes or _shares_by_area(region)
        plan = DomainPlan(
            year=region.year,
            regions=(name,),
            classes=shares,
            mark=region.mark,
            source=region.source,
        )
        return plan, (region,)
    if name not in plans:
        raise UsageError(f"Unknown domain '{name}': {did_you_mean(name, {*plans, *known, *own})}")
    return plans[name], tuple(known[region] for region in plans[name].regions)


def _shares_by_area(region: Region) -> dict[str, float]:
    shares: dict[str, float] = {}
    for row in region.rows:
        shares[row.crop] = shares.get(row.crop, 0.0) + row.area
    return shares


def through_year(quarterly: Quarterly, day: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Interpolate four values of the year linearly; December is followed by January.

    Args:
        quarterly: Values in mid January, April, July and October.
        day: Days of the year, any shape.

    Returns:
        Values of the same shape.
    """
    knots = np.array([15.0, 106.0, 197.0, 289.0])
    return np.asarray(np.interp(day, knots, quarterly, period=DAYS_PER_YEAR))
