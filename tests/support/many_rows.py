"""Five thousand rows to every table and the site, in a process of its own: what it takes."""

import json
import sys
from pathlib import Path

from sample_rows import make_row

from benchmark.results.rows import Row
from benchmark.run.device import measure
from leaderboard.comparison_group import comparison_groups
from leaderboard.results import from_rows
from leaderboard.site.site_builder import write_site
from leaderboard.tables.paper_tables import STYLES, paper_tables
from leaderboard.tables.table_formats import FORMATS

TARGETS = ("BEL", "NLD", "GBR", "CHN", "USA", "ARG", "AUS", "USA-2017", "FRA-2017", "CHN-2018")


def many_rows() -> list[Row]:
    """Fifty methods, ten transfers, ten seeds."""
    confusion = tuple(tuple(50 * (j == k) + j for j in range(7)) for k in range(7))
    return [
        make_row(
            method=f"m{m}.head",
            family=f"family {m % 6}",
            target=target,
            seed=seed,
            macro_f1=((7 * m + 3 * t + seed) % 97) / 97,
            crops=dict.fromkeys(("corn", "rice", "wheat", "other"), 0.5),
            confusion=confusion,
        )
        for m in range(50)
        for t, target in enumerate(TARGETS)
        for seed in range(10)
    ]


def main(out: Path) -> None:
    """Write everything and print rows, bytes of the site and peak memory."""
    rows = many_rows()
    # Not ru_maxrss: a process started by a large one begins with that one's peak.
    with measure("cpu") as measurement:
        found = from_rows(rows)
        for style in STYLES:
            made = [
                table for group in comparison_groups(found) for table in paper_tables(group, style)
            ]
            for form in FORMATS.values():
                assert form(made)
        paths = write_site(found, out)
    taken = {
        "rows": len(rows),
        "bytes": sum(path.stat().st_size for path in paths),
        "peak_bytes": measurement.peak_memory_bytes,
    }
    sys.stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
