"""Code that knows labels, or looks at other samples, gets no mark by rerun."""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged import (
    SEEDS,
    Members,
    forge,
    judged,
    make_run,
    method,
    packed,
    problems,
    trained_again,
)

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.simulate.world import simulate_dataset
from benchmark.run.fitting import started_method
from benchmark.task.protocol import Protocol
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_text import as_text
from leaderboard.submissions.verification.carried_data import questions
from leaderboard.submissions.verification.other_seeds import compare_with_other_seeds
from leaderboard.submissions.verification.verification import Verdict, verify

# 4: labels that the code knows.


def verdict_on(code: str, dataset: Dataset, protocol: Protocol, folder: Path) -> Verdict:
    """Return the verdict on a run that this code has made of a dataset."""
    made = packed(make_run(folder, dataset, protocol, code), folder / "a.zip")
    return judged(made, dataset)


@pytest.fixture
def not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask no sample a second time without the others.

    A run refuses such code by that, unless it remembers its answers or its author's harness is
    changed. Verification must not rest on it.
    """
    ask_nothing_again(monkeypatch)


def ask_nothing_again(harness: pytest.MonkeyPatch) -> None:
    harness.setattr(started_method, "require_each_alone", lambda *given, **found: None)


BY_ORDER = (
    "\n        for row in range(len(x)):\n"
    "            answer[row] = np.roll(answer[row], row % 3)\n"
    "        return answer"
)


def test_a_changed_harness_of_the_author_hides_nothing_from_a_rerun(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as changed:
        ask_nothing_again(changed)
        run_of_author = make_run(tmp_path, tiny, quick, method(run, BY_ORDER))
    verdict = judged(packed(run_of_author, tmp_path / "a.zip"), tiny)
    assert not verdict.accepted
    assert "answers otherwise for" in problems(verdict)


def test_labels_by_the_order_of_the_samples_are_noticed(
    run: Path, tiny: Dataset, quick: Protocol, here: None, not_asked_again: None, tmp_path: Path
) -> None:
    """Three bits a sample are enough, and no series is looked at."""
    verdict = verdict_on(method(run, BY_ORDER), tiny, quick, tmp_path)
    assert "the code uses the labels, the order or other samples" in problems(verdict)


def test_other_samples_of_the_target_are_not_used_unseen(
    run: Path, tiny: Dataset, quick: Protocol, here: None, not_asked_again: None, tmp_path: Path
) -> None:
    """Statistics of all that is asked about."""
    rank = (
        "\n        level = x.reshape(len(x), -1).mean(axis=1)\n"
        "        high = level > np.sort(level)[len(level) // 2]\n"
        "        answer[high] = answer[high][:, ::-1]\n"
        "        answer[np.argsort(level)[0]] = answer[np.argsort(level)[-1]][::-1]\n"
        "        return answer * 0.9 + 0.1 * (x.std() % 1e-6 * 1e6) / answer.shape[1] "
        "+ (0.1 - 0.1 * (x.std() % 1e-6 * 1e6)) * np.eye(answer.shape[1])[0]"
    )
    verdict = verdict_on(method(run, rank), tiny, quick, tmp_path)
    assert "the code uses the labels, the order or other samples" in problems(verdict)


@pytest.mark.parametrize(
    ("computed", "said"),
    [(False, "from that of training again"), (True, "right predictions were lost when")],
    ids=["the author's harness shows it", "the author has computed it"],
)
def test_labels_by_the_order_are_noticed_of_a_method_that_adapts_too(
    run: Path,
    tiny: Dataset,
    quick: Protocol,
    here: None,
    not_asked_again: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    computed: bool,
    said: str,
) -> None:
    """The samples of many files are sorted by crop; this one looks at no series of a target.

    No harness shows their order, but an author can compute that of public data. Here this is done
    by showing the order of the file in training again too.
    """
    by_order = (
        "\n        rows = np.arange(len(x)) * answer.shape[1] // len(x)\n"
        "        return 0.6 * np.eye(answer.shape[1])[rows] + 0.4 * answer"
    )
    code = method(run, by_order).replace(
        "    def predict_proba(",
        "    def adapt(self, x: Features) -> 'Classifier':\n"
        "        return self\n\n"
        "    def predict_proba(",
    )
    code = code.replace("Classifier, CARD)", "Classifier, CARD, track='unlabelled-target')")
    code = code.replace("pretraining=None", "extra_information=('the series',), pretraining=None")
    with monkeypatch.context() as patch:
        patch.setattr(
            started_method,
            "without_file_order",
            lambda request: (request, np.arange(len(request.rows))),
        )
        made = packed(make_run(tmp_path, tiny, quick, code), tmp_path / "a.zip")
        verdict = judged(made, tiny) if computed else None
    verdict = verdict or judged(made, tiny)
    assert verdict.submission.rows[0].track == "unlabelled-target"
    assert said in problems(verdict)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small simulated dataset of a seed that everybody knows."""
    root = tmp_path_factory.mktemp("public") / "data"
    simulate_dataset(root, samples_per_domain=300, seed=2023, domains=["FRA", "CHN", "USA"])
    return open_dataset(root)


