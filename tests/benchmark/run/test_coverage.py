"""Samples without a vector: not learned from, answered with the source's shares, and counted."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

from benchmark.data.dataset import Dataset
from benchmark.data.embeddings import ingest_embedding
from benchmark.run.jobs import plan
from benchmark.run.runner import Outcome, Runner
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer


def with_vectors(root: Path, lacking: Sequence[str]) -> Dataset:
    """Write FRA and CHN, whose vectors tell the crop; some samples have none."""
    dataset = write_tiny(
        root / "data", make_samples("FRA"), make_samples("CHN", crops=("corn", "rice", "other"))
    )
    parts = [dataset.load(domain) for domain in dataset.domains]
    ids = np.concatenate([part.sample_ids for part in parts])
    vectors = np.eye(7, 64)[np.concatenate([part.labels for part in parts])]
    frame = pd.DataFrame(vectors, columns=[f"A{k:02d}" for k in range(64)])
    frame.insert(0, "sample_id", ids)
    frame[~frame["sample_id"].isin(lacking)].to_parquet(root / "table.parquet")
    ingest_embedding(root / "table.parquet", "alphaearth", dataset)
    return dataset


def run(dataset: Dataset, protocol: Protocol) -> Outcome:
    (job,) = plan(
        dataset, protocol, [registry().get("alphaearth.random-forest")], [Transfer("FRA", "CHN")]
    )
    return Runner(dataset, protocol).run(job)


def test_every_sample_is_answered_and_the_coverage_counted(tmp_path: Path, smoke: Protocol) -> None:
    protocol = smoke.model_copy(update={"max_target_samples": None})
    whole = run(with_vectors(tmp_path, []), protocol)
    away = next(row for row in whole.rows if row.target == "CHN")
    assert away.data.coverage == 1
    (prediction,) = (p for p in whole.predictions if p.target == "CHN")
    lacking = sorted(prediction.sample_ids)[:27]  # a quarter of 108
    source = [f"FRA-{number}" for number in range(0, 144, 3)]
    (tmp_path / "part").mkdir()
    part = run(with_vectors(tmp_path / "part", [*lacking, *source]), protocol)
    assert part.status == "ok", part.reason
    row = next(row for row in part.rows if row.target == "CHN")
    assert row.data.coverage == pytest.approx(0.75)
    assert row.data.ids_hash == away.data.ids_hash, "scored on the same samples"
    assert row.data.n_train is not None
    assert away.data.n_train is not None
    assert 0 < row.data.n_train < away.data.n_train
    (given,) = (p for p in part.predictions if p.target == "CHN")
    without = np.isin(given.sample_ids, lacking)
    # Corn, rice, wheat and other are a quarter of the source each, within a block of rounding.
    assert np.ptp(given.probabilities[without], axis=0).max() == 0
    assert given.probabilities[without][0] == pytest.approx(np.full(4, 0.25), abs=0.05)
    names = np.array(given.classes)[given.probabilities[~without].argmax(axis=1)]
    assert {*names} == {"corn", "rice", "other"}
    assert row.scores is not None
    assert away.scores is not None
    assert row.scores.overall_accuracy < away.scores.overall_accuracy


def test_a_crop_without_vectors_cannot_be_learned(tmp_path: Path, smoke: Protocol) -> None:
    wheat = [f"FRA-{number}" for number in range(72, 108)]
    outcome = run(with_vectors(tmp_path, wheat), smoke)
    assert outcome.status == "unavailable"
    assert "Too few samples of FRA have a vector" in (outcome.reason or "")


def test_views_that_are_computed_have_no_coverage(tiny: Dataset, smoke: Protocol) -> None:
    (job,) = plan(tiny, smoke, [registry().get("floor.prior")], [Transfer("FRA", "CHN")])
    assert {row.data.coverage for row in Runner(tiny, smoke).run(job).rows} == {None}
