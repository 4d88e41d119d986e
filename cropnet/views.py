"""Three views of a season, and invented samples of the class `other`.

Source: the project's pilot on real transfers. Neither is in the paper or its released code.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from benchmark.data.season import STEP_DAYS, WINDOW

SMALLEST: Final = 1e-3
"""Reflectance that is added to a divisor; standard deviation and brightness below it are noise."""

VIEWS: Final = 3


def three_views(windows: Tensor) -> Tensor:
    """Return three views of each window: reflectance, z-score over time, relative spectrum.

    Args:
        windows: Reflectance [N, B, T].

    Returns:
        Views [N, 3, B, T]: the reflectance; for each sample and band, the z-score over time; for
        each sample and date, the spectrum divided by its mean over bands.
    """
    spread, level = torch.std_mean(windows, dim=2, keepdim=True, correction=0)
    brightness = windows.mean(dim=1, keepdim=True)
    return torch.stack(
        [windows, (windows - level) / (spread + SMALLEST), windows / (brightness + SMALLEST)],
        dim=1,
    )


def stacked_views(windows: Tensor) -> Tensor:
    """Return the three views of windows [N, B, T], one after another, [N, 3 B, T]."""
    return three_views(windows).flatten(1, 2)


@dataclass(frozen=True)
class InventedOther:
    """Replaces some crop samples of a batch by unrealistic series with the label `other`.

    Half of these are shifted in time, the others are flattened towards their mean.

    Attributes:
        label: Index of the class `other`.
        share: Probability that a crop sample is replaced.
        least_days: Smallest shift in time, in days, earlier or later.
        most_days: Largest shift in time, in days. Shifts are whole 5-day steps; what leaves the end
            of the year enters at its beginning.
        dynamics: Factor on the differences from the season's mean in a flattened series.
    """

    label: int
    share: float = 0.2
    least_days: int = 80
    most_days: int = 120
    dynamics: float = 0.25

    def __call__(
        self, year: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Draw the samples to replace, and make the windows that replace them.

        Args:
            year: Series of whole years [N, B, 73].
            labels: Class indices [N].
            generator: Generator of all random numbers, on the device of the series.

        Returns:
            Whether to replace each sample [N], the new windows [N, B, 43], the new labels [N].
        """
        count, device = len(year), year.device

        def draw() -> Tensor:
            return torch.rand(count, generator=generator, device=device)

        chosen = (labels != self.label) & (draw() < self.share)
        steps = (self.least_days // STEP_DAYS, self.most_days // STEP_DAYS + 1)
        move = torch.randint(*steps, (count,), generator=generator, device=device)
        move = torch.where(draw() < 0.5, move, -move)
        steps_of_window = torch.arange(WINDOW.start, WINDOW.stop, device=device)
        index = (steps_of_window + move[:, None]) % year.shape[-1]
        shifted = year.gather(2, index.unsqueeze(1).expand(-1, year.shape[1], -1))
        window = year[..., WINDOW]
        mean = window.mean(dim=2, keepdim=True)
        flat = mean + self.dynamics * (window - mean)
        other = torch.where((draw() < 0.5).view(-1, 1, 1), shifted, flat)
        return chosen, other, torch.full_like(labels, self.label)