def test_the_honest_are_confirmed_on_simulated_data(
    public: Dataset, changed: Any, here: None, tmp_path: Path
) -> None:
    two = changed(name="two-seeds", seeds=SEEDS)
    made = packed(make_run(tmp_path, public, two), tmp_path / "a.zip")
    verdict = judged(made, public)
    assert verdict.accepted, problems(verdict)
    assert all(
        (each.elsewhere is None) == (each.transfer == "FRA:FRA") for each in verdict.differences
    )
    assert "on other seeds" in as_text(verdict)


def test_labels_of_the_public_data_help_with_no_other_seed(
    run: Path, public: Dataset, changed: Any, here: None, tmp_path: Path
) -> None:
    """The code simulates the public data again and takes the nearest sample's label."""
    look = (
        "\n        flat = x.reshape(len(x), -1)\n"
        "        for series, labels in known():\n"
        "            apart = np.abs(flat[:, None] - series[None]).mean(axis=2)\n"
        "            nearest = apart.argmin(axis=1)\n"
        "            for row in np.flatnonzero(apart.min(axis=1) < 0.01):\n"
        "                name = CROPS[labels[nearest[row]]]\n"
        "                if name in self.context.classes:\n"
        "                    answer[row] = 0.01 * answer[row]\n"
        "                    answer[row, self.context.classes.index(name)] += 0.99\n"
        "        return answer"
    )
    more = (
        "\n\nfrom functools import cache\n\nfrom benchmark.data.season import season\n"
        "from benchmark.data.simulate.world import simulate_domain\n"
        "from benchmark.data.taxonomy import CROPS\n\n\n"
        "@cache\ndef known():\n"
        "    made = [simulate_domain(n, samples=300, seed=2023) for n in ('CHN', 'USA')]\n"
        "    return [(season(m.series).reshape(300, -1), m.labels) for m in made]\n"
    )
    two = changed(name="two-seeds", seeds=SEEDS)
    code = method(run, look, more)
    verdict = verdict_on(code, public, two, tmp_path)
    assert not verdict.accepted
    assert "higher on the public simulated data than on data of other seeds" in problems(verdict)
    assert any("which can read or simulate data" in each for each in verdict.questions)


def test_data_of_other_seeds_differ_by_luck() -> None:
    """By as much as was measured they may; on average of more targets or samples by less."""
    elsewhere = {"FRA:CHN": [0.50, 0.52], "FRA:USA": [0.6, 0.6]}
    many = dict.fromkeys(elsewhere, 10_000)
    few = dict.fromkeys(elsewhere, 100)
    assert (
        list(compare_with_other_seeds({"FRA:CHN": [0.6, 0.62], "FRA:USA": [0.6]}, elsewhere, many))
        == []
    )
    better = {"FRA:CHN": [0.64], "FRA:USA": [0.73]}
    (found,) = compare_with_other_seeds(better, elsewhere, many)
    assert "for 2 targets" in found
    assert list(compare_with_other_seeds(better, elsewhere, few)) == []
    perfect = {transfer: [0.95] for transfer in elsewhere}
    assert len(list(compare_with_other_seeds(perfect, elsewhere, few))) == 3


def test_much_data_in_the_code_withholds_the_mark(
    run: Path, honest: Path, tiny: Dataset, here: None, tmp_path: Path
) -> None:
    """In lines of 76 letters, in comments, in names, or as numbers: a person must look."""
    noise = np.random.default_rng(1).bytes(24_000)
    lines = base64.encodebytes(noise).decode()
    code = (run.parent / "my_method.py").read_text("utf-8")
    assert list(questions(code)) == []
    hidden = {
        "text": f'{code}\nTABLE = """\n{lines}"""\n',
        "comments": code + "".join(f"\n# {line}" for line in lines.splitlines()),
        "names": code + "".join(f"\nx{line.hex()} = 1" for line in (noise[:9000], noise[9000:])),
        "numbers": f"{code}\nTABLE = {list(noise)}\n",
        "blanks": code + "".join(f"\n{bin(byte)[2:].replace('0', ' ')}1" for byte in noise),
        "package": f"{code}\nimport labels_of_china\n",
        "hidden package": f"{code}\n__import__('labels_of_' + 'china')\n",
    }
    assert {name for name, text in hidden.items() if not list(questions(text))} == set()

    def carry(members: Members) -> None:
        members["code/my_method.py"] = hidden["text"].encode()

    path = forge(honest, tmp_path / "a.zip", carry)
    verdict = judged(path, tiny)
    assert verdict.accepted, problems(verdict)
    assert verdict.level == "verified from predictions"
    assert "waits until a person has looked at the code" in as_text(verdict)
    looked = trained_again(verify(read_submission(path), tiny), tiny, inspected=True)
    assert looked.level in ("rerun, not confined", "verified by rerun")
