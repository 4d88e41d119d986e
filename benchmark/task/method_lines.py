"""The line of a method file at which an error came about."""

import traceback
from pathlib import Path
from typing import Final

FILE_MODULE: Final = "cropglobe_file_"
"""What the module name of a method file begins with."""


def method_line(error: BaseException) -> tuple[str, int] | None:
    """Return the innermost line of a method file in an error's traceback.

    Args:
        error: An error that was caught.

    Returns:
        Name of the file and number of the line; ``None`` if no method file took part.
    """
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__", "")).startswith(FILE_MODULE):
            found = (Path(frame.f_code.co_filename).name, line)
    return found
