"""The released code's rewriting of predictions, for runs that repeat it and their verifiers."""

import numpy as np

from benchmark.data.taxonomy import CROPS, OTHER, countries
from benchmark.task.metrics import Labels, Probabilities
from benchmark.task.protocol import Protocol


def rewritten(protocol: Protocol, target: str, probabilities: Probabilities) -> Labels | None:
    """Repeat the released code's fourth defect where the protocol asks for it.

    Args:
        protocol: The protocol.
        target: Domain that is scored.
        probabilities: Probability of each class [N, 7].

    Returns:
        Predicted class of each sample [N], crops that the target does not grow replaced by
        ``other``; ``None`` where the most probable class stands.
    """
    if not protocol.released_defects.rewrite_absent_crops:
        return None
    return without_absent_crops(target, probabilities.argmax(axis=1).astype(np.int64))


def without_absent_crops(target: str, predicted: Labels) -> Labels | None:
    """Return predicted classes [N], crops that a target does not grow replaced by ``other``.

    ``None`` where the released code leaves them (paper_facts.md, defect 4): it knows the codes ARG,
    AUS and CHN alone, and neither a year nor a region of these countries.
    """
    country = countries().get(target)
    if country is None or country.released_classes is None:
        return None
    grown = [CROPS.index(name) for name in country.released_classes]
    return np.where(np.isin(predicted, grown), predicted, OTHER)
