"""What a reader must know of a section, in sentences: its data, its intervals, what is missing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from benchmark.task.metrics import METRIC_VERSION
from leaderboard.code_labels import shared_names
from leaderboard.comparison_group import ComparisonGroup
from leaderboard.machine import SEPARATOR
from leaderboard.rank_ranges import rank_ranges
from leaderboard.results import VERIFICATIONS, row_key
from leaderboard.score_frames import ComparableRows
from leaderboard.shift_losses import lacking_shifts, lacking_transfers
from leaderboard.statistics.ranking import CriticalDifference
from leaderboard.tables.columns import percent

SIMULATED_MARK: Final = "Simulated data: no satellite saw it; not comparable with the paper."
RELEASED_MARK: Final = (
    "The protocol repeats the released code, its defects included: not comparable with others."
)


def title_of(comparable: ComparableRows) -> str:
    """Name a section: its dataset, protocol and track, and an older version of the metrics."""
    track = "" if comparable.track == "inductive" else f", {comparable.track} track"
    protocol = _marked(comparable.protocol, comparable.protocol_mark)
    return f"{dataset_title(comparable)}, protocol {protocol}{track}{_older(comparable)}"


def dataset_title(comparable: ComparableRows) -> str:
    """Name a section's dataset, which no other dataset beside it is called."""
    mark = " (simulated)" if comparable.simulated and "simulated" not in comparable.dataset else ""
    return _marked(f"{comparable.dataset}{mark}", comparable.dataset_mark)


def protocol_title(comparable: ComparableRows) -> str:
    """Name a section's protocol, and an older version of the metrics."""
    return f"{_marked(comparable.protocol, comparable.protocol_mark)}{_older(comparable)}"


def _marked(name: str, mark: str) -> str:
    return f"{name} {mark}" if mark else name


def _older(comparable: ComparableRows) -> str:
    version = comparable.metric_version
    return "" if version == METRIC_VERSION else f", metrics version {version}"


def facts(group: ComparisonGroup) -> list[str]:
    """Return what a reader must know of a section, in sentences."""
    comparable = group.comparable
    seeds = ", ".join(map(str, comparable.seeds))
    bands = sorted({" ".join(row.data.bands) for row in comparable.rows})
    splits = sorted({row.data.split for row in comparable.rows if row.data.split is not None})
    split = " and ".join(splits) or "unknown"
    found = [
        f"Dataset fingerprint {comparable.fingerprint[:16]}, protocol hash "
        f"{comparable.protocol_hash}, metrics version {comparable.metric_version}; seeds {seeds}.",
        "Scores in percent, means over transfers of means over seeds; ranked by macro-F1 over "
        "the crops that source and target share.",
        f"In-domain: macro-F1 of the same fit on the source's held-out part ({split} split), "
        "on its samples of the crops that are scored in the target; gap: in-domain less target; "
        "samples/s: prediction.",
        f"Bands: {'; '.join(bands)}.",
        *_one_machine(group),
        *_doubts(group),
    ]
    if comparable.released:
        found.insert(0, RELEASED_MARK)
    if comparable.simulated:
        found.insert(0, SIMULATED_MARK)
    return found


def remarks(group: ComparisonGroup) -> tuple[str, ...]:
    """Return what must be said of a section even where there is room for little."""
    comparable = group.comparable
    marks = [SIMULATED_MARK] if comparable.simulated else []
    marks += [RELEASED_MARK] if comparable.released else []
    return (*marks, *notes(group))


def caption_of(group: ComparisonGroup, what: str) -> str:
    """Return the caption of a table on a page of paper: what it shows, of which data and seeds."""
    counts = sorted({int(count) for count in group.transfers["seeds"]})
    fewest, most = (counts[0], counts[-1]) if counts else (len(group.comparable.seeds),) * 2
    many = f"{most}" if fewest == most else f"{fewest} to {most}"
    seeds = "one seed" if most == 1 else f"{many} seeds"
    return f"{what} Data: {title_of(group.comparable)}, {seeds}."


def _doubts(group: ComparisonGroup) -> list[str]:
    """What the intervals rest on, and what the ranking cannot show."""
    found = []
    if group.units:
        what = " and ".join(("seeds", *(f"{unit} of the target" for unit in group.units)))
        found.append(
            f"Intervals: 95 % bootstrap, resampling {what}{_one_seed(group)}; countries are not "
            "resampled, so they say nothing of countries that are not here."
        )
    if rank_ranges(group):
        found.append(
            "Possible ranks, from best to worst rank: those that the paired intervals of the "
            "differences leave open; each pair of methods is judged on its own."
        )
    found += notes(group)
    scored = {row.method for row in group.comparable.rows if row.scores is not None}
    unconfirmed = sorted(name for name in scored if group.confirmed_share(name) < 1)
    if unconfirmed:
        found.append(f"Unverified, no stored predictions give the score: {', '.join(unconfirmed)}.")
    known = [row for row in group.comparable.rows if row.data.coverage is not None]
    partly = {row.method for row in known if row.data.coverage != 1}
    if partly:
        found.append(
            f"Without a vector for every sample: {', '.join(sorted(partly))}; a sample that has "
            "none is answered with the crops' shares in the training samples."
        )
    for status in VERIFICATIONS[1:]:
        names = sorted(name for name in scored if group.verification(name) == status)
        found += [f"{status.capitalize()}: {', '.join(names)}."] if names else []
    found += _stated(group)
    if group.critical is not None:
        found.append(critical_sentence(group.critical, len(group.grid)))
    return found


