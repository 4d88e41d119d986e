"""The rules of docs/methodology.md hold: what can be executed of them is executed here."""

import re
from pathlib import Path

import pytest
from sample_rows import make_row

from benchmark.cli import build_app
from benchmark.task.card_requirements import card_questions
from benchmark.task.methods import registry
from benchmark.task.protocol import load_protocol, shipped_protocols
from benchmark.task.tracks import TRACKS
from benchmark.task.transfers import ALL_PAIRS, RELATIONS, groups
from leaderboard.score_frames import comparable_rows
from leaderboard.submissions.verdict_files import read_verdicts
from leaderboard.submissions.verification import rerun
from leaderboard.submissions.verification.blind_runs import NUDGED

PAGE = (Path(__file__).parent.parent / "docs" / "methodology.md").read_text("utf-8")
TUTORIAL = (Path(__file__).parent.parent / "docs" / "submit.md").read_text("utf-8")


def test_the_test_of_every_released_behaviour_exists() -> None:
    root = Path(__file__).parent.parent / "docs"
    named = re.findall(r"\| \[(test_\w+)\]\((\S+)\) \|", PAGE)
    assert len(named) >= 19
    for name, place in named:
        assert f"def {name}(" in (root / place).read_text("utf-8"), (name, place)


def test_every_track_has_its_rule() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)`:", PAGE, re.M)) == set(TRACKS)


def table_of(heading: str) -> dict[str, list[str]]:
    """Cells of the table below a heading of the page, by their first."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {cells[0].replace("`", ""): cells[1:] for cells in lines[1:]}


def test_the_table_of_protocols_is_that_of_their_files() -> None:
    table = table_of("Protocols")
    assert set(table) == set(shipped_protocols())
    for name, (_, seeds, source, target, epochs, batch, rate, trees, hours) in table.items():
        protocol = load_protocol(name)
        network = protocol.network
        caps = (protocol.max_source_samples, protocol.max_target_samples)
        assert (source, target) == tuple("all" if cap is None else f"{cap:,}" for cap in caps)
        passes = network.passes_per_epoch
        assert epochs == f"{network.epochs}{f' x {passes} passes' if passes > 1 else ''}"
        assert rate == f"{network.learning_rate:g}, {network.schedule}"
        numbers = (len(protocol.seeds), network.batch_size, protocol.trees.forest)
        assert tuple(map(int, (seeds, batch, trees))) == numbers
        assert float(hours) == pytest.approx(protocol.job_time_limit_s / 3600, abs=0.01)


def test_every_group_of_transfers_and_every_relation_has_its_line() -> None:
    words = {word for cell in table_of("Groups of transfers") for word in cell.split(", ")}
    assert words == {*groups(), *RELATIONS, ALL_PAIRS} - {"in-domain"}


@pytest.mark.parametrize("name", registry().all())
def test_every_card_states_what_it_must(name: str) -> None:
    method = registry().get(name)
    assert list(card_questions(method.card, method.representation)) == []


@pytest.mark.parametrize("representation", ["presto", "alphaearth"])
def test_a_method_on_an_encoders_vectors_must_state_its_pretraining(representation: str) -> None:
    card = registry().get("median.random-forest").card
    (question,) = card_questions(card, representation)
    assert "comes from a pretrained encoder" in question


@pytest.mark.parametrize("track", TRACKS)
def test_tracks_datasets_and_protocols_are_ranked_apart(track: str) -> None:
    here = make_row(method="a")
    others = [
        make_row(method="a", fingerprint="e" * 64),
        make_row(method="a", protocol="other"),
        make_row(method="a").model_copy(update={"metric_version": "0"}),
        make_row(method="a", track=track),
    ]
    apart = {
        (comparable.key, comparable.track)
        for comparable in comparable_rows([here, *others], RELATIONS)
    }
    assert len(apart) == (4 if track == "inductive" else 5)


def test_the_tolerances_are_those_that_are_stated() -> None:
    flat = " ".join(TUTORIAL.split())
    assert f"mean macro-F1 must agree within {100 * rerun.MEAN_TOLERANCE:g} points" in flat
    assert f"each row within {100 * rerun.ROW_TOLERANCE:g}" in flat
    assert f"moved by {NUDGED:g}" in flat


def test_accepted_submissions_are_text_and_their_verdicts_count() -> None:
    root = Path(__file__).parent.parent / "submissions"
    for path in root.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".csv", ".md"), path
            path.read_text("utf-8")
    assert read_verdicts(root).problems == ()


def test_every_command_that_is_named_exists() -> None:
    import typer

    known = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"`cropglobe ([a-z-]+)", PAGE + TUTORIAL))
    named |= set(re.findall(r"`(check|pack|verify)\b", PAGE))
    assert named
    assert named <= known.keys()
