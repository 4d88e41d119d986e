"""Whether a teacher has failed on a target, judged by its own answers without any label."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations

import numpy as np
import numpy.typing as npt
import yaml
from pydantic import BaseModel, ConfigDict, Field

from benchmark.task.methods import Labels

Shares = npt.NDArray[np.float64]
"""Share of each class among the answers [K]."""


class Limit(BaseModel):
    """One number of ``teacher_checks.yaml``.

    Attributes:
        value: The number.
        reason: What it is, and where it comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(gt=0)
    reason: str


class Limits(BaseModel):
    """The numbers of ``teacher_checks.yaml``, which has the reason of each.

    Attributes:
        version: Version of the numbers, and of the methods that use them.
        slight_agreement: Kappa on the target up to which the members hardly agree beyond chance.
        dominant_share: Share of all answers above which one class is dominant.
        kept_agreement: Part of the kappa on the source that must be left if a class is dominant.
        area_odds_factor: How many times a crop's odds may exceed those of its area.
        balanced_factor: How many times a crop's share may exceed that in a balanced sample.
        not_grown_share: Share of all answers above which crops that are not grown are too many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    slight_agreement: Limit
    dominant_share: Limit
    kept_agreement: Limit
    area_odds_factor: Limit
    balanced_factor: Limit
    not_grown_share: Limit


@cache
def limits() -> Limits:
    """Return the numbers of ``teacher_checks.yaml``."""
    text = files("cropnet").joinpath("teacher_checks.yaml").read_text("utf-8")
    return Limits.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class Answers:
    """What a teacher answers on a target, and how far its members agree there and on the source.

    Attributes:
        classes: Names of the classes [K].
        shares: Share of each class among the teacher's answers on the target [K].
        source_agreement: Mean kappa of the members on the source's validation samples.
        target_agreement: Mean kappa of the members on the target.
    """

    classes: tuple[str, ...]
    shares: Shares
    source_agreement: float
    target_agreement: float


@dataclass(frozen=True)
class Decision:
    """Whether self-training stops at its teacher, and why.

    Attributes:
        stopped: Whether the teacher's own answers are kept.
        why: The reason in a sentence.
        answers: What it was decided on.
    """

    stopped: bool
    why: str
    answers: Answers


def mean_agreement(members: Sequence[Labels]) -> float:
    """Return the mean of Cohen's kappa over all pairs of members.

    Kappa is agreement beyond that of two raters who answer at random with the same shares; members
    that all give one answer for nearly every sample agree often and have a kappa near 0. A pair
    that gives a single answer throughout has no kappa and counts as 0. Source: Cohen 1960, A
    Coefficient of Agreement for Nominal Scales.

    Args:
        members: Predicted class of each sample [N], for each of two or more members.
    """
    from sklearn.metrics import cohen_kappa_score

    return float(
        np.mean(
            [
                0.0 if len(np.unique(pair)) < 2 else cohen_kappa_score(*pair)
                for pair in combinations(members, 2)
            ]
        )
    )


def why_failed(answers: Answers) -> str | None:
    """Return how a teacher has failed without knowledge of the target, or ``None``.

    It has failed if its members hardly agree beyond chance, or if one class is dominant while the
    members' agreement has collapsed from the source to the target.

    Args:
        answers: What the teacher answers.
    """
    known, kappa = limits(), answers.target_agreement
    if kappa <= known.slight_agreement.value:
        return (
            f"the members hardly agree on the target beyond chance (kappa {kappa:.2f}, at most "
            f"{known.slight_agreement.value:g})"
        )
    largest = int(answers.shares.argmax())
    least = known.kept_agreement.value * answers.source_agreement
    if answers.shares[largest] > known.dominant_share.value and kappa < least:
        return (
            f"{answers.classes[largest]} is {answers.shares[largest]:.0%} of the answers (at most "
            f"{known.dominant_share.value:.0%}) and the members' kappa fell from "
            f"{answers.source_agreement:.2f} on the source to {kappa:.2f}"
        )
    return None
