"""Methods that hang, die or are slow, found by name in a worker process."""

import ctypes
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import DataError
from benchmark.task.methods import Card, Context, Features, Labels, Method

CARD = Card(summary="a test", reference="tests", licence="MIT")
MARKS = "CROPGLOBE_TEST_MARKS"
"""Environment variable that names a folder in which methods leave marks."""


class Nearest:
    """Class of the nearest class mean; small, fast and good on the tiny data."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> "Nearest":
        self.misbehave()
        flat = x.reshape(len(x), -1)
        self.means_ = np.stack(
            [flat[y == k].mean(axis=0) for k in range(len(self.context.classes))]
        )
        return self

    def misbehave(self) -> None:
        """Do nothing amiss."""

    def predict_proba(self, x: Features) -> np.ndarray:
        distance = np.square(x.reshape(len(x), 1, -1) - self.means_).sum(axis=2)
        return np.asarray(np.eye(len(self.means_))[distance.argmin(axis=1)])


class Hanging(Nearest):
    def misbehave(self) -> None:
        threading.Event().wait()


class Parental(Nearest):
    def misbehave(self) -> None:
        with subprocess.Popen(["sleep", "600"]) as child:
            (Path(os.environ[MARKS]) / "child").write_text(str(child.pid))
            child.wait()


class Marking(Nearest):
    """Says for which worker it was fitted: its process was started by what that has started."""

    def misbehave(self) -> None:
        with (Path(os.environ[MARKS]) / "workers").open("a") as file:
            stat = Path(f"/proc/{os.getppid()}/stat").read_text()
            file.write(f"{stat.rpartition(')')[2].split()[1]}\n")


class Parricidal(Nearest):
    """Kills what has started its process, three times, and waits to be killed for that."""

    def misbehave(self) -> None:
        path = Path(os.environ[MARKS]) / "parents"
        if not path.exists() or len(path.read_text().split()) < 3:
            with path.open("a") as file:
                file.write("killed\n")
            os.kill(os.getppid(), signal.SIGKILL)
            threading.Event().wait()


class Segfaulting(Nearest):
    def misbehave(self) -> None:
        ctypes.string_at(0)


class Exiting(Nearest):
    def misbehave(self) -> None:
        os._exit(7)


class Killed(Nearest):
    def misbehave(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class KilledOnce(Nearest):
    def misbehave(self) -> None:
        mark = Path(os.environ[MARKS]) / "killed"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Raising(Nearest):
    def misbehave(self) -> None:
        raise ValueError("what is wrong")


class Refusing(Nearest):
    def __init__(self, context: Context) -> None:
        os._exit(1)


KINDS: dict[str, Any] = {
    "test.nearest": Nearest,
    "test.hanging": Hanging,
    "test.parental": Parental,
    "test.marking": Marking,
    "test.parricidal": Parricidal,
    "test.segfaulting": Segfaulting,
    "test.exiting": Exiting,
    "test.killed": Killed,
    "test.killed-once": KilledOnce,
    "test.raising": Raising,
}


def find_method(name: str, file: Path | None = None) -> Method:
    """Return a method of this module."""
    del file
    return Method(name=name, family="test", representation="median", build=KINDS[name], card=CARD)


def refuse_to_start(name: str, file: Path | None = None) -> Method:
    """Stand for a process that cannot begin."""
    del file
    raise DataError(f"no {name} here")
