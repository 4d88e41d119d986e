"""Arguments of the Python interface: those that fit, and one sentence about those that do not."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

import cropglobe
from benchmark.data.dataset import Dataset
from benchmark.task.methods import registry
from benchmark.task.protocol import load_protocol
from cropglobe import CropDataset, CropGlobeError, method_from_estimator

TAKEN = "'cropnet' is a name of this package: give your method another one"


@pytest.mark.parametrize(
    ("methods", "words", "message"),
    [
        ([], {}, "No method was given"),
        ("floor.majority", {}, "as a list"),
        ([object()], {}, "object has no fit"),
        ([KNeighborsClassifier()], {"workers": 1}, "worker processes cannot find"),
        ([KNeighborsClassifier(), KNeighborsClassifier(2)], {}, "Two methods are named"),
        (
            [KNeighborsClassifier],
            {},
            r"KNeighborsClassifier is a class: .* KNeighborsClassifier\(\)",
        ),
        ([method_from_estimator(KNeighborsClassifier(), name="cropnet")], {}, TAKEN),
        ([method_from_estimator(KNeighborsClassifier(), name="headline")], {}, "'headline' is a"),
        (["floor.prior"], {"device": "gpu"}, "'device' cannot be 'gpu': give 'auto', 'cpu'"),
        (["floor.prior"], {"workers": -1}, "workers=-1 is not possible"),
        (["floor.prior"], {"transfers": "FRA:CHN"}, r"Give transfers as a list: \['FRA:CHN'\]"),
        (["floor.prior"], {"bands": "B4"}, "Give bands as a list"),
        (["floor.prior"], {"shifts": "level"}, "Give shifts as a list"),
        (["floor.prior"], {"seeds": 82}, r"Give seeds as a list: \[82\]"),
        (None, {}, "No method was given"),
        ({"mine": KNeighborsClassifier()}, {}, "Give methods as a list, not as a dict"),
        (["floor.prior"], {"seeds": []}, "The list of seeds is empty: name one, or leave seeds"),
        (["floor.prior"], {"bands": ()}, "The list of bands is empty"),
        (["floor.prior"], {"protocol": None}, "The protocol is of type NoneType: give its name"),
        (["floor.prior"], {"workers": "1"}, "workers='1' is not possible: give a whole number"),
        (
            ["floor.prior"],
            {"announce": True},
            "announce=True is not possible: give a function",
        ),
        (["floor.prior"], {"mlflow": 3}, "mlflow is of type int: give True, False or the"),
        (["floor.prior"], {"overwrite": "stal"}, "overwrite='stal' .* did you mean 'stale'"),
        (["floor.prior"], {"representation_from": "file"}, "did you mean 'files'"),
    ],
)
def test_what_does_not_fit_is_refused(
    tiny: Dataset, tmp_path: Path, methods: object, words: dict[str, Any], message: str
) -> None:
    asked = {"protocol": "smoke", "out": tmp_path / "r"} | words
    with pytest.raises(CropGlobeError, match=message):
        cropglobe.run(CropDataset(tiny), methods, **asked)  # type: ignore[arg-type]


def test_a_method_of_this_package_may_be_given_as_an_object(tiny: Dataset, tmp_path: Path) -> None:
    method = registry().get("floor.prior")
    out = tmp_path / "run"
    results = cropglobe.run(CropDataset(tiny), [method], ["FRA:CHN"], protocol="smoke", out=out)
    assert set(results.scores()["method"]) == {"floor.prior"}
    with pytest.raises(CropGlobeError, match=r"'floor\.prior' is a name of this package"):
        cropglobe.run(CropDataset(tiny), [replace(method, version="mine")], protocol="smoke")


def test_arrays_and_generators_are_lists(tiny: Dataset, tmp_path: Path) -> None:
    results = cropglobe.run(
        CropDataset(tiny),
        cropglobe.list_methods("floor.prior").index,  # type: ignore[arg-type]
        (word for word in ["FRA:CHN"]),  # type: ignore[arg-type]
        protocol="smoke",
        seeds=np.array([82, 83]),  # type: ignore[arg-type]
        bands=np.array(["B4", "B8"]),  # type: ignore[arg-type]
        shifts=None,  # type: ignore[arg-type]
        workers=0,
        out=tmp_path / "run",
    )
    assert sorted(results.scores()["seed"]) == [82, 83]
    with pytest.raises(CropGlobeError, match="There is no group 1: `groups` has 1"):
        results.draw("heat_map", group=1)


def test_paths_and_words_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(CropGlobeError, match=r"dataset is of type DataFrame: give .*ingest"):
        cropglobe.run(pd.DataFrame(), ["floor.prior"])  # type: ignore[arg-type]
    with pytest.raises(CropGlobeError, match=r"is of type list: give paths, each .*open_runs\("):
        cropglobe.open_runs([tmp_path])  # type: ignore[arg-type]
    with pytest.raises(CropGlobeError, match="A pattern is of type list: give words"):
        cropglobe.list_methods(["floor.*"])  # type: ignore[arg-type]
    with pytest.raises(CropGlobeError, match="The label map is of type dict: give its name, or"):
        cropglobe.ingest("points.csv", tmp_path, labels={1: "corn"})  # type: ignore[arg-type]
    with pytest.raises(CropGlobeError, match="no option 'regoin': did you mean 'region'"):
        cropglobe.ingest("points.csv", tmp_path, labels="cdl", regoin="ESP")


def test_simulations_that_do_not_exist_are_refused() -> None:
    with pytest.raises(CropGlobeError, match="Give domains as a list"):
        cropglobe.simulate(domains="FRA", samples_per_domain=50)
    for name, value in (("samples_per_domain", 50.0), ("seed", "a"), ("cadence_days", "10")):
        with pytest.raises(CropGlobeError, match=f"{name}={value!r} is not possible"):
            cropglobe.simulate(domains=["FRA"], **{name: value})  # type: ignore[arg-type]
    with pytest.raises(CropGlobeError, match="The list of domains is empty"):
        cropglobe.simulate(domains=[], samples_per_domain=50)
    with pytest.raises(CropGlobeError, match="level='L3' is not possible"):
        cropglobe.simulate(domains=["FRA"], samples_per_domain=50, level="L3")  # type: ignore[arg-type]


def test_a_frame_is_no_table_to_ingest(tmp_path: Path) -> None:
    with pytest.raises(CropGlobeError, match="The table is a DataFrame: save it as a file"):
        cropglobe.ingest(pd.DataFrame(), tmp_path, labels="cdl")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stamp": "end"}, "stamp='end' is not possible: give 'first', 'middle' or 'last'"),
        ({"level": "l2a"}, "level='l2a' is not possible: give 'L1C' or 'L2A'"),
        ({"region": ["ESP"]}, "is not possible: give a valid string"),
        ({"window": "ten"}, "window='ten' is not possible: give a valid number"),
        ({"progress": True}, "progress=True is not possible: give a function"),
    ],
)
def test_options_of_ingestion_are_of_their_type(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(CropGlobeError, match=re.escape(message)):
        cropglobe.ingest("points.csv", tmp_path, labels="cdl", **options)


def test_options_that_mean_the_same_are_taken(tmp_path: Path) -> None:
    """They are those of the command line and of tables; then there is no such table."""
    options = {"year": np.int64(2021), "window": "5", "offset_from": "2022-01-25", "missing": "nan"}
    with pytest.raises(CropGlobeError, match=r"The table .*points\.csv cannot be read"):
        cropglobe.ingest(tmp_path / "points.csv", tmp_path, labels="cdl", **options)


def test_a_protocol_may_be_a_path(tiny: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(load_protocol("smoke").model_dump(mode="json") | {"name": "mine"}))
    data, out = CropDataset(tiny), tmp_path / "run"
    found = cropglobe.run(data, ["floor.majority"], ["FRA:CHN"], protocol=path, out=out)
    assert set(found.scores()["protocol"]) == {"mine"}
