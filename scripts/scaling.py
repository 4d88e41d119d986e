"""Measure time and memory against samples, domains and methods; draw docs/images/scaling.svg.

Run with `OMP_NUM_THREADS=1 python scripts/scaling.py [CURVE ...]`: some minutes, and 12 GB of
memory for a million series. Times are processor seconds of one thread, memory is what is added
to the process.
"""

import gc
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from benchmark.data.compositing import to_year_grid
from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.representations import harmonic_features
from benchmark.data.taxonomy import CROPS
from benchmark.results.store import RunStore
from benchmark.run.device import measure
from benchmark.run.execution import execute, find_work
from benchmark.run.jobs import plan
from benchmark.run.runner import Runner
from benchmark.run.training.augmentation import Augmentation
from benchmark.task.methods import Context, registry
from benchmark.task.metrics import score
from benchmark.task.protocol import load_protocol
from benchmark.task.transfers import select_transfers
from leaderboard.results import from_rows
from leaderboard.site.site_builder import build_site
from leaderboard.statistics.bootstrap import bootstrap, tabulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "docs" / "images" / "scaling.svg"
NUMBERS = ROOT / "docs" / "images" / "scaling.json"

STEADY = 1.25
"""Exponent above which time grows too fast; sorting (n log n) and caches stay below it."""

Work = Callable[[], object]


class Curve(NamedTuple):
    """One kind of work at growing sizes."""

    title: str
    axis: str
    sizes: tuple[int, ...]
    prepare: Callable[[int], Work]


def series(count: int, steps: int = 73) -> np.ndarray:
    """Return made-up reflectance [count, 10, steps]."""
    return np.random.default_rng(0).random((count, len(BANDS), steps), dtype=np.float32)


def harmonic(count: int) -> Work:
    """Harmonic features."""
    values = series(count)
    return lambda: harmonic_features(values)


def gap_filling(count: int) -> Work:
    """10-day composites with gaps to the 5-day grid."""
    days = np.arange(1, 364, 10.0)
    values = series(count, len(days))
    values[np.broadcast_to(values[:, :1] < 0.15, values.shape)] = np.nan
    return lambda: to_year_grid(values, days)


def augmentation(count: int) -> Work:
    """One augmented copy of each sample, in batches of 2,048."""
    years, random = torch.from_numpy(series(count)), torch.Generator().manual_seed(0)
    augment = Augmentation()

    def work() -> None:
        for batch in years.split(2048):
            augment(batch, random)

    return work


def classifier(name: str) -> Callable[[int], Work]:
    """Return a maker of the fit of a method, boosting with 20 rounds."""

    def prepare(count: int) -> Work:
        protocol = load_protocol("quick")
        trees = protocol.trees.model_copy(update={"boosting_rounds": 20, "forest": 20})
        few = protocol.model_copy(update={"trees": trees})
        x = series(count, 5)
        y = (x[:, 0, 0] * 7).astype(np.int64)
        context = Context(0, CROPS, few, "cpu", BANDS, x.shape[1:])
        model = registry().get(name).build(context)
        return lambda: model.fit(x, y, validation=(x[:500], y[:500]))

    return prepare


def cropnet_prediction(count: int) -> Work:
    """CropNet's probabilities."""
    protocol = load_protocol("smoke")
    context = Context(0, CROPS, protocol, "cpu", BANDS, (10, 43))
    x, y = series(64, 43), np.arange(64) % len(CROPS)
    model = registry().get("cropnet").build(context).fit(x, y, validation=(x, y))
    values = series(count, 43)
    return lambda: model.predict_proba(values)


