"""Hostile archives are refused in bounded memory; nothing is written and nothing is run."""

import io
import json
import os
import pickle
import stat
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from forged import Members, forge

from benchmark.errors import SubmissionError
from leaderboard.submissions.archive import MOST_MEMBERS, printable, read_archive
from leaderboard.submissions.submission_models import MEMBERS
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.untrusted_content import read_probabilities

MEMORY: int = 64 * 1024**2
"""Bytes that refusing may take at most."""


@pytest.fixture(autouse=True)
def _nothing_written_and_little_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Work in an empty folder that stays empty, and see that memory stays small."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    yield
    assert list(place.iterdir()) == []
    assert not (tmp_path / "escaped").exists()


def refused(path: Path) -> str:
    """Return why an archive is refused; see to the memory that this takes."""
    tracemalloc.start()
    try:
        with pytest.raises(SubmissionError) as caught:
            read_submission(path)
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    return str(caught.value)


def with_member(honest: Path, out: Path, name: str, content: bytes = b"x", mode: int = 0) -> Path:
    """Copy an archive and add a member of any name and kind."""
    with zipfile.ZipFile(honest) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            new.writestr(member, old.read(member))
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = mode << 16
        new.writestr(entry, content)
    return out


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "code/../../escaped",
        "/tmp/escaped",
        "C:\\escaped",
        "..\\escaped",
        "code/..\\escaped.py",
        "code//x.py",
        "./manifest.json",
        "code/__init__.pyc",
        "code/x.py\n",
        "code/x\u202eyp.py",
        "verdict.json",
        "predictions/FRA/CHN/82.npz",
        "predictions/FRA/CHN/٣.npy",
        "",
    ],
)
def test_names_that_point_elsewhere(name: str, honest: Path, tmp_path: Path) -> None:
    assert "belongs to no submission" in refused(with_member(honest, tmp_path / "x.zip", name))


