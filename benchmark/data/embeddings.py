"""Precomputed vectors of samples: declared, taken from a table, read beside the series."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset import Dataset, archives_below
from benchmark.data.official.domain_file import DomainSamples, read_arrays, write_arrays
from benchmark.data.official.file_names import vector_domain
from benchmark.data.season import FloatArray
from benchmark.errors import DataError, UnavailableError, UsageError, did_you_mean

SAMPLE_COLUMN = "sample_id"

NUMBERS: Final = "biuf"
"""Kinds of numpy's types that a vector may have: no text, no complex number."""


class Embedding(BaseModel):
    """One kind of precomputed vector.

    Attributes:
        title: What it is.
        stem: Beginning of its file names, before the domain.
        prefix: Beginning of its columns in a table, before the number.
        dimension: Length of a vector; ``None`` takes what is there.
        reference: Where it is described.
        licence: Terms of the vectors.
        data: What its encoder was trained on.
        years: Years of that data; empty where not known.
        labels: Labels that the encoder was trained with.
        suffix: End of its file names, after the domain.
        encoder: Whether an encoder made the vectors, which then have one axis; features that are
            computed by a formula may have more, which are taken one after another.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    stem: str
    prefix: str
    dimension: int | None
    reference: str
    licence: str
    data: str
    years: tuple[int, ...]
    labels: str
    suffix: str = ""
    encoder: bool = True

    def file_name(self, domain: str) -> str:
        """Return the name of the file of a domain."""
        return f"{self.stem}_{domain}{self.suffix}.npz"

    def domain_of_file(self, name: str) -> str | None:
        """Return the domain of a file by its name; ``None`` if it is of another kind."""
        return vector_domain(name, self.stem, self.suffix)


@cache
def embeddings() -> Mapping[str, Embedding]:
    """Return the declared embeddings by name."""
    text = files("benchmark.data").joinpath("embeddings.yaml").read_text("utf-8")
    return MappingProxyType(
        {name: Embedding.model_validate(entry) for name, entry in yaml.safe_load(text).items()}
    )


def get_embedding(name: str) -> Embedding:
    """Return a declared embedding.

    Raises:
        UsageError: If none has that name.
    """
    if name not in embeddings():
        raise UsageError(f"Unknown embedding '{name}': {did_you_mean(name, embeddings())}")
    return embeddings()[name]


def read_embedding(name: str, root: Path, samples: DomainSamples) -> FloatArray:
    """Read the vectors of a domain's samples; NaN for one that has none.

    Vectors are matched by sample id; a file without ids, as the official ones are, must have the
    same labels in the same order as the series.

    Args:
        name: Name of the embedding.
        root: Directory of the dataset; the file may lie anywhere below it.
        samples: The samples.

    Returns:
        Vectors [N, dimension], float32.

    Raises:
        UnavailableError: If there is no file, or none of its vectors is of these samples.
        DataError: If the file is not what it must be.
    """
    kind = get_embedding(name)
    file = kind.file_name(samples.name)
    paths = [
        path for path in archives_below(root) if kind.domain_of_file(path.name) == samples.name
    ]
    if not paths:
        raise UnavailableError(
            f"There is no {file} below {root}: put the official file there, or take the vectors "
            f"from a table with `cropglobe ingest TABLE {root} --representation {name} --region "
            f"{samples.name}`."
        )
    if len(paths) > 1:
        raise DataError(f"{paths[0]} and {paths[1]} both hold {name} of {samples.name}: keep one.")
    arrays = read_arrays(paths[0])
    vectors = _vectors(paths[0], arrays, kind)
    labels = arrays["lbl"].reshape(-1) if "lbl" in arrays else np.empty(0)
    if "sample_id" in arrays:
        ids = arrays["sample_id"].reshape(-1).astype(np.str_)
        return _by_id(paths[0], vectors, ids, labels, samples)
    if not np.array_equal(labels, samples.labels):
        raise UnavailableError(
            f"{paths[0]} has no sample ids and its {len(labels)} labels are not those of the "
            f"{len(samples)} series in order: its vectors cannot be told apart."
        )
    if len(vectors) != len(labels):
        raise DataError(
            f"{paths[0]} has {len(vectors)} vectors and {len(labels)} labels: make it again with "
            "one of each for every sample."
        )
    return vectors


def vectors_fingerprint(name: str, dataset: Dataset) -> str | None:
    """Return the SHA-256 over the files of an embedding, which the dataset's own leaves out.

    Args:
        name: Name of the embedding.
        dataset: The dataset.

    Returns:
        64 hex digits, or ``None`` where no domain has a file.

    Raises:
        DataError: If a file cannot be read.
    """
    kind = get_embedding(name)
    digest, found = hashlib.sha256(), False
    for path in sorted(dataset.archives, key=lambda path: path.name):
        if kind.domain_of_file(path.name) not in dataset.domains:
            continue
        try:
            with path.open("rb") as handle:
                content = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"Cannot read {path}: {error.strerror or error}.") from error
        digest.update(f"{path.name} {content}\n".encode())
        found = True
    return digest.hexdigest() if found else None


def ingest_embedding(
    table: Path, name: str, dataset: Dataset, region: str | None = None
) -> dict[str, float]:
    """Write the vectors of a table beside the series of the samples that they belong to.

    Args:
        table: ``.parquet`` or ``.csv`` with ``sample_id`` and one column for each dimension.
        name: Name of the embedding.
        dataset: Dataset that has the samples.
        region: The one domain that the vectors are of, whose own they may replace; default every
            domain whose samples the table names, if no two have the same ids.

    Returns:
        Share of the samples of each domain that got a vector.

    Raises:
        UsageError: If the dataset has no such domain.
        DataError: If the table cannot be read or used, names a sample twice, none of the
            dataset's or one of two domains, or would take vectors away; nothing is written then.
    """
    kind = get_embedding(name)
    ids, vectors = _read_table(table, kind)
    order = np.argsort(ids, kind="stable")
    ids, vectors = ids[order], vectors[order]
    if np.any(ids[1:] == ids[:-1]):
        raise DataError(f"{table} has a sample id twice: each sample needs one vector.")
    cover: dict[str, float] = {}
    content: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for domain in dataset.domains if region is None else (region,):
        samples = dataset.load(domain)
        place = np.minimum(np.searchsorted(ids, samples.sample_ids), len(ids) - 1)
        found = ids[place] == samples.sample_ids
        cover[domain] = float(found.mean())
        if found.any():
            content[domain] = {
                "fea": vectors[place[found]],
                "lbl": samples.labels[found],
                "sample_id": samples.sample_ids[found],
            }
    if not content:
        where = dataset.root if region is None else f"{region} in {dataset.root}"
        raise DataError(f"{table} names no sample of {where}: are its ids the same?")
    _require_one_domain(table, {domain: part["sample_id"] for domain, part in content.items()})
    for domain in content:
        _require_room(table, dataset.root / kind.file_name(domain), ids, named=bool(region))
    for domain, part in content.items():
        write_arrays(dataset.root / kind.file_name(domain), part)
    return cover


def _require_one_domain(table: Path, ids: Mapping[str, npt.NDArray[np.str_]]) -> None:
    """Check that no id of a table is one of two domains: a file numbers its samples on its own."""
    owner: dict[str, str] = {}
    for domain, names in ids.items():
        for name in names.tolist():
            if owner.setdefault(name, domain) != domain:
                raise DataError(
                    f"{table} names sample {name}, which both {owner[name]} and {domain} have: say "
                    f"whose vectors they are, such as --region {domain}."
                )


def _require_room(table: Path, file: Path, ids: npt.NDArray[np.str_], *, named: bool) -> None:
    """Check that vectors are replaced only if that is meant, and by those of the same samples."""
    for path in archives_below(file.parent):
        if path.name != file.name:
            continue
        if not named:
            raise DataError(
                f"{path} holds vectors already: name the domain with --region if {table} is to "
                "replace them."
            )
        held = read_arrays(path, but="fea").get("sample_id")
        if path != file or held is None or not np.isin(held.astype(np.str_), ids).all():
            raise DataError(
                f"{path} holds vectors that {table} has not: join the tables if they are parts of "
                "one, or remove the file."
            )


def _vectors(
    path: Path, arrays: Mapping[str, npt.NDArray[np.generic]], kind: Embedding
) -> FloatArray:
    if "fea" not in arrays:
        raise DataError(f"{path} lacks the array fea.")
    if arrays["fea"].dtype.kind not in NUMBERS or arrays["fea"].size == 0:
        raise DataError(
            f"{path} has fea of type {arrays['fea'].dtype} and shape {arrays['fea'].shape}: make "
            "it again with a vector of numbers for every sample."
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
        vectors = np.asarray(arrays["fea"], dtype=np.float32)
    if not kind.encoder and vectors.ndim > 1:
        vectors = vectors.reshape(len(vectors), -1)
    if vectors.ndim != 2 or kind.dimension not in (None, vectors.shape[1]):
        raise DataError(
            f"{path} has fea of shape {vectors.shape}: need [samples, {kind.dimension or 'any'}]."
        )
    if not np.isfinite(vectors).all():
        raise DataError(f"{path} has NaN or infinite values.")
    return vectors


def _by_id(
    path: Path,
    vectors: FloatArray,
    ids: npt.NDArray[np.str_],
    labels: npt.NDArray[np.generic],
    samples: DomainSamples,
) -> FloatArray:
    """Return the vector of each sample by its id, after comparing labels where the file has any."""
    if len(ids) != len(vectors) or len(labels) not in (0, len(ids)):
        raise DataError(
            f"{path} has {len(vectors)} vectors, {len(ids)} sample ids and {len(labels)} labels: "
            "make it again with one of each for every sample."
        )
    order = np.argsort(ids, kind="stable")
    twice = ids[order][1:][ids[order][1:] == ids[order][:-1]]
    if len(twice):
        raise DataError(
            f"{path} has {len(np.unique(twice))} sample ids more than once, such as '{twice[0]}': "
            "each sample needs one vector."
        )
    place = np.minimum(np.searchsorted(ids[order], samples.sample_ids), len(ids) - 1)
    found = ids[order][place] == samples.sample_ids
    if not found.any():
        raise UnavailableError(
            f"{path} has a vector of none of the {len(samples)} samples of {samples.name}: are its "
            "ids those of the series?"
        )
    other = found & (labels[order[place]] != samples.labels) if len(labels) else np.zeros(1, bool)
    if other.any():
        raise DataError(
            f"{path} has other labels than the series for {int(other.sum())} of "
            f"{int(found.sum())} samples, such as '{samples.sample_ids[other][0]}': its vectors "
            "are of other samples, or its ids are in another order."
        )
    chosen = np.asarray(vectors[order[place]], dtype=np.float32)
    chosen[~found] = np.nan
    return chosen


def _read_table(table: Path, kind: Embedding) -> tuple[npt.NDArray[np.str_], FloatArray]:
    """Return the ids and the vectors of a table, in its order."""
    import pyarrow as pa

    from benchmark.data.ingest.cell_values import numbers_of, words_of
    from benchmark.data.ingest.table_files import read_columns, table_columns

    names = table_columns(table)
    pattern = re.compile(rf"{re.escape(kind.prefix)}(\d+)")
    numbered: dict[int, str] = {}
    for name in names:
        number = int(match[1]) if (match := pattern.fullmatch(name)) else None
        if number in numbered:
            raise DataError(
                f"{table} has the columns {numbered[number]} and {name} for one dimension: keep "
                "one."
            )
        if number is not None:
            numbered[number] = name
    columns = [numbered[number] for number in sorted(numbered)]
    gaps = [number + 1 for number in sorted(numbered)[:-1] if number + 1 not in numbered]
    if gaps:
        missing = str(gaps[0]).zfill(len(columns[0]) - len(kind.prefix))
        raise DataError(
            f"{table} has no column {kind.prefix}{missing} between {columns[0]} and {columns[-1]}: "
            "a dimension is missing."
        )
    wanted = kind.dimension or len(columns)
    if SAMPLE_COLUMN not in names or not columns or len(columns) != wanted:
        raise DataError(
            f"{table} has {len(columns)} columns named {kind.prefix}00, {kind.prefix}01 ...: need "
            f"{wanted or 'some'}, and the column {SAMPLE_COLUMN}."
        )
    content = read_columns(table, [SAMPLE_COLUMN], columns)
    if content.num_rows == 0:
        raise DataError(f"{table} has no rows.")
    vectors = np.stack(
        [numbers_of(table, name, content[name], pa.float32()) for name in columns], axis=1
    )
    if not np.isfinite(vectors).all():
        raise DataError(f"{table} has empty or infinite values in its vectors: drop those samples.")
    ids = words_of(table, SAMPLE_COLUMN, content[SAMPLE_COLUMN])
    if (ids.row < 0).any():
        raise DataError(f"{table} has rows without {SAMPLE_COLUMN}: every row needs one.")
    return np.array(ids.values)[ids.row], vectors
