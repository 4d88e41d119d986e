"""The released code's moved windows: computed by hand, counted, and resampled as torch does it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmark.run.training import augmentation as module
from benchmark.run.training.augmentation import (
    Augmentation,
    augmentation_of,
    crop_season,
    released_windows,
    resample,
)
from benchmark.task.protocol import Protocol, load_protocol

DRAWS = torch.arange(-50, 51)
RELEASED = Augmentation(whole_steps=True)


def year(count: int, bands: int = 3) -> Tensor:
    return torch.rand(count, bands, 73, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("first", "last", "start", "end"),
    [
        # First day 121 + first, last day 334 + last, by hand: (day - 1) // 5, and one step more
        # after the last. paper_facts.md, Augmentation [C].
        (0, 0, 24, 67),  # days 121 to 334: steps 24 to 66, the season
        (-50, -50, 14, 57),  # 71 to 284: 70 // 5 and 283 // 5 + 1
        (-49, -49, 14, 57),  # 72 to 285: 71 // 5 and 284 // 5 + 1
        (-48, -48, 14, 58),  # 73 to 286: 72 // 5 and 285 // 5 + 1, 44 steps
        (-1, -1, 23, 67),  # 120 to 333: 119 // 5 and 332 // 5 + 1, 44 steps
        (1, 1, 24, 67),  # 122 to 335
        (2, 2, 24, 68),  # 123 to 336, 44 steps
        (31, 31, 30, 73),  # 152 to 365, the last day of the year
        (32, 32, 30, 73),  # 153 to 366, held to 365
        (35, 35, 31, 73),  # 156 to 365: 42 steps
        (50, 50, 34, 73),  # 171 to 365: 39 steps
        (-50, 50, 14, 73),  # the longest scaled window, 59 steps
        (50, -50, 34, 57),  # the shortest, 23 steps
    ],
)
def test_windows_are_those_computed_by_hand(first: int, last: int, start: int, end: int) -> None:
    found = released_windows(torch.tensor([first]), torch.tensor([last]))
    assert [int(edge) for edge in found] == [start, end]


def test_a_quarter_of_the_copies_has_44_steps() -> None:
    # Every draw, shifted and scaled copies half and half: 26 % have 44 steps, as was seen beside
    # the released code (issue 17), and 21 % have 43.
    shifted = torch.sub(*reversed(released_windows(DRAWS, DRAWS)))
    pairs = torch.cartesian_prod(DRAWS, DRAWS).T
    scaled = torch.sub(*reversed(released_windows(*pairs)))
    share = {
        steps: float(((shifted == steps).double().mean() + (scaled == steps).double().mean()) / 2)
        for steps in (43, 44)
    }
    assert share == pytest.approx({43: 0.2079, 44: 0.2619}, abs=1e-4)
    # A shifted window is shorter than 43 steps only where it is cut at the end of the year.
    assert set(shifted[DRAWS <= 31].tolist()) == {43, 44}
    assert {int(n) for n in scaled} == set(range(23, 60))


def test_copies_are_drawn_with_these_widths(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[Tensor] = []

    def record(series: Tensor, start: Tensor, end: Tensor, **more: bool) -> Tensor:
        widths.append((end - start) / 5)
        return resample(series, start, end, **more)

    monkeypatch.setattr(module, "resample", record)
    RELEASED(year(1).expand(20_000, -1, -1), torch.Generator().manual_seed(1))
    assert float((widths[0] == 44).double().mean()) == pytest.approx(0.262, abs=0.01)
    assert float((widths[0] == 43).double().mean()) == pytest.approx(0.208, abs=0.01)


def test_a_window_is_cut_out_and_then_stretched() -> None:
    # What the released code does to one window, for every shift and many scaled ones: torch's own
    # linear interpolation of the slice to 43 steps, with pixel centres aligned.
    generator = torch.Generator().manual_seed(2)
    more = torch.randint(-50, 51, (2, 200), generator=generator)
    first, last = torch.cat([DRAWS, more[0]]), torch.cat([DRAWS, more[1]])
    series = year(len(first))
    start, end = released_windows(first, last)
    found = resample(series, 5.0 * start, 5.0 * end, inside=True)
    for row, (a, b) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        wanted = interpolate(series[row : row + 1, :, a:b], size=43, mode="linear")
        torch.testing.assert_close(found[row], wanted[0], atol=1e-5, rtol=1e-5)


def test_nothing_outside_of_the_slice_counts() -> None:
    series = torch.zeros(1, 1, 73)
    series[..., 24:68] = 1
    window = torch.tensor([120.0]), torch.tensor([340.0])  # 44 steps, all of them one
    assert (resample(series, *window, inside=True) == 1).all()
    series[..., 24:68] = torch.linspace(0.2, 0.8, 44)
    series[..., :24] = 5
    series[..., 68:] = 5
    assert float(resample(series, *window, inside=True).max()) <= 0.8
    # Windows by days read what lies between the centre of the outermost step and its neighbour's.
    by_days = resample(series, torch.tensor([119.0]), torch.tensor([339.0]))
    assert float(by_days.max()) > 0.8


def test_the_unmoved_window_is_the_season_under_both_rules() -> None:
    for whole_steps in (False, True):
        still = Augmentation(0, 0, 0, whole_steps=whole_steps)
        copy = still(year(4), torch.Generator().manual_seed(0))
        torch.testing.assert_close(copy, crop_season(year(4)))


def test_the_released_rule_is_that_of_the_released_protocol_alone(
    changed: Callable[..., Protocol],
) -> None:
    assert augmentation_of(load_protocol("paper-released")) == RELEASED
    for name in ("smoke", "quick", "standard", "paper"):
        assert augmentation_of(load_protocol(name)) == Augmentation()
    shift = Augmentation(scale_probability=0)
    repeated = changed(released_defects={"whole_step_windows": True})
    assert augmentation_of(repeated, shift) == Augmentation(scale_probability=0, whole_steps=True)


def test_whole_steps_begin_two_days_before_the_day_that_was_drawn() -> None:
    """Why the corrected protocols keep windows by days: theirs are where they were drawn."""
    free = DRAWS[DRAWS <= 29]  # shifts whose windows end inside the year by both rules
    start, end = released_windows(free, free)
    assert float((5 * start - (120 + free)).double().mean()) == pytest.approx(-2.0, abs=0.05)
    assert float((5 * end - (335 + free)).double().mean()) == pytest.approx(1.0, abs=0.25)
