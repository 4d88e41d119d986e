"""Reference results: what is packed, how it is read back, and that pairing holds exactly."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference_runs import BLOCK, LABELS, answers, beside, run_of
from sample_jobs import make_identity
from sample_rows import make_row, write_run

from benchmark.cli import main
from benchmark.results.rows import AppliedShift, Row
from benchmark.results.store import RunStore
from leaderboard.comparison_group import comparison_groups
from leaderboard.reference.agreement import agree
from leaderboard.reference.packing import pack_reference, read_counted_rows
from leaderboard.reference.reference_file import (
    read_key,
    read_reference,
    reference_files,
)
from leaderboard.results import Results, read_results, row_key
from leaderboard.tables.text_tables import markdown, tidy
from leaderboard.transfer_selection import rows_on

OLD, NEW = "aaaaaa1111111111", "bbbbbb2222222222"


def same_draws(one: Results, two: Results) -> None:
    assert one.draws.keys() == two.draws.keys()
    assert one.draws
    for cell, metrics in one.draws.items():
        for name, draws in metrics.items():
            other = two.draws[cell][name]
            assert np.array_equal(draws.values, other.values)
            assert (draws.seeds, draws.units) == (other.seeds, other.units)
            assert all(np.array_equal(draws.fits[fit], other.fits[fit]) for fit in draws.fits)


@pytest.mark.parametrize("block", [BLOCK, None], ids=["blocks", "samples"])
def test_reference_results_beside_a_run_are_as_two_runs_are(
    tmp_path: Path, block: list[int] | None
) -> None:
    """To the last bit: intervals, paired differences, ranks, and the text of the tables."""
    mine = run_of(tmp_path / "mine", "mine", block=block)
    others = run_of(tmp_path / "others", "a", "b", block=block)
    pack_reference([others], tmp_path / "packed")
    twice = read_results([mine, others], draws=60)
    once = beside(tmp_path / "packed", mine)
    assert once.rows == twice.rows
    assert (once.units, once.confirmed) == (twice.units, twice.confirmed)
    assert set(once.units.values()) == {"samples" if block is None else "blocks"}
    same_draws(once, twice)
    columns = [name for name in tidy(twice) if name != "machine"]
    assert tidy(once)[columns].equals(tidy(twice)[columns])
    (one,), (two,) = comparison_groups(once), comparison_groups(twice)
    for name in ("a", "b"):
        pair = [group.mean_draws("mine", "macro_f1") for group in (one, two)]
        other = [group.mean_draws(name, "macro_f1") for group in (one, two)]
        differences = [x - y for x, y in zip(pair, other, strict=True) if x is not None and y]
        assert np.array_equal(differences[0].values, differences[1].values)
    assert one.origin("mine") == "run"
    assert one.origin("a") == "reference"
    for results in (once, twice):
        assert "Costs were measured on" in markdown(results)


def test_a_run_beside_its_own_packed_copy_is_as_it_was(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", "a", "b")
    pack_reference([run], tmp_path / "packed")
    alone, both = read_results([run], draws=60), beside(tmp_path / "packed", run)
    assert both.rows == alone.rows
    assert both.references == frozenset()
    same_draws(both, alone)
    assert markdown(both) == markdown(alone)


def test_seeds_of_run_and_reference_are_one_method(tmp_path: Path) -> None:
    found = answers("a")
    first = {key: value for key, value in found.items() if key[1] == 1}
    rest = {key: value for key, value in found.items() if key[1] != 1}
    mine = write_run(tmp_path / "m", first, labels=LABELS, block=BLOCK, protocol="mine")
    theirs = write_run(tmp_path / "t", rest, labels=LABELS, block=BLOCK, protocol="mine")
    pack_reference([theirs], tmp_path / "packed")
    together = beside(tmp_path / "packed", mine)
    same_draws(together, read_results([mine, theirs], draws=60))
    (group,) = comparison_groups(together)
    assert group.origin("a") == "reference and run"


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", "a", "b", in_domain=True)
    stored = {row_key(c.row): c for c in read_counted_rows(run)[0]}
    (path,) = pack_reference([run], tmp_path / "packed").files
    back = read_reference(path)
    assert {row_key(c.row): c.row for c in back.rows} == {k: c.row for k, c in stored.items()}
    for counted in back.rows:
        original = stored[row_key(counted.row)].counts
        assert counted.counts is not None
        assert original is not None
        assert (counted.counts.table != original.table).nnz == 0
        assert counted.counts.units == (1 if counted.row.relation == "in-domain" else 10)
    assert read_key(path) == back.key


def test_the_same_runs_give_the_same_bytes(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", "a", "b")
    (one,) = pack_reference([run], tmp_path / "one").files
    (two,) = pack_reference([run], tmp_path / "two").files
    again = pack_reference([run, run], tmp_path / "one").files
    assert one.read_bytes() == two.read_bytes()
    assert again == (one,)
    assert one.read_bytes() == two.read_bytes()


def test_packing_adds_to_what_is_there(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    pack_reference([run_of(tmp_path / "one", "a")], packed)
    pack_reference([run_of(tmp_path / "two", "b")], packed)
    (path,) = reference_files(packed)
    assert {c.row.method for c in read_reference(path).rows} == {"a", "b"}


def test_rows_of_shifted_copies_are_not_packed(tmp_path: Path) -> None:
    hazy = AppliedShift(name="level-l1c", factor="level", strength=1)
    counted, problems = read_counted_rows(run_of(tmp_path / "run", "a", shift=hazy))
    assert not problems
    assert [c.row.shift for c in counted] == [None] * 6


def test_of_two_codes_the_one_with_more_rows_is_kept_and_then_the_newer(tmp_path: Path) -> None:
    found = answers("a")
    few = {key: value for key, value in found.items() if key[1] == 1}
    packed = tmp_path / "packed"
    old = write_run(tmp_path / "old", found, labels=LABELS, code=OLD, protocol="mine")
    new = write_run(tmp_path / "new", few, labels=LABELS, code=NEW, protocol="mine")
    pack_reference([old], packed)
    (sentence,) = pack_reference([new], packed).left_out
    assert sentence.startswith("2 rows of a: they were made by other code than the 6 that are kept")
    assert codes_in(packed) == {OLD}
    write_run(tmp_path / "new", found, labels=[*LABELS, LABELS[0]], code=NEW, protocol="mine")
    later = answers("a", seeds=(4,))
    write_run(tmp_path / "new", later, labels=LABELS, code=NEW, protocol="mine")
    pack_reference([tmp_path / "new"], packed)
    assert codes_in(packed) == {NEW}


def codes_in(folder: Path) -> set[str]:
    return {
        counted.row.provenance.code_fingerprint
        for path in reference_files(folder)
        for counted in read_reference(path).rows
    }


def test_rows_without_predictions_or_of_an_older_protocol_are_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", answers("a"), labels=LABELS, protocol="smoke")
    packed = pack_reference([run], tmp_path / "packed")
    assert packed.files == ()
    assert "the protocol's hash was hash of smoke then" in packed.left_out[0]
    mine = run_of(tmp_path / "mine", "a")
    for path in mine.glob("jobs/*/predictions-USA.npz"):
        path.unlink()
    assert "missing or damaged" in pack_reference([mine], tmp_path / "other").left_out[0]


def test_other_samples_under_one_hash_are_named_and_not_paired(tmp_path: Path) -> None:
    mine = run_of(tmp_path / "mine", "mine")
    moved = [[(label + 1) % 3 for label in truth] for truth in LABELS]
    other = write_run(tmp_path / "o", answers("a"), labels=moved, block=BLOCK, protocol="mine")
    pack_reference([other], tmp_path / "packed")
    found = beside(tmp_path / "packed", mine)
    assert "it was scored on other samples than the other rows" in found.problems[0]
    assert {cell[4] for cell in found.draws} == {"mine"}


@given(
    truth=st.lists(st.integers(0, 6), min_size=1, max_size=30),
    data=st.data(),
)
def test_any_counts_come_back(
    truth: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    given_ = data.draw(st.lists(st.integers(0, 6), min_size=len(truth), max_size=len(truth)))
    block = data.draw(st.lists(st.integers(0, 5), min_size=len(truth), max_size=len(truth)))
    run = write_run(
        folder / "run", {("a", 1): [given_]}, labels=[truth], block=block, protocol="mine"
    )
    (path,) = pack_reference([run], folder / "packed").files
    ((stored,), (back,)) = read_counted_rows(run)[0], read_reference(path).rows
    assert back.row == stored.row
    assert back.counts is not None
    assert stored.counts is not None
    assert back.counts.kind == stored.counts.kind
    assert np.array_equal(back.counts.table.toarray(), stored.counts.table.toarray())


def test_agreement_says_which_of_the_three_differs_and_what_to_do(tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    run = run_of(tmp_path / "run", "a")
    row = read_results([run], draws=0).rows[0]
    assert said(row, tmp_path / "none") == (
        f"No reference results for tiny, protocol mine: {tmp_path / 'none'} holds none; "
        "`cropglobe reference make` makes them."
    )
    pack_reference([run], packed)
    assert agree([row], packed).disagreements == ()
    other = make_row(protocol="yours")
    assert "the protocols differ, hash hash of yours here and mine (hash of mine)" in said(
        other, packed
    )
    assert "run again with --protocol mine" in said(other, packed)
    elsewhere = make_row(protocol="mine", fingerprint="e" * 64)
    assert "the data differ, fingerprint eeeeeeee here and tiny (dddddddd) there" in said(
        elsewhere, packed
    )
    older = make_row(protocol="mine", metric_version="0")
    assert "the metrics differ, version 0 here and" in said(older, packed)
    changed_hash = row.model_copy(update={"protocol_hash": "x"})
    assert "run again under the protocol of the installed version" in said(changed_hash, packed)


def said(row: Row, folder: Path) -> str:
    (sentence,) = agree([row], folder).disagreements
    return sentence


def test_reference_rows_have_the_name_that_the_run_gives_to_the_data(tmp_path: Path) -> None:
    """The same table in a folder of another name is one dataset, shown under the user's name."""
    packed = tmp_path / "packed"
    pack_reference([run_of(tmp_path / "one", "forest")], packed)
    (row,) = read_results([run_of(tmp_path / "mine", "mine")], draws=0).rows[:1]
    named = row.model_copy(update={"data": row.data.model_copy(update={"name": "My country"})})
    rows = agree([named], packed).references.rows
    assert {counted.row.data.name for counted in rows} == {"My country"}


