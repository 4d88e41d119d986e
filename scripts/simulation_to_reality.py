"""Train on the simulator, score on real points: Arkansas and California 2021, western France 2023.

    python scripts/simulation_to_reality.py POINTS.parquet WORK [--ablations] [--months] [--trees]
    python scripts/simulation_to_reality.py PARCELS.parquet WORK --france

POINTS is `usa_2021_s2_cdl_long.parquet`, PARCELS `fra_2023_worldcereal_dekad.parquet` (see
docs/simulation.md); WORK is a directory outside the
repository that receives the ingested points. Every run is a look at real labels and belongs into
the log of docs/simulation.md.
"""

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmark.data.dataset import BANDS, DomainSamples, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.data.inspect.dataset_figures import ndvi
from benchmark.data.representations import Observations, represent
from benchmark.data.season import step_centres
from benchmark.data.simulate.world import Options, simulate_domain
from benchmark.data.taxonomy import CROPS
from benchmark.task.methods import Context, registry
from benchmark.task.protocol import Protocol, load_protocol
from benchmark.task.samples.preparation import prepare_source

METHODS = ("median.random-forest", "harmonic.xgboost", "cropnet.aug")
SCORED = {
    "USA-AR": ("corn", "soybeans", "rice", "cotton"),
    "USA-CA": ("corn", "rice", "cotton", "wheat", "other"),
    "FRA-WEST": ("corn", "wheat", "other"),
}
SEEDS = {
    "median.random-forest": (82, 83, 84),
    "harmonic.xgboost": (82, 83, 84),
    "cropnet.aug": (82,),
}
SAMPLES = 2000
SEASONS = 8
ABLATIONS = {
    "complete": Options(),
    "no paddy water": Options(water=False),
    "national calendars": Options(calendar_of="USA"),
    "one land use as other": Options(many_others=False),
    "no noise, no gaps": Options(noise=False, gaps=False),
}

Labels = npt.NDArray[np.int64]


def budget(name: str) -> Protocol:
    """Return the quick protocol: all samples for trees, what a CPU can do for CropNet."""
    quick = load_protocol("quick")
    update: dict[str, Any] = {"max_target_samples": None, "held_out_fraction": 0.0}
    update["max_source_samples"] = SAMPLES
    if name.startswith("cropnet"):
        update["max_source_samples"] = SAMPLES // 2
        update["network"] = quick.network.model_copy(update={"epochs": 8})
    return quick.model_copy(update=update)


