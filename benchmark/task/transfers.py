"""Source and target pairs: what relates the two, and which crops and bands they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict

from benchmark.data.dataset import Dataset
from benchmark.data.taxonomy import CROPS, country_code, country_of
from benchmark.errors import DataError, UsageError, did_you_mean
from benchmark.task.protocol import Protocol

Relation = Literal[
    "in-domain",
    "cross-region",
    "cross-year",
    "cross-country",
    "cross-continent",
    "cross-hemisphere",
    "unknown",
]

RELATIONS: Final[tuple[Relation, ...]] = get_args(Relation)
"""From near to far; tables list transfers in this order."""

ALL_PAIRS: Final = "all"


@dataclass(frozen=True, order=True)
class Transfer:
    """Training in one domain and scoring in another.

    Attributes:
        source: Domain of the training data.
        target: Domain that is scored.
    """

    source: str
    target: str

    def __str__(self) -> str:
        """Return the pair as users write it, ``SOURCE:TARGET``."""
        return f"{self.source}:{self.target}"

    @property
    def domains(self) -> tuple[str, str]:
        """Both domains."""
        return self.source, self.target

    @property
    def relation(self) -> Relation:
        """What lies between source and target, the farthest step that applies."""
        if self.source == self.target:
            return "in-domain"
        if country_code(self.source) == country_code(self.target):
            same_year = _year_of(self.source) == _year_of(self.target)
            return "cross-region" if same_year else "cross-year"
        source, target = country_of(self.source), country_of(self.target)
        if source is None or target is None:
            return "unknown"
        if source.hemisphere != target.hemisphere:
            return "cross-hemisphere"
        return "cross-country" if source.continent == target.continent else "cross-continent"


class LabelSpace(BaseModel):
    """Which crops source and target have in common.

    Attributes:
        shared: Crops that both have, and that are scored.
        source_only: Crops that only the source has; predicting one is an error.
        target_only: Crops that only the target has; no method trained on the source can name them.
        too_few: Crops left out because the source or target has fewer samples than the protocol's
            minimum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shared: tuple[str, ...]
    source_only: tuple[str, ...]
    target_only: tuple[str, ...]
    too_few: tuple[str, ...] = ()


def label_space(
    source: Iterable[int], target: Iterable[int], too_few: Iterable[int] = ()
) -> LabelSpace:
    """Compare the classes of a source and a target.

    Args:
        source: Class indices that a method can learn.
        target: Class indices that occur in the target.
        too_few: Class indices of either side that have too few samples.

    Returns:
        The accounting, crops in class order.
    """
    known, asked = set(source), set(target)

    def names(classes: Iterable[int]) -> tuple[str, ...]:
        return tuple(CROPS[index] for index in sorted(classes))

    return LabelSpace(
        shared=names(known & asked),
        source_only=names(known - asked),
        target_only=names(asked - known),
        too_few=names(set(too_few)),
    )


@cache
def groups() -> Mapping[str, tuple[Transfer, ...]]:
    """Return the named lists of transfers: ``published``, ``time`` and one for each relation."""
    text = files("benchmark.task").joinpath("transfers.yaml").read_text("utf-8")
    named = {
        name: tuple(parse_transfer(pair) for pair in pairs)
        for name, pairs in yaml.safe_load(text).items()
    }
    listed = [transfer for pairs in named.values() for transfer in pairs]
    for relation in RELATIONS:
        members = tuple(transfer for transfer in listed if transfer.relation == relation)
        if members:
            named[relation] = members
    return named


def parse_transfer(text: str) -> Transfer:
    """Return the transfer that ``SOURCE:TARGET`` names.

    Raises:
        UsageError: If the text is not of that form or names one domain twice.
    """
    source, separator, target = text.partition(":")
    if not separator or not source or not target or ":" in target:
        raise UsageError(
            f"'{text}' is no transfer: write SOURCE:TARGET, such as FRA:CHN, "
            f"or a group: {', '.join(groups())}, {ALL_PAIRS}."
        )
    if source == target:
        raise UsageError(
            f"'{text}' has one domain on both sides: in-domain scores come with every transfer."
        )
    return Transfer(source, target)


def named_transfers(words: Iterable[str]) -> frozenset[Transfer]:
    """Return the pairs among what a user asked for, which are neither groups nor ``all``."""
    return frozenset(parse_transfer(word) for word in words if ":" in word)


def select_transfers(words: Sequence[str], domains: Sequence[str]) -> tuple[Transfer, ...]:
    """Turn what a user asked for into transfers between the domains of a dataset.

    Args:
        words: Pairs, group names or ``all`` (every ordered pair of domains). Empty asks for the
            published transfers that the data allows or, where it allows none, for all pairs.
        domains: Domains of the dataset.

    Returns:
        The transfers, each once, in the order asked for.

    Raises:
        UsageError: If a word is neither pair nor group, or a named pair or group is not in the
            data; the message names the word.
    """
    known = set(domains)
    every = tuple(Transfer(a, b) for a in sorted(known) for b in sorted(known) if a != b)
    chosen: dict[Transfer, None] = {}
    for word in words or ("published", "time"):
        if ":" in word:
            transfer = parse_transfer(word)
            for domain in (transfer.source, transfer.target):
                if domain not in known:
                    raise UsageError(
                        f"The data has no domain '{domain}', asked for in '{word}': "
                        f"{did_you_mean(domain, known)}"
                    )
            members: tuple[Transfer, ...] = (transfer,)
        elif word == ALL_PAIRS:
            members = every
        elif word in groups():
            members = tuple(t for t in groups()[word] if {t.source, t.target} <= known)
            if words and not members:
                raise UsageError(
                    f"The data ({', '.join(sorted(known))}) allows no transfer of group '{word}'."
                )
        else:
            raise UsageError(
                f"Unknown transfer or group '{word}': {did_you_mean(word, [*groups(), ALL_PAIRS])}"
            )
        chosen.update(dict.fromkeys(members))
    transfers = tuple(chosen) or every
    if not transfers:
        raise UsageError(
            f"The data has one domain only ({', '.join(known)}): a transfer needs two."
        )
    return transfers


def _year_of(domain: str) -> int | None:
    """Return the year of ``CODE-YYYY`` or ``CODE-REGION-YYYY``."""
    _, _, suffix = domain.rpartition("-")
    return int(suffix) if suffix.isdigit() and len(suffix) == 4 else None


def transfer_bands(dataset: Dataset, protocol: Protocol, transfer: Transfer) -> tuple[str, ...]:
    """Return the bands of a transfer, which no other transfer of a run changes.

    Args:
        dataset: The data.
        protocol: The protocol, which may fix the bands.
        transfer: Source and target.

    Returns:
        The bands of the protocol or else those that source and target have in common, in the
        official order.

    Raises:
        DataError: If a domain lacks a band that the protocol fixes, or the two share none.
    """
    if protocol.bands is None:
        return dataset.common_bands(transfer.domains)
    for domain in transfer.domains:
        lacking = [b for b in protocol.bands if b not in dataset.domain_card(domain).bands]
        if lacking:
            raise DataError(
                f"Domain {domain} lacks {', '.join(lacking)} of the bands that are asked for "
                f"({' '.join(protocol.bands)})."
            )
    return protocol.bands
