"""One seed, split by name into independent random generators."""

import hashlib

import numpy as np


def derive_seed(seed: int, *names: str | int) -> int:
    """Derive a 64-bit seed that depends on every name and on nothing else.

    Args:
        seed: The seed of the run.
        names: What the randomness is for, for example ``("split", "FRA")``.

    Returns:
        An integer in [0, 2**63), the same in every process and on every platform.
    """
    text = "\x1f".join([str(int(seed)), *(str(name) for name in names)])
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return a generator that is independent of those of all other names.

    Args:
        seed: The seed of the run.
        names: What the randomness is for, for example ``("split", "FRA")``.

    Returns:
        A numpy generator.
    """
    return np.random.default_rng(derive_seed(seed, *names))
