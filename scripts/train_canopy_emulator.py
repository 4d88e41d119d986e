"""Make the canopy emulator: a PROSAIL table, a small network on it, and the error against PROSAIL.

Three steps, in two environments because prosail brings numba and training needs torch:

    python -m venv prosail-env && prosail-env/bin/pip install prosail pyyaml
    prosail-env/bin/python scripts/train_canopy_emulator.py table TABLE.npz
    python scripts/train_canopy_emulator.py train TABLE.npz
    python scripts/train_canopy_emulator.py golden TABLE.npz

`table` runs PROSPECT-5 and 4SAIL (prosail 2.0.5) on 65,536 Sobol points and 4,096 random ones
(about three minutes). `train` fits the network on the former (about five minutes on one
core), prints its error on the latter with random soils and writes
`benchmark/data/simulate/canopy_network.npz`.
`golden` stores 256 of the reference points for the test suite. Everything is seeded.
"""

import argparse
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

ROOT = Path(__file__).resolve().parent.parent
SIMULATE = ROOT / "benchmark" / "data" / "simulate"
GOLDEN = ROOT / "tests" / "benchmark" / "data" / "simulate" / "data" / "prosail_points.npz"
WAVELENGTHS = np.arange(400, 2501)
TRAIN_POWER = 16
TEST_POINTS = 4096
GOLDEN_POINTS = 256
SEED = 20_261_122
WIDTH = 96
EPOCHS = 300
BATCH = 256
RATE = 2e-3

# Name, lowest, highest, exponent of the spacing (above 1: denser near the lowest).
INPUTS = (
    ("n", 1.0, 2.6, 1.0),
    ("cab", 0.5, 90.0, 1.0),
    ("cbrown", 0.0, 1.4, 1.5),
    ("cw", 0.001, 0.04, 1.0),
    ("cm", 0.001, 0.016, 1.0),
    ("lai", 0.0, 8.0, 1.6),
    ("ala", 25.0, 80.0, 1.0),
    ("hotspot", 0.02, 0.3, 1.0),
    ("sun_zenith", 10.0, 78.0, 1.0),
    ("view_zenith", 0.0, 12.0, 1.0),
    ("azimuth", 0.0, 180.0, 1.0),
)

Array = npt.NDArray[np.float64]


def scale(unit: Array) -> Array:
    """Stretch points of the unit cube [M, 11] to the ranges of the inputs."""
    low = np.array([row[1] for row in INPUTS])
    high = np.array([row[2] for row in INPUTS])
    power = np.array([row[3] for row in INPUTS])
    return low + (high - low) * unit**power


def band_weights() -> Array:
    """Return the normalised responses [10, 2101] of the bands on the 1 nm grid."""
    bands = yaml.safe_load((SIMULATE / "spectra.yaml").read_text("utf-8"))["bands"]
    centre = np.array(bands["centre"])[:, None]
    width = np.array(bands["width"])[:, None]
    response = np.exp(-math.log(2) * (2 * np.abs(WAVELENGTHS - centre) / width) ** 6)
    return np.asarray(response / response.sum(axis=1, keepdims=True))


def run_prosail(points: Array, weights: Array, soils: Array) -> tuple[Array, Array]:
    """Run PROSPECT-5 and 4SAIL.

    Args:
        points: Inputs [M, 11] in the order of `INPUTS`.
        weights: Band responses [10, 2101].
        soils: Soil spectra [M, 2101].

    Returns:
        The soil-free terms [M, 43] and the coupled reflectance [M, 10] of prosail itself.
    """
    from prosail.FourSAIL import foursail  # type: ignore[import-not-found]
    from prosail.prospect_d import run_prospect  # type: ignore[import-not-found]

    terms = np.empty((len(points), 43))
    coupled = np.empty((len(points), 10))
    for row, (n, cab, cbrown, cw, cm, lai, ala, hot, sun, view, azimuth) in enumerate(points):
        carotenoid = 0.22 * cab + 1.2
        _, leaf, through = run_prospect(
            n, cab, carotenoid, cbrown, cw, cm, prospect_version="5", ant=0.0
        )
        out = foursail(leaf, through, ala, 0.0, 2, lai, hot, sun, view, azimuth, soils[row])
        tss, too, tsstoo, rdd, _, _, tsd, _, tdo, rso = out[:10]
        spectra = np.stack(
            [np.broadcast_to(term, WAVELENGTHS.shape) for term in (rso, tsd, tdo, rdd)]
        )
        terms[row, :40] = (spectra @ weights.T).ravel()
        terms[row, 40:] = [np.mean(tss), np.mean(too), np.mean(tsstoo)]
        coupled[row] = weights @ out[17]
        if row % 8192 == 0:
            print(f"{row} of {len(points)}", file=sys.stderr, flush=True)
    return terms, coupled


