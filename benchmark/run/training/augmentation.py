"""Augmentation of season series, batch by batch: time shift, time scale and magnitude warp."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from benchmark.data.season import DAYS_PER_YEAR, STEP_DAYS, WINDOW, WINDOW_STEPS
from benchmark.task.protocol import Protocol

WINDOW_START: Final = WINDOW.start * STEP_DAYS
"""First edge of the season window in days after the start of the year: 120, before day 121."""

WINDOW_END: Final = WINDOW.stop * STEP_DAYS

RELEASED_FIRST_DAY: Final = 121
"""First day of the released code's season window (paper_facts.md, Augmentation, mark C)."""

RELEASED_LAST_DAY: Final = 334
"""Last day of that window, in composite 66 (the same source)."""

CHUNK: Final = 256
"""Number of samples that are resampled at once on a processor, so that their values fit the cache
and memory is allocated once."""


@dataclass(frozen=True)
class Augmentation:
    """The augmentation; the defaults are those of the released code (paper_facts.md, mark C).

    Attributes:
        shift_probability: Probability that the window moves as a whole.
        scale_probability: Probability that start and end of the window move independently. This
            replaces the shift.
        warp_probability: Probability that all bands are multiplied by one smooth curve.
        most_days: Largest move of the window, or of its start or end, in days. Moves are whole
            days with equal probability.
        knots: Number of equally spaced knots of the curve.
        spread: Standard deviation of the curve at its knots; its mean is 1.
        whole_steps: Whether a moved window consists of whole 5-day steps, as in the released code
            (`released_windows`). If not, it begins and ends on the days that were drawn.
    """

    shift_probability: float = 1.0
    scale_probability: float = 0.5
    warp_probability: float = 0.25
    most_days: int = 50
    knots: int = 5
    spread: float = 0.10
    whole_steps: bool = False

    def __call__(self, year: Tensor, generator: torch.Generator) -> Tensor:
        """Return one augmented copy of each sample.

        Args:
            year: Series of whole years [N, B, 73].
            generator: Generator of all random numbers, on the device of the series.

        Returns:
            Season windows [N, B, 43].
        """
        count, device = len(year), year.device

        def chance(probability: float) -> Tensor:
            return torch.rand(count, generator=generator, device=device) < probability

        def days() -> Tensor:
            span = (-self.most_days, self.most_days + 1)
            return torch.randint(*span, (count,), generator=generator, device=device)

        shift = torch.where(chance(self.shift_probability), days(), 0)
        scaled = chance(self.scale_probability)
        first, last = torch.where(scaled, days(), shift), torch.where(scaled, days(), shift)
        if self.whole_steps:
            start, end = (STEP_DAYS * edge for edge in released_windows(first, last))
        else:
            start = (WINDOW_START + first).clamp(0, DAYS_PER_YEAR)
            end = (WINDOW_END + last).clamp(0, DAYS_PER_YEAR)
        edges = start.to(year.dtype), end.to(year.dtype)
        copy = resample(year, *edges, inside=self.whole_steps)
        warped = chance(self.warp_probability)
        knots = torch.randn(count, self.knots, generator=generator, device=device)
        basis = _basis_at(self.knots, device, year.dtype)
        curves = (1 + self.spread * knots) @ basis
        return copy.mul_(torch.where(warped.view(-1, 1), curves, 1.0).unsqueeze(1))


def augmentation_of(protocol: Protocol, augmentation: Augmentation | None = None) -> Augmentation:
    """Return an augmentation, by default the complete one, with the windows of a protocol."""
    whole_steps = protocol.released_defects.whole_step_windows
    return replace(augmentation or Augmentation(), whole_steps=whole_steps)


def released_windows(first: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Return the steps of the released code's moved windows (paper_facts.md, Augmentation, mark C).

    Days are clipped to 1 to 365. A window has every 5-day step of which it contains a day.

    Args:
        first: Days by which the first day of each window moves [N], integers.
        last: Days by which the last day moves [N].

    Returns:
        First step of each window [N], and the step after its last [N].
    """
    day = (RELEASED_FIRST_DAY + first).clamp(1, DAYS_PER_YEAR)
    start = (day - 1).div(STEP_DAYS, rounding_mode="floor")
    day = (RELEASED_LAST_DAY + last).clamp(1, DAYS_PER_YEAR)
    return start, (day - 1).div(STEP_DAYS, rounding_mode="floor") + 1


def crop_season(year: Tensor) -> Tensor:
    """Return the season window [N, B, 43] of whole years [N, B, 73]."""
    return year[..., WINDOW]


def resample(year: Tensor, start: Tensor, end: Tensor, *, inside: bool = False) -> Tensor:
    """Stretch a window of each year linearly to the 43 steps of the season.

    Args:
        year: Series of whole years [N, B, 73].
        start: First edge of each window in days after the start of the year [N].
        end: Last edge of each window [N].
        inside: Whether values outside of the window are not used, as in the released code, which
            cuts the window before it stretches it. Both edges must then be edges of steps.

    Returns:
        Values [N, B, 43] at the centres of 43 equal parts of the window. They are interpolated
        linearly between the centres of the 5-day steps, and constant before the first and after the
        last step of the year (or of the window, if `inside`).
    """
    parts = (torch.arange(WINDOW_STEPS, device=year.device, dtype=year.dtype) + 0.5) / WINDOW_STEPS
    day = start[:, None] + (end - start)[:, None] * parts
    position = (day / STEP_DAYS - 0.5).clamp_(0, year.shape[-1] - 1)
    if inside:
        position = position.clamp(start[:, None] / STEP_DAYS, end[:, None] / STEP_DAYS - 1)
    left = position.floor().clamp_(max=year.shape[-1] - 2)
    index = left.long().unsqueeze(1).expand(-1, year.shape[1], -1)
    # One index is enough for both ends: the next step has the same index in year[:, :, 1:].
    share = position.sub_(left).unsqueeze(1)
    result = year.new_empty(len(year), year.shape[1], WINDOW_STEPS)
    size = CHUNK if year.device.type == "cpu" else max(len(year), 1)
    ends = torch.empty_like(result[:size])
    for first in range(0, len(year), size):
        rows = slice(first, first + size)
        part, end_values = result[rows], ends[: len(year) - first]
        torch.gather(year[rows], 2, index[rows], out=part)
        torch.gather(year[rows, :, 1:], 2, index[rows], out=end_values)
        part.lerp_(end_values, share[rows])
    return result


@cache
def spline_basis(knots: int) -> Tensor:
    """Return the matrix [knots, 43] that turns values at knots into a cubic spline over the season.

    A spline is linear in its values at the knots, so one matrix product gives the curves of a
    batch. Knots are equally spaced from the first to the last step, with not-a-knot ends.
    """
    places = np.linspace(0, WINDOW_STEPS - 1, knots)
    curves = CubicSpline(places, np.eye(knots), axis=0)(np.arange(WINDOW_STEPS))
    return torch.from_numpy(curves.T.astype(np.float32))


@cache
def _basis_at(knots: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Return `spline_basis` on a device; it is copied there only once."""
    return spline_basis(knots).to(device, dtype)