def test_only_the_transfers_of_the_run_stand_beside_it(tmp_path: Path) -> None:
    pack_reference([run_of(tmp_path / "o", "a", in_domain=True)], tmp_path / "packed")
    rows = [make_row(protocol="mine", target="USA")]
    found = agree(rows, tmp_path / "packed").references.rows
    assert {c.row.transfer for c in found} == {"FRA:USA", "FRA:FRA"}
    elsewhere = agree([make_row(protocol="mine", target="ARG")], tmp_path / "packed")
    assert {c.row.transfer for c in elsewhere.references.rows} == {"FRA:FRA"}
    (sentence,) = elsewhere.disagreements
    assert "No reference results of FRA:ARG for tiny, protocol mine" in sentence
    assert "there are some of FRA:USA" in sentence


def test_only_transfers_that_are_compared_are_said_to_lack_results(tmp_path: Path) -> None:
    """As `compare RUN --transfers FRA:USA` of a run that has more asks for them."""
    pack_reference([run_of(tmp_path / "o", "a", in_domain=True)], tmp_path / "packed")
    rows = [make_row(protocol="mine", target=target) for target in ("USA", "ARG")]
    assert "FRA:ARG" in " ".join(agree(rows, tmp_path / "packed").disagreements)
    kept = agree(rows, tmp_path / "packed", shown=rows_on(rows, ["FRA:USA"]))
    assert kept.disagreements == ()
    assert {c.row.transfer for c in kept.references.rows} == {"FRA:USA", "FRA:FRA"}


