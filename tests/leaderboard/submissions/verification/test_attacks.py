"""What others have tried to get a mark by rerun, or to be taken for somebody else, does not work.

Each of the eight kinds is one that once worked (issue 18). Those that need code to be run are
trained in this process here; that labels are out of reach is tried in `test_rerun.py`.
"""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged import (
    SEEDS,
    Members,
    forge,
    in_json,
    in_probabilities,
    make_run,
    trained_again,
    with_true_scores,
)

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.simulate.world import simulate_dataset
from benchmark.data.taxonomy import CROPS
from benchmark.errors import SubmissionError, UsageError
from benchmark.results.store import RunStore
from benchmark.task.protocol import Protocol
from leaderboard.results import read_results
from leaderboard.submissions.names import check_verifier, method_name_problems
from leaderboard.submissions.own_rows import OWN_ROWS
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.row_import import import_submission
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import accept, with_verdicts
from leaderboard.submissions.verdict_text import as_text
from leaderboard.submissions.verification.carried_data import questions
from leaderboard.submissions.verification.other_seeds import compare_with_other_seeds
from leaderboard.submissions.verification.verification import Verdict, verify

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


# 4: labels that the code knows.


def test_labels_by_the_order_of_the_samples_are_noticed(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
) -> None:
    """Three bits a sample are enough, and no series is looked at."""
    shift = (
        "\n        for row in range(len(x)):\n"
        "            answer[row] = np.roll(answer[row], row % 3)\n"
        "        return answer"
    )
    made = packed(make_run(tmp_path, tiny, quick, method(run, shift)), tmp_path / "a.zip")
    verdict = judged(made, tiny)
    assert "the code uses the labels, the order or other samples" in problems(verdict)


