"""Write docs/results-format.md from the schema of rows, jobs and plans."""

from pathlib import Path

from benchmark.results.format_reference import results_format

PAGE = Path(__file__).parent.parent / "docs" / "results-format.md"

if __name__ == "__main__":
    PAGE.write_text(results_format(), "utf-8")
