"""Leaderboards from rows: a hand-computed example, marks, ties, gaps in the data, hostile names."""

import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sample_jobs import make_identity
from sample_rows import confusion_of, make_row

from benchmark.results.rows import Row
from benchmark.results.store import RunStore
from benchmark.task.transfers import RELATIONS
from leaderboard.comparison_group import comparison_groups
from leaderboard.export import tidy_results
from leaderboard.results import Results, from_rows, read_results
from leaderboard.score_frames import comparable_rows, score_frame, transfer_frame
from leaderboard.tables.columns import method_frame
from leaderboard.tables.leaderboard_files import method_table, write_leaderboard
from leaderboard.tables.section_facts import title_of
from leaderboard.tables.text_tables import markdown, tidy

# On corn and rice alone: seed 1 corn 2 * 2 / (3 + 2) = 0.8, rice 1.0; seed 2 corn 2 * 3 / (7 + 3) =
# 0.6, rice 2 * 2 / (3 + 2) = 0.8. With the wheat, which neither target has, corn would be lower.
INSIDE = {
    1: confusion_of(
        {("corn", "corn"): 2, ("corn", "other"): 1, ("rice", "rice"): 2, ("wheat", "corn"): 9}
    ),
    2: confusion_of(
        {
            ("corn", "corn"): 3,
            ("corn", "other"): 4,
            ("rice", "rice"): 2,
            ("rice", "wheat"): 1,
            ("wheat", "corn"): 5,
            ("wheat", "wheat"): 4,
        }
    ),
}

# Two methods, two transfers, two seeds. `good` lacks nothing; `part` failed on FRA:USA.
ROWS = [
    make_row(method="good", target="FRA", seed=1, macro_f1=0.5, confusion=INSIDE[1]),
    make_row(method="good", target="FRA", seed=2, macro_f1=0.4, confusion=INSIDE[2]),
    make_row(method="good", target="CHN", seed=1, macro_f1=0.6, crops={"corn": 0.6}),
    make_row(method="good", target="CHN", seed=2, macro_f1=0.4, crops={"corn": 0.4}),
    make_row(method="good", target="USA", seed=1, macro_f1=0.3, crops={"corn": 0.1, "rice": 0.5}),
    make_row(method="good", target="USA", seed=2, macro_f1=0.3, crops={"corn": 0.1, "rice": 0.5}),
    make_row(method="part", target="CHN", seed=1, macro_f1=0.9, crops={"corn": 0.9}),
    make_row(method="part", target="USA", seed=1, macro_f1=None, status="failed", reason="broke"),
    make_row(method="even", target="CHN", seed=1, macro_f1=0.5),
    make_row(method="even", target="USA", seed=1, macro_f1=0.3),
    make_row(method="last", target="CHN", seed=1, macro_f1=0.1),
    make_row(method="last", target="USA", seed=1, macro_f1=0.2),
]


def ranking(rows: Iterable[Row]) -> pd.DataFrame:
    (group,) = comparison_groups(from_rows(rows))
    return method_frame(group)


def line(frame: pd.DataFrame, method: str) -> pd.Series:
    return frame.set_index("method").loc[method]


def test_a_hand_computed_ranking() -> None:
    frame = ranking(ROWS)
    assert frame["method"].tolist() == ["even", "good", "last", "part"]
    # good: CHN (0.6 + 0.4) / 2 = 0.5, USA 0.3, mean 0.4; even: the same, so both are first.
    assert frame["rank"].tolist()[:3] == [1, 1, 3]
    good = line(frame, "good")
    assert good["macro_f1"] == pytest.approx(0.4)
    assert good["worst_macro_f1"] == pytest.approx(0.3)
    # In-domain on the samples of the target's crops: CHN corn (0.8 + 0.6) / 2 = 0.7; USA corn and
    # rice ((0.8 + 1) / 2 + (0.6 + 0.8) / 2) / 2 = 0.8; mean 0.75, gap 0.35.
    assert good["in_domain_macro_f1"] == pytest.approx(0.75)
    assert good["gap"] == pytest.approx(0.35)
    assert good["cells"] == 2


