"""Measure the speed of the suite, keep it, and show it: `python scripts/speed.py FILE`.

Each value is shown with that of the reference machine of docs/performance.md, its bound, and the
share of speed that was lost or gained against the reference. The exit status says only whether
there are values, unless ``--enforce`` is given: then it says whether all are within their bounds.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH_OF_NAME = 52


@dataclass(frozen=True)
class Speed:
    """One value, with what it is held against.

    Attributes:
        work: What was done.
        name: What the value is, with its unit.
        value: What was measured here.
        reference: The same on the reference machine.
        floor: The lowest value allowed; ``None`` where less is better.
        ceiling: The highest value allowed; ``None`` where more is better.
    """

    work: str
    name: str
    value: float
    reference: float
    floor: float | None
    ceiling: float | None

    @property
    def change(self) -> float:
        """Speed against the reference: -0.25 is a quarter lost, 1.0 twice as fast."""
        if self.floor is not None:
            return self.value / self.reference - 1
        return self.reference / self.value - 1

    @property
    def within(self) -> bool:
        """Whether the value keeps its bound."""
        if self.floor is not None:
            return self.value >= self.floor
        return self.ceiling is None or self.value <= self.ceiling


def measure(path: Path) -> int:
    """Run the measurements, and write what pytest-benchmark keeps of them.

    Returns:
        The exit status of pytest; its output is shown only where that is not 0.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    words = ["-m", "pytest", str(ROOT / "tests" / "benchmarks"), "-m", "benchmark"]
    words += ["-p", "no:cacheprovider", "-q", f"--benchmark-json={path}"]
    done = subprocess.run(
        [sys.executable, *words],  # words of this file
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, done.stderr, sep="\n")
    return done.returncode


def read(path: Path) -> list[Speed]:
    """Return the values that a measurement has kept."""
    found = []
    for entry in json.loads(path.read_text("utf-8"))["benchmarks"]:
        work = entry["name"].removeprefix("test_").replace("_", " ")
        found += [Speed(work, **kept) for kept in entry["extra_info"].get("speed", [])]
    return found


def table(speeds: list[Speed]) -> str:
    """Return the values as lines of text."""
    head = ("what", "value", "reference", "bound", "speed lost (-) or gained", "")
    lines = [head]
    for speed in speeds:
        bound = f">= {speed.floor:.3g}" if speed.floor is not None else f"<= {speed.ceiling:.4g}"
        change = f"{100 * speed.change:+.0f} %"
        mark = "" if speed.within else "OUT OF BOUND"
        name = f"{speed.work[:WIDTH_OF_NAME]}, {speed.name}"
        lines.append((name, f"{speed.value:.3g}", f"{speed.reference:.3g}", bound, change, mark))
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> None:
    """Measure, show and, where asked for, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="where it is kept: results/speed.json")
    parser.add_argument("--enforce", action="store_true", help="fail where a bound is not kept")
    parser.add_argument("--measured", action="store_true", help="show the file as it is")
    options = parser.parse_args()
    if not options.measured:
        print("Measuring speed, about two minutes.", flush=True)
        options.path.unlink(missing_ok=True)
        if measure(options.path) != 0:
            raise SystemExit("A measurement failed, see above: its speed is not known.")
    speeds = read(options.path)
    print("Speed in processor time of one thread; the reference is that of docs/performance.md:")
    print(table(speeds))
    lost = [speed for speed in speeds if not speed.within]
    print(f"{len(speeds) - len(lost)} of {len(speeds)} values are within their bounds.")
    if options.enforce and lost:
        names = ", ".join(speed.work for speed in lost)
        raise SystemExit(f"Speed has been lost: {names}.")


if __name__ == "__main__":
    main()
