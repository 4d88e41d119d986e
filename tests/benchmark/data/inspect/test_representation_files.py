"""Files of other representations hold the samples of the series, in their order, or are named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_samples

from benchmark.data.dataset import open_dataset
from benchmark.data.inspect.inspection import inspect_dataset
from benchmark.data.inspect.representation_files import disagreements
from benchmark.data.official.domain_file import year_file_name

SAMPLES = make_samples("FRA")
VECTORS = np.ones((len(SAMPLES), 64), np.float32)
MEDIANS = SAMPLES.series[..., 24:67]


def check(root: Path, name: str, **arrays: Any) -> tuple[str, ...]:
    np.savez(root / year_file_name("FRA"), fea=SAMPLES.series, lbl=SAMPLES.labels)
    np.savez(root / name, **arrays)
    return disagreements(open_dataset(root))


def swapped(rows: int) -> Any:
    """Return the rows of the samples, the first `rows` of them in the opposite order."""
    order = np.arange(len(SAMPLES))
    order[:rows] = order[:rows][::-1]
    return order


@pytest.mark.parametrize(
    ("name", "fea"),
    [
        ("alphaearth_embedding_FRA.npz", VECTORS),
        ("harmonic_FRA_month5-11.npz", SAMPLES.series[..., :5]),
        ("presto_embedding_S2_FRA.npz", VECTORS),
        ("presto_embedding_S2_FRA_MayNov.npz", VECTORS),
        ("median_S2_FRA_month5-11_day5.npz", MEDIANS),
        ("median_S2_FRA_month5-11_day5.npz", MEDIANS[:, None]),
    ],
)
def test_files_that_agree(tmp_path: Path, name: str, fea: Any) -> None:
    assert check(tmp_path, name, fea=fea, lbl=SAMPLES.labels) == ()


def test_another_length_is_named(tmp_path: Path) -> None:
    (said,) = check(
        tmp_path, "alphaearth_embedding_FRA.npz", fea=VECTORS[:-1], lbl=SAMPLES.labels[:-1]
    )
    assert "alphaearth_embedding_FRA.npz does not agree with the series of FRA" in said
    assert f"it has {len(SAMPLES) - 1} samples and the series {len(SAMPLES)}" in said


def test_shuffled_rows_are_told_from_the_labels(tmp_path: Path) -> None:
    order = swapped(len(SAMPLES))
    arrays = {"fea": VECTORS[order], "lbl": SAMPLES.labels[order]}
    (said,) = check(tmp_path, "presto_embedding_S2_FRA.npz", **arrays)
    assert "rows are probably in another order" in said
    assert inspect_dataset(open_dataset(tmp_path)).disagreements == (said,)


def test_other_labels_are_counted(tmp_path: Path) -> None:
    labels = SAMPLES.labels.copy()
    labels[5] = 6
    (said,) = check(tmp_path, "harmonic_FRA_month5-11.npz", fea=VECTORS, lbl=labels)
    assert f"1 of {len(labels)} labels differ, the first in row 5." in said


def test_rows_shuffled_within_a_crop_are_told_from_the_medians(tmp_path: Path) -> None:
    order = swapped(20)  # all of one crop, so that no label differs
    assert np.array_equal(SAMPLES.labels[order], SAMPLES.labels)
    arrays = {"fea": MEDIANS[order], "lbl": SAMPLES.labels}
    (said,) = check(tmp_path, "median_S2_FRA_month5-11_day5.npz", **arrays)
    assert "20 of 144 rows looked at have other values, the first in row 0" in said


def test_gaps_of_the_medians_are_not_compared(tmp_path: Path) -> None:
    year = np.rint(SAMPLES.series * 10_000).astype(np.uint16)
    year[:, :, 30] = 65_535
    np.savez(tmp_path / year_file_name("FRA"), fea=year, lbl=SAMPLES.labels)
    np.savez(
        tmp_path / "median_S2_FRA_month5-11_day5.npz", fea=year[..., 24:67], lbl=SAMPLES.labels
    )
    (tmp_path / "domains.yaml").write_text("files: [{file: '*1-12*', missing: 65535}]")
    assert disagreements(open_dataset(tmp_path)) == ()


def test_ids_make_the_order_free(tmp_path: Path) -> None:
    order = swapped(len(SAMPLES))
    ids = np.array([f"FRA:{row:07d}" for row in range(len(SAMPLES))])
    arrays = {"fea": VECTORS, "lbl": SAMPLES.labels[order], "sample_id": ids[order]}
    assert check(tmp_path, "alphaearth_embedding_FRA.npz", **arrays) == ()
    (said,) = check(
        tmp_path, "alphaearth_embedding_FRA.npz", fea=VECTORS, lbl=arrays["lbl"], sample_id=ids
    )
    assert "samples carry another label" in said
    ids[0] = "somebody else"
    (said,) = check(
        tmp_path, "alphaearth_embedding_FRA.npz", fea=VECTORS, lbl=SAMPLES.labels, sample_id=ids
    )
    assert "1 of its 144 sample ids are not among the series" in said


def test_medians_with_ids_may_be_of_some_samples_in_any_order(tmp_path: Path) -> None:
    name = "median_S2_FRA_month5-11_day5.npz"
    order = swapped(len(SAMPLES))[:100]
    ids = np.array([f"FRA:{row:07d}" for row in order])
    arrays = {"lbl": SAMPLES.labels[order], "sample_id": ids}
    assert check(tmp_path, name, fea=MEDIANS[order], **arrays) == ()
    (said,) = check(tmp_path, name, fea=MEDIANS[:100], **arrays)
    assert "100 of 100 rows looked at have other values" in said


def test_medians_of_another_length_than_their_labels_are_named(tmp_path: Path) -> None:
    (said,) = check(
        tmp_path, "median_S2_FRA_month5-11_day5.npz", fea=MEDIANS[:-1], lbl=SAMPLES.labels
    )
    assert f"it has values of {len(SAMPLES) - 1} samples and labels of {len(SAMPLES)}" in said


def test_files_that_cannot_be_compared(tmp_path: Path) -> None:
    (said,) = check(tmp_path, "alphaearth_embedding_FRA.npz", fea=VECTORS)
    assert "it has no labels to compare" in said
    (tmp_path / "alphaearth_embedding_FRA.npz").write_bytes(b"half a file")
    (said,) = disagreements(open_dataset(tmp_path))
    assert "alphaearth_embedding_FRA.npz" in said