def _stated(group: ComparisonGroup) -> list[str]:
    """Say what authors stated of methods whose rows are a verifier's own, mean macro-F1."""
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in group.comparable.rows:
        stated = group.results.stated.get(row_key(row))
        if stated is not None and row.scores is not None and row.relation != "in-domain":
            pairs.setdefault(row.method, []).append((stated, row.scores.macro_f1))
    means = {
        method: tuple(sum(values) / len(values) for values in zip(*found, strict=True))
        for method, found in sorted(pairs.items())
    }
    said = [
        f"{method} {percent(own)} ({percent(stated)} stated)"
        for method, (stated, own) in means.items()
    ]
    if not said:
        return []
    return [f"Scores and costs are the verifier's own, macro-F1: {', '.join(said)}."]


def _one_seed(group: ComparisonGroup) -> str:
    alone = group.transfers["seeds"].max() == 1
    return "; with one seed they say nothing of how fits differ" if alone else ""


def notes(group: ComparisonGroup) -> list[str]:
    """Return what a reader of the ranking alone must know: what is missing, and whose rows it has.

    It also names the transfers on which a method decided not to adapt, and those on which a method
    was scored on other samples, or fitted with other seeds, than others.

    Args:
        group: Methods that may be compared.
    """
    missing = [*_incomplete(group), *_incomplete_shifts(group), *without_score(group)]
    known = [*_not_adapted(group), *_shared_names(group), *_several_machines(group)]
    return [*_alone(group), *missing, *_other_samples(group), *_other_seeds(group), *known]


def without_score(group: ComparisonGroup) -> list[str]:
    """Return sentences that name the methods that have no score at all, each with the reason."""
    scored = set(group.transfers["method"])
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    told: set[str] = set()
    for row in group.comparable.rows:
        if row.method not in scored | told and row.scores is None:
            told.add(row.method)
            said = " ".join((row.reason or "no reason is stored").split())
            reasons.setdefault((row.status, said), {})[row.method] = None
    return [
        f"{status.capitalize()}: {_shortened([*methods], MOST_METHODS)}: {said}"
        for (status, said), methods in sorted(reasons.items())
    ]


def _alone(group: ComparisonGroup) -> list[str]:
    """Say that a rank among one method is none, and what shows a run among others."""
    if len(group.grid) != 1:
        return []
    said = f"{group.grid.index[0]} is the only ranked method, so that its rank says nothing"
    if any(row_key(row) in group.results.references for row in group.comparable.rows):
        return [f"{said}."]
    return [
        f"{said}; `cropglobe compare` puts a run beside the reference results of the same data and "
        "protocol."
    ]


def _incomplete(group: ComparisonGroup) -> list[str]:
    """Name the methods without every transfer, and those with fewer seeds than others."""
    names = [name for _, name in group.comparable.transfers]
    cells = group.transfers.pivot_table(index="method", columns="transfer", values="seeds")
    cells = cells.reindex(columns=names)
    lacking = {str(m): [n for n in names if pd.isna(line[n])] for m, line in cells.iterrows()}
    most = cells.max()
    short = {str(m): [n for n in names if line[n] < most[n]] for m, line in cells.iterrows()}
    found = []
    if any(lacking.values()):
        found.append(
            f"Not ranked, since a transfer is missing: {_named(lacking)}; with "
            "--transfers, ranks are over chosen ones alone."
        )
    if any(short.values()):
        found.append(
            f"Fewer seeds than others, so their intervals may be too narrow: {_named(short)}."
        )
    return found


def _incomplete_shifts(group: ComparisonGroup) -> list[str]:
    """Name the methods of which a shift was not scored, or not on every transfer."""
    transfers, shifts = lacking_transfers(group), lacking_shifts(group)
    found = []
    if transfers:
        found.append(
            "What a shift costs is left out, since a transfer of the shift is missing: "
            f"{_named(transfers)}."
        )
    if shifts:
        found.append(
            "No worst factor, since a shift that others were scored under is missing: "
            f"{_named(shifts)}."
        )
    return found


