"""Self-training that stops: who is trained, on what, and whose answers are given."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from benchmark.data.dataset import BANDS
from benchmark.task.authoring.method_trial import tiny_protocol
from benchmark.task.methods import Adaptable, Context, Informed, Target
from cropnet import travelling
from cropnet.checked_self_training import CheckedSelfTraining, InformedSelfTraining, methods
from cropnet.ensembles import Ensemble

CLASSES = ("corn", "rice", "cotton", "other")
CONTEXT = Context(3, CLASSES, tiny_protocol(), "cpu", BANDS, (2,))
REGISTERED = {m.name: m for m in methods()}

Says = Callable[[int, npt.NDArray[np.float32]], npt.NDArray[np.int64]]
"""What a member, by its number, answers on target samples [M, 2]."""


class Member:
    """Right on the source (second feature 0); on the target it answers what it is told to."""

    parameter_count_ = 1
    flops_per_sample_ = 1
    history_ = ()
    fitted: list["Member"]

    def __init__(self, context: Context, *, number: int, says: Says) -> None:
        self.number, self.says, self.seed = number, says, context.seed

    def fit(self, x: Any, y: Any, *, validation: Any) -> "Member":
        self.x, self.y = x, y
        Member.fitted.append(self)
        return self

    def predict_proba(self, x: Any) -> Any:
        said = np.where(x[:, 1] == 0, x[:, 0].astype(np.int64), self.says(self.number, x))
        return (0.9 * np.eye(4) + 0.025)[said]


def samples(labels: npt.ArrayLike, *, target: bool = False) -> npt.NDArray[np.float32]:
    label = np.asarray(labels)
    return np.stack([label, np.full(len(label), target)], axis=1).astype(np.float32)


def teacher(context: Context, *, says: Says) -> Ensemble:
    members = [partial(Member, number=number, says=says) for number in range(3)]
    return Ensemble(context, members=members, mean="geometric")  # type: ignore[arg-type]


def fitted(kind: type[CheckedSelfTraining], says: Says) -> Any:
    Member.fitted = []
    labels = np.repeat(np.arange(4), 10)
    held = samples(np.arange(4)), np.arange(4)
    method = kind(CONTEXT, build=partial(teacher, says=says))
    return method.fit(samples(labels), labels, validation=held)


TARGET = samples(np.tile(np.arange(4), 50), target=True)


def right(number: int, x: Any) -> Any:
    del number
    return x[:, 0].astype(np.int64)


def one_answer(number: int, x: Any) -> Any:
    """Corn, but for a few samples that each member chooses for itself."""
    said = np.zeros(len(x), np.int64)
    said[number :: max(len(x) // 4, 1)] = 3
    return said


def test_a_teacher_with_one_answer_is_kept() -> None:
    method = fitted(CheckedSelfTraining, one_answer)
    adapted = method.adapt(TARGET)
    assert len(Member.fitted) == 3, "no student is trained"
    np.testing.assert_array_equal(adapted.predict_proba(TARGET), method.predict_proba(TARGET))
    decision = adapted.decision_
    assert decision.stopped
    assert "hardly agree" in decision.why
    assert decision.answers.shares[0] > 0.96
    assert decision.answers.source_agreement == 1


def test_a_teacher_whose_members_agree_has_a_student() -> None:
    method = fitted(CheckedSelfTraining, right)
    adapted = method.adapt(TARGET)
    assert not adapted.decision_.stopped
    assert adapted.decision_.answers.target_agreement == 1
    teachers, students = Member.fitted[:3], Member.fitted[3:]
    assert len(students) == 3
    assert {m.seed for m in students}.isdisjoint(m.seed for m in teachers)
    for student in students:
        from_target = student.x[:, 1] == 1
        np.testing.assert_array_equal(student.y[from_target], student.x[from_target, 0])
        assert np.bincount(student.y[from_target]).tolist() == [15] * 4, "30 % of each class"
        assert (~from_target).sum() == 40, "and the source"
    assert len(method.source_[0]) == 40, "the fitted method itself is as it was"


def test_agreement_on_a_crop_that_is_not_grown_is_no_reason_to_go_on() -> None:
    method = fitted(InformedSelfTraining, right)
    cotton = samples(np.repeat([0, 2, 3], [40, 40, 20]), target=True)
    adapted = method.inform(Target("FRA", southern=False, first_day=0)).adapt(cotton)
    assert adapted.decision_.stopped
    assert "cotton" in adapted.decision_.why
    assert len(Member.fitted) == 3
    np.testing.assert_array_equal(adapted.predict_proba(cotton), method.predict_proba(cotton))
    allowed = method.inform(Target("USA", southern=False, first_day=0)).adapt(cotton)
    assert not allowed.decision_.stopped
    assert "statistics of USA allow" in allowed.decision_.why
    assert len(Member.fitted) == 6


def test_without_statistics_the_members_alone_are_judged() -> None:
    cotton = samples(np.repeat([0, 2, 3], [40, 40, 20]), target=True)
    unknown = Target("ZAF", southern=True, first_day=0)
    going_on = fitted(InformedSelfTraining, right).inform(unknown).adapt(cotton).decision_
    assert not going_on.stopped
    assert "no calendar of ZAF" in going_on.why
    assert fitted(InformedSelfTraining, one_answer).inform(unknown).adapt(TARGET).decision_.stopped


def test_to_inform_leaves_the_method_as_it_is() -> None:
    method = fitted(InformedSelfTraining, right)
    informed = method.inform(Target("FRA", southern=False, first_day=0))
    assert isinstance(informed, Adaptable)
    assert method.target_ is None


@pytest.mark.parametrize("name", REGISTERED)
def test_the_teacher_of_both_is_the_trio_as_it_is_run_alone(name: str) -> None:
    """Stopped rows equal those of trio only if the teacher has the same members and seed."""
    method = REGISTERED[name].build(CONTEXT)
    assert isinstance(method, CheckedSelfTraining)
    assert method.build is travelling.trio
    assert method.context is CONTEXT
    trio = next(m for m in travelling.methods() if m.name == "trio")
    assert REGISTERED[name].representation == trio.representation
    assert REGISTERED[name].released_division == trio.released_division
    assert REGISTERED[name].card.parameters == trio.card.parameters
    assert isinstance(method, Informed) == (REGISTERED[name].track == "knowledge-and-series")
