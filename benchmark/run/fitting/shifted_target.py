"""A shifted copy of a target: its series, and which of its samples are scored."""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.representations import Observations, get_representation, represent
from benchmark.data.shifted_copies.shifted_fields import fields_of
from benchmark.data.shifts.shift_table import Shift, apply_shift, shifted_rows
from benchmark.errors import UnavailableError
from benchmark.run.fitting.target_prediction import PredictionRequest
from benchmark.task.protocol import Protocol
from benchmark.task.samples.preparation import TargetSet


def shift_request(
    shift: Shift,
    observed: Observations,
    samples: DomainSamples,
    chosen: TargetSet,
    representation: str,
    *,
    classes: Sequence[int],
    protocol: Protocol,
    seed: int,
) -> PredictionRequest:
    """Make a shifted copy of a target, as a fitted method is asked about it.

    Args:
        shift: The shift.
        observed: The target as it is.
        samples: Its samples.
        chosen: Its scored samples, those of the shifted copy (`shifted_set`).
        representation: What the method is given.
        classes: Class indices that the source teaches.
        protocol: The protocol.
        seed: Seed of the run.

    Returns:
        The shifted copy with the features that the method is given.

    Raises:
        UnavailableError: If the method reads vectors, which cannot be shifted, or if the copy has
            none of its bands.
    """
    if get_representation(representation).vectors is not None:
        raise UnavailableError("Vectors that are read from files cannot be shifted.")
    series = apply_shift(
        shift, fields_of(samples, observed.series, observed.bands, observed.first_day)
    )
    content = None if observed.content is None else f"{observed.content} {shift}"
    copy = replace(observed, series=series, content=content)
    return PredictionRequest(
        features=represent(copy, representation),
        samples=samples,
        rows=chosen.rows,
        classes=classes,
        protocol=protocol,
        seed=seed,
        first_day=observed.first_day,
    )


def shifted_set(shift: Shift, samples: DomainSamples, chosen: TargetSet) -> TargetSet:
    """Return the scored samples of a shifted copy of a target.

    Args:
        shift: The shift.
        samples: Samples of the target.
        chosen: Those of them that are scored.
    """
    rows = shifted_rows(shift, samples.name, chosen.rows, samples.labels[chosen.rows])
    return replace(chosen, rows=rows)
