"""Reports of a run directory in which other processes write and remove files meanwhile."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_jobs import make_identity
from sample_rows import make_row

from benchmark.results.store import RunStore
from benchmark.run import run_reports
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


class SlowReport:
    """Stands for an entry point; its first report waits between reading and writing."""

    name = value = "slow"

    def __init__(self) -> None:
        self.has_read, self.may_write = threading.Event(), threading.Event()

    def load(self) -> Callable[[Path], None]:
        return self.write

    def write(self, root: Path) -> None:
        found = "\n".join(RunStore(root).keys())
        if not self.has_read.is_set():
            self.has_read.set()
            assert self.may_write.wait(60)
        (root / "report.txt").write_text(found)


def test_of_two_processes_that_end_together_the_report_of_all_jobs_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File locks hold between two threads as they do between two processes."""
    slow = SlowReport()
    monkeypatch.setattr(run_reports, "entry_points", lambda group: [slow])
    store = RunStore(tmp_path)
    store.write(make_identity(seed=1), [make_row(seed=1)])
    first = threading.Thread(target=make_reports, args=(store,))
    first.start()
    assert slow.has_read.wait(60)
    store.write(make_identity(seed=2), [make_row(seed=2)])
    second = threading.Thread(target=make_reports, args=(store,))
    second.start()
    second.join(0.5)  # without a lock it has ended by now
    slow.may_write.set()
    first.join()
    second.join()
    assert (tmp_path / "report.txt").read_text().split() == list(store.keys())
    assert not make_reports(store)
    assert not list(tmp_path.glob(".*"))
