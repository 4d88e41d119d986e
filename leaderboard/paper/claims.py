"""Test sentences of the paper that compare methods on the rows of runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.errors import UsageError
from benchmark.task.transfers import RELATIONS, Relation
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.results import Results
from leaderboard.statistics.intervals import LEVEL, Interval, mean_of
from leaderboard.statistics.ranking import DIGITS

Verdict = Literal["holds", "does not hold", "undecided", "not run"]

Mark = Literal["P", "S", "T", "secondary", "I", "?"]


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opponent(_Stored):
    """The rival in a sentence: the methods that it says are worse.

    Attributes:
        title: Name of the rival in the sentence.
        families: Families of methods that belong to it.
        methods: Names or patterns of methods that belong to it.
        mark: Source of the comparison: ``P`` the paper, ``S`` its results page, ``T`` a third
            party's page, ``secondary`` other sources, ``I`` inference, ``?`` not known.
        origin: The source in words.
    """

    title: str
    families: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    mark: Mark
    origin: str


class Claim(_Stored):
    """A sentence that compares methods.

    Attributes:
        name: Name of the claim.
        sentence: The sentence.
        subjects: Methods that it says are better; each of them is tested.
        rivals: Methods that it says are worse.
        relations: Relations of the transfers that it is about.
    """

    name: str
    sentence: str
    subjects: tuple[str, ...]
    rivals: tuple[Opponent, ...]
    relations: tuple[Relation, ...] = RELATIONS


@dataclass(frozen=True)
class PairedComparison:
    """Two methods on the transfers that both have.

    Attributes:
        rival: Label of the method that should be worse.
        name: Its name, which rows of other code may share.
        difference: Subject's score minus the rival's score, as mean over these transfers; ``None``
            if they have no transfer in common.
        limits: Paired interval of the difference; ``None`` without stored predictions.
        guarded: The same interval, widened for the number of rivals of the sentence (Bonferroni).
        transfers: Number of transfers that both have.
        won: Number of these transfers on which the subject is better; a tie counts half.
        seeds: Smallest number of seeds on any transfer; 0 without stored predictions.
        shortage: What there is too little of to decide; ``None`` if nothing is.
    """

    rival: str
    name: str
    difference: float | None = None
    limits: Interval | None = None
    guarded: Interval | None = None
    transfers: int = 0
    won: float = 0
    seeds: int = 0
    shortage: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether the subject is better: the interval excludes zero, and nothing is too little."""
        if self.difference is None:
            return "not run"
        if self.shortage or self.limits is None or not self.limits.excludes_zero:
            return "undecided"
        return "holds" if self.limits.low > 0 else "does not hold"

    @property
    def lost(self) -> bool:
        """Whether the rival is better: the widened interval is below zero."""
        return self.guarded is not None and self.guarded.high < 0 and self.shortage is None


@dataclass(frozen=True)
class GroupComparison:
    """A subject compared with all methods of a rival.

    Attributes:
        rival: The rival.
        duels: One comparison for each of its methods with a row, and for each named method without.
        best: The comparison with the smallest difference, among methods with every transfer.
    """

    rival: Opponent
    duels: tuple[PairedComparison, ...]
    best: PairedComparison | None

    @property
    def met(self) -> bool:
        """Whether a method with every transfer was run, and one for each name or pattern."""
        run = [duel.name for duel in self.duels if duel.transfers]
        named = all(any(fnmatchcase(name, p) for name in run) for p in self.rival.methods)
        return self.best is not None and named


