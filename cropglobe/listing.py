"""What is installed, as data frames: methods, protocols and representations."""

import pandas as pd

from benchmark.data.representations import representations
from benchmark.task.methods import registry
from benchmark.task.protocol import load_protocol, shipped_protocols
from cropglobe.arguments import require_type


def list_methods(*patterns: str) -> pd.DataFrame:
    """Return the installed methods.

    Args:
        patterns: Names, patterns such as ``cropnet*``, or sets such as ``headline``; every method
            if none is given.

    Returns:
        One line per method: family, track, representation, summary and reference.

    Raises:
        UsageError: If a pattern matches no method.
    """
    for pattern in patterns:
        require_type("A pattern", pattern, (str,), "words: list_methods('cropnet*', 'floor.*')")
    chosen = registry().select(patterns or ("all",))
    lines = [
        {
            "method": method.name,
            "family": method.family,
            "track": method.track,
            "representation": method.representation,
            "summary": method.card.summary,
            "reference": method.card.reference,
        }
        for method in chosen
    ]
    return pd.DataFrame(lines).set_index("method")


def list_protocols() -> pd.DataFrame:
    """Return the protocols that come with the package: seeds, budgets, hash and description."""
    found = [load_protocol(name) for name in shipped_protocols()]
    lines = [
        {
            "protocol": protocol.name,
            "seeds": len(protocol.seeds),
            "source samples": protocol.max_source_samples,
            "target samples": protocol.max_target_samples,
            "epochs": protocol.network.epochs,
            "hash": protocol.hash,
            "description": protocol.description,
        }
        for protocol in found
    ]
    frame = pd.DataFrame(lines).set_index("protocol")
    return frame.astype({"source samples": "Int64", "target samples": "Int64"})


def list_representations() -> pd.DataFrame:
    """Return the representations that are installed, each with its summary."""
    lines = [
        {"representation": view.name, "summary": view.summary}
        for view in representations().values()
    ]
    return pd.DataFrame(lines).set_index("representation")
