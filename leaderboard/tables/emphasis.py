"""What stands out in a table: the best and second of a column, beyond chance."""

from collections.abc import Mapping
from typing import Final

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.statistics.intervals import FEWEST_SEEDS, FEWEST_UNITS, beyond_chance
from leaderboard.tables.table_content import Emphasis

EMPHASIS_NOTE: Final = (
    "Bold: best; underlined: second, where the best is bold; each only where the paired 95 % "
    "interval of its difference to every lower one excludes zero, and where all of these have "
    f"{FEWEST_SEEDS} seeds and {FEWEST_UNITS} blocks or more."
)


def emphasis(group: ComparisonGroup, transfer: str, metric: str) -> Mapping[str, Emphasis]:
    """Mark the best and second of a transfer that are beyond chance.

    Args:
        group: Methods that may be compared.
        transfer: The transfer.
        metric: A metric that has intervals, see `leaderboard.statistics.confusion_scores.METRICS`.

    Returns:
        The best, if it is beyond every other method, and then the second, if it is beyond every
        method but the best.
    """
    lines = group.transfers[group.transfers["transfer"] == transfer]
    scores = {str(m): float(v) for m, v in zip(lines["method"], lines[metric], strict=True)}
    ordered = sorted(scores, key=lambda method: (-scores[method], method))
    names: tuple[Emphasis, ...] = ("best", "second")
    marks: dict[str, Emphasis] = {}
    for place, (name, method) in enumerate(zip(names, ordered, strict=False), start=1):
        lower = ordered[place:]
        if not lower or not all(
            _beyond(group, (method, other), transfer, metric, scores[method] - scores[other])
            for other in lower
        ):
            break
        marks[method] = name
    return marks


def _beyond(
    group: ComparisonGroup, pair: tuple[str, str], transfer: str, metric: str, difference: float
) -> bool:
    one, other = (group.draws(method, transfer, metric) for method in pair)
    if one is None or other is None:
        return False
    return beyond_chance(one - other, difference)