def test_a_method_without_every_transfer_has_neither_mean_nor_rank() -> None:
    part = line(ranking(ROWS), "part")
    assert np.isnan(part["rank"])
    assert np.isnan(part["macro_f1"])
    assert part["cells"] == 1
    text = markdown(from_rows(ROWS))
    assert "part, FRA:USA, seed 1: failed: broke" in text
    assert "| - | part |" in text


def test_deviation_over_seeds_divides_by_n_and_is_missing_for_one_seed() -> None:
    (comparable,) = comparable_rows(ROWS, RELATIONS)
    frame = transfer_frame(score_frame(comparable)).set_index(["method", "transfer"])
    assert frame.loc[("good", "FRA:CHN"), "macro_f1_std"] == pytest.approx(0.1)
    assert np.isnan(frame.loc[("even", "FRA:CHN"), "macro_f1_std"])
    assert "50.0 ± 10.0" in markdown(from_rows(ROWS))


def test_order_of_rows_does_not_matter() -> None:
    shuffled = list(ROWS)
    random.Random(0).shuffle(shuffled)
    assert markdown(from_rows(shuffled)) == markdown(from_rows(ROWS))
    assert tidy(from_rows(shuffled)).equals(tidy(from_rows(ROWS)))


@pytest.mark.parametrize(
    "other",
    [
        {"fingerprint": "e" * 64},
        {"protocol": "quick"},
        {"simulated": True, "fingerprint": "f"},
        {"metric_version": "1"},
    ],
)
def test_rows_that_cannot_be_compared_share_no_ranking(other: dict[str, object]) -> None:
    rows = [make_row(method="a"), make_row(method="b", **other)]  # type: ignore[arg-type]
    found = comparison_groups(from_rows(rows))
    assert len(found) == 2
    assert all(len(method_frame(group)) == 1 for group in found)


def groups_of_one_name() -> list[Row]:
    """Rows of other data, of another protocol and of older metrics, all under the same names."""
    row = make_row(method="a", fingerprint="a" * 64)
    other_hash = row.model_copy(update={"protocol_hash": "0123456789abcdef"})
    older = make_row(method="a", fingerprint="a" * 64, metric_version="1")
    return [row, make_row(method="a", fingerprint="b" * 64), other_hash, older]


KEYS = [
    *("dataset", "simulated", "protocol", "track", "method"),
    *("dataset_fingerprint", "protocol_hash", "metric_version"),
]


def test_groups_of_one_name_are_told_apart_in_files() -> None:
    found = from_rows(groups_of_one_name())
    for frame, more in (
        (method_table(found), []),
        (tidy(found), ["transfer"]),
        (tidy_results(comparison_groups(found)), ["transfer", "metric"]),
    ):
        keys = [*KEYS, *more]
        assert not frame.duplicated(keys).any()
        assert frame.duplicated([k for k in keys if k not in KEYS[-3:]]).any()
        assert frame.columns[-1] == "metric_version"


def test_groups_of_one_name_are_told_apart_in_titles() -> None:
    titles = [title_of(group) for group in comparable_rows(groups_of_one_name(), RELATIONS)]
    assert sorted(titles) == [
        "tiny aaaaaaaa, protocol smoke 01234567",
        "tiny aaaaaaaa, protocol smoke hash of ",
        "tiny aaaaaaaa, protocol smoke hash of , metrics version 1",
        "tiny bbbbbbbb, protocol smoke hash of ",
    ]
    rows = [make_row(), make_row(protocol="quick"), make_row(simulated=True, fingerprint="f" * 64)]
    titles = [title_of(group) for group in comparable_rows(rows, RELATIONS)]
    assert sorted(titles) == [
        "tiny (simulated), protocol smoke",
        "tiny, protocol quick",
        "tiny, protocol smoke",
    ]


def test_bands_part_rows_of_the_first_metrics_version_only() -> None:
    # Bands were those of all domains of a run; since version 2 they follow from the transfer.
    for version, groups in (("1", 2), ("2", 1)):
        rows = [
            make_row(target="CHN", bands=("B2",), metric_version=version),
            make_row(target="USA", bands=("B3",), metric_version=version),
        ]
        assert len(comparison_groups(from_rows(rows))) == groups


def test_simulated_rows_say_so() -> None:
    text = markdown(from_rows([make_row(simulated=True)]))
    assert "tiny (simulated)" in text
    assert "no satellite saw it" in text
    assert "simulated" not in markdown(from_rows([make_row()]))


