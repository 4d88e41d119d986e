"""Class shares: the same fields in other numbers."""

import numpy as np
import numpy.typing as npt


def mixed_rows(
    rng: np.random.Generator, labels: npt.NDArray[np.int64], strength: float
) -> npt.NDArray[np.int64]:
    """Draw as many samples as can be so that class shares are others; none is drawn twice.

    Args:
        rng: Source of the randomness.
        labels: Class of each sample [N].
        strength: Shares become proportional to their power 1 - strength: 0 leaves all samples,
            1 makes the classes equal, 2 makes the rarest as common as the commonest was.

    Returns:
        Positions of the samples that are drawn, ascending.
    """
    classes, counts = np.unique(labels, return_counts=True)
    wanted = counts.astype(np.float64) ** (1 - strength)
    wanted /= wanted.sum()
    size = (counts / wanted).min()
    taken = np.maximum(np.rint(size * wanted), 1).astype(np.int64)
    rows = [
        rng.permutation(np.flatnonzero(labels == label))[:count]
        for label, count in zip(classes, taken, strict=True)
    ]
    return np.sort(np.concatenate(rows)).astype(np.int64)
