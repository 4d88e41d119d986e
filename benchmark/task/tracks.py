"""Tracks: what a method may see of a target. Methods on different tracks are ranked apart."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from benchmark.errors import require_known

SeesTarget = Literal["unlabelled-target", "knowledge", "knowledge-and-series", "oracle"]
Track = Literal["inductive", SeesTarget, "predictions-only"]

TRACKS: Final[Mapping[Track, str]] = MappingProxyType(
    {
        "inductive": "nothing of a target",
        "unlabelled-target": "the target's series without labels",
        "knowledge": "public knowledge of the target, none of its samples",
        "knowledge-and-series": "public knowledge of the target and its series without labels",
        "oracle": "labelled samples of the target",
        "predictions-only": "what nobody can check, since the model is closed",
    }
)
"""What a method on each track may see of a target, in the order in which tracks are shown."""

KNOWLEDGE_TRACKS: Final[frozenset[Track]] = frozenset({"knowledge", "knowledge-and-series"})
"""Tracks whose methods know which target it is, hence what is published of it."""

SERIES_TRACKS: Final[frozenset[Track]] = frozenset({"unlabelled-target", "knowledge-and-series"})
"""Tracks whose methods adapt to the series of a target."""

SHOWN_VERSION: Final = "2"
"""Version of how a target is shown to a method that adapts to it. Raise it whenever such methods
may predict otherwise. Version 2 shows the samples in another order than that of the file."""


def require_track(track: object, who: str) -> Track:
    """Return a track if it is one.

    Args:
        track: What a method names as its track.
        who: The method, as the subject of a sentence.

    Raises:
        MethodError: If there is no such track.
    """
    return require_known(track, TRACKS, f"{who} is on an unknown track")
