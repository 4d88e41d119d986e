"""How the benchmark and the paper are cited."""

from benchmark import __version__


def bibtex() -> str:
    """Return BibTeX of this release and of the paper."""
    return f"""@software{{cropglobe_benchmark,
  title = {{CropGlobe Benchmark}},
  author = {{{{The CropGlobe Benchmark founders}}}},
  version = {{{__version__}}},
  license = {{MIT}}
}}

@article{{tong2025invariant,
  title = {{Invariant Features for Global Crop Type Classification}},
  author = {{Tong and Wang}},
  year = {{2025}},
  eprint = {{2509.03497}},
  archivePrefix = {{arXiv}}
}}
"""
