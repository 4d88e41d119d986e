"""Three views of a season, and invented samples of `other`.

Definitions: the project's pilot on real transfers; neither is in the paper or its released code.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from benchmark.data.season import STEP_DAYS, WINDOW

SMALLEST: Final = 1e-3
"""Reflectance below which spread or brightness is noise; added where one divides by either."""

VIEWS: Final = 3


def three_views(windows: Tensor) -> Tensor:
    """Return reflectance, its shape over time and its shape over bands.

    Args:
        windows: Reflectance [N, B, T].

    Returns:
        [N, 3, B, T]: the reflectance; per sample and band, the z-score over time; per sample and
        date, the spectrum divided by its mean over bands.
    """
    spread, level = torch.std_mean(windows, dim=2, keepdim=True, correction=0)
    brightness = windows.mean(dim=1, keepdim=True)
    return torch.stack(
        [windows, (windows - level) / (spread + SMALLEST), windows / (brightness + SMALLEST)],
        dim=1,
    )


def stacked_views(windows: Tensor) -> Tensor:
    """Return the three views with their bands one after another, [N, 3 B, T]."""
    return three_views(windows).flatten(1, 2)


@dataclass(frozen=True)
class InventedOther:
    """Turns some crop samples of a batch into series that no crop has, labelled `other`.

    Attributes:
        label: Position of the class `other`.
        share: Chance of each crop sample to be replaced.
        least_days: Smallest shift in time.
        most_days: Largest shift in time; either way, whole 5-day steps, the year a circle.
        dynamics: What is left of the departures from the season's mean in a flattened series.
    """

    label: int
    share: float = 0.2
    least_days: int = 80
    most_days: int = 120
    dynamics: float = 0.25

    def __call__(
        self, year: Tensor, labels: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return which samples to replace, the season windows in their place, and their labels.

        Args:
            year: Series of whole years [N, B, 73].
            labels: Class positions [N].
            generator: Source of all randomness, on the device of the series.

        Returns:
            Whether to replace each sample [N], windows [N, B, 43], labels [N].
        """
        count, device = len(year), year.device

        def draw() -> Tensor:
            return torch.rand(count, generator=generator, device=device)

        chosen = (labels != self.label) & (draw() < self.share)
        steps = (self.least_days // STEP_DAYS, self.most_days // STEP_DAYS + 1)
        move = torch.randint(*steps, (count,), generator=generator, device=device)
        move = torch.where(draw() < 0.5, move, -move)
        places = torch.arange(WINDOW.start, WINDOW.stop, device=device)
        index = (places + move[:, None]) % year.shape[-1]
        shifted = year.gather(2, index.unsqueeze(1).expand(-1, year.shape[1], -1))
        window = year[..., WINDOW]
        mean = window.mean(dim=2, keepdim=True)
        flat = mean + self.dynamics * (window - mean)
        other = torch.where((draw() < 0.5).view(-1, 1, 1), shifted, flat)
        return chosen, other, torch.full_like(labels, self.label)