def _other_samples(group: ComparisonGroup) -> list[str]:
    """Name the transfers on which a method was scored on other samples than most methods."""
    methods: dict[str, dict[str, set[str]]] = {}
    for row in group.comparable.rows:
        known = row.scores is not None and row.data.ids_hash is not None
        if known and row.relation != "in-domain":
            sets = methods.setdefault(row.transfer, {})
            sets.setdefault(str(row.data.ids_hash), set()).add(row.method)
    others: dict[str, list[str]] = {}
    for _, transfer in group.comparable.transfers:
        sets = methods.get(transfer, {})
        usual = max(sorted(sets), key=lambda ids: len(sets[ids]), default=None)
        for method in {m for ids, members in sets.items() if ids != usual for m in members}:
            others.setdefault(method, []).append(transfer)
    if not others:
        return []
    return [
        "Scored on other samples of the target than most methods, so that a difference may come "
        f"from the samples: {_named(dict(sorted(others.items())))}."
    ]


def _other_seeds(group: ComparisonGroup) -> list[str]:
    """Name the transfers on which a method lacks seeds of most methods, and has others instead."""
    others: dict[str, list[str]] = {}
    for _, transfer in group.comparable.transfers:
        cells = group.scores[group.scores["transfer"] == transfer]
        seeds = {str(m): frozenset(found) for m, found in cells.groupby("method")["seed"]}
        counts = Counter(seeds.values())
        usual = max(counts, key=lambda own: (counts[own], len(own), -min(own)), default=frozenset())
        for method, own in seeds.items():
            if own - usual and usual - own:
                others.setdefault(method, []).append(transfer)
    if not others:
        return []
    return [
        "Fitted with other seeds than most methods, so that a difference may come from the seeds: "
        f"{_named(dict(sorted(others.items())))}."
    ]


def _not_adapted(group: ComparisonGroup) -> list[str]:
    """Name the transfers on which a method decided to keep the answers of before adapting."""
    decided: dict[tuple[str, str], list[bool]] = {}
    for row in group.comparable.rows:
        if row.decision is not None:
            decided.setdefault((row.method, row.transfer), []).append(row.decision.stopped)
    kept: dict[str, list[str]] = {}
    for (method, transfer), stops in sorted(decided.items()):
        if any(stops):
            some = "" if all(stops) else f" in {sum(stops)} of {len(stops)} seeds"
            kept.setdefault(method, []).append(f"{transfer}{some}")
    if not kept:
        return []
    return [
        f"Stopped before adapting to the target: {_named(kept)}; the `decision` of each row says "
        "why."
    ]


def _shared_names(group: ComparisonGroup) -> list[str]:
    """Say which names stand for several codes."""
    shared = shared_names([row for row in group.comparable.rows if row.scores is not None])
    return [] if shared is None else [shared]


def _machines(group: ComparisonGroup) -> dict[str, list[str]]:
    """Return the methods of each machine on which costs were measured."""
    methods: dict[str, list[str]] = {}
    for method in sorted({row.method for row in group.comparable.rows if row.scores is not None}):
        for name in group.machines(method):
            methods.setdefault(name, []).append(method)
    return dict(sorted(methods.items()))


def _one_machine(group: ComparisonGroup) -> list[str]:
    """Say on which machine all costs were measured, if it is one."""
    names = [*_machines(group)]
    return [f"Costs were measured on {names[0]}."] if len(names) == 1 else []


def _several_machines(group: ComparisonGroup) -> list[str]:
    """Say whose times cannot be compared, since they are of different machines."""
    machines = _machines(group)
    if len(machines) <= 1:
        return []
    parts = [f"{name} ({_shortened(found, MOST_METHODS)})" for name, found in machines.items()]
    return [f"Times of different machines cannot be compared: {SEPARATOR.join(parts)}."]


def _named(transfers: Mapping[str, Sequence[str]]) -> str:
    """List methods with their transfers, shortened where there are many."""
    parts = [
        f"{method} ({_shortened(names, MOST_TRANSFERS)})"
        for method, names in transfers.items()
        if names
    ]
    return _shortened(parts, MOST_METHODS)


def _shortened(parts: Sequence[str], most: int) -> str:
    more = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + more


MOST_METHODS: Final = 8
"""Methods that a sentence names."""

MOST_TRANSFERS: Final = 3
"""Transfers of each that it names."""


def critical_sentence(found: CriticalDifference, methods: int) -> str:
    """Say what average ranks over so few transfers can prove."""
    return (
        f"Friedman test over {found.transfers} transfers: p = {found.p_value:.2g}; with so few, "
        f"average ranks of {methods} methods must differ by {found.difference:.1f} to be told "
        "apart (Nemenyi, 5 %), and transfers that share a country are not independent."
    )
