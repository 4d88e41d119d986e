"""Spatial blocks: neighbouring samples that a split must keep on one side."""

from typing import Final

import numpy as np
import numpy.typing as npt

BLOCK_DEGREES: Final = 0.09
"""Height of a spatial block, 10.0 km at 111.3 km per degree: larger than a farm and its fields, so
that soil, weather and management of a field do not stand on both sides of a split."""

BLOCKS_PER_ROW: Final = 10_000
"""Room for the blocks around the equator (4,000) in a block's number."""


def spatial_blocks(
    longitude: npt.NDArray[np.float64], latitude: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the cell of a grid of about 10 by 10 km that each point lies in.

    Args:
        longitude: Degrees east [N].
        latitude: Degrees north [N].

    Returns:
        Number of the cell [N]: row from the south pole times 10,000 plus column from -180 degrees;
        the columns of a row are as wide as the row is high, in kilometres.
    """
    row = np.floor((latitude + 90.0) / BLOCK_DEGREES).astype(np.int64)
    middle = np.radians((row + 0.5) * BLOCK_DEGREES - 90.0)
    width = BLOCK_DEGREES / np.maximum(np.cos(middle), 1e-3)
    column = np.floor((longitude + 180.0) / width).astype(np.int64)
    return np.asarray(row * BLOCKS_PER_ROW + column)
