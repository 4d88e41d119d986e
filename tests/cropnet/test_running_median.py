"""The running median against sorting, and what it removes."""

from typing import Literal

import pytest
import torch

from cropnet.running_median import running_median


@pytest.mark.parametrize("steps", [3, 5])
def test_it_is_the_median_of_each_window(steps: Literal[3, 5]) -> None:
    series = torch.rand(4, 3, 20, generator=torch.Generator().manual_seed(0))
    half = steps // 2
    ends = [series[..., :1].expand(4, 3, half), series[..., -1:].expand(4, 3, half)]
    padded = torch.cat([ends[0], series, ends[1]], dim=2)
    expected = padded.unfold(2, steps, 1).sort(dim=-1).values[..., half]
    assert torch.equal(running_median(series, steps), expected)


def test_five_steps_lose_two_spikes_in_a_row_and_three_steps_keep_them() -> None:
    flat = torch.full((1, 1, 20), 0.2)
    flat[..., 8:10] = 0.6
    assert running_median(flat, 5).max() == pytest.approx(0.2)
    assert running_median(flat, 3).max() == pytest.approx(0.6)
