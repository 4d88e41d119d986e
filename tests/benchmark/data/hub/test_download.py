"""The official dataset through the real hub client, from a server on this machine."""

import hashlib
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_server import FIRST, SECOND, Hub, serve_hub
from tiny import make_samples

from benchmark.cli import main
from benchmark.data.dataset import open_dataset
from benchmark.data.dataset_source import open_source
from benchmark.data.hub import download as downloads
from benchmark.data.hub import weights
from benchmark.data.hub.download import PARTS, download, verify
from benchmark.data.official.download_lock import LOCK_FILE, read_lock
from benchmark.data.official.file_names import select_files
from benchmark.errors import DataError, UsageError

FRA = "for_CropNet/median_S2_FRA_month1-12_day5.npz"
USA = "for_CropNet/median_S2_USA_month1-12_day5.npz"
VECTORS = "AlphaEarth/alphaearth_embedding_FRA.npz"
HARMONIC = "Harmonic/harmonic_FRA_month5-11.npz"


def archive(domain: str, **changes: Any) -> bytes:
    samples = make_samples(domain)
    handle = io.BytesIO()
    np.savez(handle, **({"fea": samples.series, "lbl": samples.labels} | changes))
    return handle.getvalue()


def first_commit() -> dict[str, bytes]:
    labels = make_samples("FRA").labels
    return {
        FRA: archive("FRA"),
        USA: archive("USA"),
        VECTORS: archive("FRA", fea=np.ones((len(labels), 64), np.float32)),
        HARMONIC: archive("FRA", fea=np.ones((len(labels), 10, 5), np.float32)),
        "README.md": b"# CropGlobe\n",
        ".gitattributes": b"*.npz filter=lfs\n",
    }


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with one commit, which the client in this process is pointed to."""
    from huggingface_hub import close_session

    with serve_hub({FIRST: first_commit()}) as served:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.endpoint)
        template = served.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 100)
        monkeypatch.setattr("time.sleep", lambda seconds: None)
        yield served
        close_session()


def files_below(root: Path) -> dict[str, bytes]:
    """Return every file that is not hidden."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(root).parts)
    }


def test_a_whole_download_is_pinned_and_verified(hub: Hub, tmp_path: Path) -> None:
    root = tmp_path / "data"
    done = download(root)
    content = first_commit()
    assert set(done.fetched) == {FRA, USA, VECTORS}
    assert set(done.left_out) == {HARMONIC, "README.md", ".gitattributes"}
    found = files_below(root)
    assert found.pop(LOCK_FILE)
    assert found == {name: content[name] for name in (FRA, USA, VECTORS)}
    lock = read_lock(root)
    assert lock is not None
    assert (lock.commit, lock.revision, lock.complete) == (FIRST, "main", True)
    assert lock.files[FRA].size == len(content[FRA])
    assert open_dataset(root).domains == ("FRA", "USA")
    assert open_dataset(root).card.source == f"x-ytong/CropGlobe at commit {FIRST}"
    again = download(root)
    assert (again.fetched, set(again.verified)) == ((), {FRA, USA, VECTORS})
    assert len(hub.gets(FRA)) == 1


def test_some_countries_and_representations(hub: Hub, tmp_path: Path) -> None:
    download(tmp_path, countries=["FRA"], representations=["median-year", "harmonic"])
    assert set(files_below(tmp_path)) == {FRA, HARMONIC, LOCK_FILE}
    download(tmp_path, countries=["USA"])
    assert set(files_below(tmp_path)) == {FRA, HARMONIC, USA, LOCK_FILE}
    assert set(verify(tmp_path).verified) == {FRA, HARMONIC, USA}


def test_all_representations_are_all_files(hub: Hub, tmp_path: Path) -> None:
    download(tmp_path, representations=["all"])
    assert set(files_below(tmp_path)) == {*first_commit(), LOCK_FILE} - {".gitattributes"}


