"""The public Python interface: what a notebook does, end to end on tiny data."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cropglobe
from benchmark.cli import main
from benchmark.data.dataset import Dataset
from cropglobe import CropDataset, CropGlobeError, RunResults

METHODS = ("floor.majority", "harmonic.random-forest")


@pytest.fixture(scope="module")
def results(tiny: Dataset, tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    return cropglobe.run(
        CropDataset(tiny),
        [*METHODS, KNeighborsClassifier(3)],
        ["FRA:CHN", "FRA:USA"],
        protocol="smoke",
        seeds=[1, 2],
        out=tmp_path_factory.mktemp("interface") / "run",
    )


def test_every_public_name_exists_and_is_documented() -> None:
    for name in cropglobe.__all__:
        assert getattr(cropglobe, name).__doc__, name


def test_a_dataset_is_summed_up(tiny: Dataset) -> None:
    data = CropDataset(tiny)
    frame = data.summary()
    assert list(frame.index) == ["CHN", "FRA", "USA"]
    assert (frame["samples"] == frame.drop(columns="samples").sum(axis=1)).all()
    assert frame.loc["CHN", "wheat"] == 0
    assert "CHN" in data._repr_html_()


def test_arrays_belong_together(tiny: Dataset) -> None:
    data = CropDataset(tiny)
    series, harmonic = (data.arrays("FRA", view) for view in ("median", "harmonic"))
    assert series.x.shape[1:] == (len(series.bands), 43)
    assert harmonic.x.shape == (len(series.x), len(series.bands), 5)
    assert (series.sample_id == harmonic.sample_id).all()
    counts = pd.Series(series.y).value_counts()
    assert counts["corn"] == data.summary().loc["FRA", "corn"]


def test_curves_are_the_quartiles_of_ndvi(tiny: Dataset) -> None:
    data = CropDataset(tiny)
    frame = data.curves("FRA")
    series = tiny.series("FRA", ("B4", "B8"))[tiny.load("FRA").labels == 0]
    red, infrared = series[:, 0, 10].astype(float), series[:, 1, 10].astype(float)
    ndvi = (infrared - red) / (infrared + red)
    line = frame[(frame["crop"] == "corn") & (frame["day"] == 52.5)].iloc[0]
    assert line["median"] == pytest.approx(np.median(ndvi), abs=1e-5)
    assert (frame["low"] <= frame["median"]).all()
    assert (frame["median"] <= frame["high"]).all()


def test_figures_of_a_dataset_are_drawn(tiny: Dataset, tmp_path: Path) -> None:
    data = CropDataset(tiny)
    assert {"class_shares", "ndvi_1"} <= set(data.figure_names())
    for name in data.figure_names():
        data.draw(name).savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 3_000
    with pytest.raises(CropGlobeError, match="did you mean 'class_shares'"):
        data.draw("class_share")


def test_frames_agree_with_each_other(results: RunResults) -> None:
    scores = results.scores()
    assert set(scores["method"]) == {*METHODS, "median.k-neighbors-classifier"}
    assert len(scores) == 3 * 2 * 2
    assert "in-domain" not in set(scores["relation"])
    inside = results.in_domain()
    assert len(inside) == 3 * 2
    assert set(inside["source"]) == {"FRA"}
    means = results.transfers().set_index(["method", "transfer"])["macro_f1"]
    expected = scores.groupby(["method", "transfer"])["macro_f1"].mean()
    pd.testing.assert_series_equal(means.sort_index(), expected.sort_index())
    board = results.leaderboard().set_index("method")
    assert board["macro_f1"].to_dict() == pytest.approx(means.groupby("method").mean().to_dict())
    assert list(results.leaderboard()["rank"]) == [1, 2, 3]


def test_crops_and_confusion_give_the_scores(results: RunResults) -> None:
    names = ["method", "transfer", "seed"]
    scores = results.scores().set_index(names).sort_index()
    by_crop = results.crops().groupby(names)["f1"].mean()
    pd.testing.assert_series_equal(by_crop.sort_index(), scores["macro_f1"], check_names=False)
    cells = results.confusion()
    assert (cells["samples"] > 0).all()
    total = cells.groupby(names)["samples"].sum()
    right = cells[cells["true"] == cells["predicted"]].groupby(names)["samples"].sum()
    accuracy = (right / total).fillna(0.0).sort_index()
    pd.testing.assert_series_equal(accuracy, scores["overall_accuracy"], check_names=False)
    assert (total.sort_index() == scores["n_test"]).all()


def test_differences_are_paired_and_have_limits(results: RunResults) -> None:
    frame = results.differences("floor.majority")
    means = results.transfers().set_index(["method", "transfer"])["macro_f1"]
    for line in frame.to_dict("records"):
        expected = (
            means[line["method"], line["transfer"]] - means["floor.majority", line["transfer"]]
        )
        assert line["difference"] == pytest.approx(expected)
        assert line["low"] <= line["high"]
        assert line["decided"] == (line["low"] > 0 or line["high"] < 0)
    assert len(frame) == 4
    with pytest.raises(CropGlobeError, match=r"did you mean|floor\.majority"):
        results.differences("floor.majorit")


def test_one_seed_decides_nothing(tiny: Dataset, tmp_path: Path) -> None:
    data, asked = CropDataset(tiny), {"protocol": "smoke", "seeds": [1], "out": tmp_path / "run"}
    frame = cropglobe.run(data, METHODS, ["FRA:CHN"], **asked).differences("floor.majority")
    assert ((frame["low"] > 0) | (frame["high"] < 0)).all()
    assert not frame["decided"].any()


def test_results_are_shown_and_drawn(results: RunResults, tmp_path: Path) -> None:
    html = results._repr_html_()
    assert "harmonic.random-forest" in html
    assert "<script" not in html
    for name in ("heat_map", "gap", "confusion"):
        results.draw(name).savefig(tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
    with pytest.raises(CropGlobeError, match="Unknown figure"):
        results.draw("heatmap")
    assert results.failures().empty


def test_a_run_is_read_again_and_not_run_again(results: RunResults, tiny: Dataset) -> None:
    said: list[str] = []
    again = cropglobe.run(
        str(tiny.root),
        [*METHODS, KNeighborsClassifier(3)],
        ["FRA:CHN", "FRA:USA"],
        protocol="smoke",
        seeds=[1, 2],
        out=results.runs[0],
        announce=said.append,
    )
    assert not [line for line in said if ": ok" in line]
    pd.testing.assert_frame_equal(again.scores(), results.scores())
    pd.testing.assert_frame_equal(
        cropglobe.open_runs(results.runs[0]).leaderboard(), results.leaderboard()
    )


def test_a_run_leaves_what_the_command_leaves_and_prints_nothing(
    tiny: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--protocol", "smoke", "--transfers", "FRA:CHN", "--methods", "floor.majority"]
    with pytest.raises(SystemExit):
        main(["run", "--data", str(tiny.root), "--out", str(tmp_path / "command"), *words])
    assert "floor.majority" in capfd.readouterr().out
    cropglobe.run(
        str(tiny.root),
        ["floor.majority"],
        ["FRA:CHN"],
        protocol="smoke",
        out=tmp_path / "python",
        workers=0,
    )
    assert capfd.readouterr() == ("", "")
    command, python = (
        {path.name for path in (tmp_path / name).iterdir()} for name in ("command", "python")
    )
    assert python == command
    assert (tmp_path / "python" / "leaderboard.md").stat().st_size > 100


def test_bands_and_files_of_features_are_those_of_the_command(
    tiny: Dataset, tmp_path: Path
) -> None:
    data = CropDataset(tiny)
    results = cropglobe.run(
        data,
        ["floor.majority"],
        ["FRA:CHN"],
        protocol="smoke",
        bands=["B4", "B8"],
        out=tmp_path / "two",
        workers=0,
    )
    assert set(results.leaderboard()["protocol"]) == {"smoke-2-bands"}
    assert {row.data.bands for row in results.results.rows} == {("B4", "B8")}
    results = cropglobe.run(
        data,
        ["harmonic.xgboost"],
        ["FRA:CHN"],
        protocol="smoke",
        representation_from="files",
        out=tmp_path / "files",
        workers=0,
    )
    assert set(results.failures()["method"]) == {"harmonic-files.xgboost"}
    assert set(results.failures()["status"]) == {"unavailable"}
    with pytest.raises(CropGlobeError, match="None of the chosen methods"):
        cropglobe.run(data, ["floor.majority"], protocol="smoke", representation_from="files")


def test_jobs_are_run_again_where_that_is_asked_for(tiny: Dataset, tmp_path: Path) -> None:
    def call(overwrite: Literal["never", "always"]) -> int:
        said: list[str] = []
        cropglobe.run(
            CropDataset(tiny),
            ["floor.majority"],
            ["FRA:CHN"],
            protocol="smoke",
            out=tmp_path / "run",
            overwrite=overwrite,
            workers=0,
            announce=said.append,
        )
        return sum(": ok" in line for line in said)

    assert [call("never"), call("never"), call("always")] == [1, 0, 1]


@pytest.mark.parametrize(
    ("mlflow", "variables", "address"),
    [
        (True, {}, None),
        (False, {}, "nowhere"),
        ("http://here", {"CROPGLOBE_TRACKING": "0"}, "http://here"),
        (None, {"CROPGLOBE_TRACKING": "off"}, "nowhere"),
        (None, {"CROPGLOBE_TRACKING": "1"}, None),
        (None, {"CROPGLOBE_TRACKING": "1", "MLFLOW_TRACKING_URI": "http://there"}, "http://there"),
    ],
)
def test_mlflow_is_where_it_is_asked_for(
    mlflow: bool | str | None,
    variables: dict[str, str],
    address: str | None,
    tiny: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str | None] = []

    def follow(store: object, uri: str | None, *, busy: bool) -> object:
        assert busy
        told.append(uri)
        return nullcontext()

    monkeypatch.setattr("benchmark.results.mlflow.background_sync.follow", follow)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    cropglobe.run(
        CropDataset(tiny),
        ["floor.majority"],
        ["FRA:CHN"],
        protocol="smoke",
        out=tmp_path / "run",
        workers=0,
        mlflow=mlflow,
    )
    assert told == ([] if address == "nowhere" else [address])


@pytest.mark.slow
def test_mlflow_has_the_run(tiny: Dataset, tmp_path: Path) -> None:
    said: list[str] = []
    cropglobe.run(
        CropDataset(tiny),
        ["floor.majority"],
        ["FRA:CHN"],
        protocol="smoke",
        out=tmp_path / "run",
        mlflow=True,
        announce=said.append,
    )
    assert not [line for line in said if "MLflow" in line]
    with sqlite3.connect(tmp_path / "run" / "mlflow.db") as database:
        (names,) = zip(*database.execute("select name from runs"), strict=True)
    assert any("floor.majority" in name for name in names)


@pytest.mark.slow
def test_a_script_without_a_guard_runs_once(tiny: Dataset, tmp_path: Path) -> None:
    """Worker processes and the one that writes to MLflow do not run a user's script again."""
    script = tmp_path / "script.py"
    script.write_text(
        "import cropglobe\n"
        f"results = cropglobe.run({str(tiny.root)!r}, ['floor.majority'], ['FRA:CHN'], "
        f"protocol='smoke', out={str(tmp_path / 'run')!r}, announce=print)\n"
        "print(results.leaderboard()['method'].to_list())\n",
        "utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"CROPGLOBE_TRACKING": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("['floor.majority']") == 1
    assert "Warning: MLflow" not in done.stdout


def test_simulated_data_are_made_once_and_say_so() -> None:
    told: list[str] = []
    asked = {"domains": ["FRA", "CHN"], "samples_per_domain": 40}
    first = cropglobe.simulate(**asked, progress=lambda name, *_: told.append(name))
    assert set(told) == {"FRA", "CHN"}
    told.clear()
    second = cropglobe.simulate(**asked, progress=lambda name, *_: told.append(name))
    assert not told
    assert first.source.fingerprint == second.source.fingerprint
    assert first.simulated
    assert "simulated: no satellite" in first._repr_html_()
    other = cropglobe.simulate(domains=["FRA"], samples_per_domain=40)
    assert other.path != first.path


def test_a_product_is_another_dataset_of_the_same_fields() -> None:
    plain = cropglobe.simulate(domains=["FRA"], samples_per_domain=40)
    asked = {"level": "L1C", "cadence_days": 10, "bands": ["B4", "B8"]}
    other = cropglobe.simulate(domains=["FRA"], samples_per_domain=40, **asked)
    assert cropglobe.simulate(domains=["FRA"], samples_per_domain=40, **asked).path == other.path
    assert other.path != plain.path
    arrays, before = other.arrays("FRA"), plain.arrays("FRA")
    assert arrays.bands == ("B4", "B8")
    assert arrays.x.shape[1:] == (2, 43)
    assert np.array_equal(arrays.y, before.y)
    same = cropglobe.simulate(domains=["FRA"], samples_per_domain=40, level="L2A", cadence_days=5)
    assert same.path == plain.path


def test_an_estimator_answers_as_it_does_by_itself(tiny: Dataset, tmp_path: Path) -> None:
    """Trained by hand on the samples that the harness chose, it gives the stored predictions."""
    from benchmark.results.store import RunStore
    from benchmark.run.jobs import plan
    from benchmark.run.runner import Runner
    from benchmark.task.protocol import load_protocol, validate_protocol
    from benchmark.task.transfers import select_transfers

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    method = cropglobe.method_from_estimator(model, representation="harmonic")
    assert method.name == "harmonic.logistic-regression"
    cropglobe.run(CropDataset(tiny), [method], ["FRA:CHN"], protocol="smoke", out=tmp_path / "run")
    store = RunStore(tmp_path / "run")
    (job,) = store.read_all()[0]
    stored = store.predictions(job, "CHN")
    protocol = validate_protocol(load_protocol("smoke").model_dump(), where="test")
    runner = Runner(tiny, protocol)
    (planned,) = plan(tiny, protocol, [method], select_transfers(["FRA:CHN"], tiny.domains))
    split, targets = runner.prepare(planned)
    data = CropDataset(tiny)
    source, target = data.arrays("FRA", "harmonic"), data.arrays("CHN", "harmonic")
    rows = split.training
    model.fit(source.x[rows].reshape(len(rows), -1), tiny.load("FRA").labels[rows])
    chosen = target.x[targets["CHN"].rows]
    expected = model.predict_proba(chosen.reshape(len(chosen), -1))
    order = np.argsort(target.sample_id[targets["CHN"].rows])
    found = np.argsort(np.asarray(stored.sample_ids).astype(str))
    np.testing.assert_allclose(stored.probabilities[found], expected[order], atol=1e-6)


def test_a_parameter_makes_another_method_version() -> None:
    one, same, other = (cropglobe.method_from_estimator(KNeighborsClassifier(k)) for k in (3, 3, 5))
    assert one.code_fingerprint == same.code_fingerprint
    assert one.code_fingerprint != other.code_fingerprint


def test_a_terminal_is_shown_one_line(results: RunResults, tiny: Dataset) -> None:
    assert repr(CropDataset(tiny)).endswith(": CHN, FRA, USA>")
    assert re.fullmatch(
        r"<RunResults of .*run: 12 rows of transfers, 3 methods; .*>", repr(results)
    )


def test_lists_are_frames() -> None:
    assert "cropnet" in cropglobe.list_methods("headline").index
    assert cropglobe.list_protocols().loc["smoke", "seeds"] == 1
    assert "harmonic" in cropglobe.list_representations().index
