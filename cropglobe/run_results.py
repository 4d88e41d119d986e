"""Results of runs as tidy data frames, figures and a leaderboard that a notebook shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from benchmark.data.taxonomy import CROPS
from benchmark.errors import UsageError, did_you_mean
from benchmark.files import user_path
from benchmark.results.rows import Row
from cropglobe.argument_words import argument_words
from cropglobe.arguments import as_whole_number, require_type
from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.results import Results, read_results
from leaderboard.score_frames import IDENTITY, identity_of
from leaderboard.shift_losses import ShiftLoss, shift_losses
from leaderboard.statistics.confusion_scores import METRICS
from leaderboard.tables.columns import method_frame, shown

GROUP_COLUMNS = ("dataset", "protocol", "track")
"""Names of what may be compared, which need not tell it apart."""

ROW_COLUMNS = (*GROUP_COLUMNS, "method", "transfer", "seed")
"""Columns that name a row of a transfer."""


@dataclass(frozen=True)
class RunResults:
    """Rows of one or more runs, and what their stored predictions say of them.

    The last columns of every frame are ``dataset_fingerprint``, ``protocol_hash`` and
    ``metric_version``: only rows that agree in them may be compared, whatever names they have.

    Attributes:
        results: The rows and their resampled scores.
        runs: Run directories that they were read from.
        reference: Method that others are compared with; ``median.random-forest`` if ``None``.
    """

    results: Results
    runs: tuple[Path, ...]
    reference: str | None = None

    @cached_property
    def groups(self) -> tuple[ComparisonGroup, ...]:
        """Rows that may be compared: one group per dataset, protocol and track."""
        return comparison_groups(self.results, self.reference)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with stored jobs, in sentences."""
        return self.results.problems

    def scores(self) -> pd.DataFrame:
        """Return one line per method, transfer and seed.

        Returns:
            ``dataset``, ``protocol``, ``track``, ``method``, ``family``, ``relation``,
            ``transfer``, ``source``, ``target``, ``seed``, the scores in [0, 1], the in-domain
            macro-F1 and the gap to it, and the costs. What was not measured is NaN.
        """
        return self._stack(lambda group: group.scores)

    def in_domain(self) -> pd.DataFrame:
        """Return one line per method, source and seed: scores on the source's held-out part."""
        lines = [
            {
                "dataset": row.data.name,
                "protocol": row.protocol,
                "track": row.track,
                "method": row.method,
                "source": row.source,
                "seed": row.seed,
                "n_test": row.data.n_test,
                "macro_f1": row.scores.macro_f1,
                "overall_accuracy": row.scores.overall_accuracy,
                "balanced_accuracy": row.scores.balanced_accuracy,
                **identity_of(row),
            }
            for row in self.results.rows
            if row.relation == "in-domain" and row.scores is not None
        ]
        columns = ["dataset", "protocol", "track", "method", "source", "seed", "n_test"]
        scores = ["macro_f1", "overall_accuracy", "balanced_accuracy"]
        return pd.DataFrame(lines, columns=[*columns, *scores, *IDENTITY])

    def crops(self) -> pd.DataFrame:
        """Return one line per method, transfer, seed and crop: how well each crop is recognised.

        Returns:
            The columns of `confusion` that name a row, ``crop``, its ``precision``, ``recall`` and
            ``f1`` in [0, 1] (NaN where it has no sample or is never named), ``support``, its
            samples, and ``predicted``, how often it is named.
        """
        lines = [
            {**_named(row), "crop": crop, **found.model_dump(), **identity_of(row)}
            for row in self._of_transfers()
            for crop, found in (row.scores.per_crop if row.scores else {}).items()
        ]
        columns = ["crop", "precision", "recall", "f1", "support", "predicted"]
        return pd.DataFrame(lines, columns=[*ROW_COLUMNS, *columns, *IDENTITY])

    def confusion(self) -> pd.DataFrame:
        """Return one line per method, transfer, seed, true and predicted crop.

        Returns:
            ``dataset``, ``protocol``, ``track``, ``method``, ``transfer``, ``seed``, ``true``,
            ``predicted`` and ``samples``, how many there are; pairs without a sample are left out.
        """
        lines = [
            {
                **_named(row),
                "true": true,
                "predicted": predicted,
                "samples": samples,
                **identity_of(row),
            }
            for row in self._of_transfers()
            for true, counts in zip(CROPS, row.confusion or (), strict=False)
            for predicted, samples in zip(CROPS, counts, strict=True)
            if samples
        ]
        columns = ["true", "predicted", "samples"]
        return pd.DataFrame(lines, columns=[*ROW_COLUMNS, *columns, *IDENTITY])

    def transfers(self) -> pd.DataFrame:
        """Return one line per method and transfer: means over seeds, with their deviations.

        Returns:
            Means of the columns of `scores`, ``seeds`` (how many), the standard deviations over
            seeds, and the limits ``macro_f1_low`` and ``macro_f1_high`` of the 95 % interval over
            seeds and spatial blocks; NaN where no predictions are stored.
        """
        return self._stack(_with_limits)

    def leaderboard(self) -> pd.DataFrame:
        """Return one line per method, best first: every column of the leaderboard, as numbers."""
        return self._stack(method_frame)

    def differences(self, method: str, metric: str = "macro_f1") -> pd.DataFrame:
        """Return how far other methods lie above one, on each transfer, with paired intervals.

        Args:
            method: The method that the others are compared with.
            metric: ``macro_f1`` or ``overall_accuracy``.

        Returns:
            One line per other method and transfer: ``difference`` (other less `method`), its limits
            ``low`` and ``high``, and ``decided``: whether the interval leaves out zero, with
            enough seeds and blocks.

        Raises:
            UsageError: If there is no such method or metric, or the method has no stored
                predictions.
        """
        if metric not in METRICS:
            raise UsageError(f"No interval for '{metric}': {did_you_mean(metric, METRICS)}")
        known = sorted({row.method for row in self.results.rows})
        if method not in known:
            raise UsageError(f"No row of method '{method}': {did_you_mean(method, known)}")
        return self._stack(lambda group: _differences(group, method, metric))

    def shift_losses(self) -> pd.DataFrame:
        """Return one line per method and shift that was scored: what it costs.

        Returns:
            ``method``, ``shift``, ``factor``, ``strength``, ``macro_f1`` of the shifted copies,
            ``loss`` to the targets as they are, ``transfers`` and ``scores`` (how many pairs).
            Losses over different transfers may not be compared; the leaderboard and the figure
            leave out those that lack a transfer.
        """
        columns = [field.name for field in fields(ShiftLoss)]
        return self._stack(
            lambda group: pd.DataFrame(map(asdict, shift_losses(group)), columns=columns)
        )

    def failures(self) -> pd.DataFrame:
        """Return one line per row without a score, with its status and reason."""
        lines = [
            {
                "method": row.method,
                "transfer": row.transfer,
                "seed": row.seed,
                "status": row.status,
                "reason": row.reason,
                **identity_of(row),
            }
            for row in self.results.rows
            if row.scores is None
        ]
        columns = ["method", "transfer", "seed", "status", "reason"]
        return pd.DataFrame(lines, columns=[*columns, *IDENTITY])

    def decisions(self) -> pd.DataFrame:
        """Return one line per row whose method decided whether to adapt to the target, and why."""
        lines = [
            {
                "method": row.method,
                "transfer": row.transfer,
                "seed": row.seed,
                "stopped": row.decision.stopped,
                "why": row.decision.why,
                **identity_of(row),
            }
            for row in self.results.rows
            if row.decision is not None
        ]
        columns = ["method", "transfer", "seed", "stopped", "why"]
        return pd.DataFrame(lines, columns=[*columns, *IDENTITY])

    def figure_names(self) -> tuple[str, ...]:
        """Return the names of the figures that `draw` knows."""
        from leaderboard.figures.leaderboard_figures import FIGURES

        return tuple(FIGURES)

    def draw(self, name: str, *, group: int = 0) -> Figure:
        """Draw a figure.

        Args:
            name: One of `figure_names`, such as ``heat_map``, ``gap`` or ``robustness``.
            group: Position in `groups` of the rows that are drawn.

        Returns:
            The figure.

        Raises:
            UsageError: If there is no such figure or group, or these rows have nothing to draw in
                it.
        """
        from leaderboard.figures.leaderboard_figures import FIGURES, styled

        if name not in FIGURES:
            raise UsageError(f"Unknown figure '{name}': {did_you_mean(name, FIGURES)}")
        if not 0 <= as_whole_number("group", group) < len(self.groups):
            raise UsageError(f"There is no group {group}: `groups` has {len(self.groups)}.")
        figure = styled(FIGURES[name], self.groups[group])
        if figure is None:
            raise UsageError(f"These rows have nothing to draw in '{name}'.")
        return figure

    def _of_transfers(self) -> Iterator[Row]:
        return (row for row in self.results.rows if row.relation != "in-domain")

    def _stack(self, make: "Callable[[ComparisonGroup], pd.DataFrame]") -> pd.DataFrame:
        frames = []
        for group in self.groups:
            frame = make(group).copy()
            rows = group.comparable
            for place, value in enumerate((rows.dataset, rows.protocol, rows.track)):
                frame.insert(place, GROUP_COLUMNS[place], value)
            frames.append(frame.assign(**rows.identity))
        found = [frame for frame in frames if len(frame)] or frames
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    def __repr__(self) -> str:
        """Return one line for a terminal: the runs, and how much they hold."""
        runs = ", ".join(map(str, self.runs))
        rows = len(list(self._of_transfers()))
        methods = len({row.method for row in self.results.rows})
        return (
            f"<RunResults of {runs}: {rows} rows of transfers, {methods} methods; "
            "leaderboard() shows them>"
        )

    def _repr_html_(self) -> str:
        from cropglobe.rich_display import results_html

        return results_html(self)


