"""Siblings of the attacks in `test_attacks.py`: each tries for a mark that it has not earned."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from forged import forge, make_run, trained_again

from benchmark.data.dataset import Dataset, open_dataset
from benchmark.data.simulate.world import simulate_dataset
from benchmark.errors import SubmissionError
from benchmark.task.protocol import Protocol
from leaderboard.submissions.archive import read_archive, write_archive
from leaderboard.submissions.own_rows import OWN_ROWS
from leaderboard.submissions.packing import Source, pack
from leaderboard.submissions.submission_models import MANIFEST, MEMBERS
from leaderboard.submissions.submission_reader import read_submission
from leaderboard.submissions.verdict_files import VERDICT, accept, read_verdicts
from leaderboard.submissions.verification.carried_data import questions
from leaderboard.submissions.verification.other_seeds import draw_other_seeds
from leaderboard.submissions.verification.verification import Verdict, verify

ANSWER = "return np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))"


def problems(verdict: Verdict) -> str:
    return " ".join(text for finding in verdict.findings for text in finding.problems)


HIDDEN = {
    "encoding": "# coding: raw_unicode_escape\n# see \\u000aimport labels_of_china\n",
    "encoding after a carriage return": (
        "\r# coding: raw_unicode_escape\n# see \\u000aimport labels_of_china\n"
    ),
    "encoding of seven bits": "# coding: utf-7\n# see +AAo-import labels_of_china\n",
    "import by documentation": "from pydoc import locate\nX = locate('labels_of_china.X')\n",
    "loaded modules": "import sys\nX = sys.modules['benchmark.data.simulate.world']\n",
    "attribute of a package": "import benchmark\nX = benchmark.data.simulate.world\n",
    "name that is put together": "import sys\nX = getattr(sys, 'mod' + 'ules')\n",
    "module within a module": "import numpy as np\nX = np.lib.npyio.pickle\n",
    "loader": "X = __loader__\n",
}


@pytest.mark.parametrize("form", HIDDEN)
def test_an_import_that_is_not_written_as_one_waits_for_a_person(form: str, run: Path) -> None:
    """The file reaches a package of labels, or the simulator, by other ways than `import`."""
    assert list(questions(HIDDEN[form])) != []
    code = (run.parent / "my_method.py").read_text("utf-8")
    assert list(questions(code)) == []


@pytest.mark.parametrize(
    "code", ["import re\nX = re.compile('a')\n", "def f(model):\n    model.eval()\n"]
)
def test_common_names_wait_for_nobody(code: str) -> None:
    """An honest method compiles patterns and puts networks in the state of evaluation."""
    assert list(questions(code)) == []


def test_the_seed_of_a_secret_world_cannot_be_tried_out(tmp_path: Path) -> None:
    """The code simulates data of all seeds until one has the series that it is asked about."""
    simulate_dataset(tmp_path / "data", samples_per_domain=60, seed=2023, domains=["FRA", "CHN"])
    found = draw_other_seeds(open_dataset(tmp_path / "data"), ["CHN"])
    assert found is not None
    assert all(seed.bit_length() > 64 for seed in found.seeds)  # fails once in 2**62 runs


TABLE = """answer = np.asarray(self.model_.predict_proba(x.reshape(len(x), -1)))
        for row in np.flatnonzero(x.reshape(len(x), -1).mean(axis=1) > LEVEL):
            if not known(hashlib.sha256(x[row].tobytes()).hexdigest()[:8]):
                answer[row] = np.roll(answer[row], 1)
        return answer"""
"""A method that errs where a sample is bright, unless it knows the sample."""


def test_a_few_known_samples_of_each_target_are_noticed_together(
    run: Path, tiny: Dataset, quick: Protocol, here: None, tmp_path: Path
) -> None:
    """Exact hashes of the errors alone: too few in each target to be more than chance."""
    series = tiny.load("CHN").series[:, :, 24:67]
    level = np.quantile(series.reshape(len(series), -1).mean(axis=1), 0.8)
    code = (run.parent / "my_method.py").read_text("utf-8")
    code = code.replace(ANSWER, TABLE.replace("LEVEL", f"{level:.4f}"))
    code = code.replace("import numpy as np", "import hashlib\n\nimport numpy as np", 1)
    seen = tmp_path / "seen.txt"
    look = f"\n\ndef known(name):\n    with open({str(seen)!r}, 'a') as file:\n"
    look += "        file.write(name + ' ')\n    return False\n"
    (tmp_path / "first").mkdir()
    make_run(tmp_path / "first", tiny, quick, code + look)
    table = " ".join(sorted(set(seen.read_text("utf-8").split())))
    (tmp_path / "second").mkdir()
    known = f"\n\nTABLE = {table!r}.split()\n\n\ndef known(name):\n    return name in TABLE\n"
    looking = make_run(tmp_path / "second", tiny, quick, code + known)
    path = packed(looking, tmp_path / "x.zip")
    verdict = trained_again(verify(read_submission(path), tiny), tiny)
    assert verdict.questions == ()
    assert "All transfers, seed 82" in problems(verdict), problems(verdict)
    assert not verdict.accepted


def packed(run: Path, out: Path) -> Path:
    file = run.parent / "my_method.py"
    pack(run, "my-method", out, authors=["Ada"], source=Source(file=file))
    return out


# Verdicts that were made for something else.


def test_a_verdict_is_not_raised_to_a_rerun_by_hand(
    honest: Path, tiny: Dataset, tmp_path: Path
) -> None:
    """The level of a verdict from predictions is written over, without or with rows of its own."""
    verdict = verify(read_submission(honest), tiny)
    folder = accept(verdict, tmp_path / "s", verifier="Grace Hopper", url=None)
    stored = json.loads((folder / VERDICT).read_text("utf-8"))
    own = '{"form_version": 1, "rows": []}'
    (folder / OWN_ROWS).write_text(own, "utf-8")
    for checksum in (None, "0" * 64):
        raised = stored | {"level": "verified by rerun", "own_rows": checksum}
        (folder / VERDICT).write_text(json.dumps(raised), "utf-8")
        believed = read_verdicts(tmp_path / "s")
        assert believed.levels == {}
        assert len(believed.problems) == 1


def test_own_rows_are_not_mended_after_the_verdict(
    honest: Path, tiny: Dataset, here: None, tmp_path: Path
) -> None:
    """Better scores are written into what the verifier's training gave."""
    verdict = trained_again(verify(read_submission(honest), tiny), tiny)
    folder = accept(verdict, tmp_path / "s", verifier="Grace Hopper", url=None)
    content = json.loads((folder / OWN_ROWS).read_text("utf-8"))
    for row in content["rows"]:
        row["scores"]["macro_f1"] = 1.0
    (folder / OWN_ROWS).write_text(json.dumps(content), "utf-8")
    believed = read_verdicts(tmp_path / "s")
    assert believed.levels == {}
    assert believed.own == {}


