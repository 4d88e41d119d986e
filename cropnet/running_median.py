"""Running median over time: single dates that a cloud mask missed do not survive it."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional


def running_median(series: Tensor, steps: Literal[3, 5]) -> Tensor:
    """Return the median of each step and its neighbours; the ends are repeated.

    It is worked out by minima and maxima alone, which is many times as fast as sorting.

    Args:
        series: Values [N, B, T].
        steps: Steps of a window, 3 or 5.

    Returns:
        Medians [N, B, T].
    """
    half = steps // 2
    padded = functional.pad(series, (half, half), mode="replicate")
    columns = [padded[..., number : number + series.shape[-1]] for number in range(steps)]
    if steps == 3:
        return _median_of_three(columns[0], columns[1], columns[2])
    a, b, c, d, e = columns
    # Of four values, the least and the greatest are not the median of five.
    low = torch.maximum(torch.minimum(a, b), torch.minimum(c, d))
    high = torch.minimum(torch.maximum(a, b), torch.maximum(c, d))
    return _median_of_three(low, high, e)


def _median_of_three(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    return torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))
