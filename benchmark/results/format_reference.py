"""The page docs/results-format.md, written from the schema so that it is never out of date."""

import re
from collections.abc import Iterator
from inspect import cleandoc
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from benchmark.data.taxonomy import CROPS
from benchmark.results.rows import (
    SCHEMA_VERSION,
    AppliedShift,
    Cost,
    DataDescription,
    JobIdentity,
    Provenance,
    Row,
)
from benchmark.results.run_plans import PlannedJob, RunPlan
from benchmark.task.fitted_attributes import Decision
from benchmark.task.metrics import CALIBRATION_BINS, SMALLEST_PROBABILITY, CropScores, Scores
from benchmark.task.transfers import LabelSpace

PARTS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Row", Row),
    ("Row: data", DataDescription),
    ("Row: data: labels", LabelSpace),
    ("Row: scores", Scores),
    ("Row: scores of a crop", CropScores),
    ("Row: cost", Cost),
    ("Row: decision", Decision),
    ("Row: shift", AppliedShift),
    ("Row: provenance", Provenance),
    ("Job", JobIdentity),
    ("Plan", RunPlan),
    ("Plan: a job", PlannedJob),
)

HEAD: Final = """# Results format

<!-- Written by scripts/results_format.py from the schema: change that, not this page. -->

A run directory consists of plain files. You can read it without a lock, a server or a pickle.

| path | content | how damage is found, or what writes it again |
|---|---|---|
| `jobs/KEY/rows.json` | the rows of a job, one per target and shifted copy (schema version \
{version}) | checksum |
| `jobs/KEY/job.json` | what the job is; KEY is a hash of it | checksum, and its own name |
| `jobs/KEY/predictions-TARGET.npz` | `sample_id` [N], `probability` [N, K], `classes` [K], \
`label` [N], and `block` [N] where places are known | checksum |
| `jobs/KEY/history.json` | numbers of each epoch of a trained network | checksum |
| `jobs/KEY/protocol.json` | the protocol with all keys, also those with default values | checksum |
| `jobs/KEY/network.npz` | the fitted CropNet: its parameters by name, `.classes`, \
`.sample_shape`; not with `--no-keep-networks` | checksum |
| `jobs/KEY/manifest.json` | SHA-256 of each file of the folder | written last, then the folder \
is renamed |
| `plans/NAME.json` | the jobs that a command asked for, and the complete protocol | its own \
checksum |
| `cards/METHOD.json` | the card of each method that was asked for | written under another name, \
then renamed |
| `running/KEY` | a job that runs now; its process locks the file, and the system releases the \
lock when the process ends | - |
| `index.parquet` | every row, flat: `scores.macro_f1`, `data.n_test`, ... | written again by \
`cropglobe index RUN` |
| `mlflow.db`, `mlartifacts/` | the results in MLflow, shown by `mlflow ui --backend-store-uri \
sqlite:///RUN/mlflow.db` | written again by `cropglobe sync RUN` |
| `broken-mlflow-N/` | a database of MLflow that was broken, and its artifacts | not read |
| `tracking.json` | which MLflow servers are up to date | written again by the next sync |
| `leaderboard.*`, `transfers.csv` | tables | written again by `cropglobe leaderboard RUN` |
| `reports.json` | which jobs are in the tables, so that unchanged tables are not made again | \
written again by the next run |

```python
from pathlib import Path

from benchmark.results.store import RunStore

jobs, damaged = RunStore(Path("RUN")).read_all()
rows = [row for job in jobs for row in job.rows]
shifted = [row for job in jobs for row in job.shifted]
```

Rows with a `shift` are of copies of a target that were changed on purpose (`cropglobe run
--shifts`). The index, MLflow, leaderboards and submissions leave them out, and their probabilities
are not stored.

`cropglobe status RUN` compares plans with jobs. The states are done, failed, timeout, unavailable,
stale (stored by other code of its method, or with other files of vectors, than the last command
asked for), running, damaged and missing. A missing value is `null`, never 0.

## Scores from predictions

Everything that a row's `scores` say can be computed from its predictions without this package:

- `label` is the number, from 0, of the true crop in this order: {crops}.
  Lines and columns of `confusion` have this order. The columns of `probability` are the crops of
  `classes`; a crop without a column has probability 0.
- The predicted crop is the most probable one, and of several the first in that order. Under
  protocols that repeat the released code, a predicted crop that is not grown in ARG, AUS or CHN
  becomes `other`; `calibration_error` does not see this.
- Means over crops (`macro_f1`, `balanced_accuracy`) are over the crops that have samples. To
  predict another crop is an error of the true one.
- `calibration_error` has {bins} bins of equal width from 0 to 1; a lower edge belongs to its bin.
  It is the mean over samples of the distance between a bin's mean highest probability and its
  share of right samples. `log_loss` raises probabilities below {smallest:g} to it.
- `overall_accuracy_all` is `overall_accuracy` times `n_scorable` / (`n_scorable` + `n_unscored`).

```python
import numpy as np
from sklearn.metrics import f1_score

CROPS = np.array([{quoted}])
with np.load("RUN/jobs/KEY/predictions-CHN.npz") as file:
    true = CROPS[file["label"]]
    predicted = file["classes"][file["probability"].argmax(axis=1)]
macro_f1 = f1_score(true, predicted, labels=np.unique(true), average="macro", zero_division=0)
```

A leaderboard has means over seeds for each transfer, then over transfers:
[what the numbers are](leaderboard.md#what-the-numbers-are).

## Metrics versions

Every command reads rows of all versions and shows them under separate headings. Rows of different
versions are never averaged, ranked or tested together.

Version **2** differs from version 1 in these points:

- Under a cap each seed draws its own source samples. It also draws its own samples of a target to
  adapt to or to learn from. (Version 1: one draw for all seeds.)
- A target's cap is applied after samples of crops that are not scored are dropped (version 1:
  before). `n_unscored` counts all of these, `n_scorable` is new, and `overall_accuracy_all` is
  weighted by the two.
- A target with one scorable crop is not scored.
- Bands are those that source and target have in common (version 1: those of all domains of the
  run). Rows with different bands are therefore compared.

Version **1** is the first. Its rows have no `n_scorable`.

Tables compute the in-domain score and the gap from stored confusion matrices, for rows of both
versions: [leaderboard.md](leaderboard.md#what-the-numbers-are).
"""