def test_real_data_and_the_protocol_with_most_seeds_come_first() -> None:
    rows = [
        make_row(protocol="quick", seed=1),
        *(make_row(protocol="standard", seed=seed) for seed in (1, 2)),
        make_row(protocol="standard", track="oracle", seed=1),
        make_row(simulated=True, fingerprint="a" * 64),
    ]
    found = [(g.simulated, g.protocol, g.track) for g in comparable_rows(rows, RELATIONS)]
    assert found == [
        (False, "standard", "inductive"),
        (False, "standard", "oracle"),
        (False, "quick", "inductive"),
        (True, rows[-1].protocol, "inductive"),
    ]


def test_transfers_are_ordered_from_near_to_far() -> None:
    rows = [make_row(target=target) for target in ("ARG", "USA", "BEL")]
    (comparable,) = comparable_rows(rows, RELATIONS)
    assert [t for _, t in comparable.transfers] == ["FRA:BEL", "FRA:USA", "FRA:ARG"]


HOSTILE = ["<script>alert(1)</script>", "a|b", "../../x", "\\input{x}", "[x](javascript:y)"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_in_its_cell(name: str) -> None:
    text = markdown(from_rows([make_row(method=name)]))
    assert "<script" not in text
    table = [line for line in text.splitlines() if line.startswith("|")]
    unescaped = {len(line.replace("\\|", "").split("|")) for line in table[:3]}
    assert len(unescaped) == 1


def test_files_are_whole_and_the_same_each_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_leaderboard(from_rows(ROWS), tmp_path)]
    second = [path.read_bytes() for path in write_leaderboard(from_rows(ROWS), tmp_path)]
    assert first == second
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "leaderboard.csv",
        "leaderboard.md",
        "transfers.csv",
    ]
    table = pd.read_csv(tmp_path / "leaderboard.csv").set_index("method")
    assert table.loc["good", "macro_f1"] == pytest.approx(0.4)


def test_what_a_constant_answer_would_reach() -> None:
    # 30 corn and 10 rice: always corn is right in 30 of 40, F1 2 * 30 / (30 + 40) and 0, mean 3/7.
    confusion = tuple(
        tuple(10 * (j == k) * (3, 0, 1, 0, 0, 0, 0)[k] for j in range(7)) for k in range(7)
    )
    text = markdown(from_rows([make_row(confusion=confusion)]))
    assert "| FRA:CHN | 40 | corn | 75.0 | 42.9 |" in text


def test_damaged_jobs_are_named() -> None:
    assert "rows.json is missing or damaged" in markdown(
        from_rows(ROWS, ["jobs/x/rows.json is missing or damaged"])
    )


def test_a_row_that_two_runs_hold_counts_once_and_each_runs_other_targets_count(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    RunStore(one).write(make_identity(), [make_row(macro_f1=0.3)])
    RunStore(two).write(make_identity(), [make_row(macro_f1=0.7), make_row(target="USA")])
    results = read_results([one, two], draws=0)
    found = {row.transfer: row.scores.macro_f1 for row in results.rows if row.scores is not None}
    assert found == {"FRA:CHN": 0.3, "FRA:USA": 0.5}
    assert results.problems == ()


def test_a_score_of_one_run_counts_whatever_failed_in_the_other(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    failed = make_row(macro_f1=None, status="timeout", reason="too slow")
    RunStore(one).write(make_identity(), [failed])
    RunStore(two).write(make_identity(), [make_row(macro_f1=0.7)])
    for runs in ([one, two], [two, one]):
        (row,) = read_results(runs, draws=0).rows
        assert row.scores is not None
        assert row.scores.macro_f1 == 0.7


def test_no_rows_make_an_empty_leaderboard(tmp_path: Path) -> None:
    for path in write_leaderboard(Results(rows=()), tmp_path):
        assert path.is_file()


def test_neither_torch_nor_mlflow_is_imported() -> None:
    code = (
        "import sys, leaderboard.commands.leaderboard_commands, leaderboard.paper.parity; "
        "import leaderboard.site.site_builder; "
        "sys.exit(any(m in sys.modules for m in ('torch', 'mlflow', 'xgboost', 'timm')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
