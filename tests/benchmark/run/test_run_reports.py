"""Reports of a run directory in which other processes write and remove files meanwhile."""

from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row

from benchmark.results.store import RunStore
from benchmark.run.run_reports import make_reports


def test_files_that_other_processes_write_and_remove_are_no_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    listed = Path.iterdir
    gone = ("mlflow.db-journal", ".writing-0-leaderboard.md", "gone.csv")
    monkeypatch.setattr(
        Path, "iterdir", lambda path: [*listed(path), *(path / name for name in gone)]
    )
    monkeypatch.setattr(Path, "is_file", lambda path: path.name in gone or path.exists())
    assert make_reports(store, quiet=True)
    (tmp_path / "mlflow.db").write_text("MLflow has written it since")
    assert not make_reports(store, quiet=True)
