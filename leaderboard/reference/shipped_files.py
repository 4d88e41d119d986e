"""The folder of the reference results of this installation."""

import os
from pathlib import Path
from typing import Final

from benchmark.files import user_path

VARIABLE: Final = "CROPGLOBE_REFERENCE"
"""Environment variable that names another folder of reference results."""


def reference_folder() -> Path:
    """Return the folder that the environment variable names or, without it, that of the package."""
    named = os.environ.get(VARIABLE)
    return user_path(named) if named else Path(__file__).parent / "shipped"
