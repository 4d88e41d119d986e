"""Where a run stands: asked for, stored, running, and why not."""

import os
import re
from pathlib import Path

import pytest
from sample_jobs import make_asked, make_identity
from sample_rows import make_row

from benchmark.errors import StoreError
from benchmark.results.run_plans import read_plans, write_plan
from benchmark.results.run_status import run_status
from benchmark.results.store import RunStore


def states(store: RunStore) -> dict[int, tuple[str, str | None]]:
    return {job.identity.seed: (job.state, job.reason) for job in run_status(store).jobs}


def test_every_state_is_told_apart(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    identities = [make_identity(seed=seed) for seed in range(9)]
    write_plan(tmp_path, make_asked(*identities))
    store.write(identities[0], [make_row(seed=0)])
    for seed, status in ((1, "failed"), (2, "timeout"), (3, "unavailable")):
        row = make_row(seed=seed, macro_f1=None, status=status, reason=f"why {seed}")
        store.write(identities[seed], [row])
    store.write(make_identity(seed=4, code_fingerprint="old"), [make_row(seed=4)])
    damaged = store.write(identities[5], [make_row(seed=5)])
    (damaged / "rows.json").write_text("[]")
    store.write(identities[6], [make_row(seed=6, target="USA")])
    with store.job_locks.hold(identities[7].key) as got:
        assert got
        found = states(store)
    assert found[0] == ("done", None)
    assert found[1] == ("failed", "why 1")
    assert found[2] == ("timeout", "why 2")
    assert found[3] == ("unavailable", "why 3")
    assert found[4] == ("stale", "stored by other code of its method")
    assert found[5][0] == "damaged"
    assert "rows.json" in str(found[5][1])
    assert found[6] == ("missing", "not yet scored on CHN")
    assert found[7][0] == "running"
    assert "process" in str(found[7][1])
    assert found[8] == ("missing", None)
    assert states(store)[7] == ("missing", None)


def test_the_last_asking_decides_what_is_stale(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    old, new = make_asked(make_identity()), make_asked(make_identity(code_fingerprint="new"))
    write_plan(tmp_path, old.model_copy(update={"asked": "2026-01-01"}))
    write_plan(tmp_path, new.model_copy(update={"asked": "2026-01-02"}))
    assert states(store)[1][0] == "stale"
    write_plan(tmp_path, old.model_copy(update={"asked": "2026-01-03"}))
    assert states(store)[1][0] == "done"


def test_a_clock_that_was_set_back_makes_nothing_stale(tmp_path: Path) -> None:
    """The older code was asked for first, at what the clock says was a later time."""
    store = RunStore(tmp_path)
    old, new = make_asked(make_identity()), make_asked(make_identity(code_fingerprint="new"))
    write_plan(tmp_path, old.model_copy(update={"asked": "2026-01-03"}))
    write_plan(tmp_path, new.model_copy(update={"asked": "2026-01-02"}))
    folder = store.write(make_identity(), [make_row()])
    before = store.read(folder.name)
    assert before is not None
    later = before.written + 10**15
    os.utime(folder / "manifest.json", ns=(later, later))
    store.write(make_identity(code_fingerprint="new"), [make_row()], newer_than=later)
    assert states(store)[1][0] == "done"  # of the two jobs that stand there, the newer counts


def test_rows_of_older_code_are_stale_though_other_seeds_were_asked_for_last(
    tmp_path: Path,
) -> None:
    """Edited between two commands: `run --seeds 1 2`, then `run --seeds 3`."""
    store = RunStore(tmp_path)
    old = [make_identity(seed=seed) for seed in (1, 2)]
    new = make_identity(seed=3, code_fingerprint="new")
    for identity in (*old, new):
        store.write(identity, [make_row(seed=identity.seed)])
    first, second = make_asked(*old), make_asked(new)
    write_plan(tmp_path, first.model_copy(update={"asked": "2026-01-01"}))
    write_plan(tmp_path, second.model_copy(update={"asked": "2026-01-02"}))
    found = states(store)
    assert found[1] == found[2] == ("stale", "stored by older code than new, asked for last")
    assert found[3] == ("done", None)
    other = make_asked(make_identity(method="other", code_fingerprint="x", seed=4))
    write_plan(tmp_path, other.model_copy(update={"asked": "2026-01-03"}))
    assert states(store)[1][0] == "stale"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vectors": "new"}, "stored by other files of vectors"),
        (
            {"vectors": "new", "code_fingerprint": "new"},
            "stored by other code of its method and other files of vectors",
        ),
    ],
)
def test_replaced_vectors_are_not_other_code(
    tmp_path: Path, changes: dict[str, str], reason: str
) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(vectors="old"), [make_row()])
    write_plan(tmp_path, make_asked(make_identity(vectors="old").model_copy(update=changes)))
    assert states(store) == {1: ("stale", reason)}


def test_jobs_of_a_run_without_a_plan_are_shown(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.write(make_identity(), [make_row()])
    assert states(store) == {1: ("done", None)}


def test_asking_again_keeps_the_time_of_the_first_asking(tmp_path: Path) -> None:
    first = make_asked(make_identity())
    path = write_plan(tmp_path, first)
    second = first.model_copy(update={"created": "later", "asked": "later"})
    assert write_plan(tmp_path, second) == path
    (plan,), damaged = read_plans(tmp_path)
    assert (plan.created, plan.asked) == (first.created, "later")
    assert damaged == ()


def test_any_flipped_byte_of_a_plan_is_found_and_asking_again_mends_it(tmp_path: Path) -> None:
    plan = make_asked(make_identity())
    path = write_plan(tmp_path, plan)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        plans, damaged = read_plans(tmp_path)
        assert plans == ()
        assert path.name in damaged[0]
    write_plan(tmp_path, plan)
    assert read_plans(tmp_path) == ((plan.model_copy(update={"order": 1}),), ())


def test_a_folder_of_plans_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A link to itself cannot be read by any user, root included."""
    (tmp_path / "plans").symlink_to("plans")
    assert run_status(RunStore(tmp_path)).damaged_plans == read_plans(tmp_path)[1]
    assert re.fullmatch(r"\S*/plans cannot be read \(Too .*\): .*", *read_plans(tmp_path)[1])


def test_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="neither plans nor jobs"):
        run_status(RunStore(tmp_path / "absent"))
