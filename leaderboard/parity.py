"""Published numbers beside ours, with the reasons why they may differ."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from benchmark.errors import UsageError
from leaderboard.columns import MISSING, percent, signed_percent
from leaderboard.evidence import Evidence
from leaderboard.field import Field, fields
from leaderboard.sheets import Cell, Sheet
from leaderboard.statistics import Interval


@dataclass(frozen=True)
class Published:
    """A published number.

    Attributes:
        source: Domain of the training data.
        target: Domain that was scored; a question mark and the column where the year is unknown.
        paper_method: What the paper or its readers call the method.
        method: Our name of it.
        metric: Column of our frames.
        value: The number, a share.
        mark: How it is known: ``P`` the paper, ``S`` its results page, ``secondary`` others.
        origin: The same in words.
        caution: What is uncertain; may be empty.
    """

    source: str
    target: str
    paper_method: str
    method: str
    metric: str
    value: float
    mark: str
    origin: str
    caution: str


@dataclass(frozen=True)
class Comparison:
    """A published number and ours.

    Attributes:
        published: The published number.
        ours: Our mean over seeds; ``None`` if it was not run.
        deviation: Standard deviation over seeds (divisor n); ``None`` for one seed.
        limits: Interval of ours; ``None`` without stored predictions.
        reasons: Why the two may differ, in clauses.
    """

    published: Published
    ours: float | None = None
    deviation: float | None = None
    limits: Interval | None = None
    reasons: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """Ours less published."""
        return None if self.ours is None else self.ours - self.published.value


@cache
def published() -> tuple[Published, ...]:
    """Return every published number that is known, in the order of the file."""
    text = files("leaderboard").joinpath("published.csv").read_text("utf-8")
    return tuple(
        Published(
            source=line["source"],
            target=line["target"],
            paper_method=line["paper_method"],
            method=line["method"],
            metric=line["metric"],
            value=float(line["value"]) / 100,
            mark=line["mark"],
            origin=line["origin"],
            caution=line["caution"],
        )
        for line in csv.DictReader(text.splitlines())
    )


def parity(evidence: Evidence) -> tuple[tuple[Field, tuple[Comparison, ...]], ...]:
    """Compare rows with every published number.

    Args:
        evidence: Rows of real data.

    Returns:
        For each group of comparable rows one comparison per published number.

    Raises:
        UsageError: If a row is of simulated data, or there is no row.
    """
    if not evidence.rows:
        raise UsageError("There is no row to compare: run a method first.")
    simulated = sorted({row.data.name for row in evidence.rows if row.data.simulated})
    if simulated:
        raise UsageError(
            f"Simulated data ({', '.join(simulated)}) is never compared with the paper: "
            "run on the official data or on ingested tables."
        )
    return tuple(
        (field, tuple(_compare(field, number) for number in published()))
        for field in fields(evidence)
        if field.section.track == "inductive"
    )


def _compare(field: Field, number: Published) -> Comparison:
    transfer = f"{number.source}:{number.target}"
    frame = field.transfers
    found = frame[(frame["method"] == number.method) & (frame["transfer"] == transfer)]
    reasons = (number.caution,) if number.caution else ()
    if found.empty:
        return Comparison(number, reasons=reasons)
    line = found.iloc[0]
    ours, spread = float(line[number.metric]), float(line[f"{number.metric}_std"])
    draws = field.draws(number.method, transfer, number.metric)
    return Comparison(
        published=number,
        ours=ours,
        deviation=None if spread != spread else spread,
        limits=None if draws is None else field.interval(draws, ours),
        reasons=(*reasons, *_reasons(field, number)),
    )


def _reasons(field: Field, number: Published) -> tuple[str, ...]:
    section = field.section
    seeds = {row.seed for row in section.rows if row.method == number.method}
    data = f"data: {section.dataset} {section.fingerprint[:8]}, the paper's version is not recorded"
    left_out = {
        row.data.n_unscored
        for row in section.rows
        if (row.method, row.source, row.target) == (number.method, number.source, number.target)
    }
    reasons = [data]
    if not section.released:
        reasons.append(f"protocol {section.protocol}, not the released code's")
    if len(seeds) < 10:
        reasons.append(f"{len(seeds)} of the paper's 10 seeds")
    if left_out - {0, None}:
        reasons.append("samples of crops that the source lacks are not scored")
    return tuple(reasons)


def parity_sheet(field: Field, comparisons: Sequence[Comparison]) -> Sheet:
    """Make the table of published numbers beside ours."""
    body = []
    for comparison in comparisons:
        number, difference, limits = comparison.published, comparison.difference, comparison.limits
        texts = (
            f"{number.source}:{number.target}",
            f"{number.paper_method} ({number.method})",
            f"{100 * number.value:.2f} [{number.mark}]",
            MISSING if comparison.ours is None else percent(comparison.ours),
            MISSING if comparison.deviation is None else percent(comparison.deviation),
            MISSING if limits is None else f"{percent(limits.low)} to {percent(limits.high)}",
            MISSING if difference is None else signed_percent(difference),
            "; ".join(comparison.reasons) or MISSING,
        )
        body.append(tuple(map(Cell, texts)))
    missing = sum(comparison.ours is None for comparison in comparisons)
    section = field.section
    return Sheet(
        title=f"Published and ours, {section.dataset}, protocol {section.protocol}",
        notes=(
            "Overall accuracy (%). Marks: P the paper, S its public results page, secondary a "
            "source that cites it.",
            f"{missing} of {len(comparisons)} published numbers have no row here.",
            "The published intervals are not known: a difference outside our interval may still "
            "lie within theirs.",
        ),
        groups=(),
        headings=(
            "transfer",
            "method (our name)",
            "published",
            "ours",
            "std",
            "95% interval",
            "difference",
            "why they may differ",
        ),
        body=tuple(body),
    )
