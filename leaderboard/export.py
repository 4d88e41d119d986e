"""Export results in formats that other programs read: model-index, tidy table, BibTeX."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import pandas as pd
import yaml

from leaderboard.comparison_group import ComparisonGroup, comparison_groups
from leaderboard.file_names import slug
from leaderboard.paper.citation import bibtex
from leaderboard.results import Results
from leaderboard.statistics.ranking import DIGITS
from leaderboard.tables.leaderboard_files import csv_text
from leaderboard.tables.section_facts import title_of
from leaderboard.tables.text_tables import with_limits

METRICS: Final[Mapping[str, str]] = {
    "macro_f1": "Macro-F1",
    "overall_accuracy": "Overall accuracy",
    "weighted_f1": "Weighted F1",
    "balanced_accuracy": "Balanced accuracy",
    "calibration_error": "Expected calibration error",
}
"""Exported metrics and their names."""

LOWER_IS_BETTER: Final = frozenset({"calibration_error"})

TASK: Final = "Crop-type classification"


def tidy_results(groups: Iterable[ComparisonGroup]) -> pd.DataFrame:
    """Return a table with one line for each method, transfer and metric.

    Args:
        groups: Methods that may be compared.

    Returns:
        Columns task, dataset, simulated, protocol, protocol_hash, track, transfer, relation,
        metric, method, value (a share), std, low, high, seeds, rank, dataset_fingerprint and
        metric_version. The rank is within the transfer, among methods of one group; equal values
        share the best rank.
    """
    frames = []
    for group in groups:
        comparable, cells = group.comparable, with_limits(group)
        for name, title in METRICS.items():
            values = cells[name].round(DIGITS).groupby(cells["transfer"])
            ranks = values.rank(ascending=name in LOWER_IS_BETTER, method="min")
            missing = pd.Series(np.nan, index=cells.index)
            lines = {
                "task": TASK,
                "dataset": comparable.dataset,
                "simulated": comparable.simulated,
                "protocol": comparable.protocol,
                "protocol_hash": comparable.protocol_hash,
                "track": comparable.track,
                "transfer": cells["transfer"],
                "relation": cells["relation"],
                "metric": title,
                "method": cells["method"],
                "value": cells[name],
                "std": cells.get(f"{name}_std", missing),
                "low": cells.get(f"{name}_low", missing),
                "high": cells.get(f"{name}_high", missing),
                "seeds": cells["seeds"],
                "rank": ranks,
            }
            lines |= {name: text for name, text in comparable.identity.items() if name not in lines}
            frames.append(pd.DataFrame(lines, index=cells.index))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def model_index(groups: Iterable[ComparisonGroup], method: str) -> str:
    """Return the metadata of a method's results for its page on the Hugging Face hub.

    Format: ``model-index`` of https://huggingface.co/docs/hub/model-cards#evaluation-results. The
    field ``verified`` is not set, since only the hub may set it.

    Args:
        groups: Methods that may be compared.
        method: Name of the method.

    Returns:
        YAML for the head of a model card.
    """
    results = []
    for group in groups:
        cells = group.transfers[group.transfers["method"] == method]
        for line in cells.to_dict("records"):
            data = {
                "name": f"{title_of(group.comparable)}, {line['transfer']}",
                "type": group.comparable.dataset,
                "split": str(line["transfer"]),
                "revision": group.comparable.fingerprint[:16],
            }
            metrics = [
                {"type": name, "name": title, "value": round(float(line[name]), 6)}
                for name, title in METRICS.items()
                if not pd.isna(line[name])
            ]
            task = {"type": "time-series-classification", "name": TASK}
            results.append({"task": task, "dataset": data, "metrics": metrics})
    content = {"model-index": [{"name": method, "results": results}]}
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def export(results: Results) -> dict[str, str]:
    """Return the content of every exported file.

    Args:
        results: Results of runs.

    Returns:
        Texts by path: `results.csv`, `cite.bib`, and `model-index/METHOD.yaml`.
    """
    groups = comparison_groups(results)
    methods = sorted({str(name) for group in groups for name in group.transfers["method"]})
    return {
        "results.csv": csv_text(tidy_results(groups)),
        "cite.bib": bibtex(),
        **{f"model-index/{slug(name)}.yaml": model_index(groups, name) for name in methods},
    }
