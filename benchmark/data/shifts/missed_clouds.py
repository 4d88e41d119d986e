"""Clouds that a product's mask missed: single dates on which a field is too bright."""

import numpy as np
import numpy.typing as npt

from benchmark.data.season import FloatArray
from benchmark.data.shifts.atmosphere import coefficients


def miss_clouds(
    rng: np.random.Generator, series: FloatArray, scene: npt.NDArray[np.int64], share: float
) -> FloatArray:
    """Leave clouds on a share of the dates.

    On each date of its own a scene is cloudy or not. Under a cloud, part of a field's light comes
    from it, alike in all bands; some fields of a cloudy scene lie beside it. The numbers are in
    ``atmosphere.yaml`` and are assumed.

    Args:
        rng: Source of the randomness.
        series: Reflectance [N, B, 73].
        scene: Scene of each sample [N].
        share: Chance that a date of a scene is cloudy; 0 leaves the series as they are.

    Returns:
        Reflectance [N, B, 73].
    """
    if share == 0:
        return series
    numbers = coefficients()
    names, member = np.unique(scene, return_inverse=True)
    dates = series.shape[-1]
    thinnest, thickest = numbers["cloud_thickness"]
    thickness = rng.uniform(thinnest, thickest, (len(names), dates))
    thickness[rng.random(thickness.shape) >= share] = 0
    covered = rng.random((len(series), dates)) < numbers["cloud_cover"]
    light = np.where(covered, thickness[member], 0).astype(np.float32)[:, None]
    return np.asarray(series + light * (numbers["cloud_reflectance"] - series), np.float32)
