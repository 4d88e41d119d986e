"""Check whether what rows say of their origin is possible: their time, and what made them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from benchmark.results.rows import Provenance, Row
from leaderboard.submissions.archive import printable
from leaderboard.submissions.submission_models import ENVIRONMENT, Surroundings

LATEST: Final = timedelta(days=1)
"""Time after now that is allowed, for clocks in another time zone."""


def impossible_times(rows: Sequence[Row], now: datetime) -> Iterator[str]:
    """Yield a sentence for the first row whose time is none, or lies in the future.

    The newest code of a name is the one that leaderboards show under it alone.

    Args:
        rows: Rows of a submission.
        now: The time of the check, with its zone.
    """
    for row in rows:
        for name in ("created", "started"):
            stated = getattr(row.provenance, name)
            if stated is None:  # rows of version 0.1 do not say when they were started
                continue
            place = f"{row.transfer}, seed {row.seed}"
            moment = _moment(stated)
            if moment is None:
                yield f"{place}: {name} is '{printable(stated)}', which is no time in ISO 8601."
                return
            if moment > now + LATEST:
                yield f"{place}: {name} is {printable(stated)}, which is in the future."
                return


def differing_surroundings(
    rows: Sequence[Row], surroundings: Sequence[Surroundings]
) -> Iterator[str]:
    """Yield whether the stated software, machines or devices are not those of the rows.

    Args:
        rows: Rows of a submission.
        surroundings: What the submission says of its software and devices.
    """
    made = [_software(row.provenance) for row in rows]
    stated = [_software(each) for each in surroundings]
    for row, own in zip(rows, made, strict=True):
        if own not in stated:
            yield f"{ENVIRONMENT} lacks what made row {row.transfer}, seed {row.seed}: pack again."
            return
    devices = {row.cost.device_name or "unknown" for row in rows}
    if any(own not in made for own in stated) or any(
        set(each.devices) != devices for each in surroundings
    ):
        yield f"{ENVIRONMENT} names software or devices that made no row: pack again."


def _software(of: Provenance | Surroundings) -> tuple[str, str, dict[str, str], str]:
    return of.package_version, of.python, of.packages, of.platform


def _moment(stated: str) -> datetime | None:
    """Return a time in ISO 8601, as UTC where it names no zone; ``None`` if it is none."""
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