def test_a_name_cut_short_by_a_null_byte(honest: Path, tmp_path: Path) -> None:
    """zipfile ends a name at a null byte, so that what it shows is not what is stored."""
    path = with_member(honest, tmp_path / "x.zip", "code/xxxxx_tail")
    path.write_bytes(path.read_bytes().replace(b"code/xxxxx_tail", b"code/x.py\0_tail"))
    assert "belongs to no submission" in refused(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices(kind: int, honest: Path, tmp_path: Path) -> None:
    path = with_member(honest, tmp_path / "x.zip", "code/x.py", b"/etc/passwd", kind | 0o777)
    assert "is a link or device" in refused(path)


def test_a_member_twice(honest: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = with_member(honest, tmp_path / "x.zip", "rows.json", b"[]")
    assert "'rows.json' twice" in refused(path)


def test_a_bomb_of_ten_gigabytes_in_one_megabyte(tmp_path: Path) -> None:
    """A gigabyte of zeros ten times: entries share the compressed bytes, as real bombs do."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(1024**2)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    data = block * 1024 + squeeze.flush()
    path = tmp_path / "bomb.zip"
    path.write_bytes(archive_of("rows.json", data, compressed=True, size=1024**3, times=10))
    assert path.stat().st_size < 1.2 * 1024**2
    assert "compressed" in refused(path) or "twice" in refused(path)


def test_stored_members_that_share_their_bytes(tmp_path: Path) -> None:
    """Without compression the same trick makes much of little: it must not either."""
    names = [f"code/x{number}.py" for number in range(100)]
    data = bytes(8 * 1024**2)
    path = tmp_path / "shared.zip"
    path.write_bytes(archive_of(names, data, compressed=False, size=len(data), times=100))
    assert "overlaps" in refused(path)


def test_a_size_that_lies(tmp_path: Path) -> None:
    data = zlib.compress(bytes(64 * 1024**2))[2:-4]
    path = tmp_path / "lie.zip"
    path.write_bytes(archive_of("rows.json", data, compressed=True, size=len(data), times=1))
    assert "compressed" in refused(path)


def archive_of(
    names: str | list[str], data: bytes, *, compressed: bool, size: int, times: int
) -> bytes:
    """Return an archive whose central directory names one piece of data several times."""
    named = [names] * times if isinstance(names, str) else names
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    common = (20, 0, method, 0, 0x21, zlib.crc32(data), len(data), size)
    first = named[0].encode()
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *common, len(first), 0) + first
    directory = b""
    for name in named:
        entry = struct.pack(
            "<4sH5H3L5H2L", b"PK\x01\x02", 0x314, *common, len(name), 0, 0, 0, 0, 0, 0
        )
        directory += entry + name.encode()
    start = len(local) + len(data)
    end = struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, len(named), len(named), len(directory), start, 0
    )
    return local + data + directory + end


@pytest.mark.parametrize("count", [MOST_MEMBERS + 1, 60_000, 100_000])
def test_many_files(count: int, tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"samples/A/B{number}.txt"), b"")
    assert f"{MOST_MEMBERS} files" in refused(path)


def test_a_large_form_behind_the_longest_comment(tmp_path: Path) -> None:
    """The mark of the large form lies as far from the end as it can."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(66_000):
            archive.writestr(zipfile.ZipInfo(f"samples/A/B{number}.txt"), b"")
        archive.comment = b"x" * 65_535
    assert "zip64" in refused(path)


def test_a_count_that_lies(tmp_path: Path) -> None:
    """The end record says one file, the directory before it holds 60,000."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(60_000):
            archive.writestr(zipfile.ZipInfo(f"samples/A/B{number}.txt"), b"")
    content = bytearray(path.read_bytes())
    struct.pack_into("<2H", content, len(content) - 22 + 8, 1, 1)
    path.write_bytes(content)
    assert f"{MOST_MEMBERS} files" in refused(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"PK\x05\x06", b"PK\x05\x06" + bytes(18), os.urandom(4096)],
    ids=["empty", "text", "cut", "nothing in it", "noise"],
)
def test_what_is_no_archive(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    refused(path)


def test_an_archive_damaged_at_any_byte_never_does_more_than_be_refused(
    honest: Path, tmp_path: Path
) -> None:
    """Whatever a byte is changed to, the answer is a submission or the one kind of error."""
    content = honest.read_bytes()
    random = np.random.default_rng(11)
    path = tmp_path / "damaged.zip"
    places = random.integers(0, len(content), 150).tolist()
    places += random.integers(len(content) - 1500, len(content), 150).tolist()  # the directory
    refusals = 0
    for place in places:
        changed = bytearray(content)
        changed[place] ^= int(random.integers(1, 256))
        path.write_bytes(changed)
        try:
            read_submission(path)
        except SubmissionError:
            refusals += 1
    assert refusals > len(places) // 2


class Loaded:
    """Says so when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("unpickled",)


def pickled_array() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([[Loaded()]], dtype=object), allow_pickle=True)
    return stream.getvalue()


def npy(shape: str, data: bytes = b"", descr: str = "'<f4'", version: bytes = b"\x01\x00") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + data


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pickled_array(), "Python objects"),
        (pickle.dumps(Loaded()), "no array"),
        (npy("(1000000000000, 7)"), r"says \(1000000000000, 7\) but holds 0 bytes"),
        (npy("(-1, 7)"), "but holds"),
        (npy("(2, 2)", bytes(15)), "but holds 15 bytes"),
        (npy("(2, 2)", bytes(17)), "but holds 17 bytes"),
        (npy("(4,)", bytes(16)), "need float32"),
        (npy("(2, 2)", bytes(32), "'<f8'"), "need float32"),
        (npy("(2, 2)", bytes(16), "'|O'"), "Python objects"),
        (npy("(2, 2)", bytes(16), "[('a', '|O')]"), "Python objects"),
        (npy("(2, 0)"), "need float32"),
        (npy("(2, 2)", bytes(16), version=b"\x03\x00"), "version"),
        (npy("(__import__('os').mkdir('unpickled'), 2)"), "no array"),
        (npy("(" * 3000 + ")" * 3000), "no array"),
        (npy("("), "no array"),
        (npy("(1, 2)" + " " * 20_000, bytes(8)), "no array"),
        (b"", "no array"),
    ],
)
def test_arrays_that_are_more_than_numbers(content: bytes, reason: str) -> None:
    with pytest.raises(SubmissionError, match=reason):
        read_probabilities(content, "x.npy")


