"""Where the reference results of this installation lie."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "CROPGLOBE_REFERENCE"
"""Environment variable that names another folder of reference results."""


def reference_folder() -> Path:
    """Return the folder of the environment or, without one, that of the package."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path(__file__).parent / "shipped"