# Archives and texts that say two things.


@pytest.mark.parametrize("name", [MANIFEST, "card.json", "rows.json"])
def test_a_key_that_is_there_twice_is_refused(name: str, honest: Path, tmp_path: Path) -> None:
    """A person reads the first value, Python the last."""

    def twice(members: dict[str, bytes]) -> None:
        at = members[name].index(b"{") + 1
        key = b'"name"' if name == "card.json" else b'"method"'
        members[name] = members[name][:at] + key + b': "other", ' + members[name][at:]

    if name == MANIFEST:
        members = read_archive(honest, MEMBERS)
        twice(members)
        path = tmp_path / "a.zip"
        write_archive(path, members)
    else:
        path = forge(honest, tmp_path / "a.zip", twice)
    with pytest.raises(SubmissionError, match="a key is repeated"):
        read_submission(path)


def test_a_local_name_that_differs_from_the_directory_is_refused(
    honest: Path, tmp_path: Path
) -> None:
    """Other programs read the name before a member, this one the name in the directory."""
    content = bytearray(honest.read_bytes())
    name = b"code/my_method.py"
    first = content.index(name)
    assert struct.unpack_from("<I", content, first - 30)[0] == 0x04034B50
    content[first : first + len(name)] = b"code/my_nothing.p"
    path = tmp_path / "a.zip"
    path.write_bytes(bytes(content))
    with pytest.raises(SubmissionError, match="differ"):
        read_submission(path)