def test_a_pickle_in_an_array_of_a_submission(honest: Path, tmp_path: Path) -> None:
    def change(members: Members) -> None:
        members["predictions/FRA/CHN/82.npy"] = pickled_array()

    assert "Python objects" in refused(forge(honest, tmp_path / "x.zip", change))


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
"""Nine times nine times nine ...: a terabyte of text once written out."""


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("protocol.yaml", ALIASES.encode(), "anchors or aliases"),
        ("protocol.yaml", b"name: &x smoke\n", "anchors or aliases"),
        ("protocol.yaml", b"!!python/object/apply:os.mkdir [unpickled]", "protocol.yaml"),
        ("protocol.yaml", b"[" * 8000, "more than 64 brackets"),
        ("protocol.yaml", b"- " * 4000, "protocol.yaml"),
        ("protocol.yaml", b"? " * 4000, "protocol.yaml"),
        ("protocol.yaml", b"x" * 9000, "8192 are the limit"),
        ("protocol.yaml", b"seeds: 2001-99-99", "protocol.yaml"),
        ("protocol.yaml", "name: m\u00e9thode".encode("latin-1"), "is not UTF-8"),
        ("rows.json", '[{"method": "m\u00e9thode"}]'.encode("latin-1"), "is not UTF-8"),
        ("rows.json", "[]".encode("utf-16"), "is not UTF-8"),
        ("samples/FRA/CHN.txt", b"\xff\xfe", "is not UTF-8"),
        ("code/my_method.py", b"# \xe9", "is not UTF-8"),
        ("code/my_method.py", b"#" * 300_000, "262144 are the limit"),
        ("rows.json", b"[" * 100_000, "not valid JSON"),
        ("rows.json", b'{"a": 1, "a": 2}', "a key is repeated"),
        ("rows.json", b"[" + b"9" * 5000 + b"]", "not valid JSON"),
        ("rows.json", b"{}", "form of a submission"),
        ("card.json", b"[]", "does not state 'licence'"),
    ],
)
def test_texts_that_are_more_than_text(
    name: str, content: bytes, reason: str, honest: Path, tmp_path: Path
) -> None:
    def change(members: Members) -> None:
        members[name] = content

    assert reason in refused(forge(honest, tmp_path / "x.zip", change))


def test_reading_runs_no_code(honest: Path, tmp_path: Path) -> None:
    """Code that writes on import, fails on import, or is no Python at all is text and no more."""

    def change(members: Members) -> None:
        members["code/my_method.py"] = b"import os; os.mkdir('ran')\n1/0\n((("

    submission = read_submission(forge(honest, tmp_path / "x.zip", change))
    assert submission.code is not None
    assert submission.code.endswith("(((")


def test_a_manifest_that_does_not_fit(honest: Path, tmp_path: Path) -> None:
    members = read_archive(honest, MEMBERS)
    from leaderboard.submissions.archive import write_archive

    path = tmp_path / "x.zip"
    write_archive(path, members | {"rows.json": members["rows.json"] + b" "})
    assert "'rows.json' is not what the manifest's checksum says" in refused(path)
    write_archive(path, members | {"code/other.py": b""})
    assert "'code/other.py' of the submission is not in its manifest" in refused(path)
    write_archive(path, {k: v for k, v in members.items() if k != "environment.json"})
    assert "no environment.json" in refused(path)
    manifest = json.loads(members["manifest.json"]) | {"form_version": 2}
    write_archive(path, members | {"manifest.json": json.dumps(manifest).encode()})
    assert "form_version" in refused(path)


def test_a_strangers_text_cannot_steer_a_terminal_or_a_page() -> None:
    assert printable("a\x1b[2Jb\nc\u202ed") == "a?[2Jb?c?d"
    assert len(printable("x" * 10_000)) < 250