@argument_words()
def open_runs(*runs: str | Path, reference: str | None = None) -> RunResults:
    """Read what earlier runs left.

    Args:
        runs: Run directories.
        reference: Method that others are compared with in the leaderboard.

    Returns:
        Their results; a job that two runs hold counts once.

    Raises:
        StoreError: If a directory holds no run.
        UsageError: If no directory is given, or the reference method is nowhere among the rows.
    """
    from leaderboard.submissions.verdict_files import with_verdicts

    if not runs:
        raise UsageError("No run directory was given.")
    for run in runs:
        wanted = "each as an argument of its own: open_runs('RUN', 'OTHER')"
        require_type("A run directory", run, (str, Path), f"paths, {wanted}")
    paths = tuple(user_path(run) for run in runs)
    return RunResults(with_verdicts(read_results(paths)), paths, reference)


def _named(row: Row) -> dict[str, object]:
    names = (row.data.name, row.protocol, row.track, row.method, row.transfer, row.seed)
    return dict(zip(ROW_COLUMNS, names, strict=True))


def leaderboard_cells(group: ComparisonGroup) -> tuple[list[str], Sequence[Sequence[str]]]:
    """Return headings and formatted cells of the main columns of a group's leaderboard."""
    from leaderboard.tables.columns import main_columns

    frame = method_frame(group)
    columns = main_columns(frame)
    return [column.title for column in columns], shown(frame, columns)