@pytest.mark.parametrize(
    ("rows", "status", "reasons"),
    [
        ([{"source": "USA", "target": "ARG"}], 2, ["No reference results of USA:ARG"]),
        (
            [{"target": "USA"}, {"target": "ARG"}, {"target": "USA", "protocol": "yours"}],
            0,
            ["No reference results of FRA:ARG", "the protocols differ"],
        ),
    ],
)
def test_compare_says_every_reason_why_references_are_missing(
    rows: list[dict[str, str]],
    status: int,
    reasons: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pack_reference([run_of(tmp_path / "o", "a")], tmp_path / "packed")
    monkeypatch.setenv("CROPGLOBE_REFERENCE", str(tmp_path / "packed"))
    made = [make_row(**{"protocol": "mine", **row}) for row in rows]  # type: ignore[arg-type]
    RunStore(tmp_path / "run").write(make_identity(), made)
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(tmp_path / "run")])
    assert (ended.value.code or 0) == status
    said = " ".join("".join(capsys.readouterr()).split())
    for reason in reasons:
        assert reason in said


def test_reference_results_alone_are_shown_as_the_run_that_they_are_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published beside the documentation is made so."""
    monkeypatch.setenv("CROPGLOBE_REFERENCE", str(tmp_path / "files"))
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words])
        code = ended.value.code
        shown = capsys.readouterr()
        return (code if isinstance(code, int) else 0), shown.out + shown.err

    code, said = call("site", "--with-reference", "--out", "site")
    assert code == 2
    assert "holds no reference results: name a run directory, or make them" in said
    run = run_of(tmp_path / "run", "a", "b")
    pack_reference([run], tmp_path / "files")
    assert call("site", "--with-reference", "--out", "site")[0] == 0
    assert (tmp_path / "site" / "index.html").stat().st_size > 1000
    code, said = call("tables", "--with-reference", "--style", "summary", "--notes", "none")
    assert code == 0
    assert said == call("tables", str(run), "--style", "summary", "--notes", "none")[1]
    assert call("leaderboard", "--with-reference")[0] == 0
    assert not (tmp_path / "leaderboard.md").exists()
    assert call("export", "--with-reference", "--out", "export")[0] == 0
    assert call("export", str(run), "--out", "of-the-run")[0] == 0
    tidy = [Path(folder, "results.csv").read_text("utf-8") for folder in ("export", "of-the-run")]
    assert tidy[0] == tidy[1]
    code, said = call("tables")
    assert code == 2
    assert "Name a run directory, or give --with-reference." in said