def make_table(path: Path) -> None:
    """Write the training and test tables."""
    from prosail import spectral_lib
    from scipy.stats import qmc

    weights = band_weights()
    dry, wet = spectral_lib.soil.rsoil1, spectral_lib.soil.rsoil2
    train = scale(qmc.Sobol(len(INPUTS), seed=SEED).random_base2(TRAIN_POWER))
    rng = np.random.default_rng(SEED + 1)
    test = scale(rng.random((TEST_POINTS, len(INPUTS))))
    moisture = rng.random((TEST_POINTS, 1))
    test_soils = rng.uniform(0.4, 1.3, (TEST_POINTS, 1)) * (moisture * wet + (1 - moisture) * dry)
    train_terms, _ = run_prosail(train, weights, np.broadcast_to(dry, (len(train), len(dry))))
    test_terms, coupled = run_prosail(test, weights, test_soils)
    np.savez(
        path,
        train=train,
        train_terms=train_terms,
        test=test,
        test_terms=test_terms,
        test_soil=test_soils @ weights.T,
        test_reflectance=coupled,
    )


def train_network(table: Path, path: Path) -> None:
    """Fit the network, print its error and store its weights as float32."""
    import torch

    from benchmark.data.simulate.canopy import features

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    data = np.load(table, allow_pickle=False)
    x = torch.from_numpy(features(data["train"].astype(np.float32)))
    terms = data["train_terms"]
    mean, spread = terms.mean(axis=0), terms.std(axis=0)
    y = torch.from_numpy(((terms - mean) / spread).astype(np.float32))
    sizes = [x.shape[1], WIDTH, WIDTH, WIDTH, y.shape[1]]
    layers: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.SiLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    steps = EPOCHS * math.ceil(len(x) / BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    weight = torch.from_numpy((spread / spread.mean()).astype(np.float32))
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        total = 0.0
        for start in range(0, len(x), BATCH):
            rows = order[start : start + BATCH]
            loss = (((net(x[rows]) - y[rows]) * weight) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / len(x):.2e}", flush=True)
    arrays: dict[str, Any] = {}
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    for number, layer in enumerate(linear):
        kernel, bias = layer.weight.detach().numpy().T, layer.bias.detach().numpy()
        if number == len(linear) - 1:
            kernel, bias = kernel * spread, bias * spread + mean
        arrays[f"weight{number}"] = kernel.astype(np.float32)
        arrays[f"bias{number}"] = bias.astype(np.float32)
    np.savez(path, **arrays)
    report_error(data)


def report_error(data: Any) -> None:
    """Print MAE, P99 and maximum per band on the test table with random soils."""
    from benchmark.data.simulate.canopy import reflectance

    made = reflectance(data["test"].astype(np.float32), data["test_soil"].astype(np.float32))
    error = np.abs(made - data["test_reflectance"])
    for name, values in (
        ("MAE", error.mean(axis=0)),
        ("P99", np.quantile(error, 0.99, axis=0)),
        ("max", error.max(axis=0)),
    ):
        print(name, " ".join(f"{value:.5f}" for value in values))


def store_golden(table: Path, path: Path) -> None:
    """Store a few reference points for the tests."""
    data = np.load(table, allow_pickle=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ("test", "test_soil", "test_reflectance")
    arrays = {name: data[name][:GOLDEN_POINTS].astype(np.float32) for name in names}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def main() -> None:
    """Run one step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=("table", "train", "golden"))
    parser.add_argument("table", type=Path)
    arguments = parser.parse_args()
    if arguments.step == "table":
        make_table(arguments.table)
    elif arguments.step == "train":
        train_network(arguments.table, SIMULATE / "canopy_network.npz")
    else:
        store_golden(arguments.table, GOLDEN)


if __name__ == "__main__":
    main()
