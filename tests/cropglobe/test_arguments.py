"""Arguments of the Python interface: those that fit, and one sentence about those that do not."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier

import cropglobe
from benchmark.data.dataset import Dataset
from benchmark.task.protocol import load_protocol
from cropglobe import CropDataset, CropGlobeError


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
        (["floor.prior"], {"workers": -1}, "workers=-1 is not possible"),
        (["floor.prior"], {"transfers": "FRA:CHN"}, r"Give transfers as a list: \['FRA:CHN'\]"),
        (["floor.prior"], {"bands": "B4"}, "Give bands as a list"),
        (["floor.prior"], {"shifts": "level"}, "Give shifts as a list"),
        (["floor.prior"], {"seeds": 82}, r"Give seeds as a list: \[82\]"),
        (["floor.prior"], {"overwrite": "stal"}, "overwrite='stal' .* did you mean 'stale'"),
        (["floor.prior"], {"representation_from": "file"}, "did you mean 'files'"),
    ],
)
def test_what_does_not_fit_is_refused(
    tiny: Dataset, tmp_path: Path, methods: object, words: dict[str, Any], message: str
) -> None:
    with pytest.raises(CropGlobeError, match=message):
        cropglobe.run(CropDataset(tiny), methods, protocol="smoke", out=tmp_path / "r", **words)  # type: ignore[arg-type]


def test_simulations_that_do_not_exist_are_refused() -> None:
    with pytest.raises(CropGlobeError, match="Give domains as a list"):
        cropglobe.simulate(domains="FRA", samples_per_domain=50)
    with pytest.raises(CropGlobeError, match="level='L3' is not possible"):
        cropglobe.simulate(domains=["FRA"], samples_per_domain=50, level="L3")  # type: ignore[arg-type]


def test_a_frame_is_no_table_to_ingest(tmp_path: Path) -> None:
    with pytest.raises(CropGlobeError, match="The table is a DataFrame: save it as a file"):
        cropglobe.ingest(pd.DataFrame(), tmp_path, labels="cdl")  # type: ignore[arg-type]


def test_a_protocol_may_be_a_path(tiny: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(load_protocol("smoke").model_dump(mode="json") | {"name": "mine"}))
    data, out = CropDataset(tiny), tmp_path / "run"
    found = cropglobe.run(data, ["floor.majority"], ["FRA:CHN"], protocol=path, out=out)
    assert set(found.scores()["protocol"]) == {"mine"}
