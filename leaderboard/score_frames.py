"""Divide rows into groups that may be compared, and turn these into data frames."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from benchmark.results.rows import Row
from benchmark.results.transfer_scores import in_domain_macro_f1
from benchmark.task.tracks import TRACKS, Track
from leaderboard.statistics.confusion_scores import area_error

RELEASED: Final = "paper-released"
"""Protocols of this name repeat the released code, defects included."""

MARK_DIGITS: Final = 8
"""Digits of a fingerprint or hash that tell apart what has one name."""

IDENTITY: Final = ("dataset_fingerprint", "protocol_hash", "metric_version")
"""Columns that say which rows may be compared: names need not tell them apart."""


def identity_of(row: Row) -> dict[str, str]:
    """Return the values of the columns `IDENTITY` for a row."""
    values = (row.data.fingerprint, row.protocol_hash, row.metric_version)
    return dict(zip(IDENTITY, values, strict=True))


@dataclass(frozen=True)
class ComparableRows:
    """Rows that may be compared.

    Attributes:
        dataset: Name of the dataset.
        fingerprint: Its fingerprint.
        simulated: Whether the data are simulated.
        protocol: Name of the protocol.
        protocol_hash: Its hash.
        metric_version: Version of the metrics.
        track: The track.
        seeds: All seeds of the rows.
        transfers: Relation and name of every transfer of any method, from near to far.
        rows: The rows, also the in-domain ones.
        key: Comparability key of the rows.
        dataset_mark: First digits of the fingerprint, where groups beside it have its title and
            other data; otherwise empty.
        protocol_mark: The same of the protocol's hash.
    """

    dataset: str
    fingerprint: str
    simulated: bool
    protocol: str
    protocol_hash: str
    metric_version: str
    track: Track
    seeds: tuple[int, ...]
    transfers: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    key: tuple[str, ...]
    dataset_mark: str = ""
    protocol_mark: str = ""

    @property
    def identity(self) -> dict[str, str]:
        """What says which rows may be compared, by column."""
        return identity_of(self.rows[0])

    @property
    def released(self) -> bool:
        """Whether the protocol repeats the released code, defects included."""
        return self.protocol.startswith(RELEASED)


def comparable_rows(rows: Iterable[Row], relations: Sequence[str]) -> tuple[ComparableRows, ...]:
    """Divide rows into groups that may be compared.

    Args:
        rows: Rows in any order.
        relations: Relations from near to far, for the order of the transfers.

    Returns:
        The groups: real data before simulated, then by the name of the dataset; of its protocols
        first the one with most seeds, which decides most; then by track.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((*row.comparability_key, row.track), []).append(row)
    found = []
    for members in groups.values():
        first = members[0]
        pairs = {(r.relation, r.transfer) for r in members if r.relation != "in-domain"}
        found.append(
            ComparableRows(
                dataset=first.data.name,
                fingerprint=first.data.fingerprint,
                simulated=first.data.simulated,
                protocol=first.protocol,
                protocol_hash=first.protocol_hash,
                metric_version=first.metric_version,
                track=first.track,
                seeds=tuple(sorted({r.seed for r in members})),
                transfers=tuple(
                    sorted(pairs, key=lambda pair: (relations.index(pair[0]), pair[1]))
                ),
                rows=tuple(sorted(members, key=lambda r: (r.method, r.source, r.target, r.seed))),
                key=first.comparability_key,
            )
        )
    seeds: dict[tuple[str, ...], int] = {}
    for group in found:
        seeds[group.key] = max(len(group.seeds), seeds.get(group.key, 0))
    tracks = [*TRACKS]

    def place(group: ComparableRows) -> tuple[object, ...]:
        fewer = -seeds[group.key]
        track = tracks.index(group.track)
        return (group.simulated, group.dataset, fewer, group.protocol, *group.key, track)

    return tuple(sorted(_told_apart(found), key=place))


def _told_apart(groups: Sequence[ComparableRows]) -> list[ComparableRows]:
    """Mark the datasets and protocols whose names do not tell groups apart."""
    alike: dict[tuple[object, ...], list[ComparableRows]] = {}
    for group in groups:
        names = (group.dataset, group.simulated, group.protocol, group.track, group.metric_version)
        alike.setdefault(names, []).append(group)
    datasets, protocols = set(), set()
    for members in alike.values():
        if len({group.fingerprint for group in members}) > 1:
            datasets.add((members[0].dataset, members[0].simulated))
        if len({group.protocol_hash for group in members}) > 1:
            protocols.add(members[0].protocol)
    return [
        replace(
            group,
            dataset_mark=_mark(group.fingerprint, (group.dataset, group.simulated) in datasets),
            protocol_mark=_mark(group.protocol_hash, group.protocol in protocols),
        )
        for group in groups
    ]