@dataclass(frozen=True)
class ClaimResult:
    """The result of a test of a sentence, for one of its subjects.

    Attributes:
        claim: The sentence.
        subject: The method that should be better.
        transfers: Transfers that the sentence is about and that have rows.
        scored: Number of these transfers on which the subject has a score.
        contests: One comparison for each rival.
    """

    claim: Claim
    subject: str
    transfers: tuple[str, ...]
    scored: int
    contests: tuple[GroupComparison, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether the sentence holds.

        It holds if the subject is better than every method, and methods of all rivals were run. It
        does not hold if one method is better by the interval that is widened for all of them, over
        every transfer that the sentence is about: a few of them may be those it is worse on.
        """
        duels = [duel for contest in self.contests for duel in contest.duels]
        run = [duel for duel in duels if duel.verdict != "not run"]
        if not run:
            return "not run"
        if any(duel.lost for duel in run if duel.transfers == len(self.transfers)):
            return "does not hold"
        met = all(contest.met for contest in self.contests)
        return "holds" if met and all(duel.verdict == "holds" for duel in run) else "undecided"


@cache
def claims() -> tuple[Claim, ...]:
    """Return every sentence, in the order of the file."""
    text = files("leaderboard.paper").joinpath("claims.yaml").read_text("utf-8")
    return tuple(Claim.model_validate(entry) for entry in yaml.safe_load(text))


def evaluate_claims(
    results: Results, metric: str, sentences: Sequence[Claim] | None = None
) -> tuple[tuple[ComparisonGroup, tuple[ClaimResult, ...]], ...]:
    """Test sentences on each dataset and protocol.

    Args:
        results: Results of runs, on real or simulated data.
        metric: A metric that has intervals, see `leaderboard.statistics.confusion_scores.METRICS`.
        sentences: The sentences; by default all of the file.

    Returns:
        For each group of comparable inductive rows, one result per sentence and subject.

    Raises:
        UsageError: If there is no row.
    """
    if not results.rows:
        raise UsageError("There is no row to test a sentence on: run a method first.")
    known = claims() if sentences is None else sentences
    return tuple(
        (
            group,
            tuple(
                _find(group, metric, claim, group.label(subject))
                for claim in known
                for subject in claim.subjects
            ),
        )
        for group in comparison_groups(results)
        if group.comparable.track == "inductive"
    )


def _find(group: ComparisonGroup, metric: str, claim: Claim, subject: str) -> ClaimResult:
    pairs = group.comparable.transfers
    names = tuple(name for relation, name in pairs if relation in claim.relations)
    met = [_members(group, rival, subject) for rival in claim.rivals]
    level = 1 - (1 - LEVEL) / max(sum(map(len, met)), 1)
    scores = _scores(group, metric)
    contests = []
    for rival, methods in zip(claim.rivals, met, strict=True):
        duels = tuple(
            _duel(group, metric, scores, (subject, method), names, level) for method in methods
        )
        whole = [duel for duel in duels if duel.transfers == len(names) > 0]
        best = min(whole, key=lambda duel: duel.difference or 0.0, default=None)
        contests.append(GroupComparison(rival, duels, best))
    scored = sum((subject, name) in scores for name in names)
    return ClaimResult(claim, subject, names, scored, tuple(contests))


def _members(group: ComparisonGroup, rival: Opponent, subject: str) -> tuple[str, ...]:
    """Return the methods of a rival, also named ones without rows; of several codes, one."""
    families = {row.method: row.family for row in group.comparable.rows}
    newest = {name: labels[0] for name, labels in group.labels.items()}
    found = {label for label in newest.values() if families[label] in rival.families}
    for pattern in rival.methods:
        matched = {label for name, label in newest.items() if fnmatchcase(name, pattern)}
        found |= matched or {pattern}
    return tuple(sorted(found - {subject}))


def _scores(group: ComparisonGroup, metric: str) -> Mapping[tuple[str, str], float]:
    lines = group.transfers[["method", "transfer", metric]].itertuples(index=False, name=None)
    return {(str(method), str(transfer)): float(value) for method, transfer, value in lines}


def _duel(
    group: ComparisonGroup,
    metric: str,
    scores: Mapping[tuple[str, str], float],
    pair: tuple[str, str],
    transfers: Iterable[str],
    level: float,
) -> PairedComparison:
    subject, rival = pair
    rival_name = group.names.get(rival, rival)
    shared = [t for t in transfers if (subject, t) in scores and (rival, t) in scores]
    if not shared:
        return PairedComparison(rival, rival_name)
    differences = [scores[subject, name] - scores[rival, name] for name in shared]
    mean = float(np.mean(differences))
    signs = np.sign(np.round(differences, DIGITS))
    won = float(np.sum((signs + 1) / 2))
    draws = [[group.draws(method, name, metric) for name in shared] for method in pair]
    first, second = ([values for values in own if values is not None] for own in draws)
    if not len(first) == len(second) == len(shared):
        return PairedComparison(rival, rival_name, mean, transfers=len(shared), won=won)
    together = mean_of(first) - mean_of(second)
    limits = group.interval(together, mean)
    guarded = group.interval(together, mean, level)
    return PairedComparison(
        rival=rival,
        name=rival_name,
        difference=mean,
        limits=limits,
        guarded=guarded,
        transfers=len(shared),
        won=won,
        seeds=together.fewest_seeds,
        shortage=together.shortage,
    )