def results_format() -> str:
    """Return the page as Markdown.

    Raises:
        ValueError: If the docstring of a class does not describe one of its fields.
    """
    head = HEAD.format(
        version=SCHEMA_VERSION,
        crops=", ".join(CROPS),
        quoted=", ".join(f'"{crop}"' for crop in CROPS),
        bins=CALIBRATION_BINS,
        smallest=SMALLEST_PROBABILITY,
    )
    return head + "".join(f"\n## {title}\n\n{_table(model)}" for title, model in PARTS)


def _table(model: type[BaseModel]) -> str:
    described = dict(_attributes(model))
    lines = ["| field | type | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if name not in described:
            raise ValueError(f"{model.__name__} does not describe its field '{name}'.")
        kind = _type_name(field.annotation).replace("|", "\\|")
        lines.append(f"| `{name}` | {kind} | {described[name]} |")
    return "\n".join(lines) + "\n"


def _attributes(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield name and description of each entry under ``Attributes:`` in a class's docstring."""
    _, _, text = cleandoc(model.__doc__ or "").partition("Attributes:\n")
    for entry in re.split(r"\n(?=    \w+: )", "\n" + text):
        name, found, meaning = entry.strip().partition(": ")
        if found:
            # The page is about JSON, which has null where Python has None.
            said = " ".join(meaning.split()).replace("``None``", "``null``")
            yield name, said.replace("``", "`").replace("|", "\\|")


def _type_name(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "null"
    if origin is Literal:
        return " | ".join(f"`{value}`" for value in inner)
    if origin in (Union, UnionType):
        return " | ".join(_type_name(part) for part in inner)
    if origin is tuple:
        return f"list of {_type_name(inner[0])}"
    if origin is dict:
        return f"{_type_name(inner[1])} by name"
    names: dict[Any, str] = {
        str: "text",
        int: "integer",
        float: "number",
        bool: "true or false",
        Any: "any",
    }
    return names.get(annotation) or str(getattr(annotation, "__name__", annotation))
