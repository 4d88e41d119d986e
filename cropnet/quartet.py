"""The networks that hold across products together with CropNet itself."""

from typing import Final

from benchmark.task.methods import Card, Context, Method
from cropnet.ensembles import Ensemble
from cropnet.methods import PARAMETERS, augmented
from cropnet.travelling import (
    INVARIANT_PARAMETERS,
    OTHER_NOTE,
    VIEWS_PARAMETERS,
    invariant,
    invariant_of_products,
    views_of_products,
)

MEMBERS: Final = (invariant, invariant_of_products, views_of_products, augmented)
"""Networks of trio, and ``cropnet.aug``, which sees the level of reflectance as it is."""


def methods() -> tuple[Method, ...]:
    """Return the method of this module."""
    card = Card(
        summary="Geometric mean of trio's three networks and cropnet.aug.",
        reference="this project",
        licence="MIT",
        parameters=2 * INVARIANT_PARAMETERS + VIEWS_PARAMETERS + PARAMETERS,
        notes=(
            "cropnet.aug knows a flooded field by its level, which z-scores cancel.",
            f"trio's networks: {OTHER_NOTE}",
        ),
    )
    return (
        Method("quartet", "convolution", "median-year", quartet, card, released_division="undone"),
    )


def quartet(context: Context) -> Ensemble:
    """Return the untrained geometric mean of ``trio``'s networks and ``cropnet.aug``."""
    return Ensemble(context, members=MEMBERS, mean="geometric")
