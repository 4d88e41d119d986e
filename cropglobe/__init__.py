"""The public Python interface of CropGlobe Benchmark: all that a notebook needs.

`open_dataset` or `simulate` gives a `CropDataset`, `run` trains and scores methods on it, and
`open_runs` reads what earlier runs left. Both give `RunResults`, whose tables are pandas frames.
What is named here is public; `docs/python.md` says what a new version may change.

    import cropglobe

    data = cropglobe.simulate(domains=["FRA", "CHN"], samples_per_domain=600)
    results = cropglobe.run(data, ["median.random-forest"], ["FRA:CHN"], protocol="smoke")
    results.leaderboard()
"""

from benchmark import __version__
from benchmark.errors import CropGlobeError
from benchmark.task.methods import Card, Context, Method
from benchmark.task.protocol import Protocol
from cropglobe.datasets import Arrays, CropDataset, open_dataset, simulate
from cropglobe.estimators import method_from_estimator
from cropglobe.ingesting import ingest
from cropglobe.listing import list_methods, list_protocols, list_representations
from cropglobe.run_results import RunResults, open_runs
from cropglobe.running import run

__all__ = [
    "Arrays",
    "Card",
    "Context",
    "CropDataset",
    "CropGlobeError",
    "Method",
    "Protocol",
    "RunResults",
    "__version__",
    "ingest",
    "list_methods",
    "list_protocols",
    "list_representations",
    "method_from_estimator",
    "open_dataset",
    "open_runs",
    "run",
    "simulate",
]
