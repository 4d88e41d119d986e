"""The official harmonic files are compared with what is computed, and read where that is asked."""

from pathlib import Path

import numpy as np
import pytest
from tiny import make_samples

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.inspect.harmonic_files import compare_harmonics
from benchmark.data.inspect.inspection import inspect_dataset
from benchmark.data.official.domain_file import year_file_name
from benchmark.data.representations import harmonic_features
from benchmark.errors import UsageError
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.feature_files import on_files
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer

FRANCE, CHINA = make_samples("FRA"), make_samples("CHN", crops=("corn", "rice", "other"))


def dataset(root: Path, *, france: np.ndarray, china: np.ndarray | None = None) -> Dataset:
    for samples, features in ((FRANCE, france), (CHINA, china)):
        np.savez(root / year_file_name(samples.name), fea=samples.series, lbl=samples.labels)
        if features is not None:
            place = root / f"harmonic_{samples.name}_month5-11.npz"
            np.savez(place, fea=features, lbl=samples.labels)
    return open_dataset(root)


def random(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).normal(0, 1, (count, *shape)).astype(np.float32)


def test_files_that_agree(tmp_path: Path) -> None:
    features = harmonic_features(FRANCE.series)
    (said,) = compare_harmonics(dataset(tmp_path, france=features.reshape(len(features), -1)))
    assert "agrees with what is computed here" in said


def test_random_numbers_are_told_of(tmp_path: Path) -> None:
    opened = dataset(tmp_path, france=random(len(FRANCE), 10, 5))
    (said,) = compare_harmonics(opened)
    assert "differs from what is computed here" in said
    assert "in any order, 0 of 50 coefficients are found in it" in said
    assert "--representation-from files" in said
    assert inspect_dataset(opened).harmonics == (said,)


def test_the_same_coefficients_in_another_order_are_recognised(tmp_path: Path) -> None:
    features = harmonic_features(FRANCE.series).transpose(0, 2, 1)  # harmonics before bands
    (said,) = compare_harmonics(dataset(tmp_path, france=features))
    assert "in any order, 50 of 50 coefficients are found in it" in said


def test_another_number_of_coefficients_is_named(tmp_path: Path) -> None:
    (said,) = compare_harmonics(dataset(tmp_path, france=random(len(FRANCE), 70)))
    assert "has 70 values a sample; what is computed here has 50, 5 of each of 10 bands" in said


def test_without_harmonic_files_nothing_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / year_file_name("FRA"), fea=FRANCE.series, lbl=FRANCE.labels)
    assert compare_harmonics(open_dataset(tmp_path)) == ()


def test_methods_run_on_files_or_on_what_is_computed(tmp_path: Path, smoke: Protocol) -> None:
    # The series tell the crops apart. Random numbers do not, and are what is learned from files.
    opened = dataset(tmp_path, france=random(len(FRANCE), 50), china=random(len(CHINA), 50))
    (computed,) = registry().select(["harmonic.random-forest"])
    (read,) = on_files([computed])
    assert read.name == "harmonic-files.random-forest"
    jobs = plan(opened, smoke, [computed, read], [Transfer("FRA", "CHN")])
    rows = [Runner(opened, smoke).run(job).rows[-1] for job in jobs]
    assert [row.representation for row in rows] == ["harmonic", "harmonic-files"]
    assert rows[0].data.vectors is None
    assert rows[1].data.vectors is not None
    assert jobs[0].identity != jobs[1].identity
    accuracies = [row.scores.overall_accuracy for row in rows if row.scores is not None]
    assert accuracies[0] > 0.95
    assert accuracies[1] < 0.6


def test_a_domain_without_a_file_is_unavailable(tmp_path: Path, smoke: Protocol) -> None:
    opened = dataset(tmp_path, france=random(len(FRANCE), 50))
    (read,) = on_files(registry().select(["harmonic.random-forest"]))
    (job,) = plan(opened, smoke, [read], [Transfer("FRA", "CHN")])
    away = next(row for row in Runner(opened, smoke).run(job).rows if row.target == "CHN")
    assert away.status == "unavailable"
    assert "harmonic_CHN_month5-11.npz" in (away.reason or "")


def test_all_harmonic_methods_can_read_files_and_others_stay() -> None:
    chosen = registry().select(["harmonic.*", "cropnet"])
    names = {method.name for method in on_files(chosen)}
    assert names == {
        "harmonic-files.random-forest",
        "harmonic-files.mlp",
        "harmonic-files.xgboost",
        "cropnet",
    }
    with pytest.raises(UsageError, match=r"name 'harmonic\.\*'"):
        on_files(registry().select(["cropnet"]))
