"""Every command in the documentation is executed, in order, in a clean directory."""

import hashlib
import importlib
import io
import random
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_server import FIRST, serve_hub
from own_country import write_own_country
from point_tables import write_point_table
from tiny import make_samples

from benchmark.cli import main
from benchmark.data import dataset_source as sources
from benchmark.data.dataset import Dataset
from benchmark.run.executors.confinement import why_not_confined
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.task.authoring.method_trial import made_up_samples
from benchmark.task.methods import registry
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.transfers import select_transfers
from leaderboard.comparison_group import comparison_groups
from leaderboard.rank_ranges import OPEN_RANKS, rank_ranges
from leaderboard.submissions.verification import other_seeds
from leaderboard.tables.paper_tables import summary_table

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")])

RUN_ELSEWHERE = {
    "python -m pip install tox && tox -e benchmark": "by hand; the commands inside are run here",
    "python -m pip install tox && tox": "by .ci/run",
    "git clone <this repository> cropglobe-benchmark && cd cropglobe-benchmark": "by hand",
    "python -m pip install .": "by tox, as a wheel",
    "uv tool install .": "by hand",
    'python -m pip install -e ".[test]" pre-commit && pre-commit install': "by hand",
    "pytest -n auto": "by tox",
}
"""Commands that set up the environment in which this test runs, and who runs them."""


def commands(page: Path) -> Iterator[str]:
    """Yield the command lines of the `console` blocks of a page."""
    for block in re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if line.startswith("$ "):
                yield re.split(r"\s+# ", line[2:])[0].strip()


def cropglobe_commands(page: Path) -> list[str]:
    return [line for line in commands(page) if line.startswith("cropglobe ")]


def steps(page: Path) -> Iterator[str]:
    """Yield the `cropglobe` commands of a page and the changes of its `diff` blocks, in order."""
    text = page.read_text("utf-8")
    for kind, block in re.findall(r"^```(console|diff)\n(.*?)^```", text, re.M | re.S):
        if kind == "diff":
            yield block
            continue
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            if line.startswith("$ cropglobe "):
                yield re.split(r"\s+# ", line[2:])[0].strip()


def apply_change(block: str) -> None:
    """Replace the lines of a diff that begin with '-' by those that begin with '+'."""
    head, *lines = block.splitlines()
    path = Path(head.removeprefix("--- "))
    old = "".join(f"{line[1:]}\n" for line in lines if line.startswith("-"))
    new = "".join(f"{line[1:]}\n" for line in lines if line.startswith("+"))
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path} has no lines\n{old}"
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_known(page: Path) -> None:
    for line in commands(page):
        assert line.startswith("cropglobe ") or line in RUN_ELSEWHERE, line


def test_ci_runs_the_readmes_test_command() -> None:
    assert "python -m pip install tox && tox" in (ROOT / ".ci" / "run").read_text("utf-8")
    assert "python -m pip install tox && tox" in list(commands(ROOT / "README.md"))


@pytest.mark.parametrize("name", ["results-real.md", "results-simulated.md"])
def test_pages_of_results_are_of_a_current_protocol_or_say_that_they_are_not(name: str) -> None:
    """A new method makes them old. Another protocol does so too, and then their head says it."""
    text = (ROOT / "docs" / name).read_text("utf-8")
    current = {load_protocol(protocol).hash for protocol in ("quick", "standard")}
    head = text[: text.index("\n\n", text.index("\n\n") + 2)]
    assert any(code in text for code in current) or "**Made with version 0.1.0**" in head
    # What reads files that are not here is named as a family.
    families = ("alphaearth.", "embedding.", "harmonic-files.")
    methods = [method for method in registry().all() if not method.startswith(families)]
    assert [method for method in methods if f"`{method}`" not in text] == []
    assert all(f"`{family}*`" in text for family in families)
    assert ("simulated" in text.split("\n", 1)[0].lower()) == (name == "results-simulated.md")


def test_pages_of_results_say_what_the_shipped_rows_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is made again, or a method that is added, changes the pages too."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    pages = importlib.import_module("results_pages")
    results = pages.shipped_results()
    blocks = 0
    for path in pages.PAGES:
        text = path.read_text("utf-8")
        blocks += len(pages.BLOCK.findall(text))
        assert pages.filled(text, results) == text, "run `python scripts/results_pages.py`"
    assert blocks >= len(pages.PAGES)


