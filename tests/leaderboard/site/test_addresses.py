"""Addresses come from the package's metadata; none is invented."""

from email.message import Message

import pytest

from leaderboard.site import addresses


def known(*urls: str) -> Message:
    message = Message()
    for url in urls:
        message["Project-URL"] = url
    return message


def test_the_paper_and_the_code_where_they_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    paper, code = "https://paper.example/1", "https://code.example/suite"
    given = known(f"Paper, {paper}", f"Repository, {code}", "Source, javascript:alert(1)")
    monkeypatch.setattr(addresses, "metadata", lambda name: given)
    assert addresses.outside_links() == [("The paper", paper), ("The code", code)]
    monkeypatch.setattr(addresses, "metadata", lambda name: known())
    assert addresses.outside_links() == []


def test_nothing_where_the_package_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Message:
        raise addresses.PackageNotFoundError(name)

    monkeypatch.setattr(addresses, "metadata", absent)
    assert addresses.outside_links() == []


def test_this_package_names_its_paper() -> None:
    assert ("The paper", "https://arxiv.org/abs/2509.03497") in addresses.outside_links()
