"""The store: whole or absent, damage found, nothing half-written."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_jobs import make_identity as identity
from sample_rows import make_row

from benchmark.errors import StoreError
from benchmark.results import store as store_module
from benchmark.results.rows import Row
from benchmark.results.store import Prediction, RunStore


def prediction() -> Prediction:
    return Prediction(
        target="CHN",
        sample_ids=np.array(["a", "b"]),
        probabilities=np.array([[0.25, 0.75], [1, 0]], dtype=np.float32),
        classes=("corn", "rice"),
        labels=np.array([2, 0]),
    )


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    store, row = RunStore(tmp_path), make_row()
    store.write(identity(), [row], [prediction()], [{"epoch": 1, "loss": 0.5}])
    job = store.read(identity().key)
    assert job is not None
    assert job.rows == (row,)
    assert job.identity == identity()
    back = store.predictions(job, "CHN")
    np.testing.assert_array_equal(back.probabilities, prediction().probabilities)
    assert back.classes == ("corn", "rice")
    assert back.sample_ids.tolist() == ["a", "b"]
    assert back.block is None


def test_blocks_of_predictions_are_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(identity(), [make_row()], [replace(prediction(), block=np.array([7, -3]))])
    job = store.read(identity().key)
    assert job is not None
    block = store.predictions(job, "CHN").block
    assert block is not None
    assert block.tolist() == [7, -3]


def test_text_that_is_not_unicode_is_kept_as_its_escape(tmp_path: Path) -> None:
    store, row = RunStore(tmp_path), make_row()
    data = row.data.model_copy(update={"name": "caf\udce9"})
    store.write(identity(), [row.model_copy(update={"data": data})])
    job = store.read(identity().key)
    assert job is not None
    data = data.model_copy(update={"name": "caf\\udce9"})
    assert job.rows == (row.model_copy(update={"data": data}),)


def test_a_row_survives_json_exactly() -> None:
    row = make_row(macro_f1=0.1 + 0.2)
    assert Row.model_validate_json(row.model_dump_json()) == row


@pytest.mark.parametrize(
    "change",
    [
        {"method": "x"},
        {"code_fingerprint": "x"},
        {"source": "x"},
        {"seed": 2},
        {"protocol_hash": "x"},
        {"dataset_fingerprint": "x"},
        {"metric_version": "x"},
        {"bands": ("B3",)},
    ],
)
def test_every_part_of_an_identity_changes_the_key(change: dict[str, object]) -> None:
    assert identity(**change).key != identity().key


def test_writing_again_replaces_the_job(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(identity(), [make_row(seed=1)])
    store.write(identity(), [make_row(seed=2)])
    (job,), damaged = store.read_all()
    assert [row.seed for row in job.rows] == [2]
    assert damaged == ()
    assert [p.name for p in store.jobs.iterdir()] == [identity().key]


@pytest.mark.parametrize("again", [True, False])
def test_a_job_that_is_replaced_while_it_is_read_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    """Another process writes it anew, or removes it, after its manifest has been read."""
    store, row = RunStore(tmp_path), make_row(macro_f1=0.25)
    store.write(identity(), [make_row(macro_f1=0.5)])
    inspected = store_module._checksum

    def meanwhile(path: Path) -> str:
        monkeypatch.setattr(store_module, "_checksum", inspected)
        if again:
            store.write(identity(), [row])
        else:
            store.remove(identity().key)
        return inspected(path)

    monkeypatch.setattr(store_module, "_checksum", meanwhile)
    job = store.read(identity().key)
    assert (job is not None and job.rows == (row,)) if again else job is None


def test_any_flipped_byte_is_found_and_named(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.write(identity(), [make_row()], [prediction()], [{"epoch": 1}])
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
        jobs, damaged = store.read_all()
        assert jobs == ()
        assert folder.name in damaged[0]
        path.write_bytes(whole)
    assert len(store.read_all()[0]) == 1


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.write(identity(), [make_row()], [prediction()])
    (folder / "predictions-CHN.npz").unlink()
    assert "predictions-CHN.npz" in store.read_all()[1][0]


def test_a_renamed_job_is_found(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.write(identity(), [make_row()])
    folder.rename(folder.with_name("0" * 20))
    assert "renamed" in store.read_all()[1][0]


def test_what_a_killed_writer_left_is_not_a_job(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(identity(), [make_row()])
    (store.jobs / ".writing-abc").mkdir()
    assert len(store.read_all()[0]) == 1


def test_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run directory"):
        RunStore(tmp_path / "absent").read_all()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = RunStore(tmp_path / "file" / "run")
    with pytest.raises(StoreError, match="Cannot write to the run directory"):
        store.prepare()


def test_a_full_disk_keeps_what_was_finished(mounted: Callable[[str], Path]) -> None:
    store = RunStore(mounted("size=64k") / "run")
    store.write(identity(), [make_row()])
    random = np.random.default_rng(0)
    big = Prediction(
        target="CHN",
        sample_ids=np.array([f"{n}" for n in range(20_000)]),
        probabilities=random.random((20_000, 2), dtype=np.float32),
        classes=("corn", "rice"),
        labels=np.zeros(20_000, dtype=np.int64),
    )
    with pytest.raises(StoreError, match="No space left"):
        store.write(identity(seed=2), [make_row()], [big])
    assert [job.identity.seed for job in store.read_all()[0]] == [1]
    assert [p.name for p in store.jobs.iterdir()] == [identity().key]


def test_a_job_moved_aside_for_one_that_never_came_is_brought_back(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = store.write(identity(), [make_row()])
    aside = store.jobs / ".replaced-x"
    aside.mkdir()
    folder.rename(aside / folder.name)
    assert store.read_all() == ((), ())
    store.prepare()
    assert len(store.read_all()[0]) == 1


def test_of_two_jobs_of_one_slot_the_newer_counts(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(identity(code_fingerprint="z"), [make_row()])
    store.write(identity(code_fingerprint="a"), [make_row()])
    (job,), _ = store.read_all()
    assert job.identity.code_fingerprint == "a"


def test_abandoned_leftovers_are_removed_and_fresh_ones_are_not(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.prepare()
    old, fresh = store.jobs / ".writing-old", store.jobs / ".writing-fresh"
    for folder in (old, fresh):
        folder.mkdir()
    os.utime(old, (0, 0))
    store.prepare()
    assert [path.name for path in store.jobs.iterdir()] == [fresh.name]


def test_writers_at_once_leave_whole_jobs(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    seeds = range(40)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: store.write(identity(), [make_row(seed=seed)]), seeds))
    (job,), damaged = store.read_all()
    assert damaged == ()
    assert job.rows[0].seed in seeds
    assert [path.name for path in store.jobs.iterdir()] == [identity().key]


def refuse(monkeypatch: pytest.MonkeyPatch, forbidden: Path, function: str) -> None:
    """Let a function of `Path` refuse one path, as the system does for all but root."""
    allowed = getattr(Path, function)

    def refusing(path: Path, *words: object, **named: object) -> object:
        if path == forbidden:
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, *words, **named)

    monkeypatch.setattr(Path, function, refusing)


def test_a_file_that_cannot_be_read_costs_one_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path)
    folders = [store.write(identity(seed=n), [make_row(seed=n)]) for n in (1, 2)]
    refuse(monkeypatch, folders[0] / "rows.json", "open")
    jobs, damaged = store.read_all()
    assert [job.identity.seed for job in jobs] == [2]
    assert damaged[0].startswith(f"{folders[0] / 'rows.json'} cannot be read (Permission denied)")


@pytest.mark.parametrize("function", ["iterdir", "is_dir"])
def test_a_folder_that_cannot_be_read_is_an_error_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    store = RunStore(tmp_path)
    store.write(identity(), [make_row()])
    refuse(monkeypatch, store.jobs, function)
    with pytest.raises(StoreError, match=r"jobs cannot be read \(Permission denied\)"):
        store.read_all()
