"""A method on a foundation model's vectors is trained again, and its copy holds no label."""

from pathlib import Path

import numpy as np
import pytest
from forged import forge, in_json, make_run, problems, trained_again
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.embeddings import get_embedding
from benchmark.data.official.domain_file import write_arrays
from benchmark.randomness import generator
from benchmark.task.authoring.method_template import new_method
from benchmark.task.protocol import Protocol
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verification import blind_runs
from leaderboard.submissions.verification.verification import verify

PRETRAINED = (
    'pretraining=Pretraining(data="made up", countries=None, years=(2020,), labels="none"),'
)


def made(root: Path, *, without: int) -> Dataset:
    """Write tiny data with vectors that tell classes apart, but for each so many-th sample."""
    domains = [make_samples(name) for name in ("FRA", "CHN", "USA")]
    root = write_tiny(root, *domains).root
    for samples in domains:
        noise = generator(1, samples.name).normal(0, 0.2, (len(samples), 64))
        arrays = {
            "fea": (np.eye(64)[samples.labels] + noise).astype(np.float32),
            "lbl": samples.labels,
            "sample_id": samples.sample_ids,
        }
        has = np.arange(len(samples)) % without != without - 1
        chosen = {key: array[has] for key, array in arrays.items()}
        write_arrays(root / get_embedding("alphaearth").file_name(samples.name), chosen)
    return open_dataset(root)


@pytest.fixture
def with_vectors(tmp_path: Path) -> Dataset:
    """Tiny data with a vector for every sample."""
    return made(tmp_path / "data", without=10**9)


def submitted(dataset: Dataset, protocol: Protocol, folder: Path) -> Path:
    """Return the submission of a method on vectors."""
    text = new_method("my-method", "sklearn", folder / "t")[0].read_text("utf-8")
    text = text.replace("FILL IN: ", "").replace('"median"', '"alphaearth"')
    text = text.replace("pretraining=None,", PRETRAINED).replace(
        "Method\n", "Method, Pretraining\n"
    )
    run = make_run(folder, dataset, protocol, text)
    source = Source(file=run.parent / "my_method.py")
    pack(run, "my-method", folder / "x.zip", authors=["Ada"], source=source)
    return folder / "x.zip"


def test_samples_without_a_vector_are_counted_as_the_run_counts_them(
    quick: Protocol, here: None, tmp_path: Path
) -> None:
    """They are not learned from, and the coverage says how many were scored without."""
    partly = made(tmp_path / "data", without=5)
    path = submitted(partly, quick, tmp_path)
    rows = read_submission(path).rows
    shares = [row.data.coverage for row in rows]
    assert None not in shares
    assert set(shares) != {1.0}
    verdict = trained_again(verify(read_submission(path), partly), partly)
    assert [p for finding in verdict.findings for p in finding.problems] == []

    praised = in_json("rows.json", lambda rows: [row["data"].update(coverage=1.0) for row in rows])
    forged = verify(read_submission(forge(path, tmp_path / "y.zip", praised)), partly)
    assert "coverage is 1.0, not 0." in problems(forged)


def test_a_method_on_vectors_is_trained_again_on_copies_without_labels(
    with_vectors: Dataset,
    quick: Protocol,
    here: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = submitted(with_vectors, quick, tmp_path)
    told: list[float] = []

    def watched(path: Path, arrays: dict[str, np.ndarray]) -> None:
        target = path.stem.split("_")[-1]
        if path.name.startswith("alphaearth") and target != "FRA":
            true = dict(zip(*_ids_and_labels(with_vectors, target), strict=True))
            labels = [true[each] for each in arrays["sample_id"].tolist()]
            told.append(float(np.mean(np.equal(labels, arrays["lbl"]))))
        write_arrays(path, arrays)

    monkeypatch.setattr(blind_runs, "write_arrays", watched)
    verdict = trained_again(verify(read_submission(path), with_vectors), with_vectors)
    assert [p for finding in verdict.findings for p in finding.problems] == []
    assert verdict.accepted
    assert told
    assert max(told) < 0.5, "labels of a copy are drawn, in its vectors too"


def _ids_and_labels(dataset: Dataset, domain: str) -> tuple[list[str], list[int]]:
    samples = dataset.load(domain)
    return samples.sample_ids.tolist(), samples.labels.tolist()
