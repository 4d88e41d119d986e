"""Compare published numbers with ours, and give reasons why they may differ."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from benchmark.errors import UsageError
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.results import Results
from leaderboard.statistics.intervals import Interval
from leaderboard.tables.columns import MISSING, percent, signed_percent
from leaderboard.tables.section_facts import title_of
from leaderboard.tables.table_content import Cell, Table


@dataclass(frozen=True)
class Published:
    """A published number.

    Attributes:
        source: Domain of the training data.
        target: Domain that was scored. If the year is unknown, a question mark and the column of
            the paper's table.
        paper_method: Name of the method in the paper or in the source.
        method: Our name of the method.
        metric: Column of our tables.
        value: The number as a share.
        deviation: Standard deviation over runs as a share, from a secondary source; ``None`` if it
            is not known.
        mark: Source: ``P`` the paper, ``T`` a third party's page that lists several systems,
            ``secondary`` other sources.
        origin: The source in words.
        caution: What is uncertain about the number; may be empty.
    """

    source: str
    target: str
    paper_method: str
    method: str
    metric: str
    value: float
    deviation: float | None
    mark: str
    origin: str
    caution: str


@dataclass(frozen=True)
class Comparison:
    """A published number and our number.

    Attributes:
        published: The published number.
        ours: Our mean over seeds; ``None`` if it was not run.
        deviation: Our standard deviation over seeds (divisor n); ``None`` for one seed.
        limits: Our interval; ``None`` without stored predictions.
        reasons: Reasons why the two may differ, in clauses.
    """

    published: Published
    ours: float | None = None
    deviation: float | None = None
    limits: Interval | None = None
    reasons: tuple[str, ...] = ()

    @property
    def difference(self) -> float | None:
        """Our number minus the published number; ``None`` if it was not run."""
        return None if self.ours is None else self.ours - self.published.value


@cache
def published() -> tuple[Published, ...]:
    """Return every published number of the file, in its order."""
    text = files("leaderboard.paper").joinpath("published.csv").read_text("utf-8")
    return tuple(
        Published(
            source=line["source"],
            target=line["target"],
            paper_method=line["paper_method"],
            method=line["method"],
            metric=line["metric"],
            value=float(line["value"]) / 100,
            deviation=float(line["std"]) / 100 if line["std"] else None,
            mark=line["mark"],
            origin=line["origin"],
            caution=line["caution"],
        )
        for line in csv.DictReader(text.splitlines())
    )


def parity(results: Results) -> tuple[tuple[ComparisonGroup, tuple[Comparison, ...]], ...]:
    """Compare rows with every published number.

    Args:
        results: Rows of real data.

    Returns:
        For each group of comparable rows one comparison per published number.

    Raises:
        UsageError: If a row is of simulated data, or there is no row.
    """
    if not results.rows:
        raise UsageError("There is no row to compare: run a method first.")
    simulated = sorted({row.data.name for row in results.rows if row.data.simulated})
    if simulated:
        raise UsageError(
            f"Simulated data ({', '.join(simulated)}) is never compared with the paper: "
            "run on the official data or on ingested tables."
        )
    return tuple(
        (group, tuple(_compare(group, number) for number in published()))
        for group in comparison_groups(results)
        if group.comparable.track == "inductive"
    )


def _compare(group: ComparisonGroup, number: Published) -> Comparison:
    transfer = f"{number.source}:{number.target}"
    frame, label = group.transfers, group.label(number.method)
    found = frame[(frame["method"] == label) & (frame["transfer"] == transfer)]
    reasons = (number.caution,) if number.caution else ()
    if found.empty:
        return Comparison(number, reasons=reasons)
    line = found.iloc[0]
    ours, spread = float(line[number.metric]), float(line[f"{number.metric}_std"])
    draws = group.draws(label, transfer, number.metric)
    return Comparison(
        published=number,
        ours=ours,
        deviation=None if spread != spread else spread,
        limits=None if draws is None else group.interval(draws, ours),
        reasons=(*reasons, *_reasons(group, number, int(line["seeds"]))),
    )


def _reasons(group: ComparisonGroup, number: Published, seeds: int) -> tuple[str, ...]:
    comparable, label = group.comparable, group.label(number.method)
    name = f"{comparable.dataset} {comparable.fingerprint[:8]}"
    data = f"data: {name}, the paper's version is not recorded"
    left_out = {
        row.data.n_unscored
        for row in comparable.rows
        if (row.method, row.source, row.target) == (label, number.source, number.target)
    }
    reasons = [data]
    if not comparable.released:
        reasons.append(f"protocol {comparable.protocol}, not the released code's")
    if seeds < 10:
        reasons.append(f"{seeds} of the paper's 10 seeds")
    if left_out - {0, None}:
        reasons.append("samples of crops that the source lacks are not scored")
    return tuple(reasons)


def parity_table(group: ComparisonGroup, comparisons: Sequence[Comparison]) -> Table:
    """Return the table of published numbers and ours."""
    body = []
    for comparison in comparisons:
        number, difference, limits = comparison.published, comparison.difference, comparison.limits
        texts = (
            f"{number.source}:{number.target}",
            f"{number.paper_method} ({number.method})",
            _as_published(number),
            MISSING if comparison.ours is None else percent(comparison.ours),
            MISSING if comparison.deviation is None else percent(comparison.deviation),
            MISSING if limits is None else f"{percent(limits.low)} to {percent(limits.high)}",
            MISSING if difference is None else signed_percent(difference),
            "; ".join(comparison.reasons) or MISSING,
        )
        body.append(tuple(map(Cell, texts)))
    missing = sum(comparison.ours is None for comparison in comparisons)
    return Table(
        title=f"Published and ours, {title_of(group.comparable)}",
        notes=(
            "Overall accuracy (%). Marks: P the paper, T a third party's page that lists several "
            "systems, whose figure need not be the paper's own, secondary a source that cites it. "
            "Published standard deviations are from a secondary source.",
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
        names=2,
    )


def _as_published(number: Published) -> str:
    spread = "" if number.deviation is None else f" +- {100 * number.deviation:.2f}"
    return f"{100 * number.value:.2f}{spread} [{number.mark}]"
