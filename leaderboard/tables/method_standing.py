"""One method of a section: what the columns of a leaderboard are computed from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from leaderboard.comparison_group import RANKED_BY, ComparisonGroup
from leaderboard.rank_ranges import RankRange, rank_ranges
from leaderboard.score_frames import RATES, mean_rate
from leaderboard.shift_losses import worst_factor
from leaderboard.statistics.intervals import Draws


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

    def cost(self, name: str) -> float:
        """Mean of what was measured of a cost; of samples per second the harmonic mean."""
        if name in RATES:
            return mean_rate(self.cells[name])
        return float(self.cells[name].mean())

    def draws(self, name: str) -> Draws | None:
        """Resampled means over all transfers; ``None`` if one was not resampled."""
        return self.group.mean_draws(self.method, name) if self.complete else None

    def limit(self, name: str, side: Literal[0, 1]) -> float:
        """Lower (0) or upper (1) limit of the interval of a mean; NaN without one."""
        draws = self.draws(name)
        if draws is None:
            return float("nan")
        found = self.group.interval(draws, self.mean(name))
        return (found.low, found.high)[side]

    @property
    def open_rank(self) -> RankRange | None:
        """The ranks that paired differences leave open; ``None`` if nothing can be judged."""
        return rank_ranges(self.group).get(self.method)

    @property
    def difference(self) -> float:
        """Macro-F1 less that of the reference method; NaN without one."""
        reference = self.group.reference
        if reference is None:
            return float("nan")
        return self.mean(RANKED_BY) - self.group.mean(reference, RANKED_BY)

    def difference_limit(self, side: Literal[0, 1]) -> float:
        """Lower (0) or upper (1) limit of the paired interval of :attr:`difference`."""
        draws, reference = self.draws(RANKED_BY), self.group.reference
        base = None if reference is None else self.group.mean_draws(reference, RANKED_BY)
        if draws is None or base is None or self.method == reference:
            return float("nan")
        found = self.group.interval(draws - base, self.difference)
        return (found.low, found.high)[side]

    @property
    def gap_closed(self) -> float:
        """Share of the way from the reference method to the best oracle; NaN without both."""
        top, reference = self.group.oracle, self.group.reference
        if top is None or reference is None:
            return float("nan")
        base = self.group.mean(reference, RANKED_BY)
        return (self.mean(RANKED_BY) - base) / (top - base) if top > base else float("nan")

    @property
    def missing_scores(self) -> float:
        """Scores that are missing, of every transfer and seed of the group."""
        known = self.group.comparable
        return len(known.transfers) * len(known.seeds) - float(self.cells["seeds"].sum())

    @property
    def worst(self) -> float:
        """Lowest macro-F1 of a transfer; NaN if one is missing."""
        return float(self.cells[RANKED_BY].min()) if self.complete else float("nan")

    @property
    def worst_transfer(self) -> str | None:
        """Which transfer has the lowest macro-F1; ``None`` if one is missing."""
        if not self.complete:
            return None
        return str(self.cells["transfer"].iloc[int(np.argmin(self.cells[RANKED_BY]))])

    @property
    def worst_factor(self) -> str | None:
        """Factor whose shifts of the targets cost most, and how many points; ``None`` unscored."""
        loss = worst_factor(self.group, self.method)
        return None if loss is None else f"{loss.factor} {0 - 100 * loss.loss:+.1f}"