def answers(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return made-up labels and probabilities."""
    random = np.random.default_rng(0)
    probabilities = random.random((count, len(CROPS)), dtype=np.float32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return random.integers(0, len(CROPS), count), probabilities


def scoring(count: int) -> Work:
    """Every metric."""
    labels, probabilities = answers(count)
    return lambda: score(probabilities, labels)


def resampling(count: int) -> Work:
    """A thousand resamples of the answers."""
    labels, probabilities = answers(count)
    predicted = probabilities.argmax(axis=1)[None]

    def work() -> object:
        table = tabulate(labels, predicted, np.arange(count), len(CROPS))
        first, second = np.random.default_rng(0), [np.random.default_rng(1)]
        return bootstrap([table], [1], len(CROPS), unit_rng=first, seed_rngs=second)

    return work


def jobs_of_domains(count: int) -> Work:
    """Jobs of a floor from one source to all other domains, reading and storing included."""
    from tiny import make_samples, write_tiny

    folder = Path(tempfile.mkdtemp(prefix="scaling-"))
    names = [f"USA-{2000 + number}" for number in range(count)]
    write_tiny(folder, *(make_samples(name, per_class=200) for name in names))
    protocol = load_protocol("quick")
    pairs = select_transfers([f"{names[0]}:{name}" for name in names[1:]], names)
    numbers = iter(range(100))

    def work() -> None:
        dataset = open_dataset(folder)
        store = RunStore(folder / f"run-{next(numbers)}")
        methods = registry().select(["floor.prior"])
        jobs = plan(dataset, protocol, methods, pairs)
        execute(find_work(jobs, store), Runner(dataset, protocol), store)

    return work


def site_of_methods(count: int) -> Work:
    """The static site of rows of some methods on nine transfers with two seeds."""
    from sample_rows import make_row

    random = np.random.default_rng(0)
    rows = [
        make_row(
            method=f"test.m{method}",
            source=source,
            target=target,
            seed=seed,
            macro_f1=float(random.random()),
        )
        for method in range(count)
        for source, target in (("FRA", "CHN"), ("FRA", "USA"), ("FRA", "ARG"), ("USA", "FRA"))
        for seed in (1, 2)
    ]
    return lambda: build_site(from_rows(rows))


MANY = (1_000, 10_000, 100_000, 1_000_000)
CURVES = (
    Curve("harmonic features", "samples", MANY, harmonic),
    Curve("gap filling", "samples", MANY, gap_filling),
    Curve("augmentation", "samples", MANY, augmentation),
    Curve("metrics", "samples", MANY, scoring),
    Curve("bootstrap, 1,000 resamples", "samples", MANY, resampling),
    Curve("XGBoost fit, 20 rounds", "samples", MANY, classifier("harmonic.xgboost")),
    Curve("random forest fit, 20 trees", "samples", MANY[:3], classifier("harmonic.random-forest")),
    Curve("CropNet prediction", "samples", MANY[:2], cropnet_prediction),
    Curve("jobs of a floor", "domains", (8, 16, 32, 64), jobs_of_domains),
    Curve("site", "methods", (5, 10, 20, 40), site_of_methods),
)


def measured(curve: Curve) -> Iterator[dict[str, float]]:
    """Yield time and added memory at each size; small work is repeated and the median counts."""
    for size in curve.sizes:
        work = curve.prepare(size)
        if size == curve.sizes[0]:
            work()  # loads libraries
        times = []
        while len(times) < 5 and sum(times) < 1:
            gc.collect()
            with measure("cpu") as before:
                pass
            with measure("cpu") as during:
                start = time.process_time()
                work()
                times.append(time.process_time() - start)
        added = (during.peak_memory_bytes or 0) - (before.peak_memory_bytes or 0)
        yield {"size": size, "seconds": float(np.median(times)), "bytes": max(added, 0)}
        del work


def exponent(points: list[dict[str, float]]) -> float:
    """Return the power of the size with which time grows over the three largest sizes."""
    sizes = np.log([point["size"] for point in points[-3:]])
    return float(np.polyfit(sizes, np.log([point["seconds"] for point in points[-3:]]), 1)[0])


def draw(numbers: dict[str, dict[str, object]]) -> None:
    """Draw time and memory against samples, and time against domains and methods."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.rcParams |= {"svg.hashsalt": "scaling", "svg.fonttype": "none"}
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
    for title, entry in numbers.items():
        points = entry["points"]
        assert isinstance(points, list)
        sizes = [point["size"] for point in points]
        place = 0 if entry["axis"] == "samples" else 2
        label = title if place == 0 else f"{title}, by {entry['axis']}"
        axes[place].plot(sizes, [p["seconds"] for p in points], marker="o", label=label)
        if place == 0:
            axes[1].plot(sizes, [max(p["bytes"], 1e5) / 1e6 for p in points], marker="o")
    _dress(axes)
    figure.savefig(FIGURE, metadata={"Date": None})


def _dress(axes: "np.ndarray[tuple[int], np.dtype[np.object_]]") -> None:
    names = (
        ("samples", "processor seconds, one thread"),
        ("samples", "memory added, MB (0.1 is none)"),
        ("domains or methods", "processor seconds, one thread"),
    )
    for axis, (x, y) in zip(axes, names, strict=True):
        plain: Axes = axis
        plain.set_xscale("log")
        plain.set_yscale("log")
        plain.set_xlabel(x)
        plain.set_ylabel(y)
        plain.grid(alpha=0.3)
    few: Axes = axes[2]
    few.set_xticks([5, 10, 20, 40, 64], ["5", "10", "20", "40", "64"])
    few.minorticks_off()
    axes[0].legend(fontsize=7)
    axes[2].legend(fontsize=7)


def main() -> None:
    """Measure what is named, or everything; write the numbers and the figure; say what grows."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    torch.set_num_threads(1)
    numbers: dict[str, dict[str, object]] = {}
    if NUMBERS.is_file():
        numbers = json.loads(NUMBERS.read_text("utf-8"))
    for curve in CURVES:
        if len(sys.argv) > 1 and curve.title not in sys.argv[1:]:
            continue
        points = list(measured(curve))
        numbers[curve.title] = {"axis": curve.axis, "points": points}
        sys.stdout.write(f"{curve.title}: exponent {exponent(points):.2f}, {points[-1]}\n")
        sys.stdout.flush()
    NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n", "utf-8")
    draw(numbers)
    fast = [
        title
        for title, entry in numbers.items()
        if isinstance(entry["points"], list) and exponent(entry["points"]) > STEADY
    ]
    if fast:
        raise SystemExit(f"Worse than linear: {', '.join(fast)}")


if __name__ == "__main__":
    main()
