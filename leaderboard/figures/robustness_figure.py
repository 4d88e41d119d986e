"""The figure of robustness: what shifts of the targets cost, by factor and strength."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.data.shifts.shift_table import factors
from leaderboard.figures.long_texts import short
from leaderboard.shift_losses import ShiftLoss

ACROSS = 3
"""Panels beside each other; each is one factor."""

UNIT_WIDTH = 40
"""Characters of a line below a panel; longer ones would reach into the next panel's."""


def draw_losses(
    losses: Sequence[ShiftLoss],
    methods: Sequence[str],
    title: str,
    *,
    colours: Sequence[str],
    markers: str,
) -> Figure:
    """Draw macro-F1 lost by factor and strength, a line for each method.

    Args:
        losses: What shifts cost.
        methods: Methods that are drawn, in the order of the legend.
        title: Names the section.
        colours: Colours of the lines, taken in turn.
        markers: Marks of the lines, taken in turn.
    """
    units = factors()
    present = [factor for factor in units if any(loss.factor == factor for loss in losses)]
    lines = -(-len(present) // ACROSS)
    figure = Figure(figsize=(2.7 * min(ACROSS, len(present)) + 0.6, 2.3 * lines + 0.9))
    panels = figure.subplots(lines, min(ACROSS, len(present)), sharey=True, squeeze=False).ravel()
    for axis in panels[len(present) :]:
        axis.set_axis_off()
    for axis, factor in zip(panels, present, strict=False):
        for number, method in enumerate(methods):
            own = [loss for loss in losses if (loss.method, loss.factor) == (method, factor)]
            style = (colours[number % len(colours)], markers[number % len(markers)])
            _draw_line(axis, own, short(method), *style)
        axis.axhline(0, color="#888888", lw=0.8, zorder=1)
        axis.set_title(factor, fontsize=8, loc="left")
        axis.set_xlabel(fill(units[factor], UNIT_WIDTH), fontsize=6.5)
        axis.grid(color="#e5e5e5", lw=0.5, axis="y")
        axis.set_axisbelow(True)
    for axis in panels[:: min(ACROSS, len(present))]:
        axis.set_ylabel("lost macro-F1 (points)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"What shifts of the targets cost, {title}", fontsize=9)
    return figure


def _draw_line(
    axis: Axes, losses: Sequence[ShiftLoss], method: str, colour: str, mark: str
) -> None:
    """Draw a method's losses over strength; at strength 0 nothing is lost."""
    points = sorted([(0.0, 0.0), *((loss.strength, 100 * loss.loss) for loss in losses)])
    places, values = zip(*points, strict=True)
    axis.plot(places, values, marker=mark, ms=3.5, lw=1.2, color=colour, label=method, zorder=2)
