"""A shifted copy of a target, as a fitted method is asked about it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.data.official.domain_file import DomainSamples
from benchmark.data.representations import Observations, get_representation, represent
from benchmark.data.shifted_copies.kept_copies import MOST_BYTES, code_digest, shifted_series
from benchmark.data.shifted_copies.shifted_fields import fields_of
from benchmark.data.shifts.shift_table import Shift
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
    folder: Path | None = None,
) -> PredictionRequest:
    """Make a shifted copy of a target, as a fitted method is asked about it.

    Args:
        shift: The shift.
        observed: The target as it is.
        samples: Its samples.
        chosen: Its scored samples, those of the shifted copy.
        representation: What the method is given.
        classes: Class indices that the source teaches.
        protocol: The protocol.
        seed: Seed of the run.
        folder: Where copies, and representations of them, are kept; ``None`` keeps none.

    Returns:
        The shifted copy with the features that the method is given.

    Raises:
        UnavailableError: If the method reads vectors, which cannot be shifted, or if the copy has
            none of its bands.
    """
    if get_representation(representation).vectors is not None:
        raise UnavailableError("Vectors that are read from files cannot be shifted.")
    fields = fields_of(samples, observed.series, observed.bands, observed.first_day)
    series = shifted_series(shift, fields, observed.content, folder)
    content = None
    if observed.content is not None:
        content = f"{observed.content} {shift} {code_digest()}"
    copy = replace(observed, series=series, content=content)
    return PredictionRequest(
        features=represent(copy, representation, cache_directory=folder, most_bytes=MOST_BYTES),
        samples=samples,
        rows=chosen.rows,
        classes=classes,
        protocol=protocol,
        seed=seed,
        first_day=observed.first_day,
    )
