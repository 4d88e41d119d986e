"""Confine the process of a method with bubblewrap: without network, home, data; limited resources.

bubblewrap (https://github.com/containers/bubblewrap, Debian package `bubblewrap`) starts a process
in separate name spaces. This module lists the files that the process can see: the interpreter, the
installed packages and the method's file, all read-only, and an empty folder in memory.
"""

import importlib.util
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from benchmark.errors import UsageError
from benchmark.files import user_path

PROGRAM: Final = "bwrap"
SECONDS_TO_TRY: Final = 20

SYSTEM: Final = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/opt/nvidia",
    "/sys/devices/system/cpu",
)
"""Files of the system that programs and libraries need. Missing ones are left out."""

HOME: Final = "/tmp"  # noqa: S108 - inside: an empty folder in memory, removed with the process

METHOD_FOLDER: Final = Path("/method")
"""Folder of the method's file inside. The path outside is hidden: it may name the verifier."""

GROUPS: Final = ("cropglobe.methods", "cropglobe.representations", "cropglobe.weights")
"""Entry-point groups whose packages the process can see."""

KEPT: Final = (
    "LANG",
    "LC_ALL",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "CUDA_VISIBLE_DEVICES",
    "LD_LIBRARY_PATH",
)
"""Environment variables that the process gets besides those of `_environment`."""

GIGABYTE: Final = 2**30


@dataclass(frozen=True)
class Limits:
    """The resources that the process of a method and the processes that it starts may use.

    The time is limited by the protocol's limit for a job.

    Attributes:
        memory_bytes: Memory of all processes together; also the most that one may allocate.
        file_bytes: Size of files. They are in memory and are removed at the end.
        processes: Number of processes at the same time.
        open_files: Number of open files of each process.
    """

    memory_bytes: int = 8 * GIGABYTE
    file_bytes: int = GIGABYTE // 2
    processes: int = 64
    open_files: int = 512

    def of_each_process(self) -> dict[str, int]:
        """Return the limits that the kernel enforces for each process (getrlimit(2))."""
        return {
            "RLIMIT_DATA": self.memory_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_CORE": 0,
        }


@cache
def why_not_confined() -> str | None:
    """Return why this machine cannot confine a process, in a sentence; ``None`` if it can."""
    if sys.platform != "linux":
        return "Methods can be confined on Linux only."
    program = shutil.which(PROGRAM)
    if program is None:
        return "bubblewrap is not installed: apt-get install bubblewrap, or the like."
    command = [program, *_name_spaces(), *_read_only(SYSTEM), "true"]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words
            command, capture_output=True, text=True, timeout=SECONDS_TO_TRY, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"bubblewrap does not start: {error}."
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        return f"bubblewrap cannot make a name space here ({said}): the system or container forbids"
    return None


def require_confinement(data: Path | None = None) -> None:
    """Check that this machine can confine methods, and that they cannot see some data.

    Args:
        data: Directory of the data, which must not be in a folder that a confined process sees.

    Raises:
        UsageError: If methods cannot be confined in this way.
    """
    problem = why_not_confined()
    if problem is not None:
        raise UsageError(f"Methods cannot be confined: {problem}")
    if data is None:
        return
    for seen in visible_paths():
        if data.resolve().is_relative_to(seen.resolve()):
            raise UsageError(
                f"Methods cannot be confined: {data} lies inside {seen}, which they must see; "
                "move the data elsewhere."
            )


def confined_command(
    *,
    file: Path | None,
    words: Sequence[str],
    device: str,
    limits: Limits,
    variables: Mapping[str, str],
) -> list[str]:
    """Return the command that runs a module of this package in a confined process.

    Args:
        file: Method file that the process can see; ``None`` for an installed method.
        words: Module and arguments, as after ``python -m``.
        device: ``cpu`` or ``cuda:N``. Only with the latter the process sees the files of a GPU.
        limits: Limits of its resources.
        variables: Additional environment variables.

    Returns:
        The command.
    """
    program = shutil.which(PROGRAM) or PROGRAM
    # The empty folder comes first, since visible files may be below it.
    command = [program, *_name_spaces(), "--size", str(limits.file_bytes), "--tmpfs", HOME]
    command += _read_only(map(str, visible_paths()))
    if file is not None:
        command += ["--ro-bind", str(file.resolve()), str(inside(file))]
    if device.startswith("cuda"):
        for path in sorted(Path("/dev").glob("nvidia*")):
            command += ["--dev-bind", str(path), str(path)]
    command += ["--size", str(limits.file_bytes), "--tmpfs", "/dev/shm"]  # noqa: S108 - inside
    command += ["--remount-ro", "/dev", "--remount-ro", "/"]
    for name, value in {**_environment(os.environ), **variables}.items():
        command += ["--setenv", name, value]
    return [*command, "--chdir", HOME, sys.executable, "-m", *words]


def inside(file: Path) -> Path:
    """Return the path of a method file inside of a confined process."""
    return METHOD_FOLDER / file.name


def visible_paths() -> tuple[Path, ...]:
    """Return the paths that a confined process can read, besides its method file."""
    found = [Path(path) for path in SYSTEM]
    found += [Path(path) for path in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    found += [Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib")]
    found += [Path(sys.executable).resolve().parent, *_site_folders(), *_package_folders()]
    weights = os.environ.get("CROPGLOBE_WEIGHTS")
    if weights:
        found.append(user_path(weights).resolve())
    return tuple(dict.fromkeys(path for path in found if path.exists()))


def _site_folders() -> Iterator[Path]:
    """Yield the folders of installed packages, also those of the environment that this one uses."""
    known = {Path(path).resolve() for path in (*site.getsitepackages(), site.getusersitepackages())}
    for word in sys.path:
        path = Path(word or ".").resolve()
        if path in known or path.name in ("site-packages", "dist-packages"):
            yield path


def _package_folders() -> Iterator[Path]:
    """Yield the folders of the packages with methods, which may be in a checkout."""
    names = {"benchmark"}
    for group in GROUPS:
        names |= {
            point.value.partition(":")[0].partition(".")[0] for point in entry_points(group=group)
        }
    for name in sorted(names):
        spec = importlib.util.find_spec(name)
        if spec is None:
            continue
        if spec.submodule_search_locations:
            yield from map(Path, spec.submodule_search_locations)
        elif spec.origin is not None:
            yield Path(spec.origin)


def _name_spaces() -> list[str]:
    """Return the options for separate users, processes, network, host name and devices."""
    apart = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
    bare = ["--clearenv", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev"]
    return [*apart, *bare, "--hostname", "method"]


def _read_only(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if Path(path).exists():
            yield from ("--ro-bind", path, path)


def _environment(of: Mapping[str, str]) -> dict[str, str]:
    here = Path.cwd().resolve()
    places = [path for path in sys.path if Path(path).exists() and Path(path).resolve() != here]
    own = {
        "HOME": HOME,
        "PATH": "/usr/bin:/bin",
        "TMPDIR": HOME,
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONSAFEPATH": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    weights = of.get("CROPGLOBE_WEIGHTS")
    if weights:
        own["CROPGLOBE_WEIGHTS"] = str(user_path(weights).resolve())
    return {name: of[name] for name in KEPT if name in of} | own
