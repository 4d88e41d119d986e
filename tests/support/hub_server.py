"""A loopback server that speaks as much of the hub's protocol as downloads of a dataset need."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

REPOSITORY = "x-ytong/CropGlobe"
FIRST, SECOND = "a" * 40, "b" * 40


@dataclass
class Hub:
    """What the server has, and how it misbehaves.

    Attributes:
        commits: Content of each file of each commit.
        branches: Commit of each branch.
        lies: Bytes sent in the place of a file's content; of the same length.
        lost: Files that are listed and cannot be fetched.
        cut: Bytes after which the connection breaks once, by file.
        stuck: Byte at which the connection breaks every time, by file.
        refusals: Answers with status 429 to give before the next answers to GETs of files.
        refuse_all: Whether every request is answered with status 429.
        requests: Method, path and Range of each request.
    """

    commits: dict[str, dict[str, bytes]]
    branches: dict[str, str] = field(default_factory=lambda: {"main": FIRST})
    lies: dict[str, bytes] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    cut: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    refusals: int = 0
    refuse_all: bool = False
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    endpoint: str = ""

    def gets(self, name: str) -> list[str | None]:
        """Return the Range of each GET of a file."""
        return [r for method, path, r in self.requests if method == "GET" and path.endswith(name)]


def is_large(name: str) -> bool:
    """Whether the hub keeps a file as a large one, with a SHA-256."""
    return name.endswith(".npz")


def _entry(name: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
    if is_large(name):
        digest = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"size": len(content), "sha256": digest, "pointerSize": 130}
    return entry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._serve(with_body=False)

    def do_GET(self) -> None:
        self._serve(with_body=True)

    def _serve(self, *, with_body: bool) -> None:
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.requests.append((self.command, path, self.headers.get("Range")))
        if hub.refuse_all:
            return self._send(429, b"slow down", {})
        info = re.fullmatch(rf"/api/datasets/{REPOSITORY}/revision/(.+)", path)
        if info is not None:
            return self._info(info[1])
        file = re.fullmatch(rf"/datasets/{REPOSITORY}/resolve/([^/]+)/(.+)", path)
        if file is not None:
            return self._file(file[1], file[2], with_body=with_body)
        return self._send(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _commit(self, revision: str) -> str:
        return self.hub.branches.get(revision, revision)

    def _info(self, revision: str) -> None:
        commit = self._commit(revision)
        if commit not in self.hub.commits:
            return self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        files = [_entry(name, body) for name, body in self.hub.commits[commit].items()]
        body = {"id": REPOSITORY, "sha": commit, "siblings": files, "tags": [], "private": False}
        return self._send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _file(self, revision: str, name: str, *, with_body: bool) -> None:
        hub, commit = self.hub, self._commit(revision)
        content = hub.commits.get(commit, {}).get(name)
        if content is None or name in hub.lost:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        if with_body and hub.refusals > 0:
            hub.refusals -= 1
            return self._send(429, b"slow down", {"Retry-After": "1"})
        entry = _entry(name, content)
        etag = entry["lfs"]["sha256"] if is_large(name) else entry["blobId"]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        if is_large(name):
            headers |= {"X-Linked-ETag": f'"{etag}"', "X-Linked-Size": str(len(content))}
        content = hub.lies.get(name, content)
        begin, status = 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if asked is not None:
            begin, status = int(asked[1]), 206
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        stop = hub.cut.pop(name, None) if with_body else None
        if name in hub.stuck:
            stop = max(hub.stuck[name] - begin, 0)
        return self._send(status, content[begin:], headers, with_body=with_body, stop=stop)

    def _send(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        *,
        with_body: bool = True,
        stop: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body if stop is None else body[:stop])
        if with_body and stop is not None:
            self.wfile.flush()
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    def handle_error(self, *args: Any) -> None:
        """Say nothing of clients that leave in the middle."""


@contextmanager
def serve_hub(commits: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    """Serve commits on a free port of this machine until the end of the block."""
    hub = Hub(commits)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = _Server(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
