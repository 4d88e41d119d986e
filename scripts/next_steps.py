"""Say where a run and its site are, and what to do next: `next_steps.py RUN SITE`."""

import sys
from pathlib import Path


def main() -> None:
    """Check that the files are there, and name them."""
    run, site = Path(sys.argv[1]), Path(sys.argv[2])
    files = run / "leaderboard.md", site / "index.html"
    for path in files:
        if not path.is_file():
            raise SystemExit(f"{path} is missing: the main job did not end well, see above.")
    leaderboard, page = files
    print(f"""
The main job is done. Its data are simulated, so its scores say nothing of the paper's.
  leaderboard  {leaderboard}
  site         {page.resolve().as_uri()}
Next: install the command (README.md, "Install"), then try your own method:
  cropglobe methods new my-method
  cropglobe run --method-file my_method.py --protocol smoke --transfers FRA:CHN --out MINE""")


if __name__ == "__main__":
    main()
