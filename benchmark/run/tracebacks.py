"""The place in the code where a process died, or where an error was raised, in words."""

import re
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmark.files import as_utf8
from benchmark.task.method_lines import method_line

FRAME: Final = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.M)
FRAMES: Final = 3


def innermost_frames(trace: Path) -> str:
    """Return the innermost frames of a stack as the end of a sentence.

    Args:
        trace: File that faulthandler wrote. It may be missing or empty.

    Returns:
        Text such as `` (in fit, model.py:12; in run, runner.py:110)``, or nothing.
    """
    return frames_of(trace.read_text("utf-8", errors="replace")) if trace.is_file() else ""


def frames_of(text: str) -> str:
    """Do the same as `innermost_frames` for the text that faulthandler wrote."""
    _, _, current = text.partition("Current thread")
    found = FRAME.findall(current or text)
    return describe_frames([(name, path, int(line)) for path, line, name in found])


def describe_frames(frames: Sequence[tuple[str, str, int]]) -> str:
    """Return the first frames as the end of a sentence.

    Args:
        frames: Function, file and line of each, the innermost first.
    """
    places = [f"in {name}, {Path(path).name}:{line}" for name, path, line in frames[:FRAMES]]
    return f" ({'; '.join(places)})" if places else ""


def describe_error(error: BaseException) -> str:
    """Return class and message of an error, and the file and line that raised it.

    Where a library raised it, the line of the method file that called the library comes first.
    """
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    raised = [(Path(frame.filename).name, frame.lineno) for frame in frames[-1:]]
    own = [] if (line := method_line(error)) is None else [line]
    places = ", ".join(f"{name}:{line}" for name, line in dict.fromkeys([*own, *raised]))
    said: str = as_utf8(f"{type(error).__name__}: {error}")
    return said + (f" ({places})" if places else "")
