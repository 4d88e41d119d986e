"""A small point table in the format of the real one."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.randomness import generator

CODES = {"USA-AR": (1, 3, 2, 176), "USA-CA": (1, 3, 2, 69)}
"""Corn, rice, cotton and one other land use, as Cropland Data Layer codes."""

BANDS = ("02", "03", "04", "05", "06", "07", "08", "8A", "11", "12")

PEAK = {1: 195.0, 3: 210.0, 2: 235.0, 176: 140.0, 69: 250.0}


def write_point_table(path: Path, *, per_class: int = 30) -> None:
    """Write two regions of 10-day composites with a bump per crop and some missing dates."""
    random = generator(3, "point table")
    dates = pd.date_range("2021-01-01", periods=37, freq="10D", unit="ms")[:36]
    days = np.arange(36) * 10.0 + 5
    parts = []
    for region, codes in CODES.items():
        for number in range(per_class * len(codes)):
            code = codes[number % len(codes)]
            bump = np.exp(-0.5 * np.square((days - PEAK[code] - random.normal(0, 5)) / 30))
            frame = pd.DataFrame({"timestamp": dates})
            frame["sample_id"] = f"{region}_{number}"
            frame["region"] = region
            for place, band in enumerate(
                ("02", "03", "04", "05", "06", "07", "08", "8A", "11", "12")
            ):
                values = 500 + 300 * place * (0.3 + bump) + random.normal(0, 50, 36)
                frame[f"S2-L2A-B{band}"] = values.clip(1).astype(np.uint16)
            missing = random.random(36) < 0.1
            frame.loc[missing, [c for c in frame if c.startswith("S2-")]] = 65535
            frame["lon"] = -90.0 - number % 10
            frame["lat"] = 35.0
            frame["cdl_code"] = code
            parts.append(frame)
    pd.concat(parts, ignore_index=True).to_parquet(path)
