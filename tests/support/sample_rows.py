"""Rows with chosen scores, for tests of the store and the leaderboard."""

from benchmark.results.rows import Cost, DataDescription, Provenance, Row
from benchmark.task.metrics import CropScores, Scores
from benchmark.task.transfers import Transfer

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
        metric_version="1",
        method=method,
        method_version="1",
        family=family,
        track="inductive",
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
        cost=Cost(fit_seconds=fit_seconds),
        provenance=PROVENANCE,
    )
