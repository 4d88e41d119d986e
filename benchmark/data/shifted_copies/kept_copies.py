"""Series of shifted copies, kept on the disk: every method and seed is shown the same ones."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from benchmark.data.cache import keep_array, read_array
from benchmark.data.season import FloatArray
from benchmark.data.shifts.shift_table import Fields, Shift, apply_shift

COSTLY: Final = frozenset({"level", "bands", "cadence", "gaps"})
"""Factors of which copies are kept, since to make them takes longer than to read them. Measured on
8,000 samples of ten bands on one core: 0.4 to 6 s, and 0.1 s to read one. A copy of another season
takes 0.1 s as well, and one of other class shares no time."""

MOST_BYTES: Final = 4_000_000_000
"""Size of all kept copies: 171 of domains of the embedded default."""

CODE: Final = (
    ("benchmark.data.shifts", None),
    ("benchmark.data", ("compositing.py", "season.py")),
    ("benchmark", ("randomness.py",)),
)
"""Packages, and which of their files, whose content copies depend on."""


def shifted_series(
    shift: Shift, fields: Fields, content: str | None, folder: Path | None
) -> FloatArray:
    """Return the series of a shifted copy of a target, kept ones where there are any.

    Args:
        shift: The shift.
        fields: The samples.
        content: What stands for their series, such as a fingerprint; ``None`` looks at every value.
        folder: Where copies are kept; ``None`` keeps none.

    Returns:
        Reflectance [N, B, 73], to the last digit what `apply_shift` returns, in the same order in
        memory; it may be read-only.

    Raises:
        UnavailableError: If none of the bands is left.
    """
    if folder is None or shift.factor not in COSTLY:
        return apply_shift(shift, fields)
    name = f"{shift.name}-{_key(shift, fields, content)}"
    for path in folder.glob(f"{name}-*.npy"):
        kept = read_array(path, mapped=True)
        if kept is not None:
            return kept.transpose(np.argsort([int(axis) for axis in path.stem[-kept.ndim :]]))
    series = apply_shift(shift, fields)
    # The order in memory can change the last digit of sums, and is kept therefore.
    axes = sorted(range(series.ndim), key=lambda axis: -series.strides[axis])
    path = folder / f"{name}-{''.join(map(str, axes))}.npy"
    keep_array(path, np.ascontiguousarray(series.transpose(axes)), most_bytes=MOST_BYTES)
    return series


def _key(shift: Shift, fields: Fields, content: str | None) -> str:
    strides = np.argsort(fields.series.strides).tolist()
    said = (shift, fields.domain, fields.bands, fields.first_day, fields.series.shape, strides)
    digest = hashlib.sha256(repr((said, content, code_digest())).encode())
    series = fields.series if content is None else None
    for array in (series, fields.scene, fields.latitude):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:24]


@cache
def code_digest() -> str:
    """Return a digest of the code and the numbers that shifts are made with."""
    digest = hashlib.sha256(np.__version__.encode())
    for content in _code():
        digest.update(content)
    return digest.hexdigest()[:16]


def _code() -> Iterator[bytes]:
    for package, names in CODE:
        for entry in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if entry.is_file() and (entry.name in names if names else entry.name[-3:] != "pyc"):
                yield entry.read_bytes()
