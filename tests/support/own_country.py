"""An official directory of one country, and the tables of a country of one's own."""

import csv
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from tiny import BANDS, make_samples

from benchmark.data.ingest.earthengine import VECTOR_BANDS, windows
from benchmark.data.official.domain_file import year_file_name

LABELS = """\
name: spain
source: tests
column: crop
codes: {1: corn, 3: rice, 4: wheat}
other: [9]
"""
CODES = {0: 1, 2: 3, 3: 4, 6: 9}


def write_own_country(root: Path) -> None:
    """Write `OFFICIAL` and what Earth Engine would write for the points of `spain.csv`."""
    france, spain = make_samples("FRA"), make_samples("ESP", shift=1)
    (root / "OFFICIAL").mkdir()
    np.savez(root / "OFFICIAL" / year_file_name("FRA"), fea=france.series, lbl=france.labels)
    (root / "spain.yaml").write_text(LABELS)
    places = [
        (name, -4.0 + 0.2 * (row % 12), 40.0, CODES[int(label)])
        for row, (name, label) in enumerate(zip(spain.sample_ids, spain.labels, strict=True))
    ]
    numbers = np.rint(spain.series * 10_000).astype(int)
    with (root / "spain_series_2023_000.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["sample_id", "lon", "lat", "crop", "date", *BANDS])
        for row, place in enumerate(places):
            for step, (first, _) in enumerate(windows(2023)):
                table.writerow([*place, first.isoformat(), *numbers[row, :, step]])
    write_two_seasons(root)
    random = np.random.default_rng(0)
    with (root / "spain_alphaearth_2023_000.csv").open("w", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["sample_id", "lon", "lat", "crop", *VECTOR_BANDS])
        for place in places:
            table.writerow([*place, *random.normal(size=64).round(4)])


def write_two_seasons(root: Path) -> None:
    """Write the tables of a country in which the same fields have a crop in each of two seasons."""
    (root / "kenya.yaml").write_text(LABELS.replace("spain", "kenya"))
    random = np.random.default_rng(1)
    days = [date(2021, 9, 3) + timedelta(days=5 * step) for step in range(132)]
    series = random.integers(200, 3000, (8, len(days), len(BANDS)))
    for name, codes in (("long", (1, 9)), ("short", (9, 3))):
        with (root / f"kenya_{name}_rains.csv").open("w", newline="") as handle:
            table = csv.writer(handle)
            table.writerow(["sample_id", "lon", "lat", "crop", "date", *BANDS])
            for row, numbers in enumerate(series):
                for day, values in zip(days, numbers, strict=True):
                    table.writerow([f"k{row}", 36 + row, -0.5, codes[row % 2], day, *values])