def _with_limits(group: ComparisonGroup) -> pd.DataFrame:
    frame = group.transfers.copy()
    lows, highs = [], []
    for line in frame.to_dict("records"):
        draws = group.draws(str(line["method"]), str(line["transfer"]), "macro_f1")
        limits = None if draws is None else group.interval(draws, float(line["macro_f1"]))
        lows.append(float("nan") if limits is None else limits.low)
        highs.append(float("nan") if limits is None else limits.high)
    frame.insert(len(frame.columns), "macro_f1_low", lows)
    frame.insert(len(frame.columns), "macro_f1_high", highs)
    return frame


def _differences(group: ComparisonGroup, method: str, metric: str) -> pd.DataFrame:
    means = group.transfers.set_index(["method", "transfer"])[metric]
    columns = ["method", "transfer", "difference", "low", "high", "decided"]
    lines = []
    for other, transfer in means.index:
        mine = group.draws(method, transfer, metric)
        theirs = group.draws(other, transfer, metric)
        if other == method or mine is None or theirs is None:
            continue
        point = float(means[other, transfer] - means[method, transfer])
        draws = theirs - mine
        limits = group.interval(draws, point)
        lines.append(
            {
                "method": other,
                "transfer": transfer,
                "difference": point,
                "low": limits.low,
                "high": limits.high,
                "decided": limits.excludes_zero and draws.shortage is None,
            }
        )
    return pd.DataFrame(lines, columns=columns)
