"""A verifier's own rows in the place of the author's."""

from sample_rows import confusion_of, make_row

from benchmark.results.rows import Cost
from benchmark.task.fitted_attributes import Decision
from leaderboard.results import from_rows
from leaderboard.submissions.own_rows import OwnRow, row_digest, with_own_rows


def test_what_the_author_says_of_a_fit_is_not_said_of_the_verifiers() -> None:
    confusion = confusion_of({("corn", "corn"): 10})
    row = make_row(macro_f1=0.9, confusion=confusion, track="unlabelled-target")
    row = row.model_copy(update={"decision": Decision(stopped=True, why="they agree")})
    mine = make_row(macro_f1=0.3).scores
    assert mine is not None
    own = OwnRow(
        stated=row_digest(row),
        own="0" * 64,
        stated_macro_f1=0.9,
        scores=mine,
        confusion=confusion,
        cost=Cost(fit_seconds=7.0),
    )
    (found,) = with_own_rows(from_rows([row]), {own.stated: own}).rows
    assert (found.scores, found.cost) == (own.scores, own.cost)
    assert found.decision is None
    assert with_own_rows(from_rows([row]), {}).rows == (row,)
