"""Registered methods through the runner: tracks, calendars, and what is not here."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny import make_samples, write_tiny

from baselines import presto
from benchmark.data.dataset import (
    BANDS,
    Dataset,
    DatasetCard,
    DomainCard,
    DomainSamples,
    open_dataset,
    write_dataset,
)
from benchmark.data.embeddings import ingest_embedding
from benchmark.data.hub import weights as hub
from benchmark.run.jobs import Job, plan
from benchmark.run.runner import Outcome, Runner
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol
from benchmark.task.transfers import Transfer

FREE = ("floor.prior", "median.random-forest.aug", "tempcnn.aug", "cropnet.aug+adabn")


def job(dataset: Dataset, protocol: Protocol, name: str, pair: str = "FRA:USA") -> Job:
    source, _, target = pair.partition(":")
    (found,) = plan(dataset, protocol, [registry().get(name)], [Transfer(source, target)])
    return found


def run(dataset: Dataset, protocol: Protocol, name: str, pair: str = "FRA:USA") -> Outcome:
    return Runner(dataset, protocol).run(job(dataset, protocol, name, pair))


def uncapped(protocol: Protocol) -> Protocol:
    return protocol.model_copy(update={"max_target_samples": None})


@pytest.mark.parametrize("name", FREE)
def test_answers_do_not_depend_on_the_targets_labels(
    name: str, tmp_path: Path, smoke: Protocol
) -> None:
    target = make_samples("USA", crops=("corn", "other"))
    order = np.random.default_rng(0).permutation(len(target))
    answers = []
    for folder, labels in (("true", target.labels), ("mixed", target.labels[order])):
        dataset = write_tiny(tmp_path / folder, make_samples("FRA"), replace(target, labels=labels))
        outcome = run(dataset, uncapped(smoke), name)
        assert outcome.status == "ok", outcome.reason
        answers.append(next(p for p in outcome.predictions if p.target == "USA"))
    np.testing.assert_array_equal(answers[0].sample_ids, answers[1].sample_ids)
    np.testing.assert_array_equal(answers[0].probabilities, answers[1].probabilities)


def test_an_oracle_profits_from_the_targets_labels(tmp_path: Path, smoke: Protocol) -> None:
    # The crops of the target stand where other crops of the source stand.
    target = make_samples("USA", crops=("corn", "rice", "wheat"))
    swapped = np.array([2, 1, 3, 0])[target.labels]
    dataset = write_tiny(tmp_path / "d", make_samples("FRA"), replace(target, labels=swapped))
    scores = {}
    for name in ("median.random-forest", "oracle.median.random-forest"):
        rows = run(dataset, smoke, name).rows
        away = next(row for row in rows if row.target == "USA")
        home = next(row for row in rows if row.target == "FRA")
        assert away.scores is not None
        assert home.scores is not None
        scores[name] = away.scores.overall_accuracy, home.scores.overall_accuracy
    assert scores["median.random-forest"][0] < 0.1
    assert scores["oracle.median.random-forest"][0] > 0.9
    assert scores["median.random-forest"][1] == scores["oracle.median.random-forest"][1]


def test_rows_stand_on_the_track_of_their_method(tiny: Dataset, smoke: Protocol) -> None:
    rows = run(tiny, smoke, "oracle.median.xgboost").rows
    assert {row.track for row in rows} == {"oracle"}


@pytest.mark.parametrize("name", ["simulated-target.random-forest", "trio+informed-self-training"])
def test_knowledge_of_simulated_targets_is_no_method(
    name: str, tmp_path: Path, smoke: Protocol
) -> None:
    parts = make_samples("FRA"), make_samples("USA")
    dataset = write_tiny(tmp_path / "data", *parts, simulated=True)
    outcome = run(dataset, smoke, name)
    assert outcome.status == "unavailable"
    assert "Simulated targets" in (outcome.reason or "")


@pytest.fixture
def without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(hub.WEIGHTS_VARIABLE, "/nonexistent")
    monkeypatch.setattr(hub, "_download", lambda _file, offline: "no network in this test")
    presto._published.cache_clear()
    hub.fetch.cache_clear()


@pytest.mark.usefixtures("without_weights")
@pytest.mark.parametrize("name", ["presto.mlp", "presto-location.mlp", "presto.finetuned"])
@pytest.mark.parametrize("deduplicate", ["series", "representation"])
def test_without_weights_presto_is_unavailable(
    name: str, deduplicate: str, tiny: Dataset, smoke: Protocol
) -> None:
    outcome = run(tiny, smoke.model_copy(update={"deduplicate": deduplicate}), name)
    assert outcome.status == "unavailable"
    assert outcome.reason is not None
    assert "hf download nasaharvest/presto" in outcome.reason
    assert {row.target for row in outcome.rows} == {"FRA", "USA"}
    assert all(row.scores is None for row in outcome.rows)


def test_embeddings_are_unavailable_until_they_are_ingested(
    tmp_path: Path, smoke: Protocol
) -> None:
    dataset = write_tiny(tmp_path / "data", make_samples("FRA"), make_samples("USA"))
    outcome = run(dataset, smoke, "alphaearth.random-forest")
    assert outcome.status == "unavailable"
    assert "cropglobe ingest" in (outcome.reason or "")
    parts = [dataset.load(domain) for domain in dataset.domains]
    ids = [i for part in parts for i in part.sample_ids]
    labels = np.concatenate([part.labels for part in parts])
    noise = np.random.default_rng(0).normal(0, 0.1, (len(ids), 64))
    frame = pd.DataFrame(np.eye(7, 64)[labels] + noise, columns=[f"A{k:02d}" for k in range(64)])
    frame.insert(0, "sample_id", ids)
    frame.to_parquet(tmp_path / "table.parquet")
    ingest_embedding(tmp_path / "table.parquet", "alphaearth", dataset)
    rows = run(dataset, smoke, "alphaearth.random-forest").rows
    assert all(row.scores is not None and row.scores.overall_accuracy > 0.9 for row in rows)


def seasons(root: Path, season: str, start: str | None) -> Dataset:
    """Write FRA and ARG whose years begin where they are said to."""
    samples: list[DomainSamples] = [make_samples("FRA"), make_samples("ARG")]
    cards = {
        s.name: DomainCard.model_validate({"bands": BANDS, "season": season, "season_start": start})
        for s in samples
    }
    write_dataset(root, DatasetCard(name="tiny", domains=cards), samples)
    return open_dataset(root)


@pytest.mark.parametrize(
    ("stored", "protocol_season", "start", "france", "argentina"),
    [
        ("calendar", "as-stored", "01-01", 0, 0),
        ("calendar", "aligned", "01-01", 0, 185),
        ("aligned", "as-stored", None, 0, 185),
        ("aligned", "aligned", None, 0, 185),
        ("aligned", "aligned", "07-01", 181, 181),
        ("calendar", "as-stored", "10-01", 273, 273),
        ("calendar", "aligned", "10-01", 363, 183),
    ],
)
def test_representations_learn_the_day_of_the_first_step(
    stored: str,
    protocol_season: str,
    start: str | None,
    france: int,
    argentina: int,
    tmp_path: Path,
    smoke: Protocol,
) -> None:
    dataset = seasons(tmp_path / "data", stored, start)
    protocol = smoke.model_copy(update={"season": protocol_season})
    runner = Runner(dataset, protocol)
    assert runner.observations("FRA", BANDS).first_day == france
    assert runner.observations("ARG", BANDS).first_day == argentina
