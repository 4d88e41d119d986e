"""The page on the results format, written from the schema so that it cannot be out of date."""

import re
from collections.abc import Iterator
from inspect import cleandoc
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from benchmark.results.rows import (
    SCHEMA_VERSION,
    AppliedShift,
    Cost,
    DataDescription,
    Provenance,
    Row,
)
from benchmark.results.run_plans import PlannedJob, RunPlan
from benchmark.results.store import JobIdentity
from benchmark.task.metrics import CropScores, Scores
from benchmark.task.transfers import LabelSpace

PARTS: Final[tuple[tuple[str, type[BaseModel]], ...]] = (
    ("Row", Row),
    ("Row: data", DataDescription),
    ("Row: data: labels", LabelSpace),
    ("Row: scores", Scores),
    ("Row: scores of a crop", CropScores),
    ("Row: cost", Cost),
    ("Row: shift", AppliedShift),
    ("Row: provenance", Provenance),
    ("Job", JobIdentity),
    ("Plan", RunPlan),
    ("Plan: a job", PlannedJob),
)

HEAD: Final = """# Results format

<!-- Written by scripts/results_format.py from the schema: change that, not this page. -->

A run directory is plain files; reading it needs no lock, no server and no pickle.

| path | what it is | whole because |
|---|---|---|
| `jobs/KEY/rows.json` | the rows of a job, one per target and shifted copy (schema version \
{version}) | checksum |
| `jobs/KEY/job.json` | what the job is; KEY is a hash of it | checksum, and its own name |
| `jobs/KEY/predictions-TARGET.npz` | `sample_id` [N], `probability` [N, K], `classes` [K], \
`label` [N], and `block` [N] where places are known | checksum |
| `jobs/KEY/history.json` | numbers of each epoch of a trained network | checksum |
| `jobs/KEY/protocol.json` | the protocol in full, defaults filled in | checksum |
| `jobs/KEY/network.npz` | the fitted CropNet: its numbers by name, `.classes`, `.sample_shape`; \
not with `--no-keep-networks` | checksum |
| `jobs/KEY/manifest.json` | SHA-256 of each file beside it | written last, folder renamed |
| `plans/NAME.json` | what a command asked for, and the protocol in full | its own checksum |
| `cards/METHOD.json` | the card of each method that was asked for | written aside, renamed |
| `running/KEY` | a job that runs now: locked by its process, let go when that dies | - |
| `index.parquet` | every row, flat: `scores.macro_f1`, `data.n_test`, ... | rebuilt by \
`cropglobe index RUN` |
| `mlflow.db`, `mlartifacts/` | MLflow's view, shown by `mlflow ui --backend-store-uri \
sqlite:///RUN/mlflow.db` | rebuilt by `cropglobe sync RUN` |
| `broken-mlflow-N/` | a database of MLflow that was broken, and its artifacts | not read |
| `tracking.json` | which MLflow servers are up to date | made anew |
| `leaderboard.*`, `transfers.csv` | tables | rebuilt by `cropglobe leaderboard RUN` |
| `reports.json` | which jobs those were made of, so that they are made once | made anew |

```python
from pathlib import Path

from benchmark.results.store import RunStore

jobs, damaged = RunStore(Path("RUN")).read_all()
rows = [row for job in jobs for row in job.rows]
shifted = [row for job in jobs for row in job.shifted]
```

Rows with a `shift` are of copies of a target that were changed on purpose (`cropglobe run
--shifts`): the index, MLflow, leaderboards and submissions leave them out, and no probabilities are
kept of them.

`cropglobe status RUN` compares plans with jobs: done, failed, timeout, unavailable, stale (stored
by other code of its method, or other files of vectors, than was asked for last), running, damaged,
missing. A missing value is `null`, never 0.

## Metrics versions

Rows of different versions are read by every command and shown under headings of their own. They
are never averaged, ranked or tested together.

- **2**: under a cap each seed draws its own source samples, and its own samples of a target to
  adapt to or to be taught by (version 1: one draw for all seeds). A target's cap is drawn after
  samples of crops that are not scored are dropped (version 1: before). `n_unscored` counts all of
  these, `n_scorable` is new, and `overall_accuracy_all` weights by the two. A target with one
  scorable crop is not scored. Bands are those that source and target have in common (version 1:
  those of all domains of the run), and no longer part rows that are compared.
- **1**: the first. Its rows have no `n_scorable`.

The in-domain score and the gap of tables are computed from stored confusion matrices, for rows of
both versions alike: [leaderboard.md](leaderboard.md#what-the-numbers-are).
"""


def results_format() -> str:
    """Return the page as Markdown.

    Raises:
        ValueError: If a field has no description in the docstring of its class.
    """
    return HEAD.format(version=SCHEMA_VERSION) + "".join(
        f"\n## {title}\n\n{_table(model)}" for title, model in PARTS
    )


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
    """Yield name and description of each entry below ``Attributes:`` of a docstring."""
    _, _, text = cleandoc(model.__doc__ or "").partition("Attributes:\n")
    for entry in re.split(r"\n(?=    \w+: )", "\n" + text):
        name, found, meaning = entry.strip().partition(": ")
        if found:
            yield name, " ".join(meaning.split()).replace("``", "`").replace("|", "\\|")


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
