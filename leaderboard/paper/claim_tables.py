"""The tables of the paper's sentences: verdicts, and the pairs of methods on which they rest."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.paper.claims import ClaimResult, PairedComparison, Verdict, evaluate_claims
from leaderboard.results import Results
from leaderboard.statistics.intervals import SHORTAGES, Interval
from leaderboard.tables.columns import MISSING, signed_percent
from leaderboard.tables.section_facts import (
    SIMULATED_MARK,
    dataset_title,
    protocol_title,
    title_of,
)
from leaderboard.tables.table_content import Cell, Table

METRIC_NAMES: Final[Mapping[str, str]] = {
    "macro_f1": "Macro-F1",
    "overall_accuracy": "Overall accuracy",
}
"""Names of the metrics that have intervals."""


def all_claim_tables(results: Results, metric: str) -> list[Table]:
    """Return the tables of every group of inductive rows; none if there is no such row.

    Args:
        results: Results of runs, on real or simulated data.
        metric: A metric of :data:`METRIC_NAMES`.
    """
    return [
        table
        for group, findings in evaluate_claims(results, metric)
        for table in claim_tables(group, findings, metric)
    ]


def claim_tables(
    group: ComparisonGroup, findings: Sequence[ClaimResult], metric: str
) -> tuple[Table, ...]:
    """Return the tables of the sentences and of the comparisons on which they rest.

    Args:
        group: The rows that were tested.
        findings: Results of :func:`evaluate_claims` for them.
        metric: The metric of the test.

    Returns:
        The table of verdicts, and the table of all pairs of methods.
    """
    comparable, title = group.comparable, METRIC_NAMES[metric]
    rows = f"dataset {dataset_title(comparable)}, protocol {protocol_title(comparable)}"
    published = () if comparable.simulated else ("the paper",)  # never beside simulated rows
    data = f"These rows are of {rows}: what is tested is "
    notes = (
        *((SIMULATED_MARK,) if comparable.simulated else ()),
        f"{data}the paper's sentence on other data or another protocol than the paper's.",
        f"{title}.{'' if comparable.simulated else _PUBLISHED_NOTE}",
        "Holds: the paired 95 % interval of the difference lies above zero for every method that "
        "was run. Does not hold: below zero for one that has every transfer, with intervals "
        "widened for their number (Bonferroni). Undecided: neither, or a rival was not run, or "
        f"there are {' or '.join(SHORTAGES)}, too few to decide.",
    )
    verdicts = Table(
        title=f"The paper's sentences, {title_of(comparable)}",
        notes=notes,
        groups=(),
        headings=("sentence", "for", "here", "because", *published),
        body=tuple(_verdict_line(finding, comparable.simulated) for finding in findings),
        names=2,
    )
    pairs = Table(
        title=f"Pairs behind them, {title_of(comparable)}",
        notes=(
            f"{title}, percent points: mean over the transfers that both methods have; interval: "
            "paired 95 % bootstrap.",
            "The best of a rival is chosen by its scores on these targets, which flatters it.",
        ),
        groups=(),
        headings=(
            *("method", "against", "of", "difference", "95 % interval", "transfers", "won"),
            *("better", "sentence"),
        ),
        body=tuple(line for finding in findings for line in _pair_lines(finding)),
        names=2,
    )
    return tuple(table for table in (verdicts, pairs) if table.body)


_PUBLISHED_NOTE: Final = (
    " The paper's numbers: overall accuracy (%). Marks: P the paper, T a third party's "
    "page, secondary a source that cites it, I inference, ? not known."
)


def _verdict_line(finding: ClaimResult, simulated: bool) -> tuple[Cell, ...]:
    known = (f"{rival.title} ({rival.mark}): {rival.origin}" for rival in finding.claim.rivals)
    texts = (
        finding.claim.sentence,
        finding.subject,
        finding.verdict,
        _because(finding),
        *(() if simulated else ("; ".join(known),)),
    )
    return tuple(map(Cell, texts))


def _because(finding: ClaimResult) -> str:
    if not finding.transfers:
        return f"no transfer is {' or '.join(finding.claim.relations)}"
    if not finding.scored:
        return f"{finding.subject} has no score here"
    if finding.scored < len(finding.transfers):
        return (
            f"{finding.subject} has a score on {finding.scored} of the {len(finding.transfers)} "
            "transfers that are asked about"
        )
    parts = []
    for contest in finding.contests:
        title, best = contest.rival.title, contest.best
        if best is None or best.difference is None:
            parts.append(f"{title}: none has a score on every transfer that is asked about")
            continue
        parts.append(
            f"{title}: {_counted(contest.duels)}; {_with_limits(best)} to the best, {best.rival}"
        )
    return "; ".join(parts)


def _counted(duels: Iterable[PairedComparison]) -> str:
    """Return how many methods are worse or better than the subject, or cannot be decided."""
    run = [duel for duel in duels if duel.verdict != "not run"]
    few = [duel.shortage for duel in run if duel.shortage is not None]
    short = f"too little to decide ({' and '.join(sorted(set(few)))})" if few else ""
    if len(few) == len(run):
        return short
    counts = [duel.verdict for duel in run]
    worse = counts.count("does not hold")
    return (
        f"better than {counts.count('holds')} of {len(counts)}"
        f"{f', worse than {worse}' if worse else ''}{f', {short}: {len(few)}' if few else ''}"
    )


def _with_limits(duel: PairedComparison) -> str:
    assert duel.difference is not None
    limits = duel.limits
    between = "" if limits is None else f" ({_limits(limits)})"
    return f"{signed_percent(duel.difference)}{between}"


def _limits(limits: Interval) -> str:
    return f"{signed_percent(limits.low)} to {signed_percent(limits.high)}"


def _pair_lines(finding: ClaimResult) -> Iterable[tuple[Cell, ...]]:
    """Yield a line for each pair; none for a subject without a score, which has no pair."""
    if not finding.scored:
        return
    asked = len(finding.transfers)
    for contest in finding.contests:
        for duel in contest.duels:
            title = contest.rival.title
            leads = duel is contest.best and len(contest.duels) > 1
            texts = (
                finding.subject,
                duel.rival,
                f"best of {title}" if leads else title,
                MISSING if duel.difference is None else signed_percent(duel.difference),
                MISSING if duel.limits is None else _limits(duel.limits),
                f"{duel.transfers} of {asked}",
                f"{duel.won:g}" if duel.transfers else MISSING,
                _BETTER[duel.verdict],
                finding.claim.name,
            )
            yield tuple(map(Cell, texts))


_BETTER: Final[Mapping[Verdict, str]] = {
    "holds": "yes",
    "does not hold": "no, worse",
    "undecided": "undecided",
    "not run": "not run",
}
