"""Checks that need no data: `pack` makes them before it writes, and `verify` makes them again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from benchmark.task.protocol import Protocol, load_protocol, shipped_protocols
from leaderboard.submissions.verification.seed_comparison import SAME, Array, copies

SEEDS_OF: Final = "paper"
"""Name of the protocol whose first seeds an author's own protocol must use."""


def protocol_problems(written: Protocol) -> Iterator[str]:
    """Yield whether a protocol has the name of a shipped one that it is not."""
    if written.name in shipped_protocols() and load_protocol(written.name).hash != written.hash:
        yield (
            f"The protocol is named {written.name} but is not the shipped one: run again under "
            "another name."
        )


def seed_problems(written: Protocol, seeds: Sequence[int]) -> Iterator[str]:
    """Yield problems of the seeds: authors must not choose seeds by their scores.

    Args:
        written: The protocol.
        seeds: Seeds of the rows.
    """
    shipped = written.name in shipped_protocols()
    wanted = load_protocol(written.name if shipped else SEEDS_OF).seeds
    if not shipped:
        wanted = wanted[: len(seeds)]  # authors choose how many seeds, but not which
    lacking, extra = sorted(set(wanted) - set(seeds)), sorted(set(seeds) - set(wanted))
    if shipped and lacking:
        yield f"Protocol {written.name} asks for seeds {lacking} too: run them."
    if shipped and extra:
        yield (
            f"Protocol {written.name} has no seeds {extra}: run those of the protocol alone into "
            "a run directory of its own with --out, and pack that."
        )
    if not shipped and (lacking or extra):
        yield (
            f"A protocol of your own must use the first seeds of '{SEEDS_OF}', any number of them: "
            f"{', '.join(map(str, load_protocol(SEEDS_OF).seeds))}."
        )


def copy_problems(predictions: Mapping[tuple[str, str, int], Array]) -> Iterator[str]:
    """Yield the first two seeds with the same predictions, of a method that depends on its seed.

    Args:
        predictions: Probabilities [samples, classes] by source, target and seed.
    """
    answers: dict[str, dict[int, Array]] = {}
    for (source, target, seed), array in predictions.items():
        answers.setdefault(f"{source}:{target}", {})[seed] = array
    for transfer, by_seed in answers.items():
        for first, second in copies(by_seed):
            yield (
                f"{transfer}: seeds {first} and {second} have the same probabilities within "
                f"{SAME:g}: one is a copy, or the card must say that the method is deterministic."
            )
            return
