"""What is written aside and renamed: whole or absent, and readable by colleagues."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from benchmark.files import folder_aside, replace_file, replace_text


@pytest.fixture
def group_readable() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("group_readable")
def test_rights_are_those_of_the_umask(tmp_path: Path) -> None:
    replace_text(tmp_path / "file", "text")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert folder_aside(tmp_path).stat().st_mode & 0o777 == 0o750


def test_a_writer_that_fails_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    def fail(handle: IO[bytes]) -> None:
        handle.write(b"half")
        raise OSError(28, "No space left on device")

    replace_text(tmp_path / "deep" / "file", "whole")
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "deep" / "file", fail)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file"]
    assert (tmp_path / "deep" / "file").read_text() == "whole"
