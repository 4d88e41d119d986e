"""What others have tried to get a mark by rerun: other answers, other costs, other seeds.

Each is one that once worked (issue 18), as are those in `test_known_labels.py` and
`test_stated_content.py`. Those that need code to be run are trained in this process here; that
labels are out of reach is tried in `test_rerun.py`.
"""

from pathlib import Path
from typing import Any

import numpy as np
from forged import (
    SEEDS,
    Members,
    forge,
    in_json,
    in_probabilities,
    judged,
    make_run,
    method,
    packed,
    problems,
    with_true_scores,
)

from benchmark.data.dataset import Dataset
from benchmark.data.taxonomy import CROPS
from benchmark.results.store import RunStore
from benchmark.task.protocol import Protocol
from leaderboard.results import read_results
from leaderboard.submissions.own_rows import OWN_ROWS
from leaderboard.submissions.row_import import import_submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import accept, with_verdicts


def true_columns(dataset: Dataset, path: Path, target: str) -> np.ndarray:
    """Return the column of the true class of each sample of an archive, -1 without one."""
    submission = read_submission(path)
    samples = dataset.load(target)
    labels = dict(zip(samples.sample_ids.tolist(), samples.labels.tolist(), strict=True))
    row = next(row for row in submission.rows if row.target == target)
    classes = row.data.classes or ()
    names = [CROPS[labels[name]] for name in submission.samples[row.source, target]]
    return np.array([classes.index(name) if name in classes else -1 for name in names])


def favoured(dataset: Dataset, path: Path, amount: float) -> Any:
    """Return a change of every array in favour of the true class."""

    def change(members: Members) -> None:
        for target in ("CHN", "USA", "FRA"):
            truth = true_columns(dataset, path, target)

            def favour(array: np.ndarray, truth: np.ndarray = truth) -> np.ndarray:
                array[np.arange(len(truth)), truth] += np.float32(amount)
                moved: np.ndarray = array / array.sum(axis=1, keepdims=True)
                return moved

            for seed in SEEDS:
                in_probabilities(f"FRA/{target}/{seed}", favour)(members)

    return change


WEAK = (
    "\n        bright = x.reshape(len(x), -1).mean(axis=1) > LEVEL\n"
    "        answer[bright] = np.roll(answer[bright], 1, axis=1)\n        return answer"
)
"""An honest method that errs: brighter samples are answered wrongly."""


def weak(run: Path, dataset: Dataset) -> str:
    series = dataset.load("CHN").series[:, :, 24:67]
    level = np.quantile(series.reshape(len(series), -1).mean(axis=1), 0.8)
    return method(run, WEAK.replace("LEVEL", f"{level:.4f}"))


# 1 and 7: after a rerun scores, predictions and costs are the verifier's own.


def test_answers_without_contrast_do_not_hide_other_answers(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
) -> None:
    """All probabilities agree within 0.001, and every class is another."""
    flat = "\n        k = answer.shape[1]\n        return 1 / k + 5e-4 * (answer[:, ::-1] - 1 / k)"
    code = method(run, flat).replace("pretraining=None", "deterministic=True, pretraining=None")
    made = packed(make_run(tmp_path, tiny, quick, code), tmp_path / "a.zip")
    lie = forge(made, tmp_path / "b.zip", favoured(tiny, made, 6e-4))
    lie = with_true_scores(lie, tmp_path / "c.zip", tiny)
    stated = [r.scores.macro_f1 for r in read_submission(lie).rows if r.scores]
    assert min(stated) > 0.99
    verdict = judged(lie, tiny)
    assert not verdict.accepted
    assert "points from that of training again" in problems(verdict)


