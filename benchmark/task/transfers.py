"""Transfers, pairs of source and target: their relation, and the crops and bands they share."""

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
"""All relations, from near to far; tables list transfers in this order."""

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
        """The relation of source and target; if several apply, the one listed last."""
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
    """The crops of source and target.

    Attributes:
        shared: Crops that both have; these are scored.
        source_only: Crops that only the source has. To predict one of them is an error.
        target_only: Crops that only the target has. A method trained on the source cannot predict
            them.
        too_few: Crops left out because the source or the target has fewer samples than the
            protocol's minimum.
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
        The crops of both, in the order of the classes.
    """
    learned, occurring = set(source), set(target)

    def names(classes: Iterable[int]) -> tuple[str, ...]:
        return tuple(CROPS[index] for index in sorted(classes))

    return LabelSpace(
        shared=names(learned & occurring),
        source_only=names(learned - occurring),
        target_only=names(occurring - learned),
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
    """Return the transfer of a text such as ``FRA:CHN``.

    Args:
        text: ``SOURCE:TARGET``.

    Raises:
        UsageError: If the text has another form or names one domain twice.
    """
    source, separator, target = text.partition(":")
    if not separator or not source or not target or ":" in target:
        raise UsageError(
            f"'{text}' is no transfer: write SOURCE:TARGET, such as FRA:CHN, "
            f"or a group: {', '.join(groups())}, {ALL_PAIRS}."
        )
    if source == target:
        raise UsageError(
            f"'{text}' has one domain on both sides: name two domains, since every transfer gives "
            "the in-domain score too."
        )
    return Transfer(source, target)


def named_transfers(words: Iterable[str]) -> frozenset[Transfer]:
    """Return the transfers that a user named as pairs, not by a group or ``all``."""
    return frozenset(parse_transfer(word) for word in words if ":" in word)


def select_transfers(words: Sequence[str], domains: Sequence[str]) -> tuple[Transfer, ...]:
    """Return the transfers between the domains of a dataset that a user selected.

    Args:
        words: Pairs, group names or ``all`` (every ordered pair of domains). If empty, the
            published transfers between domains of the data or, if there are none, all pairs.
        domains: Domains of the dataset.

    Returns:
        The transfers, each once, in the order of the words.

    Raises:
        UsageError: If a word is neither a pair nor a group, or the data has no such pair or no pair
            of the group. The message names the word.
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
                        f"The data has no domain '{domain}', which '{word}' names: "
                        f"{did_you_mean(domain, known)}"
                    )
            members: tuple[Transfer, ...] = (transfer,)
        elif word == ALL_PAIRS:
            members = every
        elif word in groups():
            members = tuple(t for t in groups()[word] if {t.source, t.target} <= known)
            if words and not members:
                raise UsageError(
                    f"The data ({', '.join(sorted(known))}) allows no transfer of group '{word}': "
                    "name other transfers or use other data."
                )
        else:
            raise UsageError(
                f"Unknown transfer or group '{word}': {did_you_mean(word, [*groups(), ALL_PAIRS])}"
            )
        chosen.update(dict.fromkeys(members))
    transfers = tuple(chosen) or every
    if not transfers:
        raise UsageError(
            f"The data has one domain only ({', '.join(known)}): use data with two or more."
        )
    return transfers


def _year_of(domain: str) -> int | None:
    """Return the year of ``CODE-YYYY`` or ``CODE-REGION-YYYY``."""
    _, _, suffix = domain.rpartition("-")
    return int(suffix) if suffix.isdigit() and len(suffix) == 4 else None


def transfer_bands(dataset: Dataset, protocol: Protocol, transfer: Transfer) -> tuple[str, ...]:
    """Return the bands of a transfer. They do not depend on the other transfers of a run.

    Args:
        dataset: The data.
        protocol: The protocol, which may fix the bands.
        transfer: Source and target.

    Returns:
        The bands of the protocol or, if it fixes none, those that source and target have in common,
        in the official order.

    Raises:
        DataError: If a domain lacks a band that the protocol fixes, or the two have none in common.
    """
    if protocol.bands is None:
        return dataset.common_bands(transfer.domains)
    for domain in transfer.domains:
        lacking = [b for b in protocol.bands if b not in dataset.domain_card(domain).bands]
        if lacking:
            raise DataError(
                f"Domain {domain} lacks {', '.join(lacking)} of the bands that are asked for "
                f"({' '.join(protocol.bands)}): leave them out of --bands or of the protocol."
            )
    return protocol.bands
