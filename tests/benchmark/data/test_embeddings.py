"""Precomputed vectors: found beside the series, matched by id, taken from tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import embeddings, get_embedding, ingest_embedding, read_embedding
from benchmark.errors import DataError, UnavailableError, UsageError


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    samples = (make_samples("FRA", per_class=3), make_samples("CHN", per_class=2))
    return write_tiny(tmp_path / "data", *samples)


def table(dataset: Dataset, path: Path, *, leave_out: int = 0) -> Path:
    """Write a table in another order, each vector starting with the number of its sample."""
    ids = [i for d in dataset.domains for i in dataset.load(d).sample_ids.tolist()][leave_out:]
    numbers = np.array([int(i.partition("-")[2]) for i in ids], dtype=np.float64)
    frame = pd.DataFrame({f"A{k:02d}": numbers + k for k in range(64)})
    frame.insert(0, "sample_id", ids)
    frame["label"] = "kept out"
    frame = frame.sample(frac=1, random_state=0)
    (frame.to_parquet if path.suffix == ".parquet" else frame.to_csv)(path, index=False)
    return path


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_vectors_of_a_table_go_to_their_samples(
    suffix: str, dataset: Dataset, tmp_path: Path
) -> None:
    cover = ingest_embedding(table(dataset, tmp_path / f"t.{suffix}"), "alphaearth", dataset)
    assert cover == {"CHN": 1.0, "FRA": 1.0}
    for domain in dataset.domains:
        samples = dataset.load(domain)
        order = np.arange(len(samples))[::-1]
        vectors = read_embedding("alphaearth", dataset.root, samples.take(order))
        assert vectors.shape == (len(samples), 64)
        np.testing.assert_array_equal(vectors[:, 0], order)
        np.testing.assert_array_equal(vectors[:, 63], order + 63)


def test_what_has_no_vector_is_marked(dataset: Dataset, tmp_path: Path) -> None:
    path = table(dataset, tmp_path / "t.csv", leave_out=2)
    assert ingest_embedding(path, "alphaearth", dataset)["CHN"] == pytest.approx(6 / 8)
    samples = dataset.load("CHN")
    vectors = read_embedding("alphaearth", dataset.root, samples)
    assert np.isnan(vectors[:2]).all()
    np.testing.assert_array_equal(vectors[2:, 0], np.arange(2, 8))
    with pytest.raises(UnavailableError, match="a vector of none of the 2 samples of CHN"):
        read_embedding("alphaearth", dataset.root, samples.take(np.arange(2)))


def test_what_an_interrupted_writer_left_is_not_read(dataset: Dataset, tmp_path: Path) -> None:
    """A hidden folder beside the finished file would otherwise count as a second file."""
    ingest_embedding(table(dataset, tmp_path / "t.csv"), "alphaearth", dataset)
    left = dataset.root / ".staging" / "alphaearth_embedding_CHN.npz"
    left.parent.mkdir()
    left.write_bytes(b"half")
    assert len(read_embedding("alphaearth", dataset.root, dataset.load("CHN"))) == 8


def write(dataset: Dataset, **arrays: np.ndarray) -> None:
    folder = dataset.root / "AlphaEarth"
    folder.mkdir(exist_ok=True)
    np.savez(folder / "alphaearth_embedding_FRA.npz", **arrays)


def test_the_official_files_are_matched_by_their_labels(dataset: Dataset) -> None:
    samples = dataset.load("FRA")
    vectors = np.random.default_rng(0).random((len(samples), 64))
    write(dataset, fea=vectors, lbl=samples.labels)
    np.testing.assert_allclose(
        read_embedding("alphaearth", dataset.root, samples), vectors, rtol=1e-6
    )
    write(dataset, fea=vectors, lbl=np.roll(samples.labels, 1))
    with pytest.raises(UnavailableError, match="cannot be told apart"):
        read_embedding("alphaearth", dataset.root, samples)


def test_what_is_missing_or_wrong_is_named(dataset: Dataset, tmp_path: Path) -> None:
    samples = dataset.load("FRA")
    with pytest.raises(
        UnavailableError, match=r"no alphaearth_embedding_FRA.npz.*--representation"
    ):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.zeros((len(samples), 63)), lbl=samples.labels)
    with pytest.raises(DataError, match=r"shape \(12, 63\): need \[samples, 64\]"):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.full((len(samples), 64), np.nan), lbl=samples.labels)
    with pytest.raises(DataError, match="NaN"):
        read_embedding("alphaearth", dataset.root, samples)
    (dataset.root / "alphaearth_embedding_FRA.npz").write_bytes(b"")
    with pytest.raises(DataError, match="both hold alphaearth of FRA"):
        read_embedding("alphaearth", dataset.root, samples)


def test_tables_that_cannot_be_used(dataset: Dataset, tmp_path: Path) -> None:
    path = table(dataset, tmp_path / "t.csv")
    frame = pd.read_csv(path)

    def again(changed: pd.DataFrame, message: str) -> None:
        changed.to_csv(path, index=False)
        with pytest.raises(DataError, match=message):
            ingest_embedding(path, "alphaearth", dataset)

    again(frame.drop(columns="A17"), "has 63 columns named A00")
    again(frame.rename(columns={"sample_id": "id"}), "the column sample_id")
    again(pd.concat([frame, frame[:1]]), "a sample id twice")
    again(frame.assign(sample_id=frame["sample_id"] + "x"), "names no sample of")
    again(frame.assign(A03=[np.nan, *frame["A03"][1:]]), "empty or infinite")
    with pytest.raises(DataError, match="Cannot read the table"):
        ingest_embedding(tmp_path / "absent.parquet", "alphaearth", dataset)


def test_declared_embeddings_have_stems_of_their_own() -> None:
    kinds = embeddings()
    assert kinds["alphaearth"].stem == "alphaearth_embedding"  # paper_facts.md, Files [C]
    assert len({kind.stem for kind in kinds.values()}) == len(kinds)
    with pytest.raises(UsageError, match="did you mean 'tessera'"):
        get_embedding("tesera")
