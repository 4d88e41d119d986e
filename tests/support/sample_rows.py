"""Rows with chosen scores, for tests of the store and the leaderboard."""

from pathlib import Path

import numpy as np

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import AppliedShift, Cost, DataDescription, JobIdentity, Provenance, Row
from benchmark.results.store import Prediction, RunStore
from benchmark.task.metrics import METRIC_VERSION, CropScores, Scores, score
from benchmark.task.transfers import Transfer
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import Results, from_rows
from leaderboard.tables.paper_tables import paper_tables
from leaderboard.tables.table_content import Table

PROVENANCE = Provenance(
    package_version="0",
    code_fingerprint="c",
    commit=None,
    dirty=None,
    python="3",
    packages={},
    platform="test",
    created="2026-01-01T00:00:00+00:00",
    command=("test",),
)


def make_row(
    *,
    method: str = "test.nearest",
    family: str = "test",
    source: str = "FRA",
    target: str = "CHN",
    seed: int = 1,
    macro_f1: float | None = 0.5,
    overall_accuracy: float | None = None,
    crops: dict[str, float] | None = None,
    fit_seconds: float | None = 1.0,
    simulated: bool = False,
    fingerprint: str = "d" * 64,
    protocol: str = "smoke",
    status: str = "ok",
    reason: str | None = None,
    confusion: tuple[tuple[int, ...], ...] | None = None,
    bands: tuple[str, ...] = ("B2",),
    track: str = "inductive",
    metric_version: str = METRIC_VERSION,
    code: str = "c",
    device_name: str | None = None,
) -> Row:
    """Make a row; ``macro_f1=None`` makes one without scores."""
    per_crop = {
        name: CropScores(precision=f1, recall=f1, f1=f1, support=10, predicted=10)
        for name, f1 in (crops or {}).items()
    }
    scores = None
    if macro_f1 is not None:
        accuracy = macro_f1 if overall_accuracy is None else overall_accuracy
        scores = Scores(
            overall_accuracy=accuracy,
            macro_f1=macro_f1,
            balanced_accuracy=macro_f1,
            kappa=None,
            log_loss=1.0,
            brier=0.5,
            calibration_error=0.1,
            overall_accuracy_all=accuracy,
            per_crop=per_crop,
        )
    return Row(
        metric_version=metric_version,
        method=method,
        method_version="1",
        family=family,
        track=track,  # type: ignore[arg-type]
        representation="median",
        source=source,
        target=target,
        relation=Transfer(source, target).relation,
        seed=seed,
        protocol=protocol,
        protocol_hash=f"hash of {protocol}",
        data=DataDescription(
            name="tiny", fingerprint=fingerprint, simulated=simulated, bands=bands, n_test=10
        ),
        status=status,  # type: ignore[arg-type]
        reason=reason,
        scores=scores,
        confusion=confusion,
        cost=Cost(fit_seconds=fit_seconds, device_name=device_name),
        provenance=PROVENANCE.model_copy(update={"code_fingerprint": code}),
    )


def confusion_of(counts: dict[tuple[str, str], int]) -> tuple[tuple[int, ...], ...]:
    """Make a confusion matrix from the samples of true crop and predicted crop."""
    matrix = np.zeros((len(CROPS), len(CROPS)), dtype=np.int64)
    for (true, predicted), count in counts.items():
        matrix[CROPS.index(true), CROPS.index(predicted)] = count
    return tuple(tuple(int(n) for n in line) for line in matrix)


def write_run(
    root: Path,
    answers: dict[tuple[str, int], list[list[int]]],
    *,
    labels: list[list[int]],
    block: list[int] | None = None,
    simulated: bool = False,
    track: str = "inductive",
    code: str = "c",
    protocol: str = "smoke",
    in_domain: bool = False,
    shift: AppliedShift | None = None,
) -> Path:
    """Write a run from FRA to CHN (and USA, for a second list) with predictions.

    Args:
        root: Run directory.
        answers: For each method and seed the predicted class of each sample of each target.
        labels: The true class of each sample of each target.
        block: Spatial block of each sample, the same for each target.
        code: Fingerprint of the methods' code.
        protocol: Name of the protocol.
        in_domain: Whether the first target is the source itself.
        shift: A shift that each target is scored under as well.
    """
    store = RunStore(root)
    for (method, seed), predicted in answers.items():
        rows, predictions = [], []
        targets = ("FRA" if in_domain else "CHN", "USA")
        for target, truth, given in zip(targets, labels, predicted, strict=False):
            probabilities = np.eye(len(CROPS), dtype=np.float32)[given]
            scores, confusion = score(probabilities, np.array(truth))
            row = make_row(
                method=method,
                target=target,
                seed=seed,
                simulated=simulated,
                track=track,
                code=code,
                protocol=protocol,
                confusion=tuple(tuple(int(n) for n in line) for line in confusion),
            )
            rows.append(row.model_copy(update={"scores": scores}))
            if shift is not None:
                rows.append(row.model_copy(update={"scores": scores, "shift": shift}))
            predictions.append(
                Prediction(
                    target=target,
                    sample_ids=np.array([f"{target}-{n}" for n in range(len(truth))]),
                    probabilities=probabilities,
                    classes=CROPS,
                    labels=np.array(truth),
                    block=None if block is None else np.array(block),
                )
            )
        identity = JobIdentity(
            method=method,
            code_fingerprint=code,
            representation="median",
            source="FRA",
            seed=seed,
            protocol_hash="p",
            dataset_fingerprint="d",
            metric_version=METRIC_VERSION,
            bands=("B2",),
        )
        store.write(identity, rows, predictions)
    return root


HOSTILE = (
    "<script>alert(1)</script>",
    "../../x",
    r"\input{/etc/passwd}",
    "=cmd|' /C calc'!A0",
    "a|b",
    "[x](javascript:y)",
    "*&%$#_{}~^\"'`",
    "line\nbreak",
)


def tables(results: Results, style: str = "full") -> list[Table]:
    return [table for group in comparison_groups(results) for table in paper_tables(group, style)]


def simulated_rows(methods: int = 3, targets: int = 2) -> Results:
    names = ("CHN", "USA", "GBR", "BEL", "NLD", "ARG", "AUS", "BRA", "CAN")
    return from_rows(
        [
            make_row(method=f"median.random-forest.{n}", target=target, seed=seed, simulated=True)
            for n in range(methods)
            for target in names[:targets]
            for seed in (1, 2)
        ]
    )


def hostile_rows() -> Results:
    return from_rows(
        [
            make_row(method=name, target=t, crops={"corn": 0.5})
            for name in HOSTILE
            for t in ("CHN", "USA")
        ]
    )


def one_and_a_floor() -> list[Row]:
    """Return rows of a method, and of a floor that costs a hundred thousandth of it."""
    return [
        make_row(method="a", macro_f1=0.5, fit_seconds=10.0),
        make_row(method="constant", family="floor", macro_f1=0.1, fit_seconds=0.0001),
    ]
