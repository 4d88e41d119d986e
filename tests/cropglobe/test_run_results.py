"""Data frames of results: rows of groups that share their names are told apart in each."""

import pytest
from sample_rows import confusion_of, make_row

from benchmark.errors import UsageError
from benchmark.results.rows import AppliedShift, Row
from benchmark.task.fitted_attributes import Decision
from cropglobe.run_results import RunResults
from leaderboard.results import from_rows

TOLD = ["dataset_fingerprint", "protocol_hash", "metric_version"]


def rows(fingerprint: str) -> list[Row]:
    def make(target: str, macro_f1: float | None = 0.5) -> Row:
        return make_row(
            target=target,
            fingerprint=fingerprint,
            macro_f1=macro_f1,
            crops={"corn": 0.5},
            confusion=confusion_of({("corn", "corn"): 1}),
        )

    scored = make("CHN").model_copy(update={"decision": Decision(stopped=True, why="far")})
    shift = AppliedShift(name="dark", factor="level", strength=0.1)
    shifted = scored.model_copy(update={"shift": shift})
    return [scored, shifted, make("FRA"), make("USA", macro_f1=None)]


def test_every_frame_ends_with_what_tells_groups_apart() -> None:
    results = RunResults(from_rows([*rows("a" * 64), *rows("b" * 64)]), ())
    for frame in (
        *(results.scores(), results.in_domain(), results.crops(), results.confusion()),
        *(results.transfers(), results.leaderboard(), results.shift_losses()),
        *(results.failures(), results.decisions()),
    ):
        assert list(frame.columns[-3:]) == TOLD
        assert set(frame["dataset_fingerprint"]) == {"a" * 64, "b" * 64}


@pytest.mark.parametrize("made", [[make_row(target="FRA")], [make_row(macro_f1=None)]])
def test_rows_without_a_score_of_a_transfer_have_no_figure(made: list[Row]) -> None:
    """Either in-domain scores alone, or none at all."""
    results = RunResults(from_rows(made), ())
    assert results.leaderboard().empty
    for name in results.figure_names():
        with pytest.raises(UsageError, match=f"nothing to draw in '{name}'"):
            results.draw(name)
