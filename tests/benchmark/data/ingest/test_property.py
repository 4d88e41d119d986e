"""Any table gives the series that a plain computation gives, or it is refused."""

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from benchmark.data.dataset import BANDS, open_dataset
from benchmark.data.ingest.ingestion import ingest_table
from benchmark.errors import CropGlobeError

MONTHS, HALF_MONTHS, DEKADS = "months", "half months", "dekads"
NAMED = {MONTHS: (1,), HALF_MONTHS: (1, 16), DEKADS: (1, 11, 21)}
YEAR = 2021
Series = npt.NDArray[np.float64]


class Case(NamedTuple):
    """What a table is of; `cadence` counts days or names a calendar, `acquired` is no composite."""

    cadence: int | str
    acquired: bool
    zone: str | None
    written: str
    starts: tuple[int, ...]
    absent: float
    hidden: float
    code: float | None
    seed: int


@st.composite
def cases(draw: st.DrawFn) -> Case:
    acquired = draw(st.booleans())
    days = st.integers(1, 12) if acquired else st.integers(6, 31)
    cadence = draw(days if acquired else st.one_of(days, st.sampled_from(list(NAMED))))
    zones = ["Europe/Paris", "America/Chicago", "Asia/Shanghai", "Pacific/Auckland", "UTC"]
    return Case(
        cadence=cadence,
        acquired=acquired,
        zone=None if acquired else draw(st.one_of(st.none(), st.sampled_from(zones))),
        written=draw(st.sampled_from(["utc", "offset", "date", "slashes", "milliseconds"])),
        starts=tuple(draw(st.lists(st.integers(0, 40), min_size=2, max_size=3))),
        absent=draw(st.sampled_from([0.0, 0.1])),
        hidden=draw(st.sampled_from([0.0, 0.1, 0.3])),
        code=draw(st.sampled_from([None, 0.0, 1.0, -9999.0, 32767.0, 65535.0])),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def dates_of(case: Case, start: int, random: np.random.Generator) -> list[date]:
    """Return the dates of a sample, about 14 months of them."""
    first, last = date(YEAR - 1, 12, 1) + timedelta(days=start), date(YEAR + 1, 1, 31)
    every = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    if isinstance(case.cadence, str):
        return [day for day in every if day.day in NAMED[case.cadence]]
    if case.acquired:  # passes of several satellites: no regular spacing
        steps = random.integers(1, case.cadence + 4, size=len(every)).cumsum()
        return [every[step] for step in steps if step < len(every)]
    return every[:: case.cadence]


def window_of(case: Case, day: date) -> int:
    """Return the days that a date stands for."""
    if case.acquired:
        return 1
    if isinstance(case.cadence, int):
        return case.cadence
    following = day + timedelta(days=1)
    while following.day not in NAMED[case.cadence]:
        following += timedelta(days=1)
    return (following - day).days


def write(case: Case, day: date) -> Any:
    """Return a date as the table has it."""
    if case.acquired:
        return f"{day}T10:56:21" if case.written in ("utc", "offset") else day.isoformat()
    zone = ZoneInfo(case.zone or "UTC")
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    if case.written == "offset":
        return midnight.isoformat()
    if case.written == "utc":
        return midnight.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M:%S")
    if case.written == "milliseconds":
        return int(midnight.timestamp() * 1000)
    return day.strftime("%Y/%m/%d") if case.written == "slashes" else day.isoformat()


def make_table(case: Case) -> tuple[pd.DataFrame, list[Series]]:
    """Return a table, and the series that are right for it."""
    random = np.random.default_rng(case.seed)
    rows: list[dict[str, Any]] = []
    series = []
    for number, start in enumerate(case.starts):
        days = [day for day in dates_of(case, start, random) if random.random() >= case.absent]
        seen: list[tuple[float, npt.NDArray[np.int64]]] = []
        for day in days:
            values = random.integers(300, 6000, size=len(BANDS))
            hidden = random.random() < case.hidden
            stored = np.full(len(BANDS), case.code) if hidden else values.astype(float)
            row = dict(zip(BANDS, stored.tolist(), strict=True))
            row |= {"sample_id": f"s{number}", "date": write(case, day), "cdl_code": 1}
            rows.append(row)
            if not hidden:
                after = (day - date(YEAR, 1, 1)).days
                if -60 <= after < 365 + 60:
                    seen.append((after + window_of(case, day) / 2, values))
        series.append(plain(seen))
    return pd.DataFrame(rows), series


def plain(seen: list[tuple[float, npt.NDArray[np.int64]]]) -> Series:
    """Return the 73 steps: medians of what shares a step, straight lines between, ends held."""
    steps: dict[int, list[tuple[float, npt.NDArray[np.int64]]]] = {}
    for day, values in seen:
        steps.setdefault(int(np.floor(day / 5)), []).append((day, values))
    days, points = [], []
    for step, members in sorted(steps.items()):
        days.append(members[0][0] if len(members) == 1 else step * 5 + 2.5)
        points.append(np.median([values for _, values in members], axis=0) / 10_000)
    centres = np.arange(73) * 5 + 2.5
    if not days:
        return np.full((len(BANDS), 73), np.nan)
    return np.array([np.interp(centres, days, band) for band in np.array(points).T])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(cases())
def test_a_table_gives_the_plain_series_or_is_refused(case: Case) -> None:
    table, expected = make_table(case)
    assume(len(table) > 10)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        table.to_csv(path, index=False)
        try:
            ingest_table(path, Path(folder) / "out", labels="cdl", region="USA-AR", year=YEAR)
        except CropGlobeError as error:
            event(f"refused: {str(error).split(':', 1)[-1][:40]}")
            assert not (Path(folder) / "out").exists()
            return
        event("ingested")
        samples = open_dataset(Path(folder) / "out").load("USA-AR")
    for name, got in zip(samples.sample_ids, samples.series, strict=True):
        # Stored as whole digital numbers: half of one is rounding.
        np.testing.assert_allclose(got, expected[int(name[1:])], atol=6e-5, err_msg=str(case))