def test_what_a_lie_gains_within_the_tolerance_is_not_shown(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
) -> None:
    """Every seed blurred, two errors mended, and a fit of 0.1 ms in one byte: none of it counts."""
    honest = packed(make_run(tmp_path, tiny, quick, weak(run, tiny)), tmp_path / "honest.zip")

    def lie(members: Members) -> None:
        truth = true_columns(tiny, honest, "CHN")

        def mend(array: np.ndarray) -> np.ndarray:
            wrong = np.flatnonzero(array.argmax(axis=1) != truth)[:2]
            assert len(wrong) == 2
            array[wrong] = np.eye(array.shape[1], dtype=np.float32)[truth[wrong]]
            return array

        def blur(array: np.ndarray) -> np.ndarray:
            blurred: np.ndarray = np.float32(0.9) * array + np.float32(0.1 / array.shape[1])
            return blurred

        for seed in SEEDS:
            for target in ("CHN", "USA", "FRA"):
                in_probabilities(f"FRA/{target}/{seed}", blur)(members)
            in_probabilities(f"FRA/CHN/{seed}", mend)(members)

        def cheap(rows: Any) -> None:
            for row in rows:
                row["cost"] |= {"fit_seconds": 1e-4, "peak_memory_bytes": 1, "parameters": 1}
                row["cost"]["fit_samples_per_second"] = 1e9

        in_json("rows.json", cheap)(members)

    path = with_true_scores(forge(honest, tmp_path / "a.zip", lie), tmp_path / "b.zip", tiny)
    verdict = judged(path, tiny)
    own = {(row.transfer, row.seed): row for row in verdict.rows}
    honest_rows = {(row.transfer, row.seed): row for row in read_submission(honest).rows}
    assert {place: row.scores for place, row in own.items()} == {
        place: row.scores for place, row in honest_rows.items()
    }
    assert all(row.cost.fit_seconds != 1e-4 for row in own.values())
    assert verdict.accepted, problems(verdict)
    folder = accept(verdict, tmp_path / "s", verifier="Grace Hopper", url=None)
    assert (folder / OWN_ROWS).is_file()
    honest_scores = {place: row.scores for place, row in honest_rows.items()}
    for trained in (None, verdict.trained):
        store = RunStore(tmp_path / ("theirs" if trained is None else "into"))
        import_submission(verdict.submission, tiny, store, trained)
        shown = with_verdicts(read_results([store.root]), tmp_path / "s")
        assert {(row.transfer, row.seed): row.scores for row in shown.rows} == honest_scores
        assert len(shown.confirmed) == (4 if trained is None else 6), "two have other answers"


def test_the_costs_that_are_shown_are_the_verifiers(
    honest: Path, run: Path, tiny: Dataset, here: None, tmp_path: Path
) -> None:
    """Of the author's own run too, whose rows have the same scores."""

    def cheap(rows: Any) -> None:
        for row in rows:
            row["cost"] |= {"fit_seconds": 1e-4, "peak_memory_bytes": 1}
            row["cost"]["fit_samples_per_second"] = 1e9

    path = forge(honest, tmp_path / "a.zip", in_json("rows.json", cheap))
    verdict = judged(path, tiny)
    assert verdict.accepted, problems(verdict)
    accept(verdict, tmp_path / "s", verifier="Grace Hopper", url=None)
    theirs = RunStore(tmp_path / "theirs")
    import_submission(read_submission(path), tiny, theirs)
    for root in (run, theirs.root):
        found = with_verdicts(read_results([root], draws=0), tmp_path / "s")
        own = {(row.transfer, row.seed): row.cost for row in verdict.rows}
        assert {(row.transfer, row.seed): row.cost for row in found.rows} == own
        assert found.verification["my-method"] == verdict.level
        assert len(found.stated) == len(found.rows)
    into = RunStore(theirs.root)
    import_submission(verdict.submission, tiny, into, verdict.trained)
    jobs = into.read_all()[0]
    assert all(row.cost.fit_seconds != 1e-4 for job in jobs for row in job.rows)


# 2: every seed is tried without a chance to look samples up.


def test_code_that_cheats_under_the_second_seed_alone_is_noticed(
    run: Path, tiny: Dataset, quick: Protocol, here: None, other_secrets: None, tmp_path: Path
) -> None:
    table = (
        "\n        if self.context.seed != 82:\n"
        "            for row, series in enumerate(x):\n"
        "                digest = hashlib.sha256(series.tobytes()).digest()\n"
        "                answer[row] = np.roll(answer[row], digest[0] % 2 + 1)\n"
        "        return answer"
    )
    code = method(run, table).replace("import numpy as np", "import hashlib\n\nimport numpy as np")
    made = packed(make_run(tmp_path, tiny, quick, code), tmp_path / "a.zip")
    verdict = judged(made, tiny)
    assert "seed 83" in problems(verdict)
    assert "the code looks samples up" in problems(verdict)
    assert "seed 82" not in problems(verdict)
