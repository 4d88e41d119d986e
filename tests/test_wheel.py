"""The wheel holds every file that the packages need, and nothing else."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("baselines", "benchmark", "cropglobe", "cropnet", "leaderboard")


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a wheel, built from what git would commit, without the network."""
    place = tmp_path_factory.mktemp("wheel")
    if not (ROOT / ".git").exists():
        pytest.skip("no clone: git says which files belong to the source")
    source = place / "source"
    source.mkdir()
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    archive = place / "source.tar"
    with tarfile.open(archive, "w") as tar:
        for name in filter(None, map(bytes.decode, names)):
            if (ROOT / name).is_file():
                tar.add(ROOT / name, name)
    with tarfile.open(archive) as tar:
        tar.extractall(source, filter="data")
    pytest.importorskip("setuptools", minversion="77")
    build = "from setuptools.build_meta import build_wheel; build_wheel('..')"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.slow
def test_every_file_of_the_packages_is_in_the_wheel(contents: dict[str, bytes]) -> None:
    words = ["git", "ls-files", *PACKAGES]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = {name for name in listed.splitlines() if (ROOT / name).is_file()}
    needed = {name for name in files if not name.endswith("/.gitkeep")}  # holds a folder in git
    packed = {name for name in contents if ".dist-info/" not in name}
    assert needed <= packed, sorted(needed - packed)
    tops = {name.split("/")[0] for name in packed}
    assert tops == {*PACKAGES, "cropglobe_launcher.py"}
    assert not [name for name in packed if name.endswith((".pyc", ".db", ".log"))]


@pytest.mark.slow
def test_the_wheel_names_its_command_and_its_licence(contents: dict[str, bytes]) -> None:
    from benchmark import __version__

    folder = f"cropglobe_benchmark-{__version__}.dist-info"
    points = contents[f"{folder}/entry_points.txt"].decode()
    assert "cropglobe = cropglobe_launcher:main" in points
    assert f"{folder}/licenses/LICENSE" in contents
    assert f"Version: {__version__}\n" in contents[f"{folder}/METADATA"].decode()
