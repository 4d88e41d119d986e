"""Archives are fetched from https only, and kept only if they are what was named."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.errors import SubmissionError
from leaderboard.submissions.fetching import fetch_archive
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import make_pointer


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "https://example.org/a.zip")
            self.end_headers()
        else:
            super().do_GET()


@pytest.fixture
def server(honest: Path) -> Iterator[str]:
    """Address of a server on this machine that has the archive and other files beside it."""
    handler = functools.partial(Quiet, directory=str(honest.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}"
        served.shutdown()
        thread.join()


def pointer(honest: Path, folder: Path, **changes: object) -> Path:
    content = make_pointer(read_submission(honest), None).model_dump(mode="json") | changes
    path = folder / "submission.json"
    path.write_text(json.dumps(content), "utf-8")
    return path


def test_the_archive_that_was_named_is_kept(server: str, honest: Path, tmp_path: Path) -> None:
    path = pointer(honest, tmp_path, url=f"{server}/honest.zip")
    fetch_archive(path, tmp_path / "x.zip", schemes=("http",))
    assert (tmp_path / "x.zip").read_bytes() == honest.read_bytes()


@pytest.mark.parametrize(
    ("place", "changes", "message"),
    [
        ("/my_method.py", {}, "is not the archive"),
        ("/honest.zip", {"sha256": "0" * 64}, "is not the archive"),
        ("/honest.zip", {"bytes": 10}, "is not the archive"),
        ("/honest.zip", {"bytes": 10**12}, "are the limit"),
        ("/none.zip", {}, "cannot be fetched"),
        ("/moved", {}, "is not fetched: the address must begin with"),
    ],
)
def test_what_is_not_that_archive_is_not_kept(
    place: str,
    changes: dict[str, object],
    message: str,
    server: str,
    honest: Path,
    tmp_path: Path,
) -> None:
    path = pointer(honest, tmp_path, url=f"{server}{place}", **changes)
    with pytest.raises(SubmissionError, match=message):
        fetch_archive(path, tmp_path / "x.zip", schemes=("http",))
    assert {found.name for found in tmp_path.iterdir()} == {"submission.json"}


@pytest.mark.parametrize("url", ["http://x.org/a", "file:///etc/passwd", "ftp://x", "x", "https//"])
def test_only_https_is_fetched(url: str, honest: Path, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="must begin with https://"):
        fetch_archive(pointer(honest, tmp_path, url=url), tmp_path / "x.zip")
