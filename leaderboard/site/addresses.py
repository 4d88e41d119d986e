"""Where the paper and the project lie: addresses that the package's own metadata names."""

from importlib.metadata import PackageNotFoundError, metadata
from typing import Final

PACKAGE: Final = "cropglobe-benchmark"

REPOSITORY_NAMES: Final = frozenset({"repository", "source", "source code", "homepage", "github"})
"""Labels of an address of the code, in small letters."""


def project_addresses() -> dict[str, str]:
    """Return the addresses in the metadata of the installed package, by label; none invented."""
    try:
        named = metadata(PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        return {}
    pairs = (entry.partition(", ") for entry in named)
    return {label: address for label, _, address in pairs if address.startswith("https://")}


def outside_links() -> list[tuple[str, str]]:
    """Return text and address of links to the paper and, where it is known, to the code."""
    links = []
    for label, address in project_addresses().items():
        if label == "Paper":
            links.append(("The paper", address))
        elif label.lower() in REPOSITORY_NAMES:
            links.append(("The code", address))
    return links