@pytest.mark.parametrize(
    ("mark", "dataset", "protocol"),
    [("simulated", "CropGlobe (simulated)", "quick"), ("real", "DATA", "standard")],
)
def test_the_leaderboards_of_the_readme_say_what_the_shipped_rows_say(
    mark: str, dataset: str, protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times may be of another machine; scores and their intervals are those that are shipped."""
    monkeypatch.syspath_prepend(ROOT / "scripts")
    results = importlib.import_module("results_pages").shipped_results()
    (group,) = (
        group
        for group in comparison_groups(results)
        if (group.comparable.dataset, group.comparable.protocol) == (dataset, protocol)
        and group.comparable.track == "inductive"
    )
    shipped = summary_table(group)
    known = {
        (line[0].text, heading): cell.text
        for line in shipped.body
        for heading, cell in zip(shipped.headings, line, strict=True)
    }
    named = {"Arkansas to California": "USA-AR:USA-CA", "California to Arkansas": "USA-CA:USA-AR"}
    text = (ROOT / "README.md").read_text("utf-8").split(f"<!-- {mark} leaderboard -->")[1]
    (table, *_) = re.findall(r"^\| .*?\n\n", text, re.M | re.S)
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    headings, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    shown = {method for method, *_ in body}
    rows = tuple(row for row in group.comparable.rows if row.method in shown)
    of_the_table = rank_ranges(replace(group, comparable=replace(group.comparable, rows=rows)))
    known |= {(method, OPEN_RANKS): str(found) for method, found in of_the_table.items()}
    compared = 0
    for method, *cells in body:
        for heading, cell in zip(headings[1:], cells, strict=True):
            name = named.get(heading, heading)
            if (method, name) in known and name not in ("fit s", "samples/s"):
                assert (method, heading, cell) == (method, heading, known[method, name])
                compared += 1
    assert compared >= 6 * len(body) > 0


@pytest.mark.parametrize("name", ["README.md", "docs/python.md"])
def test_the_python_interface_does_what_its_pages_show(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text("utf-8"), re.M | re.S)
    (code,) = (block for block in blocks if "import cropglobe" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    assert list(names["results"].leaderboard()["method"]) == ["median.random-forest"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if cropglobe_commands(page)], ids=lambda page: page.name
)
def test_commands_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a page from top to bottom, on small made-up files of the names that it uses.

    The protocol is `smoke` and the embedded default small, so that minutes become seconds.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "DEFAULT_SAMPLES_PER_DOMAIN", 200)
    # On so few samples some secret seeds have an honest method refused.
    monkeypatch.setattr(other_seeds.secrets, "randbits", random.Random(7).getrandbits)
    write_point_table(tmp_path / "usa_2021_s2_cdl_long.parquet")
    write_own_country(tmp_path)
    lines = list(steps(page))
    if any(line.startswith("cropglobe compare") for line in lines):
        make_reference_results(tmp_path, monkeypatch)
    for line in lines:
        if line.startswith("--- "):
            apply_change(line)
            continue
        words = shlex.split(re.sub("--protocol (quick|standard)", "--protocol smoke", line))[1:]
        if "--confined" in words and why_not_confined() is not None:
            continue
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code in (0, None), line
    if page.name == "submit.md":
        mark = "verified by rerun" if why_not_confined() is None else "rerun, not confined"
        assert mark in Path("SITE/index.html").read_text("utf-8").lower()


def make_reference_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pack two methods under `smoke`, in the place of those that the package carries."""
    monkeypatch.setenv("CROPGLOBE_REFERENCE", str(folder / "reference"))
    run = str(folder / "others")
    methods = ["--methods", "floor.prior", "median.random-forest"]
    for words in (
        ["run", "--protocol", "smoke", *methods, "--out", run, "--no-reports"],
        ["reference", "pack", run],
    ):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code in (0, None), words


@pytest.mark.slow
def test_the_readmes_way_to_the_papers_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the hub to the tables, with a made-up hub, the protocol `smoke` and a few methods."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
    shorter = {"--protocol paper": "--protocol smoke", "paper ablation": "'floor.*' cropnet.small"}
    with serve_hub({FIRST: official_files("FRA", "BEL", "USA", "AUS")}) as hub:
        template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        for line in block.splitlines():
            command = re.split(r"\s+# ", line)[0].strip()
            for long, short in shorter.items():
                command = command.replace(long, short)
            with pytest.raises(SystemExit) as ended:
                main(shlex.split(command)[1:])
            assert ended.value.code in (0, None), line
    assert "88.45" in capsys.readouterr().out, "parity shows the paper's number of USA to AUS"
    assert "cropnet.small" in Path("tables.tex").read_text("utf-8")


def official_files(*domains: str) -> dict[str, bytes]:
    """Return files as the official ones are: series and labels alone."""
    files = {}
    for domain in domains:
        samples, handle = make_samples(domain), io.BytesIO()
        np.savez(handle, fea=samples.series, lbl=samples.labels)
        files[f"for_CropNet/median_S2_{domain}_month1-12_day5.npz"] = handle.getvalue()
    return files


def test_the_readmes_method_works(tiny: Dataset, smoke: Protocol) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (code,) = (block for block in blocks if "def methods()" in block)
    names: dict[str, Any] = {}
    exec(code, names)
    (job,) = plan(tiny, smoke, names["methods"](), select_transfers(["FRA:CHN"], tiny.domains))
    outcome = Runner(tiny, smoke).run(job)
    assert outcome.status == "ok", outcome.reason
    assert outcome.rows[-1].scores is not None
    assert outcome.rows[-1].scores.macro_f1 > 0.5


def test_the_representation_of_ones_own_is_computed_with_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/methods.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (code,) = [block for block in blocks if "def representations" in block]
    observations, _ = made_up_samples()
    bands, steps = observations.series.shape[1:]
    np.savez(tmp_path / "encoder.npz", encoder=np.ones((steps, 8), np.float32))
    digest = hashlib.sha256((tmp_path / "encoder.npz").read_bytes()).hexdigest()
    monkeypatch.setenv("CROPGLOBE_WEIGHTS", str(tmp_path))
    page: dict[str, Any] = {}
    exec(code.replace('"0" * 64', repr(digest)), page)
    (view,) = page["representations"]()
    vectors = view.compute(observations)
    assert vectors.shape == (len(observations.series), bands * 8)
    assert vectors.dtype == np.float32
