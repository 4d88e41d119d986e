"""How many processes tests run in side by side, and how these share the processors."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.results.provenance import processors


@pytest.fixture
def hooks(request: pytest.FixtureRequest) -> Any:
    """The `conftest.py` beside this file."""
    (found,) = (
        each
        for each in request.config.pluginmanager.get_plugins()
        if hasattr(each, "pytest_xdist_auto_num_workers") and hasattr(each, "MOST_WORKERS")
    )
    return found


def test_there_are_as_many_as_processors_and_a_few_at_most(
    hooks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for count, wanted in ((1, 1), (2, 2), (64, hooks.MOST_WORKERS)):
        monkeypatch.setattr(hooks, "processors", lambda count=count: count)
        assert hooks.pytest_xdist_auto_num_workers() == wanted


@pytest.mark.parametrize(
    ("workers", "before", "after"),
    [
        (None, {}, {}),
        (0, {}, {}),
        (1, {}, {"OMP_NUM_THREADS": str(processors())}),
        (10**6, {}, {"OMP_NUM_THREADS": "1"}),
        (2, {"OMP_NUM_THREADS": "5"}, {"OMP_NUM_THREADS": "5"}),
    ],
)
def test_threads_are_shared_unless_the_user_has_decided(
    hooks: Any,
    monkeypatch: pytest.MonkeyPatch,
    workers: int | None,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "environ", before)
        hooks.pytest_configure(SimpleNamespace(option=SimpleNamespace(numprocesses=workers)))
    assert before == after
