"""A small honest submission, and forgeries of it that are consistent but for one lie."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.dataset import Dataset
from benchmark.results.run_plans import make_plan, write_plan
from benchmark.results.store import RunStore
from benchmark.run.execution import execute, find_work
from benchmark.run.executors.confinement import why_not_confined
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.authoring.method_files import load_method_file
from benchmark.task.authoring.method_template import new_method
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import ids_hash
from benchmark.task.transfers import select_transfers
from leaderboard.submissions.archive import read_archive, write_archive
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_models import MANIFEST, MEMBERS
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.untrusted_content import read_probabilities, write_probabilities
from leaderboard.submissions.verification.checks import Case, rescore
from leaderboard.submissions.verification.expected_samples import Expectation
from leaderboard.submissions.verification.rerun import verify_again
from leaderboard.submissions.verification.verification import Verdict, verify

TRANSFERS = ("FRA:CHN", "FRA:USA")
SEEDS = (82, 83)

Members = dict[str, bytes]


def make_run(folder: Path, dataset: Dataset, protocol: Protocol, code: str | None = None) -> Path:
    """Write a method file with a filled card, run it, and return the run directory.

    Args:
        folder: Where to write; the file is ``my_method.py``.
        dataset: The data.
        protocol: The protocol.
        code: Text of the file, in place of the template's.
    """
    file = folder / "my_method.py"
    if code is None:
        new_method("my-method", "sklearn", folder)
        code = file.read_text("utf-8").replace("FILL IN: ", "")
    file.write_text(code, "utf-8")
    chosen = protocol.model_copy(update={"seeds": SEEDS})
    transfers = select_transfers(TRANSFERS, dataset.domains)
    jobs = plan(dataset, chosen, load_method_file(file), transfers)
    store = RunStore(folder / "run")
    store.prepare()
    execute(find_work(jobs, store), Runner(dataset, chosen), store)
    asked = make_plan(
        [(job.identity, job.targets) for job in jobs],
        dataset=dataset.card.name,
        data_path=str(dataset.root),
        protocol=chosen.model_dump(mode="json"),
    )
    write_plan(store.root, asked)
    return store.root


def forge(honest: Path, out: Path, change: Callable[[Members], object]) -> Path:
    """Change the members of a submission and make its manifest agree with what is there.

    Args:
        honest: The submission to begin with.
        out: Where to write.
        change: Changes members in place; a manifest that it replaced stays as it is but for the
            list of files.
    """
    members = read_archive(honest, MEMBERS)
    change(members)
    manifest = json.loads(members.pop(MANIFEST))
    manifest["files"] = {
        name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
    }
    members[MANIFEST] = json.dumps(manifest).encode()
    write_archive(out, members)
    return out


def in_json(name: str, change: Callable[[Any], object]) -> Callable[[Members], None]:
    """Return a change of what a JSON member says."""

    def apply(members: Members) -> None:
        content = json.loads(members[name])
        change(content)
        members[name] = json.dumps(content).encode()

    return apply


def in_probabilities(
    place: str, change: Callable[[np.ndarray], np.ndarray]
) -> Callable[[Members], None]:
    """Return a change of an array of probabilities, such as ``FRA/CHN/82``."""

    def apply(members: Members) -> None:
        name = f"predictions/{place}.npy"
        members[name] = write_probabilities(change(read_probabilities(members[name], name).copy()))

    return apply


def one_seed_under_two_names(noise: float) -> Callable[[Members], None]:
    """Return a change that gives the answers and scores of the first seed to the second too.

    Args:
        noise: By how much probabilities of the copy are moved.
    """

    def apply(members: Members) -> None:
        first, second = SEEDS
        rows = json.loads(members["rows.json"])
        scored = {(row["target"], row["seed"]): row for row in rows}
        for target in {row["target"] for row in rows}:
            content = members[f"predictions/FRA/{target}/{first}.npy"]
            members[f"predictions/FRA/{target}/{second}.npy"] = content
            in_probabilities(f"FRA/{target}/{second}", moved(noise))(members)
            for key in ("scores", "confusion"):
                scored[target, second][key] = scored[target, first][key]
        members["rows.json"] = json.dumps(rows).encode()

    return apply


def moved(noise: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a change of probabilities by a little in favour of the class that leads anyway."""

    def apply(array: np.ndarray) -> np.ndarray:
        certain = np.eye(array.shape[1], dtype=np.float32)[array.argmax(axis=1)]
        changed: np.ndarray = (1 - np.float32(noise)) * array + np.float32(noise) * certain
        return changed

    return apply


def with_true_scores(forged: Path, out: Path, dataset: Dataset) -> Path:
    """Make the rows of a submission state what its predictions give, as forgers can who have data.

    Args:
        forged: The submission.
        out: Where to write.
        dataset: The data.
    """
    submission = read_submission(forged)
    case = Case(submission, dataset, Expectation(dataset, submission.protocol))

    def state(rows: Any) -> None:
        for content, row in zip(rows, submission.rows, strict=True):
            found, content["confusion"] = rescore(case, row)
            content["scores"] = found.model_dump(mode="json")

    return forge(forged, out, in_json("rows.json", state))


def trained_again(verdict: Verdict, dataset: Dataset, *, inspected: bool = False) -> Verdict:
    """Train a submission again, confined where that is possible on this machine."""
    confined = why_not_confined() is None
    return verify_again(verdict, dataset, confined=confined, inspected=inspected)


def with_samples(
    members: Members,
    pair: str,
    ids: Callable[[list[str]], list[str]],
    rows: Callable[[np.ndarray], np.ndarray],
) -> None:
    """Change the scored samples of a pair such as ``FRA/CHN``, and what rows say of them."""
    name = f"samples/{pair}.txt"
    found = ids(members[name].decode().removesuffix("\n").split("\n"))
    members[name] = "\n".join(found).encode() + b"\n"
    for seed in SEEDS:
        in_probabilities(f"{pair}/{seed}", rows)(members)
    source, target = pair.split("/")

    def describe(content: Any) -> None:
        for row in content:
            if (row["source"], row["target"]) == (source, target):
                row["data"]["n_test"] = len(found)
                row["data"]["ids_hash"] = ids_hash(np.array(found))

    in_json("rows.json", describe)(members)


ANSWER = "return np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))"


def method(run: Path, answer: str, more: str = "") -> str:
    """Return the code of the honest method with another answer: `answer` is what it begins with."""
    code = (run.parent / "my_method.py").read_text("utf-8")
    assert code.count(ANSWER) == 1
    return code.replace(ANSWER, ANSWER.replace("return", "answer =") + answer) + more


def packed(run: Path, out: Path) -> Path:
    pack(run, "my-method", out, authors=["Ada"], source=Source(file=run.parent / "my_method.py"))
    return out


def problems(verdict: Verdict) -> str:
    return " ".join(text for finding in verdict.findings for text in finding.problems)


def judged(path: Path, dataset: Dataset) -> Verdict:
    verdict = verify(read_submission(path), dataset)
    assert verdict.accepted, problems(verdict)
    return trained_again(verdict, dataset)
