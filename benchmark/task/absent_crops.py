"""Defect 4 of the released code, which rewrites predictions; used by runs and by verification."""

import numpy as np

from benchmark.data.taxonomy import CROPS, OTHER, countries
from benchmark.task.metrics import Labels, Probabilities
from benchmark.task.protocol import Protocol


def rewritten(protocol: Protocol, target: str, probabilities: Probabilities) -> Labels | None:
    """Repeat defect 4 of the released code (paper_facts.md) if the protocol asks for it.

    Args:
        protocol: The protocol.
        target: Domain that is scored.
        probabilities: Probability of each class [N, 7].

    Returns:
        Predicted class of each sample [N], in which crops that the target does not grow are
        replaced by ``other``; ``None`` if the most probable class is not changed.
    """
    if not protocol.released_defects.rewrite_absent_crops:
        return None
    return without_absent_crops(target, probabilities.argmax(axis=1).astype(np.int64))


def without_absent_crops(target: str, predicted: Labels) -> Labels | None:
    """Replace predicted crops that a target does not grow by ``other``.

    The released code does this for the codes ARG, AUS and CHN only, not for a year or a region of
    these countries (paper_facts.md, defect 4).

    Args:
        target: Domain that is scored.
        predicted: Predicted class of each sample [N].

    Returns:
        The new classes [N]; ``None`` for a target that the released code does not change.
    """
    country = countries().get(target)
    if country is None or country.released_classes is None:
        return None
    grown = [CROPS.index(name) for name in country.released_classes]
    return np.where(np.isin(predicted, grown), predicted, OTHER)
