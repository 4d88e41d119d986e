"""A verdict as text for a terminal, or as Markdown for a pull request."""

import html
from collections.abc import Iterator, Mapping

from benchmark.errors import SubmissionError
from leaderboard.submissions.archive import printable
from leaderboard.submissions.verification.reference_comparison import Comparison
from leaderboard.submissions.verification.verification import Verdict
from leaderboard.tables.markdown_text import WITHOUT_SCHEME

LONGEST: int = 500
"""Largest number of letters in a line with text of a submission."""


def refusal(error: SubmissionError, form: str) -> str:
    """Return the text of a refusal for a submission that could not be read.

    Args:
        error: The error.
        form: ``text`` or ``markdown``.
    """
    text = printable(str(error), LONGEST)
    return f"**Refused.** {_marked(text)}" if form == "markdown" else f"Refused: {text}"


def as_text(verdict: Verdict, comparison: Comparison | None = None) -> str:
    """Return a verdict as lines of text for a terminal.

    Args:
        verdict: The verdict.
        comparison: Scores of reference methods, to show with those of the submission.
    """
    manifest = verdict.submission.manifest
    lines = [
        f"{printable(manifest.method)} by {printable(', '.join(manifest.authors))}, "
        f"{manifest.kind}, {printable(manifest.protocol)} on {printable(manifest.dataset)}"
    ]
    for finding in verdict.findings:
        state = "FAILED" if finding.problems else "passed" if finding.tried else "not tried"
        lines.append(f"  {state:9}  {finding.title}")
        lines += [f"             {printable(problem, LONGEST)}" for problem in finding.problems]
    if verdict.differences:
        lines.append("  macro-F1, percent, mean over seeds:")
        lines += [f"    {'  '.join(cells)}" for cells in _aligned(list(_differences(verdict)))]
    for note in verdict.notes:
        lines.append(f"  Note: {printable(note, LONGEST)}")
    if comparison:
        lines.append("  Beside reference methods, macro-F1, percent:")
        lines += [f"    {'  '.join(cells)}" for cells in _aligned(list(_beside(comparison)))]
    lines.append(_sentence(verdict))
    return "\n".join(lines)


def as_markdown(verdict: Verdict, comparison: Comparison | None = None) -> str:
    """Return a verdict as Markdown. Text of the submission is escaped, so it cannot be markup.

    Args:
        verdict: The verdict.
        comparison: Scores of reference methods, to show with those of the submission.
    """
    manifest = verdict.submission.manifest
    lines = [
        f"### {_marked(manifest.method)}",
        "",
        f"{_marked(', '.join(manifest.authors))}; {manifest.kind}; protocol "
        f"{_marked(manifest.protocol)} on {_marked(manifest.dataset)}. **{_sentence(verdict)}**",
        "",
        "| check | result |",
        "|---|---|",
    ]
    for finding in verdict.findings:
        state = "passed" if finding.tried else "not tried"
        problems = " ".join(_marked(problem) for problem in finding.problems)
        lines.append(f"| {finding.title} | {f'**failed**: {problems}' if problems else state} |")
    tables = [list(_differences(verdict))] if verdict.differences else []
    tables += [list(_beside(comparison))] if comparison else []
    for table in tables:
        lines += ["", "Macro-F1, percent, mean over seeds:", ""]
        head, *rest = [[_marked(cell) for cell in cells] for cells in table]
        lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        lines += [f"| {' | '.join(cells)} |" for cells in rest]
    lines += ["", *(f"- {_marked(note)}" for note in verdict.notes)]
    return "\n".join(lines)


def _sentence(verdict: Verdict) -> str:
    if verdict.withheld:
        return (
            f"Accepted: {verdict.level}; the mark by rerun waits until a person has looked at the "
            "code (--inspected)."
        )
    if verdict.accepted:
        return f"Accepted: {verdict.level}."
    failed = sum(bool(finding.problems) for finding in verdict.findings)
    return f"Refused: {failed} of {len(verdict.findings)} checks failed."


def _differences(verdict: Verdict) -> Iterator[list[str]]:
    again = any(difference.rerun is not None for difference in verdict.differences)
    other_seeds = any(difference.elsewhere is not None for difference in verdict.differences)
    headings = ["trained again"] if again else []
    headings += ["on other seeds"] if other_seeds else []
    yield ["transfer", "stated", "computed", *headings]
    for each in verdict.differences:
        cells = [each.transfer, _percent(each.stated), _percent(each.computed)]
        cells += [_percent(each.rerun)] if again else []
        yield [*cells, *([_percent(each.elsewhere)] if other_seeds else [])]


def _beside(comparison: Mapping[str, Mapping[str, float]]) -> Iterator[list[str]]:
    transfers = list(dict.fromkeys(t for means in comparison.values() for t in means))
    yield ["method", *transfers]
    for method, means in comparison.items():
        yield [method, *(_percent(means.get(transfer)) for transfer in transfers)]


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f}"


def _aligned(table: list[list[str]]) -> Iterator[list[str]]:
    shown = [[printable(cell) for cell in cells] for cells in table]
    widths = [max(len(cells[k]) for cells in shown) for k in range(len(shown[0]))]
    for cells in shown:
        yield [f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)]


def _marked(text: str) -> str:
    """Return untrusted text as escaped Markdown, without tags, links, tables or mentions."""
    safe = html.escape(printable(text, LONGEST), quote=False)
    for sign in "\\`*_[]|!#":
        safe = safe.replace(sign, f"\\{sign}")
    safe = safe.replace("@", "&#64;").replace("://", "&#58;//")
    return WITHOUT_SCHEME.sub(r"\1&#46;", safe)
