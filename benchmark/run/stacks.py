"""Where a process was when it died, from what faulthandler wrote."""

import re
from pathlib import Path
from typing import Final

FRAME: Final = re.compile(r'^  File "(.+)", line (\d+) in (.+)$', re.M)
FRAMES: Final = 3


def innermost_frames(trace: Path) -> str:
    """Return the innermost frames of a stack as the end of a sentence.

    Args:
        trace: What faulthandler wrote; may be missing or empty.

    Returns:
        Text such as `` (in fit, model.py:12; in run, runner.py:110)``, or nothing.
    """
    if not trace.is_file():
        return ""
    text = trace.read_text("utf-8", errors="replace")
    _, _, current = text.partition("Current thread")
    frames = FRAME.findall(current or text)[:FRAMES]
    if not frames:
        return ""
    return f" ({'; '.join(f'in {name}, {Path(path).name}:{line}' for path, line, name in frames)})"
