"""The fingerprint of what a method may need, on machines that lack a part of it."""

import pytest
from homeless import leave_home

from benchmark.data.hub.weights import WEIGHTS_VARIABLE
from benchmark.results.circumstances import circumstances


def test_there_are_circumstances_without_a_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_home(monkeypatch)
    alone = circumstances()
    monkeypatch.setenv(WEIGHTS_VARIABLE, "~nobody-of-this-name/weights")
    assert circumstances() != alone
