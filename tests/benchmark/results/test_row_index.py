"""The index is a view of the rows; the page on the format is that of the schema."""

import math
from pathlib import Path

import pandas as pd
import pytest
from sample_jobs import make_identity
from sample_rows import make_row, write_run

from benchmark.results.format_reference import PARTS, results_format
from benchmark.results.row_index import write_index
from benchmark.results.store import RunStore

ROOT = Path(__file__).parents[3]


def test_the_index_has_every_row_and_is_rebuilt(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(seed=1), [make_row(seed=1, crops={"corn": 0.5})])
    failed = make_row(seed=2, macro_f1=None, status="failed", reason="why")
    store.write(make_identity(seed=2), [failed])
    path, damaged = write_index(store)
    assert damaged == ()
    first = pd.read_parquet(path).sort_values("seed").reset_index(drop=True)
    assert first["scores.macro_f1"][0] == 0.5
    assert math.isnan(first["scores.macro_f1"][1])
    assert first["scores.per_crop.corn.f1"][0] == 0.5
    assert first["reason"].fillna("").tolist() == ["", "why"]
    assert first["job"][0] == make_identity(seed=1).key
    path.write_bytes(b"damaged")
    write_index(store)
    again = pd.read_parquet(path).sort_values("seed").reset_index(drop=True)
    pd.testing.assert_frame_equal(first, again)
    assert len(store.read_all()[0]) == 2


def test_the_page_says_how_scores_follow_from_predictions(tmp_path: Path) -> None:
    labels = [0, 0, 1, 6, 6, 6, 3, 5]
    run = write_run(tmp_path, {("a", 1): [[0, 1, 1, 6, 4, 6, 3, 2]]}, labels=[labels])
    (job,), _ = RunStore(run).read_all()
    page = (ROOT / "docs" / "results-format.md").read_text("utf-8")
    _, _, after = page.partition("## Scores from predictions")
    code = after.split("```python\n")[1].split("```")[0]
    found: dict[str, float] = {}
    exec(code.replace("RUN/jobs/KEY", job.folder.as_posix()), found)
    assert job.rows[0].scores is not None
    assert found["macro_f1"] == pytest.approx(job.rows[0].scores.macro_f1, abs=1e-12)


def test_the_page_on_the_format_is_current() -> None:
    page = (ROOT / "docs" / "results-format.md").read_text("utf-8")
    assert page == results_format(), "run `python scripts/results_format.py`"
    for _, model in PARTS:
        for name in model.model_fields:
            assert f"| `{name}` |" in page
