"""Point tables to datasets, shortly."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import IngestReport, ingest_table


def ingest(path: Path, directory: Path, **options: Any) -> IngestReport:
    return ingest_table(path, directory, **{"labels": "cdl", "region": "USA-AR"} | options)


def series_of(directory: Path, domain: str = "USA-AR") -> Any:
    return open_dataset(directory).load(domain).series


def earth_engine(table: pd.DataFrame) -> pd.DataFrame:
    """Rewrite a WorldCereal table as an Earth Engine export."""
    out = pd.DataFrame({band: table[f"S2-L2A-B{band[1:].rjust(2, '0')}"] for band in BANDS})
    out["system:index"] = table["timestamp"].dt.strftime("%Y%m%d_0000")
    out["system:time_start"] = table["timestamp"].astype("datetime64[ms]").astype("int64")
    out[".geo"] = [
        json.dumps({"type": "Point", "coordinates": [east, north]})
        for east, north in zip(table["lon"], table["lat"], strict=True)
    ]
    out["cropland"] = table["cdl_code"]
    return out


Table = Callable[..., pd.DataFrame]
Save = Callable[..., Path]
LONG = {band: f"S2-L2A-B{band[1:].rjust(2, '0')}" for band in BANDS}