def test_words_that_fit_nothing(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no files of 'FRANCE'"):
        download(tmp_path, countries=["FRANCE"])
    with pytest.raises(UsageError, match="Unknown representation 'harmonics': did you mean"):
        download(tmp_path, representations=["harmonics"])
    with pytest.raises(UsageError, match=r"under a known name .*data\.zip.*representations all"):
        select_files(["data.zip", ".gitattributes"], [], [])
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_connection_that_breaks_once_goes_on(hub: Hub, tmp_path: Path) -> None:
    hub.cut[FRA] = 1000
    download(tmp_path)
    assert hub.gets(FRA) == [None, "bytes=1000-"]
    verify(tmp_path)


def test_an_interrupted_download_is_resumed(hub: Hub, tmp_path: Path) -> None:
    hub.stuck[USA] = 1000
    with pytest.raises(DataError, match=r"could not be reached .*finished files are kept, repeat"):
        download(tmp_path)
    assert USA not in files_below(tmp_path)
    assert FRA in files_below(tmp_path)
    with pytest.raises(DataError, match="did not end: repeat `cropglobe download"):
        open_dataset(tmp_path)
    begun = sum(path.stat().st_size for path in (tmp_path / PARTS).iterdir())
    assert begun == 1000
    hub.stuck.clear()
    hub.requests.clear()
    done = download(tmp_path)
    assert done.fetched == (USA,)
    assert hub.gets(USA) == [f"bytes={begun}-"]
    assert not (tmp_path / PARTS).exists()
    assert open_dataset(tmp_path).domains == ("FRA", "USA")


def test_a_wrong_checksum_is_thrown_away(hub: Hub, tmp_path: Path) -> None:
    right = first_commit()[FRA]
    hub.lies[FRA] = bytes(len(right))
    with pytest.raises(DataError, match=r"FRA.* has not the checksum that it states"):
        download(tmp_path)
    assert FRA not in files_below(tmp_path)
    with pytest.raises(DataError, match="did not end"):
        open_dataset(tmp_path)
    hub.lies.clear()
    download(tmp_path)
    assert (tmp_path / FRA).read_bytes() == right


def test_a_file_that_is_listed_and_missing(hub: Hub, tmp_path: Path) -> None:
    hub.lost.add(FRA)
    with pytest.raises(DataError, match=r"lists a file .* that it does not have"):
        download(tmp_path)
    assert FRA not in files_below(tmp_path)


def test_a_revision_that_moved(hub: Hub, tmp_path: Path) -> None:
    download(tmp_path)
    hub.commits[SECOND] = first_commit() | {FRA: archive("FRA", lbl=make_samples("FRA").labels * 0)}
    hub.branches["main"] = SECOND
    assert download(tmp_path).fetched == ()  # pinned
    open_source(str(tmp_path))
    with pytest.raises(DataError, match=r"pinned to commit aaaaaaaaaaaa, .*main is now bbbbbbbbbb"):
        download(tmp_path, revision="main")
    done = download(tmp_path, update=True)
    assert done.fetched == (FRA,)
    lock = read_lock(tmp_path)
    assert lock is not None
    assert lock.commit == SECOND
    assert (tmp_path / FRA).read_bytes() == hub.commits[SECOND][FRA]
    open_source(str(tmp_path))  # what was counted before the update is forgotten


def test_counts_are_forgotten_also_where_an_update_was_interrupted(
    hub: Hub, tmp_path: Path
) -> None:
    download(tmp_path)
    open_source(str(tmp_path))
    hub.commits[SECOND] = first_commit() | {FRA: archive("FRA", lbl=make_samples("FRA").labels * 0)}
    hub.branches["main"] = SECOND
    hub.lost.add(FRA)
    with pytest.raises(DataError, match="lists a file"):
        download(tmp_path, update=True)
    hub.lost.clear()
    assert download(tmp_path).fetched == (FRA,)
    open_source(str(tmp_path))


def test_other_checksums_under_the_pinned_commit(hub: Hub, tmp_path: Path) -> None:
    download(tmp_path)
    hub.commits[FIRST][FRA] = archive("USA")
    with pytest.raises(DataError, match=r"no longer states the checksum of .*FRA"):
        download(tmp_path)


def test_a_revision_that_does_not_exist(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such revision: x-ytong/CropGlobe at v9"):
        download(tmp_path, revision="v9")
    with pytest.raises(DataError, match="no dataset nobody/nothing"):
        download(tmp_path, repository="nobody/nothing")
    assert not (tmp_path / LOCK_FILE).exists()


def test_a_limited_rate_is_waited_for(hub: Hub, tmp_path: Path) -> None:
    hub.refusals = 2
    download(tmp_path)
    verify(tmp_path)


def test_a_rate_limit_that_stays_is_told(hub: Hub, tmp_path: Path) -> None:
    hub.refuse_all = True
    with pytest.raises(DataError, match=r"status 429\), it limits the rate of requests; wait"):
        download(tmp_path)
    hub.refuse_all = False
    hub.refusals = 1000
    with pytest.raises(DataError, match="status 429"):
        download(tmp_path)
    assert set(files_below(tmp_path)) == {LOCK_FILE}


def test_a_disk_without_room_is_seen_before(hub: Hub, mounted: Callable[[str], Path]) -> None:
    disk = mounted("size=64k")
    with pytest.raises(DataError, match=r"has room for [\d.]+ k?B and [\d.]+ [kM]B are to be"):
        download(disk / "data")
    assert files_below(disk) == {}


def test_a_disk_that_fills_up(
    hub: Hub, mounted: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mounted("size=64k")
    monkeypatch.setattr(downloads, "_check_disk", lambda root, needed: None)
    with pytest.raises(DataError, match=r"The disk of .* is full: make room; finished files"):
        download(disk / "data")
    assert not any(name in files_below(disk) for name in (f"data/{FRA}", f"data/{USA}"))
    with pytest.raises(DataError, match="did not end"):
        open_dataset(disk / "data")


def test_a_hub_that_is_not_there(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(DataError, match="could not be reached"):
        download(tmp_path)


def test_a_damaged_or_missing_file_is_fetched_again(hub: Hub, tmp_path: Path) -> None:
    download(tmp_path)
    whole = (tmp_path / FRA).read_bytes()
    (tmp_path / FRA).write_bytes(whole[:-1])
    (tmp_path / USA).unlink()
    with pytest.raises(DataError, match=rf"has {len(whole) - 1} bytes and not {len(whole)}"):
        open_dataset(tmp_path)
    with pytest.raises(DataError, match=r"2 of 3 files are\): repeat"):
        verify(tmp_path)
    (tmp_path / FRA).write_bytes(bytes(len(whole)))
    with pytest.raises(DataError, match="not what was downloaded"):
        verify(tmp_path)
    assert set(download(tmp_path).fetched) == {FRA, USA}
    assert (tmp_path / FRA).read_bytes() == whole


def test_files_that_were_copied_by_hand_are_kept(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / FRA).parent.mkdir()
    (tmp_path / FRA).write_bytes(first_commit()[FRA])
    assert set(download(tmp_path).verified) == {FRA}
    assert hub.gets(FRA) == []


def test_two_downloads_at_once(hub: Hub, tmp_path: Path) -> None:
    with downloads._alone(tmp_path), pytest.raises(DataError, match="Another process is"):
        download(tmp_path)


def test_a_hub_that_names_files_elsewhere(hub: Hub, tmp_path: Path) -> None:
    root = tmp_path / "data"
    hub.commits[FIRST] |= {"../out.npz": b"x", "a/../../x.npz": b"x"}
    download(root, representations=["all"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]
    hub.commits[FIRST][str(tmp_path / "out.npz")] = b"x"
    with pytest.raises(DataError, match="no plain path below a directory"):
        download(root, representations=["all"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("text", ["{}", "[", '{"files": {"../x": {"size": 1}}}'])
def test_a_damaged_lock(tmp_path: Path, text: str) -> None:
    (tmp_path / LOCK_FILE).write_text(text)
    with pytest.raises(DataError, match="is not a lock of downloaded files"):
        open_dataset(tmp_path)


def run_cli(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from benchmark.cli import main; main()", *words],
        env={k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_command_follows_the_environment(hub: Hub, tmp_path: Path) -> None:
    root = str(tmp_path / "data")
    done = run_cli("download", root, "--countries", "FRA", "USA", HF_ENDPOINT=hub.endpoint)
    assert done.returncode == 0, done.stderr
    assert FIRST in done.stdout
    assert "3 files" in done.stdout
    assert "Left out, 3 files" in done.stdout
    hub.requests.clear()
    done = run_cli("download", root, HF_ENDPOINT=hub.endpoint, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert hub.requests == []
    done = run_cli(
        "download", str(tmp_path / "other"), HF_ENDPOINT=hub.endpoint, HF_HUB_OFFLINE="1"
    )
    assert done.returncode == 2
    assert "has no lock of downloaded files" in done.stderr


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_a_whole_directory_runs_without_any_network(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(tmp_path / "data")
    assert command("download", root) == 0

    def refuse(*args: object) -> None:
        raise AssertionError("somebody asked for a network")

    for call in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, call, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert command("download", root, "--offline") == 0
    assert command("inspect", root, "--json") == 0
    assert command(
        "run", "--data", root, "--protocol", "smoke", "--methods", "harmonic.xgboost",
        "--transfers", "FRA:USA", "--out", str(tmp_path / "run"),
    ) == 0  # fmt: skip
    (rows,) = (tmp_path / "run").glob("jobs/*/rows.json*")
    assert '"ok"' in rows.read_text()
    assert json.loads((Path(root) / LOCK_FILE).read_text())["complete"] is True


def test_weights_are_named_by_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"weights"
    file = weights.HubFile("a/enc", "m.pt", hashlib.sha256(content).hexdigest(), "MIT")
    (tmp_path / "m.pt").write_bytes(content)
    monkeypatch.setenv(weights.WEIGHTS_VARIABLE, str(tmp_path / "m.pt"))
    monkeypatch.setattr(weights, "weights_file", lambda name: file)
    weights.fetch.cache_clear()
    out = tmp_path / "usb"
    assert command("download", str(out), "--weights", "enc", "--offline") == 0
    assert (out / "enc" / "m.pt").read_bytes() == content
    assert file.sha256 in capsys.readouterr().out


def test_weights_that_are_not_here_or_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("download", "--weights", "prest") == 2
    assert "did you mean 'presto'?" in capsys.readouterr().err
    assert command("download") == 2