def test_other_samples_of_the_target_are_not_used_unseen(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
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
    made = packed(make_run(tmp_path, tiny, quick, method(run, rank)), tmp_path / "a.zip")
    verdict = judged(made, tiny)
    assert "the code uses the labels, the order or other samples" in problems(verdict)


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
    made = packed(make_run(tmp_path, public, two, code), tmp_path / "a.zip")
    verdict = judged(made, public)
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


# 5: seeds.


def extra_seed(members: Members) -> None:
    for target in ("CHN", "USA", "FRA"):
        name = "predictions/FRA/{}/{}.npy"
        members[name.format(target, 84)] = members[name.format(target, 83)]
    in_json("manifest.json", lambda content: content.update(seeds=[82, 83, 84]))(members)
    rows = json.loads(members["rows.json"])
    more = [row | {"seed": 84} for row in rows if row["seed"] == 83]
    members["rows.json"] = json.dumps(rows + more).encode()
    text = members["protocol.yaml"].decode()
    assert "- 83\n" in text
    members["protocol.yaml"] = text.replace("- 83\n", "- 83\n- 84\n").encode()


def test_seeds_that_the_protocol_has_not_are_refused(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    path = forge(honest, tmp_path / "a.zip", extra_seed)
    assert "Protocol quick has no seeds [84]" in problems(verify(read_submission(path), tiny))


def test_seeds_of_a_protocol_of_ones_own_are_not_chosen(
    tiny: Dataset, changed: Any, tmp_path: Path
) -> None:
    own = changed(name="mine")
    made = packed(make_run(tmp_path, tiny, own), tmp_path / "a.zip")
    assert verify(read_submission(made), tiny).accepted

    def rename(members: Members) -> None:
        for target in ("CHN", "USA", "FRA"):
            content = members.pop(f"predictions/FRA/{target}/83.npy")
            members[f"predictions/FRA/{target}/4711.npy"] = content
        in_json("manifest.json", lambda content: content.update(seeds=[82, 4711]))(members)
        text = members["protocol.yaml"].decode().replace("- 83\n", "- 4711\n")
        members["protocol.yaml"] = text.encode()
        rows = json.loads(members["rows.json"])
        for row in rows:
            row["seed"] = {82: 82, 83: 4711}[row["seed"]]
        members["rows.json"] = json.dumps(rows).encode()

    found = problems(verify(read_submission(forge(made, tmp_path / "b.zip", rename)), tiny))
    assert "must use the first seeds of 'paper'" in found


# 6: names.

NAMES = [
    *("cropnet", "CropNet", "cropnet\u200b", "\u0441ropnet", "crop-net", "cr0pnet", "crop.net"),
    *("median.random-forest", "rnedian.random-forest", "all", "headline"),
    *("<script>alert(1)</script>", "../../x", "..", ".hidden", "-x", "a b", "", "x" * 65, "a\n"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_could_be_taken_for_another_are_refused(
    name: str, honest: Path, run: Path, tiny: Dataset, tmp_path: Path
) -> None:
    assert list(method_name_problems(name)) != []
    with pytest.raises(UsageError):
        pack(run, name, tmp_path / "p.zip", authors=["Ada"], source=Source(closed=True))
    if not name:
        return

    def rename(members: Members) -> None:
        in_json("manifest.json", lambda content: content.update(method=name))(members)
        in_json("card.json", lambda content: content.update(name=name))(members)
        in_json("rows.json", lambda rows: [row.update(method=name) for row in rows])(members)

    verdict = verify(read_submission(forge(honest, tmp_path / "a.zip", rename)), tiny)
    assert not verdict.accepted
    assert any(f.problems for f in verdict.findings if f.title.startswith("Names"))


@pytest.mark.parametrize("name", ["my-method", "harmonic.my-head", "transformer+tta", "x2.b-c"])
def test_other_names_are_free(name: str) -> None:
    assert list(method_name_problems(name)) == []


@pytest.mark.parametrize(
    ("verifier", "author", "free"),
    [
        ("Grace Hopper", "Ada Lovelace", True),
        ("Jos\u00e9 Garc\u00eda", "Ada Lovelace", True),
        ("ada  LOVELACE", "Ada Lovelace", False),
        ("Lovelace, Ada", "Ada Lovelace", False),
        ("A. Lovelace", "Ada Lovelace", False),
        ("Ada Love1ace", "Ada Lovelace", False),
        ("AdaLovelace", "Ada Lovelace", False),
        ("Ada\u200b Lovelace", "Ada Lovelace", False),
        ("\u0410da Lovelace", "Ada Lovelace", False),
        ("Ada Lovelace", "\u0410da Lovelace", False),
        ("Grace <b>", "Ada Lovelace", True),
        ("", "Ada Lovelace", False),
    ],
)
def test_a_verifier_does_not_look_like_an_author(verifier: str, author: str, free: bool) -> None:
    if free:
        check_verifier(verifier, [author])
    else:
        with pytest.raises(SubmissionError):
            check_verifier(verifier, [author])


def test_a_name_that_others_hold_under_another_protocol_is_not_free(
    honest: Path, tiny: Dataset, changed: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "s"
    accept(verify(read_submission(honest), tiny), folder, verifier="Grace Hopper", url=None)
    made = packed(make_run(tmp_path, tiny, changed(name="mine")), tmp_path / "a.zip")
    theirs = in_json("manifest.json", lambda content: content.update(authors=["Emmy Noether"]))
    verdict = verify(read_submission(forge(made, tmp_path / "b.zip", theirs)), tiny)
    with pytest.raises(SubmissionError, match="a submission of Ada Lovelace: rename the method"):
        accept(verdict, folder, verifier="Grace Hopper", url=None)


# 8: numbers and texts of strangers.


@pytest.mark.parametrize("value", ["1e999", "-1e999", '"inf"', '"nan"', "1" + "0" * 400 + ".0"])
def test_infinite_numbers_are_no_numbers(value: str, honest: Path, tmp_path: Path) -> None:
    def lie(members: Members) -> None:
        rows = json.loads(members["rows.json"])
        rows[0]["cost"]["energy_joules"] = "HERE"
        members["rows.json"] = json.dumps(rows).replace('"HERE"', value).encode()

    with pytest.raises(SubmissionError, match=r"rows\.json"):
        read_submission(forge(honest, tmp_path / "a.zip", lie))


@pytest.mark.parametrize(
    "text",
    ["see https://evil.example", "[click](http://evil.example)", "www.evil.example", "@everyone"],
)
def test_warnings_are_the_verifiers_own(
    text: str, honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    from leaderboard.tables.markdown_text import markdown_cell

    lie = in_json("rows.json", lambda rows: rows[0]["data"].update(warnings=[text]))
    found = problems(verify(read_submission(forge(honest, tmp_path / "a.zip", lie)), tiny))
    assert "warnings is " in found
    safe = markdown_cell(text)
    assert not any(sign in safe for sign in ("://", "www.", "@", "[click](")), safe


def test_a_shifted_row_is_no_row_of_a_submission(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    shift = {"name": "level-l1c", "factor": "level", "strength": 1}
    lie = in_json("rows.json", lambda rows: rows[0].update(shift=shift))
    found = problems(verify(read_submission(forge(honest, tmp_path / "a.zip", lie)), tiny))
    assert "shift is name='level-l1c'" in found