def _mark(digits: str, needed: bool) -> str:
    return digits[:MARK_DIGITS] if needed else ""


def score_frame(comparable: ComparableRows) -> pd.DataFrame:
    """Return a table with one line for each scored row of a transfer.

    Args:
        comparable: Comparable rows.

    Returns:
        Columns method, family, relation, transfer, source, target, seed, n_test, the scores, the
        in-domain macro-F1 over the crops that are scored in the target, the gap between the two,
        and the costs. A value that was not measured is NaN.
    """
    in_domain = {
        (r.method, r.source, r.seed, r.data.bands): r
        for r in comparable.rows
        if r.relation == "in-domain" and r.scores is not None
    }
    lines = []
    for row in comparable.rows:
        if row.relation == "in-domain" or row.scores is None:
            continue
        fit = (row.method, row.source, row.seed, row.data.bands)
        found = in_domain_macro_f1(in_domain.get(fit), row)
        inside = np.nan if found is None else found
        scores = row.scores
        lines.append(
            {
                "method": row.method,
                "family": row.family,
                "relation": row.relation,
                "transfer": row.transfer,
                "source": row.source,
                "target": row.target,
                "seed": row.seed,
                "n_test": row.data.n_test,
                "coverage": np.nan if row.data.coverage is None else row.data.coverage,
                "overall_accuracy": scores.overall_accuracy,
                "macro_f1": scores.macro_f1,
                "weighted_f1": np.nan if scores.weighted_f1 is None else scores.weighted_f1,
                "balanced_accuracy": scores.balanced_accuracy,
                "kappa": np.nan if scores.kappa is None else scores.kappa,
                "log_loss": scores.log_loss,
                "brier": scores.brier,
                "calibration_error": scores.calibration_error,
                "overall_accuracy_all": scores.overall_accuracy_all,
                "area_error": area_error_of(row),
                "in_domain_macro_f1": inside,
                "gap": inside - scores.macro_f1,
                **_costs(row),
            }
        )
    return pd.DataFrame(lines, columns=_COLUMNS)


def transfer_frame(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a table with one line for each method and transfer: means over seeds.

    Args:
        scores: Table that :func:`score_frame` returned.

    Returns:
        The mean of every number (of rates the harmonic one), the number of seeds (``seeds``), and
        the standard deviations over seeds ``macro_f1_std`` and ``overall_accuracy_std`` (divisor n
        as in the paper; NaN for one seed).
    """
    keys = ["method", "family", "relation", "transfer", "source", "target"]
    inverted = scores.assign(**{name: 1 / scores[name] for name in RATES})
    grouped = inverted.groupby(keys, sort=True, dropna=False)
    numbers = [column for column in scores.columns if column not in {*keys, "seed"}]
    frame = grouped[numbers].mean()
    count = grouped["seed"].nunique()
    frame.insert(0, "seeds", count)
    for name in RATES:
        frame[name] = 1 / frame[name]
    for name in ("macro_f1", "overall_accuracy"):
        deviation = grouped[name].std(ddof=0)
        frame[f"{name}_std"] = deviation.where(count > 1)
    return frame.reset_index()


RATES: Final = ("fit_samples_per_second", "predict_samples_per_second")
"""Costs that are amounts of work per time."""

COSTS: Final = ("parameters", "flops_per_sample", "fit_seconds", *RATES, "peak_memory_bytes")
_COLUMNS: Final = (
    "method",
    "family",
    "relation",
    "transfer",
    "source",
    "target",
    "seed",
    "n_test",
    "coverage",
    "overall_accuracy",
    "macro_f1",
    "weighted_f1",
    "balanced_accuracy",
    "kappa",
    "log_loss",
    "brier",
    "calibration_error",
    "overall_accuracy_all",
    "area_error",
    "in_domain_macro_f1",
    "gap",
    *COSTS,
)


def mean_rate(rates: pd.Series) -> float:
    """Return the rate at which equal amounts of work were done: the harmonic mean; NaN of none."""
    return float(1 / (1 / rates).mean())


def area_error_of(row: Row) -> float:
    """Return half the summed difference of predicted and true crop shares; NaN without a matrix."""
    if row.confusion is None:
        return float("nan")
    return float(area_error(np.array(row.confusion, dtype=np.float64)))


def _costs(row: Row) -> Mapping[str, float]:
    values = {name: getattr(row.cost, name) for name in COSTS}
    return {name: np.nan if value is None else float(value) for name, value in values.items()}
