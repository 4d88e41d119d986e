"""A user without a home directory: neither ``$HOME`` nor an entry in the list of users."""

import os

import pytest

VARIABLES = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "CROPGLOBE_CACHE", "HF_HOME", "HF_HUB_CACHE")


def leave_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the home directory away."""

    pytest.importorskip("pwd")

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert os.path.expanduser("~") == "~"  # noqa: PTH111 - the one that raises nothing