def features(samples: DomainSamples, view: str, bands: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return a representation of samples."""
    seen = Observations(
        domain=samples.name, series=samples.series, bands=bands, sample_ids=samples.sample_ids
    )
    return represent(seen, view)


def with_bands(samples: DomainSamples, bands: tuple[str, ...]) -> DomainSamples:
    """Return ten-band samples with some of their bands."""
    return replace(samples, series=samples.series[:, [BANDS.index(band) for band in bands]])


def seasons(region: str, seed: int, options: Options, count: int) -> DomainSamples:
    """Simulate several seasons of a region, since the real one is unknown."""
    each = SAMPLES // count
    made = [
        simulate_domain(region, samples=each, seed=100 * seed + season, options=options)
        for season in range(count)
    ]
    blocks = [part.block for part in made if part.block is not None]
    first = np.cumsum([0, *(block.max() + 1 for block in blocks)])
    return DomainSamples(
        name=region,
        series=np.concatenate([part.series for part in made]),
        labels=np.concatenate([part.labels for part in made]),
        sample_ids=np.array([f"{region}:{row}" for row in range(each * count)]),
        block=np.concatenate([block + start for block, start in zip(blocks, first, strict=False)]),
    )


def answers(
    name: str, train: DomainSamples, test: DomainSamples, seed: int, bands: tuple[str, ...]
) -> Labels:
    """Train a method on some samples and return its answers for others, [N]."""
    method, protocol = registry().get(name), budget(name)
    split = prepare_source(train, protocol, seed=seed)
    classes = np.array(split.classes)
    x = features(train, method.representation, bands)
    y = np.searchsorted(classes, train.labels)
    context = Context(
        seed=seed,
        classes=tuple(CROPS[label] for label in classes),
        protocol=protocol,
        device="cpu",
        bands=bands,
        sample_shape=x.shape[1:],
    )
    model = method.build(context)
    chosen = split.validation
    model.fit(x[split.training], y[split.training], validation=(x[chosen], y[chosen]))
    scores = model.predict_proba(features(test, method.representation, bands))
    return np.asarray(classes[scores.argmax(axis=1)])


def recalls(test: DomainSamples, answer: Labels, crops: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Return the recall of each of the crops."""
    numbers = [CROPS.index(crop) for crop in crops]
    return np.array([np.mean(answer[test.labels == number] == number) for number in numbers])


def report(title: str, name: str, region: str, runs: list[npt.NDArray[np.float64]]) -> None:
    """Print one line: balanced accuracy, its spread over seeds and the recalls."""
    scores = [run.mean() for run in runs]
    parts = zip(SCORED[region], np.mean(runs, axis=0), strict=True)
    text = " ".join(f"{crop} {value:.2f}" for crop, value in parts)
    spread = f"({min(scores):.3f}-{max(scores):.3f})"
    print(f"{region} | {title} | {name} | {np.mean(scores):.3f} {spread} | {text}", flush=True)


def halves(samples: DomainSamples) -> tuple[DomainSamples, DomainSamples]:
    """Divide real samples by spatial block: four fifths to train on, one fifth to score."""
    assert samples.block is not None
    blocks = np.random.default_rng(82).permutation(np.unique(samples.block))
    held = np.isin(samples.block, blocks[: max(1, len(blocks) // 5)])
    return samples.take(np.flatnonzero(~held)), samples.take(np.flatnonzero(held))


def evaluate(
    real: dict[str, DomainSamples],
    ablations: dict[str, Options],
    methods: tuple[str, ...],
    bands: tuple[str, ...],
) -> None:
    """Print simulation to reality for every region, method and variant of the simulation."""
    for region, target in real.items():
        for title, options in ablations.items():
            for name in methods:
                both = title == "complete" and name != "cropnet.aug"
                for count in (1, SEASONS) if both else (SEASONS,):
                    runs = []
                    for seed in SEEDS[name]:
                        made = with_bands(seasons(region, seed, options, count), bands)
                        answer = answers(name, made, target, seed, bands)
                        runs.append(recalls(target, answer, SCORED[region]))
                    report(f"simulation, {title}, {count} season(s)", name, region, runs)


def compare_real(
    real: dict[str, DomainSamples], methods: tuple[str, ...], bands: tuple[str, ...]
) -> None:
    """Print what real training data reaches: the other state, and the same one by block."""
    for region, target in real.items():
        others = [samples for name, samples in real.items() if name != region]
        train, test = halves(target)
        for name in methods:
            for other in others:
                across = [recalls(target, answers(name, other, target, 82, bands), SCORED[region])]
                report("real, other state", name, region, across)
            inside = [recalls(test, answers(name, train, test, 82, bands), SCORED[region])]
            report("real, same state, other blocks", name, region, inside)


def months(
    samples: DomainSamples, bands: tuple[str, ...]
) -> Iterator[tuple[str, str, npt.NDArray[np.float64]]]:
    """Yield crop, quantity and monthly mean and spread [2, 12] of NDVI and B11."""
    month = np.minimum(step_centres() // 30.42, 11).astype(int)
    indices = {
        "NDVI": ndvi(samples.series[:, [bands.index("B4"), bands.index("B8")]]),
        "B11": samples.series[:, bands.index("B11")],
    }
    for crop in SCORED[samples.name]:
        rows = samples.labels == CROPS.index(crop)
        for quantity, values in indices.items():
            monthly = np.stack([values[rows][:, month == m].mean(axis=1) for m in range(12)])
            yield crop, quantity, np.stack([monthly.mean(axis=1), monthly.std(axis=1)])


def compare_months(real: dict[str, DomainSamples], bands: tuple[str, ...]) -> None:
    """Print monthly mean and spread of NDVI and B11 by crop, simulated beside real."""
    for region, target in real.items():
        made = simulate_domain(region, samples=4 * SAMPLES, seed=82)
        pairs = zip(months(made, BANDS), months(target, bands), strict=True)
        for (crop, quantity, simulated), (_, _, measured) in pairs:
            for origin, values in (("real", measured), ("simulated", simulated)):
                cells = " | ".join(f"{m:.2f} ({s:.2f})" for m, s in values.T[3:11])
                print(f"| {region} | {crop} | {quantity} | {origin} | {cells} |")


def ingest(points: Path, work: Path, *, france: bool) -> None:
    """Turn the table of real points into a CropGlobe directory."""
    if france:
        ingest_table(points, work, labels="ewoc", region="FRA-WEST", year=2023)
    else:
        ingest_table(points, work, labels="cdl", region_column="region")


def main() -> None:
    """Run the evaluation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("points", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--months", action="store_true")
    parser.add_argument("--france", action="store_true", help="the points are the French parcels")
    parser.add_argument("--trees", action="store_true", help="leave the network out")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    if not arguments.work.exists():
        ingest(arguments.points, arguments.work, france=arguments.france)
    dataset = open_dataset(arguments.work)
    real = {name: dataset.load(name) for name in dataset.domains}
    bands = dataset.common_bands(dataset.domains)
    chosen = ABLATIONS if arguments.ablations else {"complete": Options()}
    evaluate(real, chosen, METHODS[:2], bands)
    compare_real(real, METHODS[:2], bands)
    if arguments.months:
        compare_months(real, bands)
    if not arguments.trees:
        evaluate(real, {"complete": Options()}, METHODS[2:], bands)
        compare_real(real, METHODS[2:], bands)


if __name__ == "__main__":
    main()
