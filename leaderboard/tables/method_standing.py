"""One method of a section: what the columns of a leaderboard are computed from."""

from dataclasses import dataclass

import pandas as pd

from leaderboard.comparison_group import ComparisonGroup
from leaderboard.shift_losses import worst_factor
from leaderboard.statistics.bootstrap import Draws


@dataclass(frozen=True)
class MethodStanding:
    """One method among those that it may be compared with.

    Attributes:
        method: The method.
        family: Its family.
        cells: Its line of each transfer, as of :func:`leaderboard.score_frames.transfer_frame`.
        group: All that it is compared with.
    """

    method: str
    family: str
    cells: pd.DataFrame
    group: ComparisonGroup

    @property
    def complete(self) -> bool:
        """Whether it has a score for every transfer; averages over fewer are not comparable."""
        return len(self.cells) == len(self.group.comparable.transfers)

    def mean(self, name: str) -> float:
        """Mean over all transfers; NaN if one is missing."""
        return float(self.cells[name].mean(skipna=False)) if self.complete else float("nan")

    @property
    def worst_factor(self) -> str | None:
        """Factor whose shifts of the targets cost most, and how many points; ``None`` unscored."""
        loss = worst_factor(self.group, self.method)
        return None if loss is None else f"{loss.factor} {0 - 100 * loss.loss:+.1f}"

    def draws(self, name: str) -> Draws | None:
        """Resampled means over all transfers; ``None`` if one was not resampled."""
        return self.group.mean_draws(self.method, name) if self.complete else None
