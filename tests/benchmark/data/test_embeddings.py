"""Precomputed vectors: found beside the series, matched by id, taken from tables."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import embeddings, get_embedding, ingest_embedding, read_embedding
from benchmark.data.official.domain_file import DomainSamples
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


def numbered(name: str, per_class: int) -> DomainSamples:
    """Return samples that are numbered as their own table does, from 001 on."""
    samples = make_samples(name, per_class=per_class)
    ids = np.array([f"{number:03d}" for number in range(1, len(samples) + 1)])
    return replace(samples, sample_ids=ids)


def constant_table(path: Path, ids: list[str], value: float) -> Path:
    """Write vectors that are the same number throughout."""
    frame = pd.DataFrame(np.full((len(ids), 64), value), columns=[f"A{k:02d}" for k in range(64)])
    frame.insert(0, "sample_id", ids)
    (frame.to_parquet if path.suffix == ".parquet" else frame.to_csv)(path, index=False)
    return path


def test_ids_of_two_domains_need_the_domain_named(tmp_path: Path) -> None:
    """Each country's table numbers its own points; France's vectors once went to China as well."""
    dataset = write_tiny(tmp_path / "data", numbered("FRA", 3), numbered("CHN", 2))
    ids = {domain: dataset.load(domain).sample_ids.tolist() for domain in dataset.domains}
    france = constant_table(tmp_path / "france.csv", ids["FRA"], 1.0)
    with pytest.raises(DataError, match=r"sample 001, which both CHN and FRA have: .*--region FRA"):
        ingest_embedding(france, "alphaearth", dataset)
    assert not list(dataset.root.glob("alphaearth*"))
    assert ingest_embedding(france, "alphaearth", dataset, "FRA") == {"FRA": 1.0}
    with pytest.raises(UnavailableError):
        read_embedding("alphaearth", dataset.root, dataset.load("CHN"))
    china = constant_table(tmp_path / "china.csv", ids["CHN"], 2.0)
    assert ingest_embedding(china, "alphaearth", dataset, "CHN") == {"CHN": 1.0}
    for domain, value in (("FRA", 1.0), ("CHN", 2.0)):
        vectors = read_embedding("alphaearth", dataset.root, dataset.load(domain))
        assert (vectors == value).all()
    with pytest.raises(UsageError, match="no domain 'FRANCE'"):
        ingest_embedding(france, "alphaearth", dataset, "FRANCE")
    other = constant_table(tmp_path / "other.csv", ["x1", "x2"], 3.0)
    with pytest.raises(DataError, match="names no sample of CHN in"):
        ingest_embedding(other, "alphaearth", dataset, "CHN")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_id_keeps_the_zeros_that_it_begins_with(suffix: str, tmp_path: Path) -> None:
    dataset = write_tiny(tmp_path / "data", numbered("FRA", 3))
    path = constant_table(tmp_path / f"t.{suffix}", dataset.load("FRA").sample_ids.tolist(), 1.0)
    assert ingest_embedding(path, "alphaearth", dataset) == {"FRA": 1.0}


def test_vectors_are_replaced_only_where_that_is_meant_and_none_is_lost(tmp_path: Path) -> None:
    dataset = write_tiny(tmp_path / "data", numbered("FRA", 3))
    samples = dataset.load("FRA")
    ids = samples.sample_ids.tolist()
    whole = constant_table(tmp_path / "whole.csv", ids, 1.0)
    better = constant_table(tmp_path / "better.csv", ids, 2.0)
    part = constant_table(tmp_path / "part.csv", ids[:5], 3.0)
    ingest_embedding(whole, "alphaearth", dataset)
    with pytest.raises(DataError, match=r"FRA\.npz holds vectors already: .*--region if .*better"):
        ingest_embedding(better, "alphaearth", dataset)
    with pytest.raises(DataError, match=r"holds vectors that .*part\.csv has not: join the tables"):
        ingest_embedding(part, "alphaearth", dataset, "FRA")
    assert (read_embedding("alphaearth", dataset.root, samples) == 1.0).all()
    ingest_embedding(better, "alphaearth", dataset, "FRA")
    assert (read_embedding("alphaearth", dataset.root, samples) == 2.0).all()
    (dataset.root / "alphaearth_embedding_FRA.npz").unlink()
    write(dataset, fea=np.zeros((len(samples), 64)), lbl=samples.labels)  # an official file
    with pytest.raises(DataError, match="remove the file"):
        ingest_embedding(better, "alphaearth", dataset, "FRA")


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
        UnavailableError,
        match=r"no alphaearth_embedding_FRA.npz.*--representation alphaearth --region FRA",
    ):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.zeros((len(samples), 63)), lbl=samples.labels)
    with pytest.raises(DataError, match=r"shape \(12, 63\): need \[samples, 64\]"):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.full((len(samples), 64), np.nan), lbl=samples.labels)
    with pytest.raises(DataError, match="NaN"):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.zeros((len(samples) - 1, 64)), lbl=samples.labels)
    with pytest.raises(DataError, match="has 11 vectors and 12 labels"):
        read_embedding("alphaearth", dataset.root, samples)
    write(dataset, fea=np.full((len(samples), 64), 1e300), lbl=samples.labels)
    with pytest.raises(DataError, match="infinite values"):
        read_embedding("alphaearth", dataset.root, samples)
    (dataset.root / "alphaearth_embedding_FRA.npz").write_bytes(b"")
    with pytest.raises(DataError, match="both hold alphaearth of FRA"):
        read_embedding("alphaearth", dataset.root, samples)


def test_vectors_of_an_id_are_of_one_sample_with_its_label(dataset: Dataset) -> None:
    samples = dataset.load("FRA")
    ids, vectors = samples.sample_ids, np.arange(64.0 * len(samples)).reshape(-1, 64)

    def refused(message: str, **arrays: np.ndarray) -> None:
        write(dataset, **({"fea": vectors, "sample_id": ids, "lbl": samples.labels} | arrays))
        with pytest.raises(DataError, match=message):
            read_embedding("alphaearth", dataset.root, samples)

    refused("1 sample ids more than once, such as 'FRA-3'", sample_id=np.r_[ids[:-1], ids[3:4]])
    refused(
        r"other labels than the series for \d+ of 12 samples, such as 'FRA-",
        sample_id=ids[::-1],
    )
    refused("12 vectors, 11 sample ids and 12 labels", sample_id=ids[1:])
    refused("12 vectors, 12 sample ids and 3 labels", lbl=samples.labels[:3])
    empty = {"fea": vectors[:0], "sample_id": ids[:0], "lbl": samples.labels[:0]}
    refused(r"type float64 and shape \(0, 64\): make it again", **empty)
    refused("fea of type <U3 and shape", fea=np.full(vectors.shape, "0.5"))
    refused("fea of type complex128 and shape", fea=vectors + 1j)
    write(dataset, fea=vectors, sample_id=ids)
    np.testing.assert_allclose(read_embedding("alphaearth", dataset.root, samples), vectors)
    write(dataset, fea=vectors[::-1], sample_id=ids[::-1], lbl=samples.labels[::-1])
    np.testing.assert_allclose(read_embedding("alphaearth", dataset.root, samples), vectors)


def test_tables_that_cannot_be_used(dataset: Dataset, tmp_path: Path) -> None:
    path = table(dataset, tmp_path / "t.csv")
    frame = pd.read_csv(path)

    def again(changed: pd.DataFrame, message: str) -> None:
        changed.to_csv(path, index=False)
        with pytest.raises(DataError, match=message):
            ingest_embedding(path, "alphaearth", dataset)

    again(frame.drop(columns="A63"), "has 63 columns named A00")
    again(frame.drop(columns="A17"), "no column A17 between A00 and A63")
    again(frame.assign(A1=999), "the columns A01 and A1 for one dimension")
    again(frame.rename(columns={"sample_id": "id"}), "the column sample_id")
    again(pd.concat([frame, frame[:1]]), "a sample id twice")
    again(frame.assign(sample_id=frame["sample_id"] + "x"), "names no sample of")
    again(frame.assign(A03=[np.nan, *frame["A03"][1:]]), "empty or infinite")
    again(frame.assign(A03="cloud"), "text in column A03")
    again(frame.assign(sample_id=[None, *frame["sample_id"][1:]]), "rows without sample_id")
    again(frame[:0], "no rows")
    with pytest.raises(DataError, match="cannot be read"):
        ingest_embedding(tmp_path / "absent.parquet", "alphaearth", dataset)


def test_declared_embeddings_have_stems_of_their_own() -> None:
    kinds = embeddings()
    assert kinds["alphaearth"].stem == "alphaearth_embedding"  # paper_facts.md, Files [C]
    assert len({kind.stem for kind in kinds.values()}) == len(kinds)
    with pytest.raises(UsageError, match="did you mean 'tessera'"):
        get_embedding("tesera")
