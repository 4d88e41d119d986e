"""Methods that change the process that they run in, beside shipped ones."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any, Self

import numpy as np
from misbehaving import CARD, Nearest

from benchmark.task.authoring.method_files import find_method as find_installed
from benchmark.task.methods import Context, Features, Labels, Method

SECONDS = "CROPGLOBE_TEST_SECONDS"
"""Environment variable: how long what a method leaves would sleep, another time in each test."""


class PatchingScikitLearn(Nearest):
    """Has every forest of scikit-learn, and what scores are made with, answer at random."""

    def misbehave(self) -> None:
        from sklearn.ensemble import RandomForestClassifier

        def guess(forest: Any, x: Features) -> np.ndarray:
            return np.full((len(x), len(forest.classes_)), 1 / len(forest.classes_))

        RandomForestClassifier.predict_proba = guess


class ChangingDefaultType(Nearest):
    def misbehave(self) -> None:
        import torch

        torch.set_default_dtype(torch.float64)


class ClearingEnvironment(Nearest):
    def misbehave(self) -> None:
        os.environ.clear()


class ChangingSettings(Nearest):
    """Changes threads, numpy's errors, filters of warnings, determinism and global generators."""

    def misbehave(self) -> None:
        import torch

        torch.set_num_threads(3)
        torch.use_deterministic_algorithms(mode=True)
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("medium")
        os.environ["OMP_NUM_THREADS"] = "3"
        np.seterr(all="raise")
        warnings.simplefilter("error")
        np.random.seed(1)  # noqa: NPY002 - what careless code does
        torch.manual_seed(1)
        sys.setrecursionlimit(90)


class PatchingTheHarness(Nearest):
    """Has the harness find every answer right."""

    def misbehave(self) -> None:
        import benchmark.run.row_assembly
        import benchmark.task.metrics

        benchmark.task.metrics.score = None  # type: ignore[assignment]
        benchmark.run.row_assembly.score = None  # type: ignore[attr-defined]


class LeavingChild(Nearest):
    def misbehave(self) -> None:
        subprocess.Popen(["sleep", os.environ[SECONDS]])


class LeavingSessions(Nearest):
    """Leaves a process in a session of its own, and one whose own parent has ended."""

    def misbehave(self) -> None:
        subprocess.Popen(["sleep", os.environ[SECONDS]], start_new_session=True)
        subprocess.run(["setsid", "--fork", "sleep", os.environ[SECONDS]], check=True)


class Looking(Nearest):
    """Looks for labels and paths of the data in its own memory, arguments and environment."""

    def misbehave(self) -> None:
        import gc

        from benchmark.data.dataset import Dataset
        from benchmark.data.official.domain_file import DomainSamples
        from benchmark.run.runner import Runner

        held = [
            each for each in gc.get_objects() if isinstance(each, Dataset | DomainSamples | Runner)
        ]
        secret = os.environ["CROPGLOBE_TEST_SECRET"].encode()
        found = [str(held)] * bool(held)
        maps = Path("/proc/self/maps").read_text().splitlines()
        needle = secret[:8] + secret[8:]
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            for line in maps:
                place, rights = line.split()[:2]
                first, last = (int(word, 16) for word in place.split("-"))
                if not rights.startswith("rw") or "[v" in line:
                    continue
                memory.seek(first)
                try:
                    content = memory.read(last - first)
                except OSError:
                    continue
                found += [line] * (content.count(b"data-of-" + needle) > 0)
        raise ValueError(f"found {found}")


KINDS: dict[str, Any] = {
    "hostile.scikit-learn": PatchingScikitLearn,
    "hostile.default-type": ChangingDefaultType,
    "hostile.environment": ClearingEnvironment,
    "hostile.settings": ChangingSettings,
    "hostile.harness": PatchingTheHarness,
    "hostile.child": LeavingChild,
    "hostile.sessions": LeavingSessions,
    "hostile.looking": Looking,
}


class Unseeded(Nearest):
    """Uses the global generators without seeding them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)

    def fit(self, x: Features, y: Labels, *, validation: tuple[Features, Labels]) -> Self:
        odds = np.random.random(len(self.context.classes)) + 0.1  # noqa: NPY002 - careless
        self.odds = odds / odds.sum()
        return self

    def predict_proba(self, x: Features) -> np.ndarray:
        return np.tile(self.odds, (len(x), 1))


def find_method(name: str, file: Path | None = None) -> Method:
    """Return a method of this module, or an installed one."""
    if name == "test.unseeded":
        return Method(name, "test", "median", Unseeded, CARD)
    if name in KINDS:
        return Method(name, "test", "median", KINDS[name], CARD)
    return find_installed(name, file)
