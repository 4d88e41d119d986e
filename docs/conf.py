"""How the site of the documentation is made of the Markdown of this repository: `tox -e docs`.

The pages are those that GitHub shows, at the same places, so that one link serves both. Nothing of
the suite is imported: its Python interface is read from the source.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parent.parent

project = "CropGlobe Benchmark"
project_copyright = "The CropGlobe Benchmark founders, MIT licence"
release = re.findall(r'__version__.*"(.+)"', (ROOT / "benchmark/__init__.py").read_text("utf-8"))[0]
version = release

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "autoapi.extension"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "submissions/README.md"]
exclude_patterns = [".*", "baselines", "benchmark", "build", "cropglobe", "cropnet"]
exclude_patterns += ["leaderboard", "requirements", "results", "scripts", "tests"]

html_theme = "furo"
html_title = f"CropGlobe Benchmark {release}"
html_show_sphinx = False
html_copy_source = False

default_role = "code"  # what docstrings have between single backticks

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

autoapi_dirs = [str(ROOT / "cropglobe"), str(ROOT / "benchmark")]
autoapi_ignore = [
    str(ROOT / "benchmark" / part)
    for part in ("data/*", "results/*", "run/*", "task/authoring/*", "task/samples/*")
]
autoapi_generate_api_docs = False
suppress_warnings = ["autoapi.python_import_resolution"]  # of the parts that are left out above
autoapi_add_toctree_entry = False
autoapi_python_class_content = "class"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_use_ivar = True

PAGES = {
    "Use it": ("submit", "methods", "leaderboard", "python", "data", "extend", "cluster"),
    "Notebooks": (
        "notebooks/five_minutes",
        "notebooks/your_own_method",
        "notebooks/your_own_country",
        "notebooks/what_a_transfer_loses",
    ),
    "What it measures": (
        "methodology",
        "simulation",
        "results-simulated",
        "results-real",
        "shifts",
        "findings",
        "performance",
        "reliability",
    ),
    "Reference": ("reference", "results-format", "architecture"),
}
"""Pages of `docs` in the order of the site's list; Sphinx warns of one that is in none."""

LEADERBOARD = os.environ.get("CROPGLOBE_LEADERBOARD_SITE")
"""Folder of the built site into which `cropglobe site` writes, if it does."""

OF_THE_ROOT = ("CONTRIBUTING", "CHANGELOG", "submissions/README")


class Notebook(MystParser):
    """Reads a notebook as a page: its texts, and its code without results."""

    supported = ("notebook",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse the cells of a notebook."""
        super().parse(as_markdown(json.loads(inputstring)), document)


def as_markdown(notebook: dict[str, Any]) -> str:
    """Return a notebook as Markdown."""
    parts = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    return "\n\n".join([*parts, "A test runs this notebook; its results are not shown here."])


class Mermaid(SphinxDirective):
    """Shows the text of a diagram, which GitHub draws: to draw it here would take a script."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the text as it is."""
        text = "\n".join(self.content)
        return [nodes.literal_block(text, text, language="text")]


def add_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the list of pages to the first one; GitHub shows folders in its place."""
    del app
    if name != root_doc:
        return
    groups = {title: tuple(f"docs/{page}" for page in pages) for title, pages in PAGES.items()}
    groups["Reference"] += OF_THE_ROOT
    if LEADERBOARD is not None:
        shown = "The leaderboard of the results that the package carries"
        source[0] += f'\n\n<p><a href="{LEADERBOARD}/index.html">{shown}</a></p>\n'
    for title, pages in groups.items():
        lines = "\n".join(pages)
        source[0] += f"\n\n```{{toctree}}\n:caption: {title}\n:hidden:\n\n{lines}\n```\n"


def write_index(app: Sphinx, error: Exception | None) -> None:
    """Give the first page the name that a server looks for."""
    if error is None and app.builder.name == "html":
        first = Path(app.outdir) / f"{root_doc}.html"
        (Path(app.outdir) / "index.html").write_bytes(first.read_bytes())


def setup(app: Sphinx) -> dict[str, bool]:
    """Add what is above to Sphinx."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(Notebook)
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", add_contents)
    app.connect("build-finished", write_index)
    return {"parallel_read_safe": True}
