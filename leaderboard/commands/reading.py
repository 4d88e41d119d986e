"""Read runs, and the reference results beside them, for a command."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.terminal import say

if TYPE_CHECKING:
    from rich.console import Console

    from benchmark.results.rows import Row
    from leaderboard.reference.agreement import Agreement
    from leaderboard.results import Results, SampleSet


def gather(
    runs: Sequence[Path],
    console: "Console",
    transfers: Sequence[str] | None = None,
    *,
    with_reference: bool = False,
) -> "Results":
    """Read runs, with a progress bar on a terminal, and name what is wrong with them.

    Args:
        runs: Run directories; none reads the reference results alone.
        console: Where to say it.
        transfers: Words for transfers; all where none is given.
        with_reference: Whether reference results that agree stand beside the runs.

    Returns:
        Rows and what their predictions say.

    Raises:
        StoreError: If a directory holds no run.
        UsageError: If a word for transfers names none that has a row, or nothing is to be read.
    """
    results, agreement = gather_with_agreement(
        runs, console, transfers, with_reference=with_reference
    )
    for sentence in () if agreement is None else agreement.disagreements:
        say(console, f"Note: {sentence}")
    return results


def gather_with_agreement(
    runs: Sequence[Path],
    console: "Console",
    transfers: Sequence[str] | None,
    *,
    with_reference: bool,
) -> "tuple[Results, Agreement | None]":
    """Read runs as :func:`gather` does, without saying which reference results do not agree.

    Args:
        runs: Run directories; none reads the reference results alone.
        console: Where to say what is wrong with the runs.
        transfers: Words for transfers; all where none is given.
        with_reference: Whether reference results that agree stand beside the runs.

    Returns:
        Rows and what their predictions say, and which reference results agree with the runs;
        ``None`` if they were not asked for.

    Raises:
        StoreError: If a directory holds no run.
        UsageError: If a word for transfers names none that has a row, or nothing is to be read.
    """
    from rich.progress import track

    from benchmark.errors import UsageError
    from leaderboard.reference.agreement import agree, every_reference
    from leaderboard.reference.shipped_files import reference_folder
    from leaderboard.results import References, read_results
    from leaderboard.submissions.verdict_files import with_verdicts
    from leaderboard.transfer_selection import on_transfers, rows_on

    def progress(sets: "Sequence[SampleSet]") -> "Iterable[SampleSet]":
        hidden = not console.is_terminal
        return track(sets, "Resampling", console=console, transient=True, disable=hidden)

    if not runs and not with_reference:
        raise UsageError("Name a run directory, or give --with-reference.")
    found: list[Agreement] = []

    def beside(rows: "Sequence[Row]") -> References:
        place, shown = reference_folder(), rows_on(rows, transfers) if runs else ()
        found.append(agree(rows, place, shown=shown) if runs else every_reference(place))
        return found[0].references

    read = read_results(runs, references=beside if with_reference else None, progress=progress)
    results = with_verdicts(read)
    for problem in results.problems:
        say(console, f"Note: {problem}")
    return on_transfers(results, transfers), found[0] if found else None
