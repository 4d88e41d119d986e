"""Write the outline of the embedded default to ``known_outlines.yaml``.

Run it after the generator has a new version, on the machine that makes the reference results. Where
the data are those of the file but for rounding, it changes nothing.
"""

import sys
from pathlib import Path
from typing import Final

import yaml

from benchmark.data.dataset import Dataset
from benchmark.data.dataset_source import open_source
from benchmark.data.official.outline import Known

FILE: Final = Path(__file__).parent.parent / "benchmark/data/official/known_outlines.yaml"

HEAD: Final = """\
# Outlines of simulated data whose fingerprints reference results have. Data that differ from them
# by a processor's rounding alone have the same fingerprint (benchmark/data/official/outline.py).
# Made by scripts/known_outlines.py.
"""


def entry(dataset: Dataset) -> Known:
    """Return the entry of a dataset."""
    return Known(
        fingerprint=dataset.own_fingerprint,
        domains={domain: dataset.outline(domain) for domain in dataset.domains},
    )


if __name__ == "__main__":
    default = open_source("simulated")
    if default.fingerprint != default.own_fingerprint:
        sys.exit(
            f"{FILE.name} has these data, as another processor rounds them: nothing is written."
        )
    content = [entry(default).model_dump(mode="json")]
    FILE.write_text(HEAD + yaml.safe_dump(content, sort_keys=False), "utf-8")
